"""The rows of a table on their way to a snapshot: those still in, what was found, and the ledger.

What is known of each row are numbers of fixed size, its hashes, part and unit, in arrays that live on
disk when they are long; the typed values stay where they were staged and are gone through block by
block.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Split
from trainwright.core.columns import RESERVED, ROW, UNIT, WEIGHT, Column, Target, Task
from trainwright.core.errors import DataError
from trainwright.core.protocols import Embedder, NameTagger, OutOfFold, Probe, TextClassifier
from trainwright.data.bundles import PARTS, Bundled, bundle, strata_of
from trainwright.data.chronology import TRAIN
from trainwright.data.classes import check_classes, check_target
from trainwright.data.contract import find_unlabelled
from trainwright.data.detection import leave_out
from trainwright.data.duplicates import (
    across_splits,
    conflicting_labels,
    describe_copies,
    has_telling_column,
)
from trainwright.data.hashing import Hashes, RowHasher
from trainwright.data.labels.measured import keep_from_measuring
from trainwright.data.labels.settle import Settled
from trainwright.data.leakage.bench import choose_rows
from trainwright.data.ledger import LedgerBook, Numbered
from trainwright.data.passes import Rounds
from trainwright.data.profiling import PassingProfile
from trainwright.data.quality import equality_columns
from trainwright.data.reading.tables import SourceFile
from trainwright.data.split import Assignment, Splittable, assign
from trainwright.data.staging.arrays import Arrays
from trainwright.data.staging.rows import KeptRows
from trainwright.data.staging.typed import TypedRows
from trainwright.data.view import TableView
from trainwright.data.weights import Weights
from trainwright.recipe.data import DataSettings

_KEYS = {  # of the recipe, for steps that are called otherwise
    "limits": "data.repair.limits",
    "near-duplicates": "data.near_duplicates",
    "label errors": "data.labels",
}


class Table:
    """The rows on their way.

    Attributes:
        columns: What they hold, the target included.
        target: What is predicted.
        row: Global positions of the rows still in; shape (rows,), int64.
        hashes: Of their inputs; shape (rows,).
        parts: Their part once they are split, -1 before; shape (rows,), int8.
        units: What is resampled for an interval, once they are split; shape (rows,), int64.
        findings: So far.
        tables: What detectors want written beside the snapshot, by name.
    """

    def __init__(
        self,
        typed: TypedRows,
        files: Sequence[SourceFile],
        settings: DataSettings,
        arrays: Arrays,
        rounds: Rounds,
    ) -> None:
        self._typed = typed
        self._files = files
        self._settings = settings
        self._arrays = arrays
        self._equality = equality_columns(typed.columns, settings)
        self._book = LedgerBook(files, arrays)
        self.columns = typed.columns
        self.target = typed.target
        self.findings = list(typed.findings)
        self.tables: dict[str, pl.DataFrame] = {}
        self.row = arrays.empty(typed.num_rows, np.int64)
        for span in arrays.spans(typed.num_rows):
            self.row[span] = np.arange(span.start, span.stop)
        self.parts = arrays.full(typed.num_rows, -1, np.int8)
        self.units = self.row
        self.hashes, self._whole = rounds.hashes(self._equality, self.target.name)
        self._bundled: Bundled | None = None  # these two while the rows are the same
        self._strata: NDArray[np.int32] | None = None

    @property
    def rows(self) -> KeptRows:
        """The rows still in."""
        return KeptRows(self._typed, self.row, self._arrays)

    def leave_out_unlabelled(self, base: Path) -> None:
        """Rows without a target; `base` is the recipe's folder."""
        missing, findings = check_target(
            self.rows,
            self.target.name,
            row=self.row,
            known=self.findings,
            tells_itself=self.target.tells_itself,
        )
        self.findings += findings
        self.findings += find_unlabelled(
            self._settings, base, self.row[missing], name=self.target.name
        )
        self._drop(missing, step="target", reason="no target")

    def look_for_copies(self) -> None:
        """Equal rows, and equal inputs with other targets."""
        arrays = self._arrays
        strata = strata_of(self.rows, self.target, arrays)
        found = bundle(self.hashes, strata, arrays, whole=self._whole)
        dropping = self._settings.duplicates == "drop"
        drawn = self._settings.is_drawn
        self.findings += describe_copies(
            found, self.row, dropped=dropping, together=drawn, arrays=arrays
        )
        self.findings += conflicting_labels(
            found,
            self.row,
            target=self.target.name,
            numbers=self.rows.schema[self.target.name].is_float() or self.target.task.is_language,
            dropped=dropping,
            arrays=arrays,
        )
        self._bundled, self._strata = found, strata
        if dropping:
            self._drop_copies(found)

    def leave_out(self, steps: Mapping[str, str], seen: Callable[[], TableView]) -> None:
        """What the recipe wants left out.

        Raises:
            DataError: nothing is left.
        """
        if not steps:
            return
        for name, left in leave_out(steps, seen()):
            self.findings += left.findings
            order = np.argsort(left.rows)
            rows = left.rows[order]
            at = np.searchsorted(self.row, rows)
            there = at < len(self.row)  # of those that no earlier step left out
            there[there] = self.row[at[there]] == rows[there]
            reasons = [left.reasons[place] for place in order[there].tolist()]
            self._drop(at[there], step=name, reason=reasons)
            if not len(self.row):
                raise _nothing_left(name, reasons)

    def split(self, hashes: Hashes) -> Assignment:
        """Assign rows to train, validation and test; a random split keeps rows of equal hashes together."""
        known = self._bundled if hashes is self.hashes else None
        parts = self._file_parts()
        rows = Splittable(self.rows, self.row, hashes, parts, self._arrays, known, self._strata)
        assigned = assign(rows, self._settings, target=self.target)
        self.findings += assigned.findings
        self.parts, self.units = assigned.parts, assigned.units
        gone = [np.empty(0, dtype=np.int64)]
        for left in assigned.left_out:
            row = self._arrays.take(self.row, left.at)
            self._book.drop(row, step="split", reason=left.reason)
            gone.append(left.at)
        self._without(np.sort(np.concatenate(gone)))
        return assigned

    def only_for_training(self, rows: NDArray[np.int64], reason: str, *, by: str) -> None:
        """Have these rows (global positions, ascending) in no part but train."""
        at = self._places_of(rows)
        found = keep_from_measuring(at, self.parts, self.units, by=by, arrays=self._arrays)
        self._arrays.put(self.parts, found.learned, np.full(len(found.learned), TRAIN, np.int8))
        moved = self._arrays.take(self.row, found.all)
        self.findings += found.findings(moved, column=self.target.name)
        self._drop(found.left_out, step="labels", reason=reason)

    def train_rows(self) -> NDArray[np.int64]:
        """Global positions of the train rows, ascending."""
        spans = self._arrays.spans(len(self.row))
        return np.concatenate([self.row[span][self.parts[span] == TRAIN] for span in spans])

    def settle_labels(self, settled: Settled, reason: str) -> Settled:
        """Rows that functions labelled get the labels that train rows teach; those of even odds go.

        Args:
            settled: The labels as they were before the split.
            reason: Why a row goes whose votes cancel each other out.
        """
        train = np.zeros(len(settled.rows), dtype=bool)
        train[self.train_rows()] = True
        found = settled.taught(train, of=self.target)
        if found is settled:
            return settled
        self._relabel(settled.labels, found.labels)
        self.findings += found.findings[len(settled.findings) :]
        assert found.weights is not None
        rows = np.flatnonzero(found.train_only & (found.weights == 0))
        self._drop(self._places_of(rows), step="labels", reason=reason)
        return found

    def check_classes(self, by: str) -> Target:
        """The target as train shows it; rows of other classes are left out."""
        known = self._strata if self.target.task is Task.CLASSIFICATION else None
        found = check_classes(self.rows, self.parts, self.target, row=self.row, by=by, codes=known)
        self.findings += found.findings
        self._drop(found.unseen, step="split", reason="class not in train")
        self.target = found.target
        return found.target

    def check_across(self, by: str) -> None:
        """Copies of train rows in test, where the split is not by hash."""
        if by == "random":
            return
        apart = {self._settings.split.column}
        apart |= {self._settings.split.group} if by == "group-time" else set()
        names = [name for name in self._equality if name not in apart]
        telling = [column for column in self.columns if column.name in names]
        if not has_telling_column(self.rows, telling):
            return
        names = list(dict.fromkeys([*names, self.target.name]))
        hasher = RowHasher(names)
        hashes = self._arrays.empty(len(self.row), np.uint64)
        start = 0
        for block in self.rows.blocks(names):
            hashes[start : start + block.height] = hasher.hashes(block)
            start += block.height
            self._arrays.release()
        self.findings += across_splits(hashes, self.parts, self.row, by=by, arrays=self._arrays)

    def sample_of_train(self, names: Sequence[str]) -> tuple[pl.DataFrame, Hashes]:
        """The train rows that the leakage check looks at, with the hashes of their inputs."""
        at = choose_rows(self.hashes, self.parts, self._arrays)
        return self.rows.gather(names, at), self._arrays.take(self.hashes, at)

    def view(
        self,
        *,
        inputs: frozenset[str],
        probe: Probe,
        out_of_fold: OutOfFold | None,
        embedder: Embedder | None,
        classifier: TextClassifier | None,
        tagger: NameTagger | None,
        base: Path,
        place: Callable[[int], str],
    ) -> TableView:
        """What detectors see of the rows still in."""
        return TableView(
            self.rows,
            self.row,
            self.parts,
            tuple(column for column in self.columns if _is_seen(column, self.target)),
            inputs,
            self.target,
            self._settings,
            probe,
            base,
            place,
            self._arrays,
            out_of_fold,
            embedder,
            classifier,
            tagger,
            self.tables,
        )

    def kept(
        self, inputs: Sequence[Column], *, weights: Weights | None
    ) -> dict[Split, dict[str, pl.DataType]]:
        """Names and types of the columns that a snapshot keeps of each split."""
        split = self._settings.split
        beside = [split.column] if split.by in ("group", "time", "group-time") else []
        beside += [split.group] if split.by == "group-time" else []
        beside += [*self._settings.further_targets, *self._settings.protected]
        mixture = self._settings.mixture
        beside += [mixture.column] if mixture is not None else []
        names = list(dict.fromkeys([self.target.name, *(column.name for column in inputs)]))
        names += [name for name in beside if name is not None and name not in names]
        schema = self.rows.schema
        kept = {name: schema[name] for name in names}
        known: dict[str, pl.DataType] = {ROW: pl.Int64()}
        known |= {} if self._stand_alone() else {UNIT: pl.Int64()}
        weighed = known if weights is None else {**known, WEIGHT: pl.Float64()}
        return {one: {**(weighed if one is Split.TRAIN else known), **kept} for one in PARTS}

    def split_blocks(
        self,
        schemas: Mapping[Split, Mapping[str, pl.DataType]],
        *,
        weights: Weights | None,
        profile: PassingProfile,
    ) -> Iterator[tuple[Split, pl.DataFrame]]:
        """The rows of the splits, block by block, those of one split in row order.

        Args:
            schemas: Columns of each.
            weights: Stand beside the train rows, where there are any.
            profile: Sees the train rows as they go by.
        """
        names = [name for name in schemas[Split.TEST] if name not in RESERVED]
        start = 0
        for block in self.rows.blocks(names):
            span = slice(start, start + block.height)
            known = [pl.Series(ROW, self.row[span])]
            known += [pl.Series(UNIT, self.units[span])] if UNIT in schemas[Split.TEST] else []
            columns = [*known, *block]
            parts = self.parts[span]
            for part, split in enumerate(PARTS):
                here = pl.Series(parts == part)
                mine = pl.DataFrame([column.filter(here) for column in columns])  # in this thread
                if weights is not None and split is Split.TRAIN:
                    values = weights.of(mine[ROW].to_numpy())
                    mine.insert_column(len(known), pl.Series(WEIGHT, values))
                if mine.height:
                    if split is Split.TRAIN:
                        profile.add(mine)
                    yield split, mine
            start = span.stop
            self._arrays.release()

    def ledger(self) -> Iterator[pl.DataFrame]:
        """What became of every row, block by block; the rows still in are those of the splits."""
        for span in self._arrays.spans(len(self.row)):
            self._book.assign(self.row[span], self.parts[span])
        yield from self._book.blocks()

    def _places_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where these rows (global positions, ascending) stand, of those that are still in."""
        at = np.searchsorted(self.row, rows)
        there = at < len(self.row)
        there[there] = self.row[at[there]] == rows[there]
        return at[there]

    def _relabel(self, before: pl.Series, after: pl.Series) -> None:
        """Put labels as typed where a label, as it was said, is another one now; shapes (all rows,)."""
        name = self.target.name
        kind = self._typed.schema[name]
        changed = before.ne_missing(after)
        if not changed.any():
            return
        read: dict[str, object] = {}
        start = 0
        for block in self._typed.blocks([name]):
            said = before.slice(start, block.height).alias("said")
            pairs = block.with_columns(said).drop_nulls().unique("said")
            read |= dict(pairs.select("said", name).iter_rows())
            start += block.height

        def typed() -> Iterator[pl.DataFrame]:
            start = 0
            for block in self._typed.blocks([name]):
                span = slice(start, start + block.height)
                new = pl.Series(name, [read.get(label) for label in after[span]], dtype=kind)
                yield pl.select(pl.when(changed[span]).then(new).otherwise(block[name]).alias(name))
                start += block.height

        self._typed.store.replace([name], typed())
        self._bundled = self._strata = None

    def _stand_alone(self) -> bool:
        """Is each row resampled by itself?"""
        spans = self._arrays.spans(len(self.row))
        return all(np.array_equal(self.units[span], self.row[span]) for span in spans)

    def _drop_copies(self, found: Bundled) -> None:
        assert found.copy_of is not None
        gone = self._arrays.empty(len(self.row), np.bool_)
        for span in self._arrays.spans(len(self.row)):
            first = found.copy_of[span]
            gone[span] = here = first != np.arange(span.start, span.stop)
            reason = Numbered("equal to row {}", self._arrays.take(self.row, first[here]))
            self._book.drop(self.row[span][here], step="duplicates", reason=reason)
        self._without(gone)

    def _file_parts(self) -> NDArray[np.int8]:
        """The part that each row's file says."""
        codes = {split: code for code, split in enumerate(PARTS)}
        if not any(file.part for file in self._files):
            return np.broadcast_to(np.int8(-1), len(self.row))
        starts = np.array([file.first_row for file in self._files])
        said = np.array([codes[f.part] if f.part else -1 for f in self._files], dtype=np.int8)
        found = self._arrays.empty(len(self.row), np.int8)
        for span in self._arrays.spans(len(self.row)):
            found[span] = said[np.searchsorted(starts, self.row[span], side="right") - 1]
        return found

    def _drop(
        self, at: NDArray[np.int64], *, step: str, reason: str | Sequence[str] | Numbered
    ) -> None:
        if len(at):
            self._book.drop(self._arrays.take(self.row, at), step=step, reason=reason)
            self._without(at)

    def _without(self, gone: NDArray[np.int64] | NDArray[np.bool_]) -> None:
        """Go on without the rows at these positions (ascending), or of this mask."""
        spans = self._arrays.spans(len(gone)) if gone.dtype == np.bool_ else ()
        if not len(gone) or (spans and not any(gone[span].any() for span in spans)):
            return
        same = self.units is self.row
        self.row = self._arrays.without(self.row, gone)
        self.units = self.row if same else self._arrays.without(self.units, gone)
        self.hashes = self._arrays.without(self.hashes, gone)
        self._whole = self._arrays.without(self._whole, gone)
        self.parts = self._arrays.without(self.parts, gone)
        self._bundled = self._strata = None


def _nothing_left(step: str, reasons: Sequence[str]) -> DataError:
    counts = Counter(re.sub(r"(?<![A-Za-z0-9])[0-9][0-9.,]*", "…", reason) for reason in reasons)
    told = "; ".join(f"{count} rows: {reason}" for reason, count in counts.most_common(3))
    return DataError(
        f"no row is left: {step} left out the last {len(reasons)} of them ({told[:300]})",
        where=_KEYS.get(step, f"data.{step}"),
        mend="ask less of a row there, or look whether the column holds what it should",
    )


def _is_seen(column: Column, target: Target) -> bool:
    """True for what detectors look at: all but the target, unless it is a text."""
    return target.is_text or column.name != target.name
