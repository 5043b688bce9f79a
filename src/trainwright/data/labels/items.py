"""The rows that people label: what is shown of each, its id, and the label that it has already."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import polars as pl

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.durable import sha256_bytes
from trainwright.core.errors import DataError
from trainwright.core.protocols import Progress, Silent
from trainwright.data.labels.naming import row_name
from trainwright.data.reading.source import read_source
from trainwright.data.types.inference import type_columns
from trainwright.data.types.tags import refuse_lists
from trainwright.recipe.data import DataSettings

MOST_TEXT = 20_000  # characters of a text that are shown
_MAGIC = (
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
)


@dataclass(frozen=True, slots=True)
class Items:
    """Rows to label.

    Attributes:
        ids: Of each row, "mails.csv:17".
        kind: What is shown: the one text, the one image, or the fields of a row.
        frame: The columns that are shown, as read; the image's bytes among them.
        typed: The same, typed, for a model that says which rows to ask about.
        columns: How they are typed.
        target: The column that is labelled.
        given: The label that a row came with; null where it has none.
        shown: Hash of what is shown of each row.
    """

    ids: tuple[str, ...]
    kind: Literal["text", "image", "row"]
    frame: pl.DataFrame
    typed: pl.DataFrame
    columns: tuple[Column, ...]
    target: str
    given: pl.Series
    shown: tuple[str, ...]

    def show(self, position: int) -> dict[str, Any]:
        """What a page shows of a row, as JSON values."""
        values = self.frame.row(position, named=True)
        if self.kind == "text":
            (text,) = values.values()
            return {"text": str(text or "")[:MOST_TEXT]}
        if self.kind == "image":
            return {"image": f"/image/{position}/{self.shown[position]}"}
        fields = [
            [name, "" if value is None else str(value)[:MOST_TEXT]]
            for name, value in values.items()
        ]
        return {"fields": fields}

    def image(self, position: int) -> bytes | None:
        """The bytes of a row's image file; None where it shows none."""
        if self.kind != "image":
            return None
        found: bytes | None = self.frame.to_series(0)[position]
        return found

    def media_type(self, position: int) -> str:
        """Of a row's image, by its first bytes: "image/png"."""
        data = self.image(position) or b""
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return "image/webp"
        kinds = (kind for magic, kind in _MAGIC if data.startswith(magic))
        return next(kinds, "application/octet-stream")

    @property
    def targeted(self) -> Target:
        """The target as classification."""
        column = Column(self.target, ColumnType.CATEGORY)
        return Target(column, Task.CLASSIFICATION)


def read_items(
    settings: DataSettings,
    *,
    base: Path,
    progress: Progress = Silent(),  # noqa: B008 - stateless
) -> Items:
    """Read the rows that a recipe names; the target column may be absent, or empty.

    Raises:
        DataError: the source cannot be read, or holds nothing to show.
    """
    raw = read_source(settings, base=base, progress=progress)
    inputs = settings.inputs
    image = raw.images
    text = None if inputs is None else inputs.text
    target = settings.target
    if image is not None:
        kind, names = "image", [image]
    elif text is not None:
        kind, names = "text", [text]
    else:
        kind, names = "row", [n for n in raw.frame.columns if n not in (target, *settings.drop)]
    lacking = [name for name in names if name not in raw.frame.columns]
    if lacking or not names:
        raise DataError(
            f"there is no column {lacking[0]!r}" if lacking else "there is nothing to show",
            where="data.inputs",
            mend=f"the columns are {', '.join(raw.frame.columns[:8])}",
        )
    frame = raw.frame.select(names)
    typed = type_columns(replace(raw, frame=frame), settings)
    ids = tuple(row_name(file.name, row) for file in raw.files for row in range(file.num_rows))
    if target in raw.frame.columns:
        refuse_lists(raw.frame[target])
    given = (
        raw.frame[target].cast(pl.String)
        if target in raw.frame.columns and image is None
        else pl.Series(target, [None] * len(ids), dtype=pl.String)
    )
    return Items(
        ids=ids,
        kind=kind,  # type: ignore[arg-type]
        frame=frame,
        typed=pl.DataFrame([column.values for column in typed]),
        columns=tuple(column.column for column in typed),
        target=target,
        given=given.str.strip_chars().replace("", None),
        shown=tuple(_hashes(frame)),
    )


def _hashes(frame: pl.DataFrame) -> list[str]:
    return [
        sha256_bytes(b"\x1f".join(v if isinstance(v, bytes) else repr(v).encode() for v in row))[
            :16
        ]
        for row in frame.iter_rows()
    ]
