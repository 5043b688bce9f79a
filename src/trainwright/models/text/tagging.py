"""A tagger of words in the layout of the Hub: an encoder, and one linear layer over each token's vector.

That is what `AutoModelForTokenClassification` saves for BERT and its kin: the encoder's weights, and the head
as `classifier.weight` and `classifier.bias`. It becomes the very network that we train ourselves, so that it
is asked, saved and packaged as one. A word has the answer of its first token, as there.
"""

from __future__ import annotations

from safetensors import SafetensorError, safe_open
from torch import Tensor

from trainwright.core.errors import RecipeError
from trainwright.core.pretrained import Base
from trainwright.models.networks import hub
from trainwright.models.networks.estimator import NetworkEstimator
from trainwright.models.text.architecture import TextEncoderArchitecture
from trainwright.models.text.encoders import load_encoder

_WEIGHTS = "model.safetensors"


def load_tagger(base: Base) -> tuple[NetworkEstimator, tuple[str, ...]]:
    """The network, and its tags by their numbers.

    Args:
        base: A folder with config.json and model.safetensors.

    Raises:
        RecipeError: the folder holds no such model.
    """
    tags = _tags(base)
    weight, bias = _head(base)
    encoder, config = load_encoder(base, dropout=None)
    architecture = TextEncoderArchitecture(
        config=config,
        num_classes=len(tags),
        pooling=None,
        dropout=0.0,
        shares=(1 / len(tags),) * len(tags),
    )
    network = architecture.with_head(encoder)
    if weight.shape != network.head.weight.shape or bias.shape != network.head.bias.shape:
        raise hub.unusable(
            base, f"the head is {tuple(weight.shape)}, and there are {len(tags)} tags"
        )
    network.head.load_state_dict({"weight": weight.float(), "bias": bias.float()})
    return NetworkEstimator(architecture, network.eval(), base.origin), tags


def _tags(base: Base) -> tuple[str, ...]:
    """The names of the tags, as config.json has them."""
    said = base.config.get("id2label")
    named = {str(key): str(tag) for key, tag in said.items()} if isinstance(said, dict) else {}
    if len(named) < 2 or sorted(named) != sorted(map(str, range(len(named)))):
        raise RecipeError(
            f"the model {base.name!r} is no tagger of words: its config.json names no tags",
            where="data.name_model",
            mend="name a folder whose config.json has id2label, such as {0: O, 1: B-PER, 2: I-PER}",
        )
    return tuple(named[str(code)] for code in range(len(named)))


def _head(base: Base) -> tuple[Tensor, Tensor]:
    try:
        with safe_open(base.folder / _WEIGHTS, framework="pt") as file:
            return file.get_tensor("classifier.weight"), file.get_tensor("classifier.bias")
    except (SafetensorError, OSError) as error:
        raise hub.unusable(base, f"{_WEIGHTS} holds no classifier of words: {error}") from error
