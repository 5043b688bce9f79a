"""A folder of images as a table: each image a row, in the order of paths; its sub-folder is its label.

Images that stand beside the sub-folders have no label. What is no image by its ending is passed over, and
counted.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl

from trainwright.core.artifacts import Finding
from trainwright.core.durable import canonical_json, sha256_bytes
from trainwright.core.errors import DataError
from trainwright.data.images.files import OnDamage, Place, labels_of, list_images, read_images
from trainwright.data.reading.tables import SourceFile
from trainwright.recipe.loading import IMAGE_LABEL

IMAGE = "image"  # the column of a folder's images


def read_folder(
    folder: Path,
    *,
    name: str,
    advance: Callable[[int], object] = lambda _: None,
    damaged: OnDamage = "refuse",
) -> tuple[pl.DataFrame, SourceFile, list[Finding]]:
    """Read all images below a folder.

    Args:
        folder: Where they are.
        name: Of the folder, as messages and row ids have it.
        advance: Told how many are read.
        damaged: As of `images.files.read_images`.

    Returns:
        Columns `image` (bytes) and `label` (text), the folder as a source, and what was noticed.

    Raises:
        DataError: there are none; or images are damaged, up to ten of which are named.
    """
    entries = list_images(folder)
    if not entries:
        raise DataError(
            "the folder holds no images", where=name, mend="name a folder with a sub-folder a class"
        )
    files = read_images(
        [Place(entry, f"{name}/{entry}") for entry in entries],
        roots=[folder],
        advance=advance,
        damaged=damaged,
    )
    frame = pl.DataFrame(
        {
            IMAGE: pl.Series(files, dtype=pl.Binary),
            IMAGE_LABEL: pl.Series(labels_of(entries), dtype=pl.String),
        }
    )
    known = [data for data in files if data is not None]
    said = [[entry, sha256_bytes(data)] for entry, data in zip(entries, known, strict=True)]
    source = SourceFile(
        name,
        folder,
        sha256_bytes(canonical_json(said)),
        sum(map(len, known)),
        0,
        len(entries),
        entries=tuple(entries),
    )
    return frame, source, _passed_over(folder, name, num_images=len(entries))


def _passed_over(folder: Path, name: str, *, num_images: int) -> list[Finding]:
    """A note on files that are no images."""
    others = sum(path.is_file() for path in folder.rglob("*")) - num_images
    if others <= 0:
        return []
    message = f"{name}: {others} files are no images by their ending, or hidden: passed over"
    return [Finding("unreadable", "info", message, count=others)]
