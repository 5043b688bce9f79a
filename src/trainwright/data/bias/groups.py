"""Who is in the train rows, and how each group was labelled: shares and label rates with Wilson's intervals.

Protected columns are named by the recipe; where none is, a column whose name speaks of one is only
pointed out. Groups of two protected columns together are counted where they have 30 rows. A warning needs
both size and proof: the least rate of a label under four fifths of the largest (the four-fifths rule of the
EEOC), and intervals that do not meet. What follows from it is for people to say: a difference in labels may
be true.

Cost: one pass over the protected columns and the target.
Source: Wilson 1927; 29 CFR 1607.4 D; Buolamwini & Gebru 2018 (FAT*), on intersections.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding, MetricValue, Split
from trainwright.core.clock import Deadline
from trainwright.core.columns import Target, Task
from trainwright.core.errors import RecipeError, nearest, shorten
from trainwright.data.findings import finding
from trainwright.data.leakage.naming import words_of
from trainwright.data.types.case import yaml_list
from trainwright.data.view import View
from trainwright.recipe.data import DataSettings
from trainwright.summaries.groups import Grouping
from trainwright.summaries.intervals import Units, mean_interval, wilson

FEWEST_ROWS = 30  # of a group that is judged
FOUR_FIFTHS = 0.8
SMALL_SHARE = 0.05
CONFIDENCE = 0.95
SAMPLE_ROWS = 20_000  # that groupings are read off
_REWEIGH = "data: {balance: reweighing}  # if the difference should not be learnt"
_PROTECTED = frozenset(
    {
        "caste",
        "color",
        "colour",
        "disability",
        "disabled",
        "ethnic",
        "ethnicity",
        "foreign",
        "foreigner",
    }
    | {
        "gender",
        "nationality",
        "race",
        "religion",
        "sex",
        "sexe",
        "orientation",
        "pregnant",
        "veteran",
    }
    | {"age", "marital"}
) - {"color", "colour"}


@dataclass(frozen=True, slots=True)
class Group:
    """One group of train rows.

    Attributes:
        name: Its value, or "VALUE and VALUE" of two columns.
        rows: How many.
        share: Of the train rows.
        rates: Label -> share of the group's rows that have it; of numbers their mean, under "mean".
    """

    name: str
    rows: int
    share: MetricValue
    rates: dict[str, MetricValue]

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "name": self.name,
            "rows": self.rows,
            "share": self.share.to_json(),
            "rates": {label: rate.to_json() for label, rate in self.rates.items()},
        }


def find(view: View, *, deadline: Deadline) -> list[Finding]:  # noqa: ARG001 - one pass
    """Representation and label rates by group; without protected columns, whether one seems to be there."""
    protected = view.settings.protected
    if not protected:
        return _suggested(view)
    tables = count_groups(view)
    said = [_told(view.target, columns, groups) for columns, groups in tables.items()]
    found = [one for told in said for one in told]
    if view.settings.balance == "reweighing":
        return [replace(one, remedy="") for one in found]
    return found


def check_protected(settings: DataSettings, names: Sequence[str]) -> None:
    """Refuse a protected column that is not there, or the target itself.

    Args:
        settings: The recipe's data section.
        names: All columns, the target among them or not.

    Raises:
        RecipeError: with the nearest name.
    """
    names = [name for name in names if name != settings.target]
    for name in settings.protected:
        if name not in names:
            near = nearest(name, names)
            is_target = name == settings.target
            raise RecipeError(
                f"the target {name!r} cannot be protected"
                if is_target
                else f"there is no column {name!r} to protect",
                where="data.protected",
                mend=f"protected: [{near}]" if near else "remove it from protected",
            )


def groupings(view: View) -> list[Grouping]:
    """Of each protected column, as a sample of train rows shows it."""
    names = list(view.settings.protected)
    few = view.sample(names, size=SAMPLE_ROWS, split=Split.TRAIN)
    return [Grouping.of(few[name]) for name in names]


def count_groups(view: View) -> dict[tuple[str, ...], list[Group]]:
    """Groups of train rows by each protected column and each pair of them."""
    if not view.settings.protected or view.target.task not in (
        Task.CLASSIFICATION,
        Task.REGRESSION,
    ):
        return {}
    rules = groupings(view)
    codes: list[list[NDArray[np.int64]]] = [[] for _ in rules]
    targets = []
    for block in view.blocks([*view.settings.protected, view.target.name], split=Split.TRAIN):
        for found, rule in zip(codes, rules, strict=True):
            found.append(rule.codes(block[rule.column]))
        targets.append(_labels(block[view.target.name], view.target))
    target = np.concatenate(targets)
    whole = [np.concatenate(found) for found in codes]
    tables = {}
    for chosen in [(k,) for k in range(len(rules))] + list(combinations(range(len(rules)), 2)):
        columns = tuple(rules[k].column for k in chosen)
        tables[columns] = list(
            _groups([rules[k] for k in chosen], [whole[k] for k in chosen], target, view.target)
        )
    return tables


def _labels(values: pl.Series, target: Target) -> NDArray[np.float64]:
    if target.task is Task.REGRESSION:
        return values.cast(pl.Float64).to_numpy()
    places = {label: float(code) for code, label in enumerate(target.classes)}
    return values.replace_strict(places, return_dtype=pl.Float64).to_numpy()


def _groups(
    rules: Sequence[Grouping],
    codes: Sequence[NDArray[np.int64]],
    target: NDArray[np.float64],
    spec: Target,
) -> Iterator[Group]:
    widths = [len(rule.names) for rule in rules]
    joint = np.ravel_multi_index(tuple(codes), widths)
    for number in np.unique(joint):
        here = joint == number
        rows = int(here.sum())
        if len(rules) > 1 and rows < FEWEST_ROWS:
            continue
        places = np.unravel_index(number, widths)
        name = " and ".join(rule.names[int(k)] for rule, k in zip(rules, places, strict=True))
        share = wilson(rows / len(target), len(target), confidence=CONFIDENCE)
        yield Group(name, rows, share, _rates(target[here], spec))


def _rates(target: NDArray[np.float64], spec: Target) -> dict[str, MetricValue]:
    if spec.task is Task.REGRESSION:
        units = Units.of(np.arange(len(target)))
        scale = float(target.std()) or 1.0
        return {"mean": mean_interval(target, units, confidence=CONFIDENCE, scale=scale)}
    counts = np.bincount(target.astype(np.int64), minlength=len(spec.classes))
    labels = spec.classes[1:] if len(spec.classes) == 2 else spec.classes
    return {
        label: wilson(
            counts[spec.classes.index(label)] / len(target), len(target), confidence=CONFIDENCE
        )
        for label in labels
    }


def _told(target: Target, columns: tuple[str, ...], groups: list[Group]) -> Iterator[Finding]:
    judged = [group for group in groups if group.rows >= FEWEST_ROWS]
    if not judged or (len(columns) > 1 and len(judged) < 2):
        return
    label, low, high = _widest(judged)
    apart = low.rates[label].high < high.rates[label].low
    unequal = target.task is Task.CLASSIFICATION and (
        low.rates[label].value < FOUR_FIFTHS * high.rates[label].value and apart
    )
    small = [one for one in groups if len(columns) == 1 and one.share.value < SMALL_SHARE]
    if len(columns) > 1 and not unequal:
        return
    name = " and ".join(columns)
    what = f"label {shorten(label, 40)}" if target.task is Task.CLASSIFICATION else "mean target"
    told = judged if len(columns) == 1 else [low, high]
    shown = "; ".join(
        f"{group.name}: {group.rows:,} rows, {_rate(group.rates[label])}" for group in told
    )
    few = f". Under 5 % of the rows: {', '.join(group.name for group in small)}" if small else ""
    times = high.rates[label].value / max(low.rates[label].value, 1e-9)
    compared = f" {high.name} has it {times:.2f} times as often as {low.name}." if unequal else ""
    yield finding(
        "bias",
        "warning" if unequal else "info",
        f"{name}: {what} by group of train rows (95 % intervals).{compared} {shown}{few}",
        column=columns[0] if len(columns) == 1 else name,
        count=sum(group.rows for group in groups),
        remedy=_REWEIGH if unequal else "",
    )


def _widest(groups: list[Group]) -> tuple[str, Group, Group]:
    """The label whose rates differ most, and the groups of its least and its largest rate."""
    best = None
    for label in groups[0].rates:
        low = min(groups, key=lambda group: group.rates[label].value)
        high = max(groups, key=lambda group: group.rates[label].value)
        distance = high.rates[label].value - low.rates[label].value
        if best is None or distance > best[0]:
            best = (distance, label, low, high)
    assert best is not None
    return best[1:]


def _rate(rate: MetricValue) -> str:
    return f"{rate.value:.3f} ({rate.low:.3f} to {rate.high:.3f})"


def _suggested(view: View) -> list[Finding]:
    names = [c.name for c in view.columns if not _PROTECTED.isdisjoint(words_of(c.name))]
    if not names:
        return []
    told = ", ".join(map(repr, names[:5]))
    return [
        finding(
            "bias",
            "info",
            f"{told} may be protected: name them, and data and model are judged group by group",
            column=names[0],
            remedy=f"data: {{protected: {yaml_list(names[:5])}}}",
        )
    ]
