"""Reading a snapshot, and proving that it is what its name says.

Its files are verified against the manifest before any parser sees a byte. Cost: loading hashes them, about
1 GB/s. `data.snapshot_writing` makes one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from trainwright.core.artifacts import Check, Snapshot, Split
from trainwright.core.columns import ROW
from trainwright.core.durable import read_json
from trainwright.core.errors import TrainwrightError, TrustError
from trainwright.data.digests import FrameDigest
from trainwright.data.ledger import SCHEMA, reconcile
from trainwright.data.manifest import (
    check_files,
    joined,
    mend_of,
    read_manifest,
    said_of,
    snapshot_of,
)
from trainwright.data.parquet import IMAGES_FILE, blocks_of_file
from trainwright.data.repair.recording import REPAIRS_FILE, no_edits
from trainwright.data.staging.blocks import detached
from trainwright.data.staging.source import IMAGE_ROWS
from trainwright.summaries.profile import Profile

PLACE = pl.concat_str("source", pl.lit(":"), "position").fill_null(
    pl.col("source")
)  # of the ledger
LEDGER_FILE = "rows.parquet"
RECEIPTS_FILE = "receipts.json"
LABELS_FILE = "labels.parquet"
LABEL_SOURCES = ("annotators", "agreement", "labelling_functions")
PATHS_FILE = "paths.parquet"
LINES_FILE = "lines.parquet"
PROFILE_FILE = "profile.json"


def load_snapshot(folder: Path) -> Snapshot:
    """Load a snapshot; every file's hash is verified before anything is parsed.

    Raises:
        TrustError: it is gone, or a file is missing or was changed.
    """
    manifest = read_manifest(folder)
    for check in check_files(folder, manifest):
        if not check.passed:
            raise TrustError(check.detail, where=check.name, mend=mend_of(folder))
    return snapshot_of(folder, manifest)


def read_split(
    snapshot: Snapshot, split: Split, *, columns: Sequence[str] | None = None
) -> pl.DataFrame:
    """The rows of one split, in row order: ROW, UNIT where some belong together, target, inputs, others."""
    beside = snapshot.folder / IMAGES_FILE.format(split.value)
    if not beside.exists():
        return _read(snapshot.path(split), columns)
    return _read_with_images(snapshot.path(split), beside, columns)


def read_blocks(
    snapshot: Snapshot, split: Split, *, columns: Sequence[str] | None = None
) -> Iterator[pl.DataFrame]:
    """The rows of one split, in row order, block by block; all columns (see `read_split`) or some."""
    beside = snapshot.folder / IMAGES_FILE.format(split.value)
    images = _mapped(beside) if beside.exists() else None
    if columns is not None and images is not None:
        images = images.select([name for name in columns if name in images.columns])
        columns = [name for name in columns if name not in images.columns] or [ROW]
    plain = blocks_of_file(snapshot.path(split), columns)
    if images is None:
        yield from plain
        return
    start = 0
    for block in plain:
        for part in block.iter_slices(IMAGE_ROWS):
            yield part.hstack(images[start : start + part.height].rechunk())
            start += part.height


def read_ledger(snapshot: Snapshot) -> pl.DataFrame:
    """The row ledger: row, source, position, bucket, step, reason."""
    return _read(snapshot.folder / LEDGER_FILE, None)


def read_receipts(snapshot: Snapshot) -> list[dict[str, Any]]:
    """What reading did to each column, and to how many cells; of series nothing is noted."""
    found: list[dict[str, Any]] = read_json(snapshot.folder / RECEIPTS_FILE)
    return found


def read_repairs(snapshot: Snapshot) -> pl.DataFrame:
    """The cells that were mended: row, column, step, before, after."""
    path = snapshot.folder / REPAIRS_FILE
    return _read(path, None) if path.exists() else no_edits()


def read_labels(snapshot: Snapshot) -> pl.DataFrame | None:
    """Train labels that were judged, the most suspect first; None where none were (see `labels.errors`)."""
    path = snapshot.folder / LABELS_FILE
    return _read(path, None) if path.exists() else None


def read_ledger_blocks(snapshot: Snapshot) -> Iterator[pl.DataFrame]:
    """The same, block by block."""
    yield from blocks_of_file(snapshot.folder / LEDGER_FILE)


def read_places(snapshot: Snapshot, rows: Collection[int]) -> pl.DataFrame:
    """The ledger of these rows, with `place`: the file of a row that is one, else FILE:POSITION."""
    wanted = pl.col("row").is_in(pl.Series(sorted(set(rows)), dtype=pl.Int64).implode())
    found = [pl.DataFrame(schema=SCHEMA)]
    found += [
        detached(here)
        for block in read_ledger_blocks(snapshot)
        if (here := block.filter(wanted)).height
    ]
    ledger = pl.concat(found).with_columns(place=PLACE)
    paths = read_paths(snapshot)
    if paths is None:
        return ledger
    known = ledger.join(paths, on="row", how="left", maintain_order="left")
    return known.with_columns(place=pl.coalesce("path", "place")).drop("path")


def read_paths(snapshot: Snapshot) -> pl.DataFrame | None:
    """The path of each row that is a file of its own (image, document); None where none is: row, path."""
    path = snapshot.folder / PATHS_FILE
    return _read(path, None) if path.exists() else None


def read_label_sources(snapshot: Snapshot) -> dict[str, pl.DataFrame]:
    """Who made the labels, and how far they agree: the tables of `LABEL_SOURCES` that there are."""
    paths = {name: snapshot.folder / f"{name}.parquet" for name in LABEL_SOURCES}
    return {name: _read(path, None) for name, path in paths.items() if path.exists()}


def read_lines(snapshot: Snapshot) -> pl.DataFrame | None:
    """Where rows keep step with the lines of a text file: source, position, line (null: they do not)."""
    path = snapshot.folder / LINES_FILE
    return _read(path, None) if path.exists() else None


def load_profile(snapshot: Snapshot) -> Profile:
    """The profile of the train rows."""
    return Profile.from_json(read_json(snapshot.folder / PROFILE_FILE))


def verify_snapshot(folder: Path) -> list[Check]:
    """Hashes of files, hash of the content, and the row ledger, each as a check."""
    try:
        manifest = read_manifest(folder)
    except TrainwrightError as error:
        return [Check("snapshot: manifest", False, error.what)]
    checks = list(check_files(folder, manifest))
    if all(check.passed for check in checks):
        checks.extend(_check_content(snapshot_of(folder, manifest)))
    return checks


def _check_content(snapshot: Snapshot) -> Iterator[Check]:
    digests = []
    for split in Split:
        digest: FrameDigest | None = None
        for frame in read_blocks(snapshot, split):
            digest = digest or FrameDigest(frame.schema)
            digest.add(frame)
        assert digest is not None
        digests += [split.value, *digest.parts()]
    ledger = FrameDigest(SCHEMA)
    for block in blocks_of_file(snapshot.folder / LEDGER_FILE):
        ledger.add(block)
    digests += ["rows", *ledger.parts()]
    digest_of_all = joined(said_of(snapshot), digests)
    same = digest_of_all == snapshot.hash
    yield Check(
        "snapshot: content",
        same,
        "values and types have the hash that names it"
        if same
        else f"values and types hash to {digest_of_all[:12]}, not to {snapshot.hash[:12]}",
    )
    yield from reconcile(
        blocks_of_file(snapshot.folder / LEDGER_FILE),
        {
            split: (block[ROW].to_numpy() for block in blocks_of_file(snapshot.path(split), [ROW]))
            for split in Split
        },
        num_rows=snapshot.rows["input"],
        rows_are="rows" if snapshot.target.time is None else "series",
    )


def _read(path: Path, columns: Sequence[str] | None) -> pl.DataFrame:
    try:
        return pl.read_parquet(path, columns=None if columns is None else list(columns), glob=False)
    except FileNotFoundError as error:
        raise TrustError("a file of the snapshot is missing", where=str(path)) from error
    except pl.exceptions.PolarsError as error:
        raise TrustError(
            f"a file of the snapshot cannot be read: {error}", where=str(path)
        ) from error


def _read_with_images(path: Path, beside: Path, columns: Sequence[str] | None) -> pl.DataFrame:
    """The split with its images, whose bytes are mapped from the disk and not read."""
    images = _mapped(beside)
    if columns is None:
        return _read(path, None).hstack(images)
    plain = _read(path, [name for name in columns if name not in images.columns] or [ROW])
    return plain.hstack(images).select(columns)


def _mapped(path: Path) -> pl.DataFrame:
    try:
        return pl.read_ipc(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise TrustError(
            f"a file of the snapshot cannot be read: {error}", where=str(path)
        ) from error
