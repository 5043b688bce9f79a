"""Attention of one new token a row over what each row has read, rows of different lengths side by side.

Registered with transformers under a name of ours. Keys and values are those of all rows, each from
position 0 and padded at the end, and a mask hides the padding: so positions are each row's own, and what
a row's sums add up does not move with the company's lengths. They are written out as two products and a
softmax, since in the fused kernel their order depends on the number of rows once there are two threads. A
relative position bias, which the network computes as if all rows were as long as the longest, is turned
to each row's own length.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

NAME = "rows-side-by-side"


@dataclass(frozen=True, slots=True)
class StepView:
    """What attention must know of a step.

    Attributes:
        lengths: Tokens of each row, the new one included; shape (rows,), int64.
        mask: 0 for the keys that a row looks at, minus infinity for others; shape (rows, 1, 1, keys).
        read: Of an encoder-decoder: keys of the encoder's text, likewise; None otherwise.
        read_keys: The tensors of those keys, by layer; told apart by identity.
    """

    lengths: Tensor
    mask: Tensor
    read: Tensor | None = None
    read_keys: tuple[Tensor, ...] = ()


_step: ContextVar[StepView | None] = ContextVar("step", default=None)


@contextmanager
def stepping(view: StepView) -> Iterator[None]:
    """Attention inside the block is that of a step."""
    token = _step.set(view)
    try:
        yield
    finally:
        _step.reset(token)


def attend(
    _: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    __: Tensor | None,
    scaling: float | None = None,
    position_bias: Tensor | None = None,
    **further: Any,  # noqa: ANN401 - what transformers hands to its attention functions
) -> tuple[Tensor, None]:
    """As transformers calls it: query (rows, heads, 1, width), key and value (rows, key heads, keys, width).

    Raises:
        ValueError: a kind of attention that this cannot do.
    """
    step = _step.get()
    assert step is not None, "attention of rows outside of a step"
    if further.get("softcap") is not None or further.get("s_aux") is not None:
        raise ValueError("attention with a soft cap or sinks is not known here")
    if any(key is known for known in step.read_keys):
        assert step.read is not None
        mask = step.read
    else:
        mask = _recent(step, further.get("sliding_window"))
        if position_bias is not None:
            mask = mask + _own_bias(position_bias, step)
    rows, heads, width = query.shape[0], query.shape[1], query.shape[3]
    key_heads = key.shape[1]
    if mask.shape[1] > 1 and key_heads != heads:
        raise ValueError("a position bias with shared key heads is not known here")
    packed = query.reshape(rows, key_heads, heads // key_heads, width)
    packed = packed * (width**-0.5 if scaling is None else scaling)
    scores = torch.matmul(packed, key.transpose(-1, -2)) + mask
    found = torch.matmul(torch.softmax(scores, dim=-1), value)
    return found.reshape(rows, 1, heads, width), None


def _recent(step: StepView, window: int | None) -> Tensor:
    """The mask where a layer sees the last `window` tokens alone."""
    if window is None:
        return step.mask
    positions = torch.arange(step.mask.shape[-1])
    first = (step.lengths - window)[:, None, None, None]
    return step.mask.masked_fill(positions < first, float("-inf"))


def _own_bias(bias: Tensor, step: StepView) -> Tensor:
    """The bias of the last of `keys` positions, moved to the last of each row's own.

    Args:
        bias: Shape (1, heads, 1, keys): of a query at position keys - 1.
        step: With the rows' lengths.

    Returns:
        Shape (rows, heads, 1, keys).
    """
    keys = bias.shape[-1]
    places = torch.arange(keys) + (keys - step.lengths)[:, None]
    own = bias[0, :, 0, :][:, places.clamp(max=keys - 1)]  # heads, rows, keys
    return own.permute(1, 0, 2)[:, :, None]


ALL_ATTENTION_FUNCTIONS.register(NAME, attend)
