"""Which reader a stream of bytes gets: what a file is follows from its ending.

What has no ending of ours is read as delimited text, whose reader names bytes that are none.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from trainwright.data.reading.arrow import ArrowFile
from trainwright.data.reading.compressed import Packed
from trainwright.data.reading.delimited import Delimited
from trainwright.data.reading.endings import (
    ARROW_ENDINGS,
    EXCEL_ENDINGS,
    JSON_ENDINGS,
    PACKED_ENDINGS,
    PARQUET_ENDINGS,
)
from trainwright.data.reading.excel import Workbook
from trainwright.data.reading.jsonlines import JsonLines
from trainwright.data.reading.parquet import ParquetFile
from trainwright.data.reading.tables import Reader
from trainwright.recipe.layout import LayoutSettings


@dataclass(frozen=True, slots=True)
class How:
    """What is said of reading, by a recipe or by a model's columns.

    Attributes:
        encoding: Of text files; found out where None.
        delimiter: Of text files; found out where None.
        dropped: Columns that are left out: they may be nameless, twice there, or lists.
        nested: Columns that may hold lists, or images with their paths, where the format has any.
        labels: Those of them that may hold labels: a text among their lists is one, blanks and all.
        conversations: Columns whose lists of objects are kept, as JSON.
        sheet: Of a workbook; the only one that holds data where None.
        wanted: The columns that are asked for; None where all are.
        layout: Of delimited text and workbooks: what stands beside header and rows.
        leaves_out: Rows of totals and repeated headers are left out; otherwise they are refused.
    """

    encoding: str | None = None
    delimiter: str | None = None
    dropped: tuple[str, ...] = ()
    nested: tuple[str, ...] = ()
    sheet: str | None = None
    wanted: tuple[str, ...] | None = None
    layout: LayoutSettings = LayoutSettings()  # noqa: RUF009 - frozen
    leaves_out: bool = True
    conversations: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    def is_looked_at(self, column: str) -> bool:
        """Does anyone read what this column holds?"""
        return column not in self.dropped and (self.wanted is None or column in self.wanted)


def reader_for(stream: BinaryIO, name: str, how: How) -> Reader:
    """A reader for the bytes of a file.

    Args:
        stream: At its start; of Parquet, Arrow, workbooks and zip archives one that can seek.
        name: The file's, for its ending and for messages.
        how: What is said of reading; what this kind of file cannot use is passed over.

    Raises:
        DataError: an archive is damaged, or does not hold exactly one table.
    """
    ending = PurePosixPath(name).suffix.lower()
    if ending in PACKED_ENDINGS:
        packed = Packed(stream, name)
        packed.inner = _text_reader(
            cast("BinaryIO", packed.unpacked), packed.member, packed.name, how
        )
        return packed
    if ending in PARQUET_ENDINGS:
        return ParquetFile(
            stream,
            name,
            nested=how.nested,
            is_looked_at=how.is_looked_at,
            conversations=how.conversations,
        )
    if ending in ARROW_ENDINGS:
        return ArrowFile(
            stream,
            name,
            nested=how.nested,
            is_looked_at=how.is_looked_at,
            conversations=how.conversations,
        )
    if ending in EXCEL_ENDINGS:
        return Workbook(
            stream,
            name,
            sheet=how.sheet,
            dropped=how.dropped,
            layout=how.layout,
            leaves_out=how.leaves_out,
        )
    return _text_reader(stream, name, name, how)


def _text_reader(stream: BinaryIO, member: str, name: str, how: How) -> Reader:
    """A reader of text: `member` tells the kind, `name` stands in messages."""
    if member.lower().endswith(JSON_ENDINGS):
        return JsonLines(
            stream,
            name,
            how.encoding,
            lists=how.nested,
            labels=how.labels,
            is_looked_at=how.is_looked_at,
            conversations=how.conversations,
        )
    return Delimited(
        stream,
        name,
        how.encoding,
        how.delimiter,
        how.dropped,
        how.layout,
        leaves_out=how.leaves_out,
    )
