"""Detector: values of a category that are spellings of one another; joined only when accepted."""

from __future__ import annotations

import json

import numpy as np

from trainwright.core.artifacts import Finding
from trainwright.core.clock import Deadline
from trainwright.core.columns import ROW, Column, ColumnType
from trainwright.core.errors import shorten
from trainwright.data.findings import finding
from trainwright.data.repair.variants import Group, propose, shown
from trainwright.data.types.case import yaml_word
from trainwright.data.view import View

_NAMED = 12  # groups that a remedy names


def find(view: View, *, deadline: Deadline) -> list[Finding]:
    """One finding a column that has such values."""
    private = view.settings.personal_data
    columns = [c for c in view.columns if c.type is ColumnType.CATEGORY and c.name not in private]
    findings = []
    for number, column in enumerate(columns):
        if not deadline.go_on("category-variants", number):
            break
        counts = view.counts(column.name)
        if counts is not None and (groups := propose(counts)):
            findings.append(_told(view, column, groups))
    return findings


def _told(view: View, column: Column, groups: list[Group]) -> Finding:
    others = [other for group in groups for other in group.others]
    rows = [
        block[ROW].gather(block[column.name].is_in(others).arg_true()).to_numpy()
        for block in view.blocks([column.name])
    ]
    name = yaml_word(column.name)
    named = ", ".join(
        f"{yaml_word(group.known)}: {json.dumps(list(group.others), ensure_ascii=False)}"
        for group in groups[:_NAMED]
    )
    remedy = f"data: {{repair: {{variants: {{{name}: {{{named}}}}}}}}}"
    remedy += f"  # all {len(groups)} groups: {{{name}: accept}}" if len(groups) > _NAMED else ""
    many = f"{len(groups)} groups of values" if len(groups) > 1 else "values"
    return finding(
        "category-variant",
        "warning",
        f"column {shorten(column.name)}: {many} seem to be spellings of one another: {shown(groups)}",
        column=column.name,
        rows=np.concatenate(rows),
        remedy=remedy,
    )
