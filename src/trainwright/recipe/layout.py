"""What stands in a text table beside its header and its rows; what is not said is found out."""

from __future__ import annotations

from pydantic import Field

from trainwright.recipe.reads import Section


class LayoutSettings(Section):
    """Where the rows of a CSV or TSV file begin and end, or of a sheet, whose rows are its lines."""

    skip_lines: int | None = Field(default=None, ge=0, le=10_000)
    """Lines above the header, such as a title."""
    header: bool = True
    """Whether the first record names the columns; otherwise they are called column_1, column_2 ..."""
    units_row: bool | None = None
    """Whether the record below the header holds units."""
    totals_row: bool | None = None
    """Whether the last row holds totals, and is no example."""
    footer_lines: int | None = Field(default=None, ge=0, le=10_000)
    """Lines below the rows, such as a footnote."""
