"""Image files that hold more than one picture: the first is learned from, and that is told.

Frames of an animation and pages of a scan are no rows of their own: which of them the label is of, no file
says. Cost: the head of every file, 0.05 ms a GIF or TIFF and next to nothing a PNG or JPEG.
"""

from __future__ import annotations

import numpy as np

from trainwright.core.artifacts import Finding
from trainwright.core.clock import Deadline
from trainwright.core.columns import ROW, ColumnType
from trainwright.core.errors import shorten
from trainwright.data.findings import finding
from trainwright.data.view import View


def find(view: View, *, deadline: Deadline) -> list[Finding]:
    """The files of the column of images that hold several pictures."""
    column = next((one for one in view.columns if one.type is ColumnType.IMAGE), None)
    if column is None:
        return []
    from trainwright.data.images.decoding import holds_more

    rows: list[int] = []
    for number, block in enumerate(view.blocks([column.name])):
        if not deadline.go_on("frames", number):
            break
        images = zip(block[ROW], block[column.name], strict=True)
        rows += [row for row, data in images if data is not None and holds_more(data)]
    if not rows:
        return []
    message = (
        f"column {shorten(column.name)}: files that hold several pictures ({len(rows)}) are learned from"
        f" by their first; one is {shorten(view.place(rows[0]))}"
    )
    remedy = "save each picture that counts as a file of its own"
    places = np.array(rows, np.int64)
    return [
        finding("unreadable", "warning", message, column=column.name, rows=places, remedy=remedy)
    ]
