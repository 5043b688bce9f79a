"""What the rows of several labels show before they are learned: labels too rare, always there, or lacking.

Rows are counted, nothing else. A label of under 20 train rows is hardly learnt; one that stands on every
train row tells nothing; one that validation or test lacks has no figure there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding, Split
from trainwright.core.columns import Target
from trainwright.core.errors import shorten
from trainwright.data.findings import finding

FEW_ROWS = 20
RARE = 0.01
_SHOWN = 5


def label_findings(
    counts: NDArray[np.int64], rows: NDArray[np.int64], target: Target
) -> Iterator[Finding]:
    """What the rows of each label show.

    Args:
        counts: Rows of each label in each part; shape (3, labels).
        rows: Rows of each part; shape (3,).
        target: Names the labels.
    """
    train = counts[0]
    there = train > 0
    always = np.flatnonzero(train == rows[0])
    if len(always):
        yield _told(
            target,
            always,
            "constant",
            "stand on every train row: nothing is to be learnt of them",
            "look whether the rows without them are missing from the file",
        )
    few = np.flatnonzero(there & (train < FEW_ROWS))
    if len(few):
        yield _told(
            target,
            few[np.argsort(train[few], kind="stable")],
            "imbalance",
            f"have under {FEW_ROWS} train rows: too few to be learnt, or judged",
            "label more rows of them, join them with others, or leave them out of the file",
            counts=train,
        )
    for part, split in ((1, Split.VALIDATION), (2, Split.TEST)):
        lacking = np.flatnonzero(there & (counts[part] == 0))
        if len(lacking) and rows[part]:
            yield _told(
                target,
                lacking,
                "imbalance",
                f"have no row in {split.value}: how well they are found cannot be told there",
                "add rows of them",
            )
    shares = train[there] / rows[0]
    rare = int((shares < RARE).sum())
    if rare:
        order = np.argsort(train, kind="stable")
        low, high = order[there[order]][0], order[-1]
        yield finding(
            "imbalance",
            "info",
            f"{rare} of {int(there.sum())} labels stand on under {RARE:.0%} of the train rows: from"
            f" {shorten(target.classes[low], 40)} ({train[low]:,} rows) to"
            f" {shorten(target.classes[high], 40)} ({train[high]:,}). Micro averages are those of the common"
            " labels; look at macro_f1 and at each label",
            column=target.name,
            count=rare,
        )


def _told(
    target: Target,
    codes: NDArray[np.int64],
    kind: str,
    what: str,
    remedy: str,
    *,
    counts: NDArray[np.int64] | None = None,
) -> Finding:
    names = _names([target.classes[code] for code in codes[:_SHOWN]], codes, counts)
    more = f" and {len(codes) - _SHOWN} more" if len(codes) > _SHOWN else ""
    return finding(
        kind,
        "warning",
        f"{len(codes)} of the {len(target.classes)} labels of {shorten(target.name)} {what}: {names}{more}",
        column=target.name,
        count=len(codes),
        remedy=remedy,
    )


def _names(
    labels: Sequence[str], codes: NDArray[np.int64], counts: NDArray[np.int64] | None
) -> str:
    if counts is None:
        return ", ".join(shorten(label, 40) for label in labels)
    told = zip(labels, codes, strict=False)
    return ", ".join(f"{shorten(label, 40)} ({counts[code]})" for label, code in told)
