"""What a network for images is given: one size, one number of colours, decided by train rows.

Images stay files until somebody asks for their pixels: a worker process decodes what its batch needs.
Pixels that were asked for are kept while all of them fit into 256 MiB, so that small images are decoded
once a process and not once an epoch. A missing image is mid grey.
"""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.columns import Column, ColumnType
from trainwright.core.durable import read_json, write_json
from trainwright.core.errors import DataError, TrustError
from trainwright.core.features import ImageNeeds
from trainwright.core.pretrained import Base, locate
from trainwright.data.images.decoding import MID_GREY, ImageFacts, decode, look

MAX_SIDE = 224  # of images whose size the recipe does not say
CACHE_BYTES = 256 << 20
_FILE = "preparation.json"


@dataclass(frozen=True, slots=True)
class ImagePreparation:
    """One column of images, brought to one shape (`core.protocols.Preparation`).

    Attributes:
        column: Where the images are.
        height: Of all images, in pixels.
        width: Likewise.
        channels: 1 for grey, 3 for colour.
    """

    column: Column
    height: int
    width: int
    channels: int

    @property
    def kind(self) -> str:
        """Its name in `core.parts.SAVED`."""
        return "image-preparation"

    def transform(self, frame: pl.DataFrame) -> EncodedImages:
        return EncodedImages(frame[self.column.name], self._shape)

    def transform_rows(self, rows: Sequence[Mapping[str, Any]]) -> EncodedImages:
        """Values are the file's bytes, the same as base64 text, or None."""
        files = [_bytes(row.get(self.column.name)) for row in rows]
        return EncodedImages(pl.Series(files, dtype=pl.Binary), self._shape)

    def unseen(self, rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
        """An image is no category."""
        return [[] for _ in rows]

    def save(self, folder: Path) -> None:
        document = {
            "column": self.column.to_json(),
            "height": self.height,
            "width": self.width,
            "channels": self.channels,
        }
        write_json(folder / _FILE, document)

    @classmethod
    def load(cls, folder: Path) -> ImagePreparation:
        """From a folder whose hashes the caller has verified.

        Raises:
            TrustError: the file is missing or is no preparation.
        """
        document = read_json(folder / _FILE)
        try:
            column = Column.from_json(document["column"])
            return cls(column, *(int(document[name]) for name in ("height", "width", "channels")))
        except (KeyError, TypeError, ValueError) as error:
            raise TrustError(
                f"not a preparation of ours: {error!r:.120}",
                where=str(folder / _FILE),
                mend="restore the package; the file was changed, or is from another version",
            ) from error

    @property
    def _shape(self) -> tuple[int, int, int]:
        return self.channels, self.height, self.width


class EncodedImages:
    """Image files in memory or mapped from a disk (`core.features.Images`).

    Args:
        files: Bytes of each file; binary, null where there is no image.
        shape: Channels, height, width of what `pixels` gives.
    """

    def __init__(self, files: pl.Series, shape: tuple[int, int, int]) -> None:
        self._files = files
        self._shape = shape
        self._kept: NDArray[np.uint8] | None = None
        self._known = np.zeros(0, dtype=bool)

    @property
    def num_rows(self) -> int:
        """Images, missing ones too."""
        return len(self._files)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        return self._shape

    def pixels(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Decoded, turned upright and resized; shape (rows, channels, height, width).

        Raises:
            DataError: an image is damaged; names the row.
        """
        if self.num_rows * int(np.prod(self._shape)) > CACHE_BYTES:
            return self._decoded(rows)
        if self._kept is None:
            self._kept = np.empty((self.num_rows, *self._shape), dtype=np.uint8)
            self._known = np.zeros(self.num_rows, dtype=bool)
        new = np.unique(rows[~self._known[rows]])
        if len(new):
            self._kept[new] = self._decoded(new)
            self._known[new] = True
        return self._kept[rows]

    def __getstate__(self) -> dict[str, Any]:
        """Without the pixels: another process decodes its own."""
        return {"_files": self._files, "_shape": self._shape}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__init__(state["_files"], state["_shape"])  # type: ignore[misc]

    def _decoded(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        channels, height, width = self._shape
        found = np.full((len(rows), *self._shape), MID_GREY, dtype=np.uint8)
        files = self._files.gather(pl.Series(rows))
        for place, data in enumerate(files):
            if data is None:
                continue
            try:
                found[place] = decode(data, channels=channels, height=height, width=width)
            except ValueError as error:
                raise DataError(
                    str(error), where=f"row {int(rows[place])}", mend="save the image anew"
                ) from error
        return found


def fit_image_preparation(
    frame: pl.DataFrame, inputs: Sequence[Column], needs: ImageNeeds, *, base: Path
) -> ImagePreparation:
    """Decide size and colours on these rows, which must be train rows.

    What `needs` says holds; a pre-trained base says its own size and channels. Else the size is the one that
    half of the images have, or the median height and width where none is so common, scaled down to at most
    224; and grey where every image is.

    Args:
        frame: Typed rows; holds the one image column of `inputs`.
        inputs: The columns to prepare; one of them holds images.
        needs: What the family asks for.
        base: The recipe's folder, where the path of a pre-trained base starts.

    Raises:
        DataError: no train row has an image.
    """
    column = next(column for column in inputs if column.type is ColumnType.IMAGE)
    facts = [look(data) for data in frame[column.name].drop_nulls()]
    if not facts:
        raise DataError(
            "no train row has an image",
            where=f"column {column.name!r}",
            mend="look at the paths in the column",
        )
    size, channels = _said(needs, base)
    height, width = size or _usual_size(facts)
    if channels is None:
        channels = max(fact.channels for fact in facts)
    return ImagePreparation(column, height, width, channels)


def _said(needs: ImageNeeds, base: Path) -> tuple[tuple[int, int] | None, int | None]:
    """(height, width) and channels that recipe, family or pre-trained base ask for."""
    size = (needs.size, needs.size) if needs.size else None
    channels = needs.channels
    if needs.pretrained is not None:
        own_size, own_channels = _own(locate(needs.pretrained, base=base))
        size, channels = size or own_size, channels or own_channels
    return size, channels


def _own(base: Base) -> tuple[tuple[int, int] | None, int | None]:
    """(height, width) and channels that a pre-trained base was made for."""
    architecture = base.architecture
    if architecture is None:
        side, channels = (_whole(base.config.get(key)) for key in ("image_size", "num_channels"))
        return (None if side is None else (side, side)), channels
    shape = architecture.get("shape")
    known = [_whole(one) for one in shape] if isinstance(shape, list) else []
    match known:
        case [int(channels), int(height), int(width)]:
            return (height, width), channels
    return None, None  # no network for images: the family says so


def _whole(value: Any) -> int | None:  # noqa: ANN401 - any JSON value
    return value if type(value) is int and value > 0 else None


def _usual_size(facts: Sequence[ImageFacts]) -> tuple[int, int]:
    """Height and width; see `fit_image_preparation`."""
    counts = Counter((fact.height, fact.width) for fact in facts)
    (height, width), count = min(counts.items(), key=lambda item: (-item[1], item[0]))
    if 2 * count < len(facts):
        height = sorted(fact.height for fact in facts)[len(facts) // 2]
        width = sorted(fact.width for fact in facts)[len(facts) // 2]
    scale = min(1.0, MAX_SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _bytes(value: bytes | str | None) -> bytes | None:
    """The file's bytes, however a caller sends them."""
    if not isinstance(value, str):
        return value
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise DataError("the image is no base64 text", mend="send its file as base64") from error
