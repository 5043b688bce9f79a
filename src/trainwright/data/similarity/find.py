"""The findings about near-duplicates, and the step that leaves them out.

Rows that are nearly alike count more than they tell, and where one stands in train and the other in test the
test asks for what was learnt by heart. So the second is told apart as leakage, with what mends it; a warning
and no error, since what comes in alike day by day (newsletters, drawings of a 1) will also come in alike when
the model is used, and only the user knows which of the two it is.

`data: {near_duplicates: drop}` leaves out all but the first of each cluster before the split;
`{action: group}` keeps a cluster in one part of a random split.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding, Split
from trainwright.core.clock import Deadline
from trainwright.core.columns import ROW
from trainwright.core.errors import counted, verb
from trainwright.data.detection import LeftOut
from trainwright.data.findings import finding
from trainwright.data.hashing import Hashes
from trainwright.data.similarity.clusters import Clusters
from trainwright.data.similarity.search import Search, search
from trainwright.data.view import PART, PARTS, View

_SHARE = 0.9  # of the time that is left, for the search
_DROP = "data: {near_duplicates: drop}"


def find(view: View, *, deadline: Deadline) -> list[Finding]:
    """Near-duplicates, and those that stand on both sides of the split."""
    action = view.settings.near_duplicates.action
    if action in ("off", "drop"):  # left out before the split
        return []
    pacer = deadline.share("near-duplicates", _SHARE)
    whole = [True]

    def go_on(band: int) -> bool:
        whole[0] = pacer.go_on("bands", band)
        return whole[0]

    found = search(view, go_on=go_on)
    if found is None:
        return []
    findings = [] if whole[0] else [_cut_short(found)]
    if not len(found.clusters.row):
        return findings
    findings.append(_counted(found, num_rows=view.num_rows, grouped=action == "group"))
    leaks = _across(found, view)
    return [*findings, *leaks]


def leave_out(view: View) -> LeftOut:
    """All but the first row of each cluster, where the recipe says drop."""
    nothing = LeftOut(np.zeros(0, np.int64), [])
    if view.settings.near_duplicates.action != "drop":
        return nothing
    found = search(view)
    if found is None or not len(found.clusters.row):
        return nothing
    clusters = found.clusters
    rows = clusters.row[clusters.repeats]
    told = finding(
        "near-duplicate",
        "info",
        f"{counted(len(rows), 'rows are')} near-duplicates of an earlier one ({_measured(found)}): left out",
        column=found.column,
        rows=rows,
    )
    return LeftOut(rows, _reasons(found), (told,))


def together(view: View, hashes: Hashes) -> Hashes:
    """The rows' hashes with that of the first row in place of its near-duplicates', for the split.

    Args:
        view: The rows before the split.
        hashes: One a row of the view, in order.
    """
    if view.settings.near_duplicates.action != "group":
        return hashes
    found = search(view)
    if found is None or not len(found.clusters.row):
        return hashes
    clusters = found.clusters
    places = np.zeros(len(clusters.row), np.int64)
    at = 0
    for block, some in _blocks_of(clusters.row, view):
        places[some] = at + np.searchsorted(block[ROW].to_numpy(), clusters.row[some])
        at += block.height
    kept = hashes.copy()
    kept[places] = hashes[places[np.searchsorted(clusters.row, clusters.first)]]
    return kept


def _counted(found: Search, *, num_rows: int, grouped: bool) -> Finding:
    clusters = found.clusters
    count = len(clusters.row)
    equal = int((clusters.likeness[clusters.repeats] == 1).sum())
    return finding(
        "near-duplicate",
        "info" if grouped else "warning",
        f"{count} of {num_rows} rows ({count / num_rows:.1%}) are near-duplicates of each other by their"
        f" {found.what}, in {counted(clusters.num_clusters, 'clusters')} ({_measured(found)});"
        f" {equal} {verb(equal, 'are')} wholly alike"
        + (": kept in one split each" if grouped else ""),
        column=found.column,
        rows=clusters.row,
        remedy="" if grouped else _DROP,
    )


def _across(found: Search, view: View) -> list[Finding]:
    """Test rows whose cluster has rows in train."""
    clusters = found.clusters
    train, test = PARTS.index(Split.TRAIN), PARTS.index(Split.TEST)
    of_row, num_test = np.full(len(clusters.row), -1, np.int8), 0
    for block, some in _blocks_of(clusters.row, view):
        parts = block[PART].to_numpy()
        of_row[some] = parts[np.searchsorted(block[ROW].to_numpy(), clusters.row[some])]
        num_test += int((parts == test).sum())
    shared = np.isin(clusters.first, clusters.first[of_row == train]) & (of_row == test)
    count = int(shared.sum())
    if not count:
        return []
    return [
        finding(
            "leakage",
            "warning",
            f"{count} of {num_test} test rows ({count / num_test:.1%}) have a near-duplicate in train"
            f" ({_measured(found)}): what is learnt by heart is marked as right; for example"
            f" {_example(clusters, shared, of_row == train, view)}",
            column=found.column,
            rows=clusters.row[shared],
            remedy=_DROP + _or_together(view),
        )
    ]


def _blocks_of(rows: NDArray[np.int64], view: View) -> Iterator[tuple[pl.DataFrame, slice]]:
    """The view block by block, and which of these rows (rising, as a view's do) stand in each."""
    for block in view.blocks([]):
        if block.height:
            low = int(np.searchsorted(rows, block[ROW][0]))
            yield block, slice(low, int(np.searchsorted(rows, block[ROW][-1], side="right")))


def _or_together(view: View) -> str:
    """The other remedy, where the split can take it."""
    settings = view.settings
    if settings.is_given or settings.split.by != "random":
        return ""
    return "  # or keep them in one split: data: {near_duplicates: group}"


def _example(
    clusters: Clusters, shared: NDArray[np.bool_], train: NDArray[np.bool_], view: View
) -> str:
    """One pair on both sides, by file and line."""
    place = int(np.flatnonzero(shared)[0])
    fellow = int(np.flatnonzero(train & (clusters.first == clusters.first[place]))[0])
    return f"{view.place(int(clusters.row[place]))} and {view.place(int(clusters.row[fellow]))}"


def _reasons(found: Search) -> list[str]:
    """Why each row is left out: like the first of its cluster, or like one that is."""
    clusters = found.clusters
    strongest: dict[int, tuple[float, int]] = {}
    for left, right, strength in zip(
        clusters.left.tolist(), clusters.right.tolist(), clusters.strength.tolist(), strict=True
    ):
        for row, other in ((left, right), (right, left)):
            strongest[row] = max(strongest.get(row, (0.0, -1)), (strength, -other))
    reasons = []
    for row, first, likeness in zip(
        clusters.row.tolist(), clusters.first.tolist(), clusters.likeness.tolist(), strict=True
    ):
        if row == first:
            continue
        reason = f"near-duplicate of row {first} ({found.measure} {likeness:.2f})"
        if likeness < found.threshold:
            through, other = strongest[row]
            reason = f"near-duplicate of row {first} through row {-other} ({found.measure} {through:.2f})"
        reasons.append(reason)
    return reasons


def _measured(found: Search) -> str:
    return f"{found.measure} at least {found.threshold:.2f}"


def _cut_short(found: Search) -> Finding:
    return finding(
        "not-run",
        "warning",
        f"the time for detectors ran out while near-duplicate {found.what} were looked for:"
        " some pairs were not compared",
        remedy="data: {budget: 10m}",
    )
