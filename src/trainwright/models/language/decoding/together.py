"""Many rows in one call of the network, each with the very bits that it would have by itself.

Keys and values of up to 32 rows lie in one tensor a layer, each row from position 0. A row that ends
makes room by letting the last one take its place; one that joins is read alone and copied in. So rows
of different lengths need no padding of their prompts, and come and go at any step.

Sums of products are added up in an order that depends on the shapes. So a call always has one of a few
numbers of rows, a multiple of a tile, and one of a few numbers of keys, multiples of 64; unused rows
are idle. That these shapes give equal bits is tried on this machine with this network when a table is
opened (`checking.py`); those that do not are never used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedModel
from transformers.cache_utils import DynamicCache, EncoderDecoderCache
from transformers.modeling_outputs import BaseModelOutput

from trainwright.models.language.decoding.attention import StepView, stepping
from trainwright.models.language.decoding.rows import Alone, Row
from trainwright.models.language.decoding.slots import KEY_BLOCK, Read, Told


class Together:
    """Rows side by side.

    Args:
        reader: Reads the prompts.
        twin: The same network with the attention of `attention.py`; in evaluation mode.
        sizes: Numbers of rows that a call may have, ascending.
        least_keys: Keys that a call has at least.
    """

    def __init__(
        self,
        reader: Alone,
        twin: PreTrainedModel,
        *,
        sizes: Sequence[int],
        least_keys: int = KEY_BLOCK,
    ) -> None:
        self._reader = reader
        self._twin = twin
        self._sizes = tuple(sizes)
        self._least_keys = least_keys
        self._tables: list[_Table] = []

    def begin(
        self, ids: Sequence[int], *, copies: int = 1
    ) -> tuple[list[Row], NDArray[np.float32]]:
        (read,), logits = self._reader.begin(ids)
        return self.seat(read, copies=copies), logits

    def seat(self, read: Row, *, copies: int = 1) -> list[Row]:
        """Rows that have read what another one has, which stays as it is."""
        table = self._table_with_room(copies)
        with torch.inference_mode():
            return [table.enter(read) for _ in range(copies)]

    def step(self, rows: Sequence[Row], tokens: Sequence[int]) -> NDArray[np.float32]:
        newest = {id(row): token for row, token in zip(rows, tokens, strict=True)}
        found: dict[int, NDArray[np.float32]] = {}
        for table in self._tables:
            logits = table.step([newest[id(row)] for row in table.rows])
            found.update((id(row), logits[row.slot]) for row in table.rows)
        return np.stack([found[id(row)] for row in rows])

    def weigh(self, ids: Sequence[int]) -> Iterator[NDArray[np.float32]]:
        return self._reader.weigh(ids)

    def follow(self, rows: Sequence[Row], parents: Sequence[int]) -> None:
        with torch.inference_mode():
            rows[0].table.follow(rows, parents)

    def end(self, rows: Sequence[Row]) -> None:
        with torch.inference_mode():
            for row in rows:
                row.table.leave(row)
        self._tables = [table for table in self._tables if table.rows]

    def _table_with_room(self, rows: int) -> _Table:
        for table in self._tables:
            if len(table.rows) + rows <= self._sizes[-1]:
                return table
        self._tables.append(_Table(self._twin, self._sizes, self._least_keys))
        return self._tables[-1]


class _Table:
    """Rows that are done in one call; row i lies in slot i."""

    def __init__(self, network: PreTrainedModel, sizes: Sequence[int], least_keys: int) -> None:
        self.rows: list[Row] = []
        self._network = network
        self._sizes = sizes
        self._told = Told(least_keys)
        self._read = Read()
        self._both = EncoderDecoderCache(self._told, self._read)

    def enter(self, read: Row) -> Row:
        """A new row that has read what another one has."""
        row = Row()
        row.table, row.slot = self, len(self.rows)
        if isinstance(read.cache, EncoderDecoderCache):
            self._told.enter(read.cache.self_attention_cache)
            self._read.enter(read.cache.cross_attention_cache)
        else:
            assert isinstance(read.cache, DynamicCache)
            self._told.enter(read.cache)
        self.rows.append(row)
        return row

    def leave(self, row: Row) -> None:
        """The last row takes its place."""
        last = self.rows.pop()
        for slots in (self._told, self._read):
            if slots.lengths:
                slots.copy([last.slot], [row.slot])
                slots.drop_last()
        if last is not row:
            self.rows[row.slot], last.slot = last, row.slot

    def follow(self, rows: Sequence[Row], parents: Sequence[int]) -> None:
        self._told.copy([rows[parent].slot for parent in parents], [row.slot for row in rows])

    def step(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Logits after one more token a row, shape (rows, vocabulary)."""
        used = len(self.rows)
        size = next(size for size in self._sizes if size >= used)
        ids = torch.zeros((size, 1), dtype=torch.int64)
        ids[:used, 0] = torch.tensor(tokens)
        with torch.inference_mode():
            mask = self._told.open(size)
            if self._read.lengths:
                read, keys = self._read.open(size)
                view = StepView(self._told.at + 1, mask, read, keys)
                logits = self._answered(ids, view)
            else:
                logits = self._told_on(ids, StepView(self._told.at + 1, mask))
        self._told.close()
        found: NDArray[np.float32] = logits[:used, -1].float().numpy()
        return found

    def _told_on(self, ids: Tensor, view: StepView) -> Tensor:
        """Of a decoder without an encoder; shape (size, 1, vocabulary)."""
        with stepping(view):
            found = self._network(
                ids,
                attention_mask=view.mask,
                position_ids=self._told.at[:, None],
                past_key_values=self._told,
                use_cache=True,
            )
        logits: Tensor = found.logits
        return logits

    def _answered(self, ids: Tensor, view: StepView) -> Tensor:
        """Of a decoder that looks at what an encoder read; shape (size, 1, vocabulary)."""
        self._both.is_updated = dict.fromkeys(range(len(self._read.layers)), True)
        width = self._network.config.hidden_size
        with stepping(view):
            found = self._network(
                decoder_input_ids=ids,
                encoder_outputs=BaseModelOutput(last_hidden_state=torch.zeros(len(ids), 1, width)),
                past_key_values=self._both,
                use_cache=True,
            )
        logits: Tensor = found.logits
        return logits
