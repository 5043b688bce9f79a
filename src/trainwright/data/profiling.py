"""The profile of the train rows, made while they go by on their way to the snapshot.

Sums of floats depend on how they are cut: numbers are summarised in groups of 65,536 rows, whatever the
blocks; all else block by block, because images and texts are long.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from trainwright.core.columns import Column, ColumnType
from trainwright.data.privacy.hiding import without_pieces
from trainwright.summaries.columns import ColumnProfile
from trainwright.summaries.moments import BLOCK_ROWS
from trainwright.summaries.profile import Profile, profile_frame


class PassingProfile:
    """What is known of some rows without any of them.

    Args:
        columns: What is summarised.
        hidden: Columns of which the profile sees what `privacy.hiding` leaves.
    """

    def __init__(self, columns: Sequence[Column], *, hidden: frozenset[str] = frozenset()) -> None:
        self._names = [column.name for column in columns]
        self._numbers = [column for column in columns if column.type is ColumnType.NUMBER]
        self._others = [column for column in columns if column.type is not ColumnType.NUMBER]
        self._hidden = hidden
        self._waiting: list[pl.DataFrame] = []
        self._num_waiting = self._num_groups = 0
        self._parts: dict[str, ColumnProfile] = {}

    def add(self, frame: pl.DataFrame) -> None:
        """The next rows, typed; at least `columns`."""
        if self._others:
            self._summarise(frame, self._others)
        if self._numbers:
            self._waiting.append(frame.select([column.name for column in self._numbers]))
            self._num_waiting += frame.height
            while self._num_waiting >= BLOCK_ROWS:
                self._group()

    @property
    def value(self) -> Profile:
        """Of all rows; nothing is added thereafter."""
        if self._num_waiting:
            self._group()
        return Profile({name: self._parts[name] for name in self._names})

    def _group(self) -> None:
        """The next numbers, as many as make a group."""
        whole = pl.concat(self._waiting)
        group, rest = whole[:BLOCK_ROWS], whole[BLOCK_ROWS:]
        self._waiting, self._num_waiting = [rest], rest.height
        self._summarise(group, self._numbers, number=self._num_groups)
        self._num_groups += 1

    def _summarise(
        self, frame: pl.DataFrame, columns: Sequence[Column], *, number: int = 0
    ) -> None:
        """Merged one by one, since of very many values not all are held."""
        masked = [column for column in columns if column.name in self._hidden]
        found = profile_frame(without_pieces(frame, masked), columns, first_block=number)
        for name, part in found.items():
            known = self._parts.get(name)
            self._parts[name] = part if known is None else known.merge(part)
