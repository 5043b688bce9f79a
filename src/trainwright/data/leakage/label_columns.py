"""Leakage where a row has several labels: columns that tell one of them, looked for label by label.

Each label against the rest is a question of two classes, and is put to the check of `leakage.check`. The
commonest labels are asked about, since a rare one has too few rows to show more than chance. A column that
tells one label whole is a warning, not an error: it may be what the label is defined by (a short film is one
of few minutes), and the figures of the other labels stand. One that merely tells a label better than all
others do is no suspect here, since each label may well have a column of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import polars as pl

from trainwright.core.artifacts import Finding
from trainwright.core.columns import Column, Target
from trainwright.core.errors import shorten
from trainwright.core.protocols import Probe
from trainwright.data.hashing import Hashes
from trainwright.data.label_questions import commonest, question_of, told_labels
from trainwright.data.leakage.check import find_leaks

MOST_LABELS = 10
_UNLESS = "  # unless it is known in time, and defines the label"


def find_label_leaks(
    train: pl.DataFrame,
    inputs: Sequence[Column],
    *,
    target: Target,
    probe: Probe,
    hashes: Hashes,
) -> list[Finding]:
    """Look for columns that tell a label; the arguments are those of `find_leaks`.

    Returns:
        What would be errors of one label, as warnings that name it; a column is named once.
    """
    named: set[str | None] = set()
    found = []
    for label in commonest(train[target.name], target, most=MOST_LABELS):
        for one in _of_label(train, inputs, label, target=target, probe=probe, hashes=hashes):
            if one.column not in named:
                named.add(one.column)
                found.append(one)
    return found


def _of_label(
    train: pl.DataFrame,
    inputs: Sequence[Column],
    label: str,
    *,
    target: Target,
    probe: Probe,
    hashes: Hashes,
) -> Iterator[Finding]:
    asked = train.with_columns(told_labels(train[target.name], label))
    question = question_of(target)
    for one in find_leaks(asked, inputs, target=question, probe=probe, hashes=hashes):
        if one.severity != "error":
            continue
        yield replace(
            one,
            severity="warning",
            message=f"label {shorten(label, 40)}: {one.message}",
            remedy=one.remedy.partition("  #")[0] + _UNLESS,
        )
