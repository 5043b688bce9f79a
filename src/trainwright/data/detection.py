"""Which detectors look at the rows, and for how long.

Every detector is a function `find(view, *, deadline) -> list[Finding]` in a module of its own, named
here and imported when it is its turn. They run after the split in the order of this list, within
`data.budget`; one for which no time was left is itself a finding, so that silence is never taken
for a clean bill.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding
from trainwright.core.clock import Deadline
from trainwright.core.columns import Task
from trainwright.core.protocols import Progress
from trainwright.data.findings import finding
from trainwright.data.view import View

# What it looks for -> "module:function".
DETECTORS: Mapping[str, str] = {
    "contract": "contract:find",
    "rare classes": "imbalance:find",
    "groups across the split": "leakage.groups:find",
    "time across the split": "leakage.order:find",
    "columns filled in afterwards": "leakage.availability:find",
    "identifiers that tell": "leakage.identifiers:find",
    "words that tell": "leakage.words:find",
    "columns scaled or filled beforehand": "leakage.preprocessing:find",
    "columns scaled to a range beforehand": "leakage.ranges:find",
    "target means": "leakage.target_means:find",
    "encodings by the target": "leakage.encodings:find",
    "shift of inputs": "shift.inputs:find",
    "new categories": "shift.categories:find",
    "shift of labels": "shift.labels:find",
    "bias": "bias.groups:find",
    "proxies": "bias.proxies:find",
    "pictures beside the first": "images.frames:find",
    "encoding": "repair.encoding:find",
    "spellings": "repair.category_variants:find",
    "missing values": "repair.missing:find",
    "outliers": "repair.outliers:find",
    "personal data and secrets": "privacy.detect:find",
    "names of persons": "privacy.names:find",
    "near-duplicates": "similarity.find:find",
    "label errors": "labels.errors:find",
}
# Those that have something to look at where text is told.
OF_LANGUAGE = frozenset(
    (
        "contract",
        "encoding",
        "missing values",
        "personal data and secrets",
        "names of persons",
        "near-duplicates",
    )
)
# Those that ask about one answer a row, and have none to ask about where a row has several labels.
NOT_OF_LABELS = frozenset(
    (
        "groups across the split",
        "time across the split",
        "columns filled in afterwards",
        "identifiers that tell",
        "words that tell",
        "target means",
        "encodings by the target",
        "shift of labels",
        "bias",
    )
)
# What leaves rows out before the split, by the recipe's wish: `leave_out(view) -> LeftOut`.
BEFORE_SPLIT: Mapping[str, str] = {
    "unreadable": "images.quarantine:leave_out",
    "filters": "corpus.filters:leave_out",
    "limits": "repair.beyond:leave_out",
    "near-duplicates": "similarity.find:leave_out",
}
# The same after it, of train rows alone and from nothing but train rows.
ON_TRAIN: Mapping[str, str] = {
    "decontaminate": "similarity.contamination:leave_out",
    "label errors": "labels.errors:leave_out",
    "balance": "balance:leave_out",
}
# How much each train row counts: `weigh(view) -> Weights | None` (see `data.weights`).
WEIGHTS: Mapping[str, str] = {
    "balance": "balance:weigh",
    "reweighing": "bias.reweighing:weigh",
    "mixture": "language.mixture:weigh",
}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows that a step leaves out.

    Attributes:
        rows: Global positions, each once; shape (rows,), int64.
        reasons: One a row.
        findings: What the step has to say.
    """

    rows: NDArray[np.int64]
    reasons: Sequence[str]
    findings: tuple[Finding, ...] = ()


def detect(view: View, *, deadline: Deadline, progress: Progress) -> Iterator[Finding]:
    """What the detectors find, in the order of the list."""
    late = []
    wanted = {name: place for name, place in DETECTORS.items() if _suits(name, view.target.task)}
    for number, (name, place) in enumerate(wanted.items()):
        if not deadline.go_on("detectors", number):
            late.append(name)
            continue
        progress.advance(number, len(wanted), name)
        yield from named_function(place)(view, deadline=deadline)
    if view.target.task is Task.MULTI_LABEL:
        yield finding(
            "not-run",
            "info",
            f"not looked for where a row has several labels: {', '.join(sorted(NOT_OF_LABELS))}",
        )
    if late:
        yield finding(
            "not-run",
            "warning",
            f"no time was left to look for {', '.join(late)}",
            remedy="data: {budget: 10m}",
        )


def _suits(name: str, task: Task) -> bool:
    if task is Task.MULTI_LABEL:
        return name not in NOT_OF_LABELS
    return not task.is_language or name in OF_LANGUAGE


def leave_out(steps: Mapping[str, str], view: View) -> Iterator[tuple[str, LeftOut]]:
    """What each step leaves out, with its name; a later one sees also what an earlier one leaves out."""
    for name, place in steps.items():
        left = named_function(place)(view)
        if len(left.rows) or left.findings:
            yield name, left


def named_function(place: str) -> Any:  # noqa: ANN401 - of the module
    """The function that "module:function" names, in this room."""
    module, _, function = place.partition(":")
    return getattr(import_module(f"trainwright.data.{module}"), function)
