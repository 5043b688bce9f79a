"""Stage 1 as a whole: from the files that a recipe names to a snapshot, or to a refusal that says why.

    read -> types -> target -> duplicates -> split -> classes -> leakage -> snapshot

Every step looks at all rows and tells what it found; what is grave and not accepted is refused at
the end, all of it at once, and nothing is written. Equal input is not prepared twice: the key of a
preparation is the hash of the resolved `data` section, the task, and every file's name and bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import ROW, UNIT, Finding, Snapshot, Split, Target, Task
from trainwright.core.clock import Deadline
from trainwright.core.durable import (
    canonical_json,
    make_folder,
    read_json,
    sha256_bytes,
    sha256_file,
    write_json,
)
from trainwright.core.errors import DataError, EnvironmentFault, TrustError
from trainwright.core.protocols import Probe, Progress, Silent
from trainwright.data.detection import BEFORE_SPLIT as STEPS_BEFORE_SPLIT
from trainwright.data.detection import ON_TRAIN, detect, leave_out
from trainwright.data.duplicates import (
    across_splits,
    conflicting_labels,
    describe_copies,
    find_copies,
    has_telling_column,
)
from trainwright.data.hashing import hash_cells, hash_raw_rows, mix, sum_cells
from trainwright.data.images.files import folder_key
from trainwright.data.judging import judge
from trainwright.data.leakage import find_leaks
from trainwright.data.ledger import LedgerBook, reconcile
from trainwright.data.quality import (
    check_classes,
    check_rows,
    check_target,
    choose_inputs,
    equality_columns,
)
from trainwright.data.reading import RawTable, SourceFile, read_source
from trainwright.data.reading.source import expand, relative_name
from trainwright.data.series.settings import check_series, is_forecast
from trainwright.data.series.whole import whole_series
from trainwright.data.series.windows import windows_of_series
from trainwright.data.snapshot import FORMAT, Content, load_snapshot, write_snapshot
from trainwright.data.split import PARTS, Assignment, Rows, assign, check_split_columns
from trainwright.data.types import TypedTable, infer_types
from trainwright.data.view import PART, FrameView
from trainwright.recipe.data import DataSettings
from trainwright.recipe.reads import Reads
from trainwright.recipe.schema import Recipe
from trainwright.summaries.profile import profile_frame

BEFORE_SPLIT = (
    "column types and missing-value marks",
    "the list of classes",
    "constant, empty and identifier columns",
    "row hashes and the assignment to splits",
)


def prepare(
    recipe: Recipe,
    *,
    base: Path,
    snapshots: Path,
    probe: Probe,
    progress: Progress = Silent(),  # noqa: B008 - stateless
    reads: Reads | None = None,
) -> Snapshot:
    """Run stage 1, or give back its result from before when nothing changed.

    Args:
        recipe: Its `data` section and `task` are used.
        base: The recipe's folder; its paths start there.
        snapshots: Where snapshots are kept.
        probe: A quick model, for the leakage check.
        progress: Told how far the work is.
        reads: Counts which keys were read; kept in the snapshot and restored when it is reused.

    Raises:
        RecipeError: the recipe names a column that is not there.
        DataError: the data are wrong; `findings` holds all that was found, errors and others.
        EnvironmentFault: the disk refuses; nothing is left.
    """
    settings = recipe.data
    check_series(settings, recipe.task)
    known = _find_prepared(recipe, base=base, snapshots=snapshots)
    if known is not None:
        if reads is not None:
            reads.restore(known.reads)
        return known
    raw = read_source(settings, base=base, progress=progress)
    check_rows(raw.frame.height)
    progress.stage("types")
    if settings.series is not None:
        content = _series_content(raw, settings, task=recipe.task)
    else:
        typed = infer_types(raw, settings, task=recipe.task)
        progress.stage("split and check")
        check_split_columns(settings, typed.frame.columns)
        key, raw = source_key(raw.frame), raw.without_rows()
        table = _Table(raw, typed, settings)
        del typed  # from here on only rows that are still in take memory, and no texts as read
        content = _content(raw, table, settings, probe=probe, key=key, base=base, progress=progress)
    content = replace(
        content,
        reads=reads.of("data") if reads is not None else (),
        preparation_key=_key(recipe, [(file.name, file.sha256) for file in raw.files]),
    )
    progress.stage("snapshot")
    snapshot = write_snapshot(content, snapshots=snapshots)
    _note_prepared(snapshot, key=content.preparation_key, snapshots=snapshots)
    return snapshot


def _content(
    raw: RawTable,
    table: _Table,
    settings: DataSettings,
    *,
    probe: Probe,
    key: str,
    base: Path,
    progress: Progress,
) -> Content:
    """Everything between typed rows and the snapshot."""
    table.leave_out_unlabelled()
    table.look_for_copies()
    choice = choose_inputs(table.frame, table.columns, settings)
    seen = partial(
        table.view,
        inputs=frozenset(column.name for column in choice.inputs),
        probe=probe,
        base=base,
        place=raw.place,
    )
    table.leave_out(STEPS_BEFORE_SPLIT, seen)
    assigned = table.split()
    target = table.check_classes(assigned.settings["by"])
    table.check_across(assigned.settings["by"])
    table.leave_out(ON_TRAIN, seen)
    train = table.frame.filter(pl.Series(table.parts == 0))
    table.findings += find_leaks(
        train.select(target.name, *(column.name for column in choice.inputs)),
        choice.inputs,
        target=target,
        probe=probe,
        hashes=table.hashes[table.parts == 0],
    )
    deadline = Deadline(settings.budget)
    table.findings += detect(seen(target=target), deadline=deadline, progress=progress)
    findings = judge(table.findings, settings.accept)
    frames = table.frames([column.name for column in choice.inputs])
    ledger = table.ledger()
    num_rows = sum(file.num_rows for file in raw.files)
    split_rows = {split: frame[ROW].to_numpy() for split, frame in frames.items()}
    for check in reconcile(ledger, split_rows, num_rows=num_rows):
        assert check.passed, check.detail
    return Content(
        frames=frames,
        ledger=ledger,
        profile=profile_frame(frames[Split.TRAIN], [*choice.inputs, target.column]),
        target=target,
        inputs=choice.inputs,
        left_out=choice.left_out,
        split=assigned.settings,
        findings=findings,
        source_key=key,
        sources=_told(raw.files),
        reads=(),
        before_split=BEFORE_SPLIT,
        preparation_key="",
    )


def _series_content(raw: RawTable, settings: DataSettings, *, task: Task | None) -> Content:
    """The same where rows are steps of series: whole series, or windows of them."""
    assert settings.series is not None
    if is_forecast(settings, task):
        made = windows_of_series(raw, settings, settings.series)
    else:
        made = whole_series(raw, settings, settings.series, task=task)
    findings = judge(made.findings, settings.accept)
    split_rows = {split: frame[ROW].to_numpy() for split, frame in made.frames.items()}
    num_rows = raw.frame.height
    for check in reconcile(made.ledger, split_rows, num_rows=num_rows, rows_are="series"):
        assert check.passed, check.detail
    beside = () if made.target.horizon else (made.target.column,)
    return Content(
        frames=made.frames,
        ledger=made.ledger,
        profile=profile_frame(made.profiled, [*made.inputs, *beside]),
        target=made.target,
        inputs=made.inputs,
        left_out=made.left_out,
        split=made.split,
        findings=findings,
        source_key=source_key(raw.frame),
        sources=_told(raw.files),
        reads=(),
        before_split=BEFORE_SPLIT,
        preparation_key="",
    )


def _told(files: Sequence[SourceFile]) -> tuple[dict[str, Any], ...]:
    return tuple(
        {"name": f.name, "sha256": f.sha256, "bytes": f.bytes, "rows": f.num_rows} for f in files
    )


class _Table:
    """The rows on their way: those still in, what was found, and the ledger.

    Attributes:
        columns: What they hold.
        frame: Typed rows still in, with ROW.
        hashes: Of their inputs; shape (rows,).
        parts: Their part once they are split; shape (rows,), int8.
        findings: So far.
    """

    def __init__(self, raw: RawTable, typed: TypedTable, settings: DataSettings) -> None:
        self._settings = settings
        self._files = raw.files
        self.columns = typed.columns
        self._target = typed.target
        self._book = LedgerBook(raw.files)
        self._equality = equality_columns(typed.columns, settings)
        self.findings = list(typed.findings)
        self.frame = typed.frame.with_columns(
            pl.int_range(0, typed.frame.height, dtype=pl.Int64).alias(ROW)
        )
        self._sums = sum_cells(typed.frame, self._equality)
        self.hashes = mix(self._sums)
        self.parts = np.full(typed.frame.height, -1, dtype=np.int8)
        self.units = np.full(typed.frame.height, -1, dtype=np.int64)

    @property
    def rows(self) -> NDArray[np.int64]:
        """Global positions of the rows still in."""
        return self.frame[ROW].to_numpy()

    @property
    def whole_hashes(self) -> NDArray[np.uint64]:
        """Of inputs and target together."""
        return mix(self.hashes ^ mix(hash_cells(self.frame[self._target.name])))

    def leave_out_unlabelled(self) -> None:
        """Rows without a target."""
        missing, findings = check_target(self.frame[self._target.name])
        self.findings += findings
        self._drop(missing, step="target", reason="no target")

    def view(
        self,
        *,
        inputs: frozenset[str],
        probe: Probe,
        base: Path,
        place: Callable[[int], str],
        target: Target | None = None,
    ) -> FrameView:
        """What detectors see of the rows still in."""
        target = target or self._target
        return FrameView(
            self.frame.with_columns(pl.Series(PART, self.parts)),
            tuple(column for column in self.columns if column.name != target.name),
            inputs,
            target,
            self._settings,
            probe,
            base,
            place,
        )

    def leave_out(self, steps: Mapping[str, str], seen: Callable[[], FrameView]) -> None:
        """What the recipe wants left out."""
        if not steps:
            return
        for name, left in leave_out(steps, seen()):
            self.findings += left.findings
            there = np.isin(left.rows, self.rows)  # of those that no earlier step left out
            reasons = [reason for reason, still in zip(left.reasons, there, strict=True) if still]
            self._book.drop(left.rows[there], step=name, reason=reasons)
            self._keep(~np.isin(self.rows, left.rows[there]))

    def look_for_copies(self) -> None:
        """Equal rows, and equal inputs with other targets."""
        copies = find_copies(self.whole_hashes)
        dropping = self._settings.duplicates == "drop"
        self.findings += describe_copies(copies, self.rows, dropped=dropping)
        if dropping:
            repeats = copies.repeats
            first = self.rows[copies.first[repeats]]
            self._drop(repeats, step="duplicates", reason=[f"equal to row {row}" for row in first])
        self.findings += conflicting_labels(self.hashes, self.frame[self._target.name], self.rows)

    def split(self) -> Assignment:
        """Assign rows to train, validation and test."""
        rows = Rows(self.frame, self.rows, self.hashes, _file_parts(self._files)[self.rows])
        assigned = assign(rows, self._settings, target=self._target)
        self.findings += assigned.findings
        self.parts, self.units = assigned.parts, assigned.units
        for left in assigned.left_out:
            self._book.drop(self.rows[left.rows], step="split", reason=left.reason)
        self._keep(self.parts >= 0)
        return assigned

    def check_classes(self, by: str) -> Target:
        """The target as train shows it; rows of other classes are left out."""
        values = self.frame[self._target.name]
        found = check_classes(values, self.parts, self._target, rows=self.rows, by=by)
        self.findings += found.findings
        self._drop(found.unseen, step="split", reason="class not in train")
        return found.target

    def check_across(self, by: str) -> None:
        """Copies of train rows in test, where the split is not by hash."""
        if by == "random":
            return
        apart = {self._settings.split.column}
        apart |= {self._settings.split.group} if by == "group-time" else set()
        names = [name for name in self._equality if name not in apart]
        telling = [column for column in self.columns if column.name in names]
        if not has_telling_column(self.frame, telling):
            return
        without = [name for name in self._equality if name in apart]
        sums = self._sums - sum_cells(self.frame, without)
        hashes = mix(sums + sum_cells(self.frame, [self._target.name]))
        self.findings += across_splits(hashes, self.parts, self.rows, by=by)

    def frames(self, inputs: Sequence[str]) -> dict[Split, pl.DataFrame]:
        """The rows of each split with the columns that are kept."""
        split = self._settings.split
        kept = [split.column] if split.by in ("group", "time", "group-time") else []
        kept += [split.group] if split.by == "group-time" else []
        kept += self._settings.further_targets
        names = [self._target.name, *inputs]
        names += [name for name in kept if name is not None and name not in names]
        frame = self.frame.with_columns(pl.Series(UNIT, self.units)).select(ROW, UNIT, *names)
        return {
            split: frame.filter(pl.Series(self.parts == part)).rechunk()
            for part, split in enumerate(PARTS)
        }

    def ledger(self) -> pl.DataFrame:
        """What became of every row; the rows still in are those of the splits."""
        for part, split in enumerate(PARTS):
            self._book.assign(self.rows[self.parts == part], split)
        return self._book.close()

    def _drop(self, mask: NDArray[np.bool_], *, step: str, reason: str | list[str]) -> None:
        if mask.any():
            self._book.drop(self.rows[mask], step=step, reason=reason)
            self._keep(~mask)

    def _keep(self, mask: NDArray[np.bool_]) -> None:
        if not mask.all():
            self.frame = self.frame.filter(pl.Series(mask))
            self._sums, self.hashes = self._sums[mask], self.hashes[mask]
            self.parts, self.units = self.parts[mask], self.units[mask]


def source_key(frame: pl.DataFrame) -> str:
    """Identity of the source's rows: equal for every split, setting and order of them."""
    hashes = np.sort(hash_raw_rows(frame))
    return sha256_bytes(hashes.tobytes())


