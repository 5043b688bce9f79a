"""Images that cannot be decoded: left out within a budget that the recipe states, each with its reason.

While a source is read such an image is replaced by a mark that names it and says what the decoder said; no
image file begins like it, and no two marks are equal, so that nothing takes two damaged images for copies of
one another. Before the split the marked rows are left out, or the run is refused where they are too many.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from trainwright.core.columns import ROW, ColumnType
from trainwright.core.errors import DataError, Fault, counted, shorten
from trainwright.data.detection import LeftOut
from trainwright.data.findings import finding
from trainwright.data.images.marks import MARK, read_mark
from trainwright.data.view import View

_SHOWN = 10


def leave_out(view: View) -> LeftOut:
    """The rows of marked images.

    Raises:
        DataError: they are more than `data.unreadable.quarantine` allows; names up to ten.
    """
    column = next((one for one in view.columns if one.type is ColumnType.IMAGE), None)
    if column is None:
        return LeftOut(np.empty(0, np.int64), ())
    rows: list[int] = []
    told: list[tuple[str, str]] = []
    for block in view.blocks([column.name]):
        found = block.filter(pl.col(column.name).bin.starts_with(MARK))
        for row, data in zip(found[ROW], found[column.name], strict=True):
            rows.append(row)
            told.append(read_mark(data))
    if not rows:
        return LeftOut(np.empty(0, np.int64), ())
    most = view.settings.unreadable.most(view.num_rows)
    if len(rows) > most:
        mend = "save the image anew, or remove it"
        faults = [Fault(why, where, mend) for where, why in told[:_SHOWN]]
        what = f"{counted(len(rows), 'images')} cannot be decoded, more than the {most} that may be left out"
        raise DataError.of([Fault(what, "data.unreadable.quarantine", mend), *faults])
    places = np.array(rows, np.int64)
    message = (
        f"column {shorten(column.name)}: {counted(len(rows), 'images')} cannot be decoded:"
        f" left out; the first is {shorten(told[0][0])}: {told[0][1]}"
    )
    said = finding("unreadable", "warning", message, column=column.name, rows=places)
    return LeftOut(places, [why for _, why in told], (said,))
