"""Keys and values of several rows in one tensor a layer, as a cache that transformers' networks write to.

A slot holds one row's, from position 0; what lies behind its length is stale and masked. The tensors
grow by doubling. `Told` is what a decoder attends to in its own text, `Read` what it attends to in the
encoder's, which no step adds to.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache, DynamicCache, DynamicLayer

KEY_BLOCK = 64  # numbers of keys in a call are multiples of it


class Slots(Cache):
    """Storage for rows; the base of both caches.

    Args:
        least_keys: Keys that a call has at least.
    """

    def __init__(self, least_keys: int = KEY_BLOCK) -> None:
        super().__init__(layers=[])
        self.keys: list[Tensor] = []  # by layer, shape (slots, key heads, capacity, width)
        self.values: list[Tensor] = []
        self.lengths: list[int] = []
        self._least_keys = least_keys

    def enter(self, read: DynamicCache) -> None:
        """The next slot takes what a row has read."""
        slot, length = len(self.lengths), int(read.get_seq_length())
        stored = [_states(layer) for layer in read.layers]
        if not self.keys:
            self.keys = [_room_like(keys) for keys, _ in stored]
            self.values = [_room_like(values) for _, values in stored]
        self.lengths.append(length)
        self._make_room(slots=slot + 1, keys=length)
        for layer, (keys, values) in enumerate(stored):
            self.keys[layer][slot, :, :length] = keys[0]
            self.values[layer][slot, :, :length] = values[0]

    def copy(self, sources: Sequence[int], targets: Sequence[int]) -> None:
        """Slots become what others are now."""
        if list(sources) == list(targets):
            return
        longest = max(self.lengths[slot] for slot in sources)
        for mine in (*self.keys, *self.values):
            mine[list(targets), :, :longest] = mine[list(sources), :, :longest]
        lengths = [self.lengths[slot] for slot in sources]
        for slot, length in zip(targets, lengths, strict=True):
            self.lengths[slot] = length

    def drop_last(self) -> None:
        """The last slot is free."""
        self.lengths.pop()

    def mask(self, size: int, *, more: int) -> Tensor:
        """What hides other keys than those of each of `size` rows, with `more` new ones.

        Idle rows look at one key, so that their numbers stay finite.

        Returns:
            Shape (size, 1, 1, keys): 0 for a row's own keys, minus infinity for others.
        """
        lengths = [length + more for length in self.lengths]
        keys = -(-max(self._least_keys, *lengths) // KEY_BLOCK) * KEY_BLOCK
        self._make_room(slots=size, keys=keys)
        wanted = torch.tensor([*lengths, *[1] * (size - len(lengths))])
        beyond = torch.arange(keys) >= wanted[:, None, None, None]
        return torch.zeros(beyond.shape).masked_fill_(beyond, float("-inf"))

    def _make_room(self, *, slots: int, keys: int) -> None:
        for stored in (self.keys, self.values):
            for layer, tensor in enumerate(stored):
                stored[layer] = _grown(tensor, slots=slots, keys=keys)


class Told(Slots):
    """Of a decoder's own text: a step adds one key a row."""

    def open(self, size: int) -> Tensor:
        """Begin a step of `size` rows; gives their mask."""
        mask = self.mask(size, more=1)
        self._size, self._keys = size, mask.shape[-1]
        self._at = torch.tensor([*self.lengths, *[0] * (size - len(self.lengths))])
        shapes = {keys.shape[1:3] for keys in self.keys}  # one, as a rule
        places = {shape: self._flat(*shape) for shape in shapes}
        self._places = [places[keys.shape[1:3]] for keys in self.keys]
        return mask

    @property
    def at(self) -> Tensor:
        """Position of each row's new token, shape (size,), int64."""
        return self._at

    def close(self) -> None:
        """The step is done: each row is a token longer."""
        self.lengths = [length + 1 for length in self.lengths]

    def update(
        self,
        key_states: Tensor,
        value_states: Tensor,
        layer_idx: int,
        *_: Any,  # noqa: ANN401 - what transformers may add
        **__: Any,  # noqa: ANN401
    ) -> tuple[Tensor, Tensor]:
        """Keep the new token's; give all rows', padded."""
        keys, values = self.keys[layer_idx], self.values[layer_idx]
        places = self._places[layer_idx]
        for stored, new in ((keys, key_states), (values, value_states)):
            width = stored.shape[-1]
            stored.view(-1, width).index_copy_(0, places, new.reshape(-1, width))
        return keys[: self._size, :, : self._keys], values[: self._size, :, : self._keys]

    def _flat(self, heads: int, capacity: int) -> Tensor:
        """Where the new keys of all rows and heads go, in a tensor with its first dims as one."""
        firsts = torch.arange(self._size * heads) * capacity
        return firsts + self._at.repeat_interleave(heads)

    def get_seq_length(self, layer_idx: int = 0) -> int:
        """As if all rows were as long as the tensors: networks derive a relative bias from it."""
        return self._keys - 1


class Read(Slots):
    """Of the encoder's text: the same at each step."""

    def open(self, size: int) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Begin a step of `size` rows; gives their mask, and the keys by layer."""
        mask = self.mask(size, more=0)
        count = mask.shape[-1]
        shown = [keys[:size, :, :count] for keys in self.keys]
        values = [values[:size, :, :count] for values in self.values]
        self.layers: Any = [  # networks read keys and values off, and nothing else
            SimpleNamespace(keys=key, values=value)
            for key, value in zip(shown, values, strict=True)
        ]
        return mask, tuple(shown)


def _states(layer: Any) -> tuple[Tensor, Tensor]:  # noqa: ANN401 - of several kinds
    """Keys and values of one row, shape (1, key heads, tokens, width); other layers have none.

    Raises:
        TypeError: the layer keeps something else.
    """
    if not isinstance(layer, DynamicLayer) or layer.keys is None or layer.values is None:
        raise TypeError(f"a layer of kind {type(layer).__name__} cannot be kept side by side")
    return layer.keys, layer.values


def _room_like(states: Tensor) -> Tensor:
    _, heads, _, width = states.shape
    return states.new_zeros((0, heads, 0, width))


def _grown(tensor: Tensor, *, slots: int, keys: int) -> Tensor:
    """The same numbers in a tensor of at least so many slots and keys; zeros elsewhere."""
    have_slots, heads, have_keys, width = tensor.shape
    if have_slots >= slots and have_keys >= keys:
        return tensor
    slots = max(slots, have_slots)
    if keys > have_keys:
        keys = max(keys, 2 * have_keys)
        keys = -(-keys // KEY_BLOCK) * KEY_BLOCK
    room = tensor.new_zeros((slots, heads, max(keys, have_keys), width))
    room[:have_slots, :, :have_keys] = tensor
    return room