def _file_parts(files: Sequence[SourceFile]) -> NDArray[np.int8]:
    codes = {split: code for code, split in enumerate(PARTS)}
    return np.concatenate(
        [np.full(f.num_rows, codes[f.part] if f.part else -1, dtype=np.int8) for f in files]
    )


def _key(recipe: Recipe, files: Sequence[tuple[str, str]]) -> str:
    """The key of a preparation, code included; `resolved` does not count as reading."""
    resolved = recipe.resolved()
    code = [FORMAT, *(metadata.version(name) for name in ("trainwright", "polars", "pyarrow"))]
    said = [resolved["data"], resolved["task"]]
    return sha256_bytes(canonical_json([code, said, [list(file) for file in files]]))


def _find_prepared(recipe: Recipe, *, base: Path, snapshots: Path) -> Snapshot | None:
    """The snapshot that this recipe gave before on these very bytes."""
    if not (snapshots / "prepared").is_dir():
        return None
    if recipe.data.inputs is not None and recipe.data.inputs.image is not None:
        return None  # a table of paths does not say what is in the files
    try:
        key = _key(recipe, _named_hashes(recipe.data, base))
        note = snapshots / "prepared" / f"{key}.json"
        if not note.exists():
            return None
        said = read_json(note)
        snapshot = load_snapshot(snapshots / said["snapshot"])
    except (OSError, EnvironmentFault, DataError, TrustError):
        return (
            None  # a source that cannot be read is told by reading it; a lost snapshot is made anew
        )
    findings = tuple(Finding.from_json(finding) for finding in said["findings"])
    return replace(snapshot, findings=findings, reads=tuple(said["reads"]))


def _note_prepared(snapshot: Snapshot, *, key: str, snapshots: Path) -> None:
    """Remember which snapshot a preparation gave, with its own findings and reads."""
    note = {
        "snapshot": snapshot.hash,
        "findings": [finding.to_json() for finding in snapshot.findings],
        "reads": list(snapshot.reads),
    }
    make_folder(snapshots / "prepared")
    write_json(snapshots / "prepared" / f"{key}.json", note)


def _named_hashes(settings: DataSettings, base: Path) -> list[tuple[str, str]]:
    """Name and SHA-256 of every file, in the order of reading."""
    sources = (settings.source,) if isinstance(settings.source, str) else settings.source
    named = [*sources, *filter(None, (settings.validation, settings.test))]
    paths = [path for source in named for path in expand(source, base=base)]
    return [
        (
            relative_name(path, base),
            folder_key(path) if path.is_dir() else sha256_file(path.resolve()),
        )
        for path in paths
    ]
