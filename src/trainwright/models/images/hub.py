"""Networks for images of the Hub: vision transformers and convolutional ones, by their config.

An image's vector is the
first token's for transformers that begin with one for the whole image, otherwise the mean over places.
Images whose sides the patches do not divide are filled up at the right and bottom with the mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from trainwright.core.durable import read_json
from trainwright.core.errors import RecipeError
from trainwright.core.pretrained import Base, family_of_type
from trainwright.models.images.network import Trunk
from trainwright.models.networks.hub import IDLE, beside, drawn, largest_list, loaded

_IDLE = (*IDLE, "id2label", "label2id")
_WHOLE_IMAGE_TOKEN = ("vit", "deit", "beit", "dinov2")
_MIDDLE = (127.5, 127.5)  # mean and deviation where a base says nothing


class HubTrunk(Trunk):
    """A network of transformers without its head.

    Args:
        config: With "model_type".
        model: With its weights; drawn from torch's generator when None.
    """

    def __init__(self, config: Mapping[str, Any], *, model: nn.Module | None = None) -> None:
        super().__init__()
        model = drawn(config) if model is None else model
        pooler = dict(model.named_children()).get("pooler")
        if pooler is not None and any(True for _ in pooler.parameters()):
            model.register_module("pooler", None)  # nothing reads it: it would have no gradient
        self.model = model
        self.patch = _patch(config)
        self.width = _width(config)
        self._first = config["model_type"] in _WHOLE_IMAGE_TOKEN

    def forward(self, inputs: Tensor) -> Tensor:
        """Shape (rows, channels, height, width) in, (rows, width) out."""
        height, width = inputs.shape[-2:]
        down, right = -height % self.patch, -width % self.patch
        if down or right:
            inputs = functional.pad(inputs, [0, right, 0, down])
        found = self.model(pixel_values=inputs)
        states: Tensor = found.last_hidden_state
        if states.ndim == 4:  # convolutions: the mean over places, as the base norms it
            pooled: Tensor = found.pooler_output
            return pooled.flatten(1)
        return states[:, 0] if self._first else states.mean(dim=1)

    @property
    def blocks(self) -> list[tuple[str, nn.Module]]:
        """What stands before the layers, the layers, and what stands after them."""
        layers = largest_list(self.model)
        if layers is None:
            return [("base", self.model)]
        before, after = nn.ModuleList(), nn.ModuleList()
        for part in beside(self.model, layers):
            is_first = any(isinstance(one, nn.Conv2d) for one in part.modules())
            (before if is_first else after).append(part)
        named = [(f"layer-{number}", layer) for number, layer in enumerate(layers, start=1)]
        name, last = named.pop()
        return [("embeddings", before), *named, (name, nn.ModuleList([last, after]))]


def vit_config(
    shape: tuple[int, int, int],
    *,
    patch: int,
    hidden: int,
    layers: int,
    heads: int,
    dropout: float,
) -> dict[str, Any]:
    """The config of a vision transformer from scratch, for images of this shape."""
    channels, height, width = shape
    return {
        "model_type": "vit",
        "image_size": [-(-height // patch) * patch, -(-width // patch) * patch],
        "patch_size": patch,
        "num_channels": channels,
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": 2 * hidden,
        "hidden_dropout_prob": dropout,
        "attention_probs_dropout_prob": 0.0,
    }


def load_trunk(base: Base, *, shape: tuple[int, int, int]) -> tuple[HubTrunk, dict[str, Any]]:
    """The network of a pre-trained base with its weights, and the config that builds it again.

    Args:
        base: A folder in the layout of the Hub.
        shape: Channels, height and width of the images.

    Raises:
        RecipeError: the folder holds no such model, it is one of texts, weights are missing, or the
            channels differ.
    """
    config = {
        key: value
        for key, value in read_json(base.folder / "config.json").items()
        if key not in _IDLE
    }
    kind = config.get("model_type")
    if family_of_type(kind) not in (None, "cnn", "vit"):
        raise RecipeError(
            f"the pre-trained base {base.name!r} is of kind {kind!r}, which takes no images",
            where="model.pretrained",
            mend="name a base of images, such as efficientnet-lite0",
        )
    channels = config.get("num_channels", 3)
    if channels != shape[0]:
        raise RecipeError(
            f"the pre-trained base {base.name!r} takes images of {channels} channels, not {shape[0]}",
            where="model.pretrained",
            mend=f"channels: {channels}",
        )
    return HubTrunk(config, model=loaded(base, config)), config


def scales_of(base: Base, *, channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of each channel that a base was trained with, on the scale of 0 to 255."""
    file = base.folder / "preprocessor_config.json"
    document = read_json(file) if file.exists() else {}
    found = []
    for key, usual in zip(("image_mean", "image_std"), _MIDDLE, strict=True):
        said = document.get(key)
        if isinstance(said, list) and len(said) == channels:
            found.append(tuple(255.0 * float(value) for value in said))
        else:
            found.append((usual,) * channels)
    return found[0], found[1]


def _patch(config: Mapping[str, Any]) -> int:
    """Sides must be a multiple of it; 1 where any will do."""
    patch = config.get("patch_size", 1)
    return int(max(patch) if isinstance(patch, list | tuple) else patch)


def _width(config: Mapping[str, Any]) -> int:
    """Length of the vectors of the last layer."""
    if config["model_type"] == "swin":
        return int(config["embed_dim"] * 2 ** (len(config["depths"]) - 1))
    for key in ("hidden_sizes", "hidden_dim", "hidden_size"):
        if key in config:
            size = config[key]
            return int(size[-1] if isinstance(size, list | tuple) else size)
    raise ValueError(f"{config['model_type']!r} does not tell its width in its config")
