"""From a fitted model to a table of requests: its network with our attention, and how it is taken further."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

from trainwright.core.errors import CommandError
from trainwright.core.language import Decoding, Opening, Prompt, SpecialTokens
from trainwright.models.language.decoding.attention import NAME
from trainwright.models.language.decoding.checking import sound_sizes
from trainwright.models.language.decoding.rows import Alone, Rows
from trainwright.models.language.decoding.table import DecodingTable
from trainwright.models.language.decoding.together import Together

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import nn
    from transformers import PreTrainedModel

_twins: WeakKeyDictionary[PreTrainedModel, PreTrainedModel] = WeakKeyDictionary()


class Speech(Protocol):
    """What decoding needs of a preparation of language."""

    @property
    def special(self) -> SpecialTokens: ...

    def prompt_ids(self, prompt: Prompt) -> tuple[int, ...]:
        """Token ids of a prompt, its last blanks among them."""
        ...

    def opening(self, prompt: Prompt) -> Opening:
        """What is read of a prompt, as in training."""
        ...

    def blanks(self) -> Mapping[int, str]:
        """Tokens that begin with a blank, with their texts."""
        ...

    def piece(self, token: int) -> str:
        """A token by itself."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """Text of token ids, without special ones."""
        ...


def open_decoding(estimator: Any, preparation: Speech) -> Decoding:  # noqa: ANN401 - NetworkEstimator
    """An empty table of requests.

    Args:
        estimator: With a causal or encoder-decoder network of transformers in `module`.
        preparation: Its tokens.

    Raises:
        CommandError: such a model generates no text.
    """
    network = generating_network(getattr(estimator, "module", None))
    if network is None:
        raise CommandError(
            "the model generates no text",
            where="MODEL",
            mend="use one of family causal-lm or seq2seq-lm",
        )
    start = getattr(network.config, "decoder_start_token_id", None)
    start = preparation.special.padding if start is None else int(start)
    alone, twin = Alone(network, start=start), _twin(network)
    sizes = sound_sizes(alone, twin)
    rows: Rows = Together(alone, twin, sizes=sizes) if sizes else alone
    return DecodingTable(rows, preparation, positions=_positions(network))


def generating_network(module: nn.Module | None) -> PreTrainedModel | None:
    """The network of transformers in a module that can generate; None where there is none."""
    from transformers import GenerationMixin, PreTrainedModel

    for part in () if module is None else module.modules():
        if isinstance(part, PreTrainedModel) and isinstance(part, GenerationMixin):
            return part
    return None


def _twin(network: PreTrainedModel) -> PreTrainedModel:
    """The same weights in a network of its own, whose attention is ours; made once a network."""
    from transformers import PretrainedConfig

    if network in _twins:
        return _twins[network]
    shared = (*network.parameters(), *network.buffers())
    twin: PreTrainedModel = copy.deepcopy(network, {id(tensor): tensor for tensor in shared})
    twin.train(mode=False)
    for part in twin.modules():
        if isinstance(part.__dict__.get("config"), PretrainedConfig):
            part.__dict__["config"]._attn_implementation = NAME
    _twins[network] = twin
    return twin


def _positions(network: PreTrainedModel) -> int | None:
    """Tokens of prompt and answer together, at most; None where the network has no end."""
    if network.config.is_encoder_decoder:
        return None
    found = getattr(network.config, "max_position_embeddings", None)
    return None if found is None else int(found)
