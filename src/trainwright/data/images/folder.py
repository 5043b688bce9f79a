"""A folder of images as a table: each image a row, in the order of paths; its sub-folder is its label.

Images that stand beside the sub-folders have no label. What is no image by its ending is passed over, and
told with its endings; so are links to folders, which are not followed, and sub-folders without images.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from trainwright.core.artifacts import Finding
from trainwright.core.durable import canonical_json, path_text, sha256_bytes
from trainwright.core.errors import DataError, shorten
from trainwright.data.images.files import (
    OnDamage,
    Place,
    is_image_name,
    labels_of,
    list_images,
    read_images,
)
from trainwright.data.reading.beside import beside, is_seen
from trainwright.data.reading.tables import SourceFile
from trainwright.recipe.loading import IMAGE_LABEL

_SHOWN = 5
_PICTURES = frozenset(  # endings of pictures that are not read
    (".heic", ".heif", ".avif", ".jxl", ".jp2", ".j2k", ".ico", ".svg", ".psd", ".eps", ".pdf", ".ppm",
     ".pgm", ".tga", ".dds", ".raw", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".dcm", ".jfif", ".jpe")
)  # fmt: skip

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
    shown = [path_text(entry) for entry in entries]
    labels = labels_of(entries)
    files = read_images(
        [Place(entry, f"{name}/{told}") for entry, told in zip(entries, shown, strict=True)],
        roots=[folder],
        advance=advance,
        damaged=damaged,
    )
    frame = pl.DataFrame(
        {
            IMAGE: pl.Series(files, dtype=pl.Binary),
            IMAGE_LABEL: pl.Series(labels, dtype=pl.String),
        }
    )
    known = [data for data in files if data is not None]
    said = [[entry, sha256_bytes(data)] for entry, data in zip(shown, known, strict=True)]
    source = SourceFile(
        name,
        folder,
        sha256_bytes(canonical_json(said)),
        sum(map(len, known)),
        0,
        len(entries),
        entries=tuple(shown),
    )
    return frame, source, _passed_over(folder, name, labels=labels)


def _passed_over(folder: Path, name: str, *, labels: Sequence[str | None]) -> list[Finding]:
    """What stands in the folder and is no row: other files, links to folders, sub-folders without images."""
    found = beside(
        folder,
        name,
        is_row=is_image_name,
        what="image",
        meant=_PICTURES,
        remedy="save pictures as PNG or JPEG",
    )
    empty = [one for one in _sub_folders(folder) if one not in labels]
    if empty:
        shown = ", ".join(shorten(one, 30) for one in empty[:_SHOWN])
        message = f"{name}: in these sub-folders stands no image, and they are no classes: {shown}"
        remedy = "remove them, or put their images there"
        found.append(Finding("schema", "warning", message, count=len(empty), remedy=remedy))
    return found


def _sub_folders(folder: Path) -> list[str]:
    """Names of sub-folders that would be classes."""
    seen = [one for one in folder.iterdir() if one.is_dir() and not one.is_symlink()]
    return sorted(path_text(one.name) for one in seen if is_seen(Path(one.name)))
