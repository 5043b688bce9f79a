"""Image files: found in a folder in an order that does not depend on the machine, read, and proved sound.

Every file is unpacked once, when it is read, so that a damaged one is named here and not in the midst of
training. A file must lie below the folder that the user named: a path with `..`, a link that leads out, a
pipe or a device is refused, and nothing of it is read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from trainwright.core.durable import (
    canonical_json,
    open_regular,
    path_text,
    real_path,
    sha256_bytes,
)
from trainwright.core.errors import DataError, Fault, TrustError, shorten
from trainwright.core.extras import require
from trainwright.core.threads import thread_pool
from trainwright.data.images.marks import marked
from trainwright.recipe.loading import IMAGE_ENDINGS

MAX_FAULTS = 10
OnDamage = Literal["refuse", "mark"]
_MEND = "save the image anew, or remove it"


@dataclass(frozen=True, slots=True)
class Place:
    """An image to read.

    Attributes:
        path: As it is written, relative to one of the roots.
        where: How a message names it.
    """

    path: str
    where: str


def is_image_folder(folder: Path) -> bool:
    """A folder that holds images, itself or in folders below."""
    return folder.is_dir() and next(_walk(folder), None) is not None


def is_image_name(name: str) -> bool:
    """An image by its ending, and not hidden."""
    return name.lower().endswith(IMAGE_ENDINGS) and not name.startswith((".", "_"))


def list_images(folder: Path) -> list[str]:
    """Paths of all images below a folder, relative to it, sorted; what begins with . or _ is passed over."""
    return sorted(_walk(folder))


def labels_of(entries: Sequence[str]) -> list[str | None]:
    """The sub-folder that each image stands in; None for those beside the sub-folders."""
    parts = [path_text(entry).partition("/") for entry in entries]
    return [first if slash else None for first, slash, _ in parts]


def folder_key(folder: Path) -> str:
    """SHA-256 over names and bytes of the images below a folder.

    Raises:
        OSError, TrustError: one cannot be read.
    """
    entries = [
        [path_text(name), sha256_bytes(_bytes(folder / name))] for name in list_images(folder)
    ]
    return sha256_bytes(canonical_json(entries))


def read_images(
    places: Sequence[Place | None],
    *,
    roots: Sequence[Path],
    advance: Callable[[int], object] = lambda _: None,
    damaged: OnDamage = "refuse",
) -> list[bytes | None]:
    """The bytes of images, in order; None where there is none.

    Args:
        places: What to read.
        roots: Folders that paths start from and may not leave; the first that has the file counts.
        advance: Told how many are read.
        damaged: "mark" puts a mark (`images.quarantine`) in place of what cannot be decoded.

    Raises:
        DataError: files are missing, outside, too large, no images or damaged; names up to ten of them.
    """
    require("networks", what="reading images")
    real = [root.resolve() for root in roots]

    def read(place: Place | None) -> bytes | Fault | None:
        return None if place is None else _read(place, real, damaged)

    found: list[bytes | None] = []
    faults: list[Fault] = []
    with thread_pool() as pool:
        for number, one in enumerate(pool.map(read, places)):
            if isinstance(one, Fault):
                faults.append(one)
                if len(faults) == MAX_FAULTS:
                    break
            else:
                found.append(one)
            if number % 100 == 0:
                advance(number)
        if faults:
            pool.shutdown(cancel_futures=True)
            raise DataError.of(faults)
    return found


def image_column(
    raw: pl.Series,
    *,
    roots: Sequence[Path],
    place: Callable[[int], str],
    damaged: OnDamage = "refuse",
) -> pl.Series:
    """A column of paths, or of the bytes themselves, as bytes that were proved to be images.

    Args:
        raw: Texts, binary values, or structs with a field `bytes` as data sets of the Hub have.
        roots: Folders that paths start from.
        place: FILE:LINE of a row, for messages.
        damaged: As of `read_images`.

    Raises:
        DataError: as `read_images`; or the column holds something else.
    """
    raw = _from_structs(raw)
    if raw.dtype in (pl.Categorical, pl.Enum, pl.Null):
        raw = raw.cast(pl.String)
    if raw.dtype == pl.Binary:
        return _check(raw, place, damaged)
    if raw.dtype != pl.String:
        raise DataError(
            f"column {shorten(raw.name)} holds {raw.dtype}, neither paths of images nor their bytes",
            where="data.inputs.image",
            mend="name the column of paths: data: {inputs: {image: COLUMN}}",
        )
    texts = [None if text is None else text.strip() for text in raw]
    places = [
        Place(text, f"{place(row)}: {shorten(text)}") if text else None
        for row, text in enumerate(texts)
    ]
    return pl.Series(raw.name, read_images(places, roots=roots, damaged=damaged), dtype=pl.Binary)


def _walk(folder: Path) -> Iterator[str]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        for name in sorted(names):
            if is_image_name(name):
                yield (Path(root) / name).relative_to(folder).as_posix()


def _read(place: Place, roots: Sequence[Path], damaged: OnDamage) -> bytes | Fault:
    from trainwright.data.images.decoding import check

    try:
        path = _located(place.path, roots)
        data = _bytes(path)
        check(data)
    except FileNotFoundError:
        return Fault("there is no such image", place.where, "mend the path, or add the file")
    except OSError as error:
        return Fault(error.strerror or str(error), place.where, "make the file readable")
    except TrustError as error:
        return Fault(error.what, place.where, "put a plain file in its place")
    except ValueError as error:
        if damaged == "mark":
            return marked(place.where, str(error))
        return Fault(str(error), place.where, _MEND)
    return data


def _located(path: str, roots: Sequence[Path]) -> Path:
    """The real file below the first root that has it.

    Raises:
        FileNotFoundError: none has it.
        TrustError: it lies outside.
    """
    if "\0" in path:
        raise FileNotFoundError(path)
    for root in roots:
        real = real_path(root / path)
        if not real.is_relative_to(root):
            raise TrustError(f"the path leads out of {root.name or root}")
        if real.exists():
            return real
    raise FileNotFoundError(path)


def _bytes(path: Path) -> bytes:
    from trainwright.data.images.decoding import MAX_BYTES

    with open_regular(real_path(path)) as handle:
        size = os.fstat(handle).st_size
        if size > MAX_BYTES:
            raise ValueError(f"{size} bytes, more than the {MAX_BYTES} that an image may have")
        parts = []
        while part := os.read(handle, 1 << 20):
            parts.append(part)
        return b"".join(parts)


def _check(files: pl.Series, place: Callable[[int], str], damaged: OnDamage) -> pl.Series:
    """Refuse (DataError) bytes that are no sound images, or put a mark in their place."""
    require("networks", what="reading images")
    from trainwright.data.images.decoding import check

    faults = []
    marks = {}
    for row, data in enumerate(files):
        if data is None:
            continue
        try:
            check(data)
        except ValueError as error:
            if damaged == "mark":
                marks[row] = marked(place(row), str(error))
                continue
            faults.append(Fault(str(error), f"{place(row)}, column {shorten(files.name)}", _MEND))
            if len(faults) == MAX_FAULTS:
                break
    if faults:
        raise DataError.of(faults)
    if not marks:
        return files
    sound = [marks.get(row, data) for row, data in enumerate(files)]
    return pl.Series(files.name, sound, dtype=pl.Binary)


def _from_structs(raw: pl.Series) -> pl.Series:
    """The bytes of structs {bytes, path}, or their paths where no bytes are there."""
    if not isinstance(raw.dtype, pl.Struct):
        return raw
    fields = {field.name for field in raw.dtype.fields}
    if "bytes" in fields:
        files = raw.struct.field("bytes").alias(raw.name)
        if files.count() or "path" not in fields:
            return files
    return raw.struct.field("path").alias(raw.name) if "path" in fields else raw
