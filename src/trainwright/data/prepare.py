"""Stage 1 as a whole: from the files that a recipe names to a snapshot, or to a refusal that says why.

    read -> types -> target -> duplicates -> split -> classes -> leakage -> snapshot

Every step looks at all rows and tells what it found; what is grave and not accepted is refused at
the end, all of it at once, and nothing is written. Rows wait on disk between the steps and are gone
through block by block, so that there may be more of them than memory holds; only steps of series are
held whole. Equal input is not prepared twice: the key of a
preparation is the hash of the resolved `data` section, the task, and every file's name and bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib import metadata
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from trainwright.compute.workers import HERE, Workers
from trainwright.core.allocation import kept_memory
from trainwright.core.artifacts import Finding, Snapshot
from trainwright.core.clock import Deadline
from trainwright.core.columns import ROW, Task
from trainwright.core.durable import (
    canonical_json,
    make_folder,
    read_json,
    real_path,
    scratch_folder,
    sha256_bytes,
    sha256_file,
    sweep,
    write_json,
)
from trainwright.core.errors import DataError, EnvironmentFault, TrustError
from trainwright.core.protocols import (
    Embedder,
    NameTagger,
    NameTaggers,
    OutOfFold,
    Probe,
    Progress,
    Silent,
    TextClassifier,
)
from trainwright.data.bias.groups import check_protected
from trainwright.data.card import card_of
from trainwright.data.classes import check_rows
from trainwright.data.detection import BEFORE_SPLIT as STEPS_BEFORE_SPLIT
from trainwright.data.detection import ON_TRAIN, WEIGHTS, detect
from trainwright.data.hashing import SourceKey
from trainwright.data.judging import judge
from trainwright.data.labels.settle import label_files
from trainwright.data.labels.source import label_tables, settle_source, weights_of
from trainwright.data.language.mixture import told_mixture
from trainwright.data.leakage import find_leaks
from trainwright.data.ledger import lines_of, paths_of, reconcile
from trainwright.data.lookers import hashes_of_lookers, tagger_named
from trainwright.data.manifest import FORMAT
from trainwright.data.passes import Rounds
from trainwright.data.privacy.hiding import (
    declared_columns,
    hidden_columns,
    unquoted,
    without_quotes,
    without_values,
)
from trainwright.data.profiling import PassingProfile
from trainwright.data.quality import choose_inputs
from trainwright.data.reading import RawTable, SourceFile, read_source
from trainwright.data.reading.naming import named_hashes
from trainwright.data.repair.table import repair_rows
from trainwright.data.series.settings import check_series, is_forecast
from trainwright.data.series.whole import whole_series
from trainwright.data.series.windows import windows_of_series
from trainwright.data.similarity.find import together
from trainwright.data.snapshot import load_snapshot
from trainwright.data.snapshot_writing import Content, write_snapshot
from trainwright.data.split import check_split_columns
from trainwright.data.staging.arrays import Arrays
from trainwright.data.staging.blocks import BlockStore
from trainwright.data.staging.first import FirstPass, is_enough
from trainwright.data.staging.keeping import Keeper
from trainwright.data.staging.source import stage_source
from trainwright.data.staging.staged import StagedFile, StagedSource
from trainwright.data.staging.typed import TYPED_FILE, type_rows
from trainwright.data.table import Table
from trainwright.data.weights import all_weights
from trainwright.recipe.data import DataSettings
from trainwright.recipe.reads import Reads
from trainwright.recipe.schema import Recipe
from trainwright.summaries.profile import profile_frame

BEFORE_SPLIT = (
    "column types and missing-value marks",
    "the list of classes",
    "spellings of categories that are accepted as one",
    "constant, empty and identifier columns",
    "labels of annotators and corrections, and which rows functions label",
    "row hashes and the assignment to splits",
)


UNMEASURED = "labelled by functions alone: nothing is measured on it"
UNDECIDED = "functions vote on it, and their votes cancel each other out"


def prepare(
    recipe: Recipe,
    *,
    base: Path,
    snapshots: Path,
    probe: Probe,
    out_of_fold: OutOfFold | None = None,
    embedder: Embedder | None = None,
    classifier: TextClassifier | None = None,
    name_taggers: NameTaggers | None = None,
    progress: Progress = Silent(),  # noqa: B008 - stateless
    reads: Reads | None = None,
    workers: Workers = HERE,
) -> Snapshot:
    """Run stage 1, or give back its result from before when nothing changed.

    Args:
        recipe: Its `data` section and `task` are used.
        base: The recipe's folder; its paths start there.
        snapshots: Where snapshots are kept.
        probe: A quick model, for the leakage check.
        out_of_fold: Several families, to judge labels by; the probe where there are none.
        embedder: Encoders of texts, for what is compared by meaning.
        classifier: Classifiers of texts, for filters.
        name_taggers: Finders of names of persons, where the recipe names one.
        progress: Told how far the work is.
        reads: Counts which keys were read; kept in the snapshot and restored when it is reused.
        workers: Read, type, hash and summarise rows; the snapshot is the same whoever they are.

    Raises:
        RecipeError: the recipe names a column that is not there.
        DataError: the data are wrong; `findings` holds all that was found, errors and others.
        EnvironmentFault: the disk refuses; nothing is left.
    """
    settings = recipe.data
    check_series(settings, recipe.task)
    tagger = tagger_named(settings, name_taggers)
    lookers = tuple(
        hashes_of_lookers(settings, embedder=embedder, classifier=classifier, tagger=tagger)
    )
    keeper = Keeper(snapshots / "staged")
    known = _find_prepared(recipe, base=base, keeper=keeper, snapshots=snapshots, lookers=lookers)
    if known is not None:
        if reads is not None:
            reads.restore(known.reads)
        return known
    sweep(snapshots)
    with scratch_folder(snapshots, "prepare") as folder, kept_memory():
        kept: tuple[StagedFile, ...] = ()
        if settings.series is not None:
            raw = read_source(settings, base=base, progress=progress)
            check_rows(raw.frame.height)
            progress.stage("types")
            content = _series_content(raw, settings, task=recipe.task)
            files: Sequence[SourceFile] = raw.files
        else:
            arrays = Arrays(folder)
            staged = stage_source(
                settings,
                base=base,
                folder=folder,
                arrays=arrays,
                keeper=keeper,
                progress=progress,
                workers=workers,
                first=_first_pass(recipe, folder) if workers is HERE else None,
            )
            kept, files = staged.files, [one.file for one in staged.files]
            with unquoted(declared_columns(settings), list(staged.schema)):
                content = _table_content(
                    recipe,
                    staged,
                    base=base,
                    folder=folder,
                    arrays=arrays,
                    probe=probe,
                    out_of_fold=out_of_fold,
                    embedder=embedder,
                    classifier=classifier,
                    tagger=tagger,
                    progress=progress,
                    workers=workers,
                )
        content = replace(
            content,
            reads=reads.of("data") if reads is not None else (),
            preparation_key=_key(
                recipe, [(file.name, file.sha256) for file in files], base=base, lookers=lookers
            ),
        )
        progress.stage("snapshot")
        snapshot = write_snapshot(content, snapshots=snapshots)
        for one in kept:
            keeper.put(one)
    _note_prepared(snapshot, key=content.preparation_key, snapshots=snapshots)
    return snapshot


def _table_content(
    recipe: Recipe,
    staged: StagedSource,
    *,
    base: Path,
    folder: Path,
    arrays: Arrays,
    probe: Probe,
    out_of_fold: OutOfFold | None,
    embedder: Embedder | None,
    classifier: TextClassifier | None,
    tagger: NameTagger | None,
    progress: Progress,
    workers: Workers,
) -> Content:
    """Everything between the rows as read and the snapshot; rows wait in `folder`."""
    settings = recipe.data
    check_rows(staged.num_rows)
    progress.stage("types")
    raw = staged.table
    staged, settled = settle_source(staged, settings, base=base)
    typed = type_rows(staged, settings, task=recipe.task, folder=folder, workers=workers)
    staged.remove()
    typed, repairs = repair_rows(
        typed, settings, base=base, folder=folder, tagger=tagger.hash if tagger else ""
    )
    progress.stage("split and check")
    check_split_columns(settings, list(typed.schema))
    check_protected(settings, list(typed.schema))
    rounds = Rounds(typed, arrays, folder, workers)
    table = Table(typed, raw.files, settings, arrays, rounds)
    table.findings += settled.findings if settled else ()
    table.leave_out_unlabelled(base)
    table.look_for_copies()
    choice = choose_inputs(table.rows, table.columns, settings)
    seen = partial(
        table.view,
        inputs=frozenset(column.name for column in choice.inputs),
        probe=probe,
        out_of_fold=out_of_fold,
        embedder=embedder,
        classifier=classifier,
        tagger=tagger,
        base=base,
        place=raw.place,
    )
    table.leave_out(STEPS_BEFORE_SPLIT, seen)
    assigned = table.split(together(seen(), table.hashes))
    if settled is not None:
        settled = table.settle_labels(settled, UNDECIDED)
        weak = np.flatnonzero(settled.train_only)
        table.only_for_training(weak, UNMEASURED, by=assigned.settings["by"])
    target = table.check_classes(assigned.settings["by"])
    table.check_across(assigned.settings["by"])
    table.leave_out(ON_TRAIN, seen)
    if not target.task.is_language:
        names, time = [column.name for column in choice.inputs], settings.split.time
        sample, hashes = table.sample_of_train([target.name, *names])
        table.findings += find_leaks(
            sample, choice.inputs, target=target, probe=probe, hashes=hashes, time=time
        )
    deadline = Deadline(settings.budget)
    table.findings += detect(seen(), deadline=deadline, progress=progress)
    known = weights_of(settled) if settled else None
    made = label_tables(settled, train=table.train_rows()) if settled else {}
    weights = all_weights(WEIGHTS, seen(), known=known)
    table.findings += weights.findings if weights else ()
    names = [column.name for column in table.columns]
    declared = declared_columns(settings)
    table.findings = without_quotes(table.findings, names, declared=declared)
    hidden = hidden_columns(table.findings)
    schemas = table.kept(choice.inputs, weights=weights)
    profile = PassingProfile(list(dict.fromkeys([*choice.inputs, target.column])), hidden=hidden)
    return Content(
        schemas=schemas,
        rows=table.split_blocks(schemas, weights=weights, profile=profile),
        ledger=table.ledger(),
        profile=lambda: without_values(profile.value, hidden, tagger=tagger),
        target=target,
        inputs=choice.inputs,
        left_out=choice.left_out,
        split=assigned.settings,
        findings=judge(table.findings, settings.accept),
        source_key=typed.source_key,
        sources=_told(raw.files),
        reads=(),
        before_split=BEFORE_SPLIT,
        preparation_key="",
        repairs=chain([settled.edits] if settled else [], repairs.blocks(repairs.columns)),
        card={**card_of(settings.card, seen()), **told_mixture(settings.mixture)},
        receipts=typed.receipts,
        tables={**table.tables, **made, **paths_of(raw.files), **lines_of(raw.files)},
    )


def _first_pass(recipe: Recipe, folder: Path) -> FirstPass | None:
    """What may be done with the rows while they are read; None where they must all be there before."""
    if not is_enough(recipe.data, recipe.task):
        return None
    return FirstPass(recipe.data, task=recipe.task, store=BlockStore(folder / TYPED_FILE))


def _series_content(raw: RawTable, settings: DataSettings, *, task: Task | None) -> Content:
    """The same where rows are steps of series, which are held whole: series, or windows of them."""
    assert settings.series is not None
    if is_forecast(settings, task):
        made = windows_of_series(raw, settings, settings.series)
    else:
        made = whole_series(raw, settings, settings.series, task=task)
    findings = judge(made.findings, settings.accept)
    split_rows = {split: [frame[ROW].to_numpy()] for split, frame in made.frames.items()}
    num_rows = raw.frame.height + sum(len(file.left_out) for file in raw.files)
    for check in reconcile([made.ledger], split_rows, num_rows=num_rows, rows_are="series"):
        assert check.passed, check.detail
    beside = () if made.target.horizon else (made.target.column,)
    key = SourceKey()
    key.add(raw.frame)
    return Content(
        schemas={split: frame.schema for split, frame in made.frames.items()},
        rows=made.frames.items(),
        ledger=[made.ledger],
        profile=lambda: profile_frame(made.profiled, [*made.inputs, *beside]),
        target=made.target,
        inputs=made.inputs,
        left_out=made.left_out,
        split=made.split,
        findings=findings,
        source_key=key.value,
        sources=_told(raw.files),
        reads=(),
        before_split=BEFORE_SPLIT,
        preparation_key="",
        card=card_of(settings.card),
    )


def _told(files: Sequence[SourceFile]) -> tuple[dict[str, Any], ...]:
    return tuple(
        {"name": f.name, "sha256": f.sha256, "bytes": f.bytes, "rows": f.num_rows} for f in files
    )


def _key(
    recipe: Recipe, files: Sequence[tuple[str, str]], *, base: Path, lookers: tuple[str, ...]
) -> str:
    """The key of a preparation, code included; `resolved` does not count as reading."""
    resolved = recipe.resolved()
    code = [FORMAT, *(metadata.version(name) for name in ("trainwright", "polars", "pyarrow"))]
    said = [resolved["data"], resolved["task"]]
    if contract := resolved["data"]["contract"]:
        said.append(sha256_file(real_path(base / contract)))
    said += [sha256_file(path) for path in label_files(recipe.data.labels, base=base)]
    said += lookers
    return sha256_bytes(canonical_json([code, said, [list(file) for file in files]]))


def _find_prepared(
    recipe: Recipe, *, base: Path, keeper: Keeper, snapshots: Path, lookers: tuple[str, ...]
) -> Snapshot | None:
    """The snapshot that this recipe gave before on these very bytes."""
    if not (snapshots / "prepared").is_dir():
        return None
    if recipe.data.inputs is not None and recipe.data.inputs.image is not None:
        return None  # a table of paths does not say what is in the files
    try:
        hashes = named_hashes(recipe.data, base, keeper.hashes)
        if hashes is None:
            return None  # whether a database has changed is known when its rows were read
        key = _key(recipe, hashes, base=base, lookers=lookers)
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
