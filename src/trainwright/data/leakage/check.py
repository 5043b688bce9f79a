"""Leakage: columns that know the answer. Looked for in train rows only.

A column is refused when alone it is nearly perfect (0.99 of it) and well above the model on all the
others (by 0.1 of the way from knowing nothing to perfect; by 0.05 where it is perfect to the third
digit, so that the others leave fifty times its error). Both are needed: petal length
tells irises apart nearly by itself, but so do their other measures, and nothing leaks; a delay on
arrival tells alone what nothing else does. The same holds for a difference or ratio of two columns.
A column that merely beats all others together is a suspect, a warning, where nothing else is tied to it, or
where it does so by far, and by the farther the more is tied to it: what was written down after the event
depends on the event alone, so that, given the target, the others tell nothing of it; income or a height go
along with other things that one knows of a person. A warning is also what tells the answer itself where the
others come too near it for an error; what leaks so in the rows in which it is filled in; a sum or product of
columns that gives the target to rounding (`formulas`).

The others are without what is proven to leak, without what is perfect to the third digit, and without
near-copies of the column: otherwise two copies of the answer would excuse each other. What
statistics cannot see has to be declared: `data: {known_after: [...]}`.
Cost: 20,000 rows at most, and some fits of the probe.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.protocols import Probe
from trainwright.data.hashing import Hashes
from trainwright.data.leakage.bench import KIN, SAME, Bench, build_bench
from trainwright.data.leakage.formulas import find_formula
from trainwright.data.leakage.intervals import score_interval
from trainwright.data.leakage.pairs import Pair
from trainwright.data.leakage.scores import Values, build_answer, column_score
from trainwright.data.types.case import yaml_list, yaml_word

NEARLY_PERFECT = 0.99
SURELY_PERFECT = 0.999
MARGIN = 0.1
SURE_MARGIN = 0.05  # of what is perfect to the third digit
WORTH_A_LOOK = 0.95  # of a pair on the small sample
MAX_PROBES = 8
MAX_SUSPECTS = 2
FEWEST_ROWS = 200  # for a suspect
SUSPICIOUS = {Task.CLASSIFICATION: 0.8, Task.REGRESSION: 0.6}
SUSPECT_MARGIN = 0.02
FAR = 0.2  # of skill, by which a tied column has to lead
FARTHER = 0.6  # and so much of what is tied beyond TIED
LEAST_MISSING = 0.02  # of a column's cells, for a look at the others alone
SAME_FACTOR = 1e-3
TIED = 0.1  # share of a column that others tell beyond the target, from which on it is an input like them


def find_leaks(
    train: pl.DataFrame,
    inputs: Sequence[Column],
    *,
    target: Target,
    probe: Probe,
    hashes: Hashes,
    time: str | None = None,
) -> list[Finding]:
    """Look for leaks among the inputs.

    Args:
        train: Typed train rows with the target.
        inputs: The columns to judge.
        target: What is predicted; its classes are those of train.
        probe: A quick model.
        hashes: Of the rows' inputs; shape (rows,).
        time: The column that the split is by: the target may move along with it, and it is no suspect.

    Returns:
        Findings of kind "leakage" (error), then "leakage" (warning).
    """
    if target.task is Task.MULTI_LABEL:
        from trainwright.data.leakage.label_columns import find_label_leaks

        return find_label_leaks(train, inputs, target=target, probe=probe, hashes=hashes)
    if len(inputs) < 2:
        return []  # a lone column has nothing to be compared with
    bench = build_bench(train, inputs, target=target, probe=probe, hashes=hashes)
    if bench is None or len(bench.columns) < 2:
        return []
    leaks: set[str] = set()
    columns = list(_leaking_columns(bench, leaks))
    pairs = list(_leaking_pairs(bench, leaks))
    perfect = list(_perfect(bench, leaks))
    sure = [*columns, *pairs, *perfect, *_formulas(bench, leaks), *_where_known(bench, leaks)]
    return [*sure, *_suspects(bench, leaks, time)]


def _leaking_columns(bench: Bench, leaks: set[str]) -> Iterator[Finding]:
    """Columns that alone are nearly perfect; fills `leaks`."""
    near = sorted(
        (name for name, score in bench.scores.items() if score >= NEARLY_PERFECT),
        key=lambda name: (-bench.scores[name], name),
    )
    perfect = {name for name in near if bench.scores[name] >= SURELY_PERFECT}
    for name in near[:MAX_PROBES]:
        score = bench.scores[name]
        others = bench.others(
            {name} | leaks | perfect | bench.copies_of(bench.few[name], least=SAME)
        )
        margin = SURE_MARGIN if score >= SURELY_PERFECT else MARGIN
        if bench.skill(score) - bench.skill(others) >= margin:
            leaks.add(name)
            yield Finding(
                "leakage",
                "error",
                f"column {name!r} alone tells {_told_by(bench, name)}; all other columns together"
                f" {others:.3f}. It seems to come after {_event(bench)}",
                column=name,
                remedy=_remedy([name], name),
            )


def _leaking_pairs(bench: Bench, leaks: set[str]) -> Iterator[Finding]:
    """Differences and ratios that are nearly perfect; adds both their columns to `leaks`."""
    for pair in _promising(bench, leaks)[:MAX_PROBES]:
        if {pair.left, pair.right} & leaks:
            continue
        score = column_score(pair.of(bench.values), bench.answer, ordered=True)
        if score < NEARLY_PERFECT:
            continue
        mine = {pair.left, pair.right}
        others = bench.others(mine | leaks | bench.copies_of(bench.pairs[pair], least=SAME))
        if bench.skill(score) - bench.skill(others) < MARGIN:
            continue
        leaks |= mine
        after = max(sorted(mine), key=lambda name: bench.scores[name])
        what = "difference" if pair.sign == "-" else "ratio"
        yield Finding(
            "leakage",
            "error",
            f"the {what} {pair.name!r} alone tells {_told(bench, pair.of(bench.values))}; all columns but"
            f" these two together {others:.3f}. One of the two seems to come after"
            f" {_event(bench)}, by its own score {after!r}",
            column=pair.name,
            remedy=_remedy([after], pair.name),
        )


def _promising(bench: Bench, leaks: set[str]) -> list[Pair]:
    """Pairs that tell the target on the small sample clearly better than either column, best first."""
    step = bench.stride
    few = build_answer(
        bench.target[::step], task=bench.answer.task, folds=bench.answer.folds[::step]
    )
    found = []
    for pair, values in bench.pairs.items():
        if {pair.left, pair.right} & leaks:
            continue
        score = column_score(values, few, ordered=True)
        alone = max(bench.scores[pair.left], bench.scores[pair.right])
        if score >= WORTH_A_LOOK and score > alone:
            found.append((-score, pair.name, pair))
    return [pair for _, _, pair in sorted(found, key=lambda entry: entry[:2])]


def _perfect(bench: Bench, leaks: set[str]) -> Iterator[Finding]:
    """Columns that are the answer told again, though others come near it; adds them to `leaks`."""
    names = {name for name, score in bench.scores.items() if score >= SURELY_PERFECT} - leaks
    leaks |= names
    for name in sorted(names)[:MAX_PROBES]:
        yield Finding(
            "leakage",
            "warning",
            f"column {name!r} alone tells {_told_by(bench, name)}, as if it were the target"
            " told again: is it known when the prediction is made?",
            column=name,
            remedy=f"data: {{known_after: [{yaml_word(name)}]}}  # only if it is not known in time",
        )


def _formulas(bench: Bench, leaks: set[str]) -> Iterator[Finding]:
    """A sum or product of columns that gives the target to rounding; adds them to `leaks`."""
    if bench.answer.task is not Task.REGRESSION:
        return
    names = [
        name
        for name, column in bench.columns.items()
        if column.type is ColumnType.NUMBER and name not in leaks
    ]
    found = find_formula({name: bench.values[name] for name in names}, bench.plain)
    if found is None:
        return
    leaks |= set(found.weights)
    factor = "" if abs(found.factor - 1) < SAME_FACTOR else f", times {found.factor:.4g},"
    yield Finding(
        "leakage",
        "warning",
        f"the target is {found.name!r}{factor} in {found.share:.1%} of {found.num_rows:,} train rows, to"
        f" rounding: are all of {_listed(found.weights)} known before it is?",
        column=found.name,
        remedy=f"data: {{known_after: [{', '.join(map(yaml_word, sorted(found.weights)))}]}}"
        "  # those that are not known in time; or compute it, and train nothing",
    )


def _where_known(bench: Bench, leaks: set[str]) -> Iterator[Finding]:
    """Columns that are nearly perfect in the rows in which they are filled in; adds them to `leaks`."""
    for name in sorted(set(bench.columns) - leaks):
        values = bench.values[name]
        known = ~np.isnan(values)
        if known.mean() > 1 - LEAST_MISSING or known.sum() < FEWEST_ROWS:
            continue
        few = np.zeros_like(known)
        few[:: bench.stride] = known[:: bench.stride]
        if _alone(bench, name, few) < WORTH_A_LOOK:
            continue
        score = _alone(bench, name, known)
        if score < NEARLY_PERFECT:
            continue
        some = bench.where(known)
        others = some.others({name} | leaks | some.copies_of(some.few[name], least=SAME))
        if some.skill(score) - some.skill(others) < MARGIN:
            continue
        leaks.add(name)
        yield Finding(
            "leakage",
            "warning",
            f"where column {name!r} is filled in ({known.mean():.0%} of the rows) it alone tells"
            f" {_told_by(some, name)}; all other columns together {others:.3f} there. It seems to come"
            f" after {_event(bench)}",
            column=name,
            remedy=f"data: {{known_after: [{yaml_word(name)}]}}  # only if it is not known in time",
        )


def _suspects(bench: Bench, leaks: set[str], time: str | None) -> Iterator[Finding]:
    """The strongest columns, while each alone beats all that is left without them."""
    set_aside = leaks if time is None else {*leaks, time}
    if len(bench.target) < FEWEST_ROWS:
        return  # too few to call one column better than a model
    for _ in range(MAX_SUSPECTS):
        left = [name for name in sorted(bench.scores) if name not in set_aside]
        name = max(left, key=lambda name: bench.scores[name], default=None)
        if name is None or bench.scores[name] < SUSPICIOUS[bench.answer.task]:
            return
        score = bench.scores[name]
        set_aside |= {name} | bench.copies_of(bench.few[name], least=KIN)
        if len(set_aside) == len(bench.columns):
            return  # nothing is left that could be beaten
        others = bench.others(set_aside)
        if score <= others + SUSPECT_MARGIN:
            return
        lead, tie = bench.skill(score) - bench.skill(others), bench.tie(name, without=set_aside)
        if tie >= TIED and lead < FAR + FARTHER * (tie - TIED):
            continue
        yield Finding(
            "leakage",
            "warning",
            f"column {name!r} alone tells {_told_by(bench, name)}, more than all others together"
            f" ({others:.3f}): is it known when the prediction is made?",
            column=name,
            remedy=f"data: {{known_after: [{yaml_word(name)}]}}  # only if it is not known in time",
        )


def _alone(bench: Bench, name: str, rows: NDArray[np.bool_]) -> float:
    """Score of one column in some rows, where nothing is asked of the others."""
    plain = bench.plain[rows]
    if not len(plain) or not np.ptp(plain):
        return 0.0
    answer = build_answer(plain, task=bench.answer.task, folds=bench.answer.folds[rows])
    ordered = bench.columns[name].type is not ColumnType.CATEGORY
    return column_score(bench.values[name][rows], answer, ordered=ordered)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)


def _event(bench: Bench) -> str:
    """What happens, in words."""
    return "the class" if bench.answer.task is Task.CLASSIFICATION else "the value"


def _told_by(bench: Bench, name: str) -> str:
    ordered = bench.columns[name].type is not ColumnType.CATEGORY
    return _told(bench, bench.values[name], ordered=ordered)


def _told(bench: Bench, values: Values, *, ordered: bool = True) -> str:
    """The score in words, with its interval at 95 %."""
    found = score_interval(values, bench.answer, ordered=ordered)
    score, interval = found.value, f" ({found.low:.3f} to {found.high:.3f})"
    return f"the target with {bench.answer.measure} {score:.3f}{interval} out of fold"


def _remedy(after: list[str], key: str) -> str:
    """To paste: leave out; or, as a comment, accept."""
    names = ", ".join(yaml_word(name) for name in after)
    accept = yaml_list([f"leakage:{key}"])
    return f"data: {{known_after: [{names}]}}  # or, if it is known in time: data: {{accept: {accept}}}"
