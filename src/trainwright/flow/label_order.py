"""In which order rows are best labelled, what the error is, and what further labels are expected to buy.

Families learn from what is labelled and are asked about the rest; the rows that they doubt most come first,
the next ones spread over what they look like. The error on rows that were chosen so says nothing of all rows,
nor does that on random ones that the choice was made with: what was learned from is hard, and each easy row
stands alone (on digits a third was wrong so, of fresh rows a twentieth). So a tenth of the rows that are
asked about is drawn beforehand, and judges only: nothing here learns from these, and the error is theirs,
after a quarter, a half and all of the others. The model that is made in the end learns from all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainwright.core.protocols import FoldModels, Placed
from trainwright.core.seeds import derive_seed
from trainwright.data.labels.active import Strategy, queue
from trainwright.data.labels.items import Items
from trainwright.data.labels.learning_curve import expected_gain
from trainwright.summaries.intervals import wilson

FEWEST_LABELS = 10  # before a model says which rows to ask about, and to tell an error
MOST_ROWS = 5_000  # that a model looks at
DRAWN_SHARE = 0.1
MOST_DRAWN = 500  # rows: an error of 5 % is then known to a point
_BATCH = 20  # rows that are spread; before as many are labelled there is a new order
_ANSWERED = 0.9  # of the first drawn rows; others may be skipped, or be before somebody
_CONFIDENCE = 0.8

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ranked:
    """Attributes.

    order: The rows, the most useful first.
    estimate: {labels, judged, error, error_low, error_high, gain, low, high}: the error now, with its
        interval of 80 %, on so many drawn rows, and how much as many labels again are expected to take
        off it; None while too little is known.
    """

    order: Ints
    estimate: dict[str, Any] | None


def first_order(drawn: Ints) -> Ints:
    """Rows in random order, as long as there is no model: those that judge in every tenth place."""
    judges = judges_of(drawn)
    return _interleaved(drawn[len(judges) :], judges)


def judges_of(drawn: Ints) -> Ints:
    """The rows of a draw that judge only."""
    return drawn[: min(MOST_DRAWN, math.floor(DRAWN_SHARE * len(drawn)))]


def rank(
    items: Items,
    known: Mapping[int, str],
    order: Ints,
    *,
    drawn: Ints,
    models: Callable[..., FoldModels],
    strategy: Strategy,
    seed: int,
    classes: tuple[str, ...],
) -> Ranked:
    """Order the rows anew.

    Args:
        items: The rows.
        known: Label of each row that has one, by position.
        order: All rows to ask about, as they stand now.
        drawn: The same in random order, the same each time.
        models: Makes the families.
        strategy: How rows are chosen.
        seed: Draws the order of equals.
        classes: All labels.
    """
    judges = judges_of(drawn)
    is_judge = set(judges.tolist())
    waiting = [row for row in order.tolist() if row not in known and row not in is_judge]
    asked = np.array(waiting[:MOST_ROWS], dtype=np.int64)
    mixed = np.random.default_rng(derive_seed(seed, "labels", "taught"))  # a file may be sorted
    teachers = [row for row in known if row not in is_judge]
    taught = mixed.permutation(np.array(sorted(teachers), dtype=np.int64))[:MOST_ROWS]
    seen = tuple(label for label in classes if label in {known[row] for row in taught.tolist()})
    if len(seen) < 2:
        return Ranked(order, None)
    judged = _answered(judges, known)
    rows = np.concatenate([taught, judged, asked])
    target = replace(items.targeted, classes=seen)
    lesson = _Lesson(
        models(items.typed[rows], items.columns, target=target),
        np.array([seen.index(known[row]) for row in taught.tolist()], dtype=np.float64),
        len(rows),
        seed,
    )
    families = lesson.models.families[:2]
    answers = {family: lesson.answers(family, len(taught)) for family in families}
    truth = np.array([seen.index(known[row]) if known[row] in seen else -1 for row in judged])
    estimate = _estimate(lesson, answers[families[0]], truth)
    if strategy == "random" or not len(asked):
        return Ranked(order, estimate)
    later = slice(len(taught) + len(judged), None)
    doubted = {family: answer[later] for family, answer in answers.items()}
    ranked = asked[_chosen(doubted, lesson, later, strategy=strategy, seed=seed)]
    first = np.array([row for row in judges.tolist() if row not in known], dtype=np.int64)
    left = order[~np.isin(order, ranked) & ~np.isin(order, first)]
    owed = math.ceil(DRAWN_SHARE * (len(taught) + len(judged) + 1)) - len(judged)
    return Ranked(_interleaved(np.concatenate([ranked, left]), first, lead=owed), estimate)


@dataclass(frozen=True, slots=True)
class _Lesson:
    """Models of the rows: first those that teach, then those that are asked about."""

    models: FoldModels
    codes: Floats
    num_rows: int
    seed: int

    def answers(self, family: str, size: int) -> Floats:
        """After the first `size` of those that teach; what is said of these themselves is not used."""
        folds = np.zeros(self.num_rows, dtype=np.int64)
        folds[: len(self.codes)] = 1 + np.arange(len(self.codes)) % 2
        codes = np.concatenate([self.codes, np.zeros(self.num_rows - len(self.codes))])
        learn = np.arange(self.num_rows) < size
        return self.models.predict(family, codes, folds=folds, learn=learn, seed=self.seed)


def _chosen(
    waiting: Mapping[str, Floats],
    lesson: _Lesson,
    asked: slice,
    *,
    strategy: Strategy,
    seed: int,
) -> Ints:
    """Positions among the rows that wait: the next ones spread, the others by doubt alone."""
    count = len(next(iter(waiting.values())))
    taught = len(lesson.codes)
    points = lesson.models.points() if isinstance(lesson.models, Placed) else None
    plain: Strategy = "margin" if strategy in ("combined", "diversity") else strategy
    by_doubt = queue(waiting, count=count, strategy=plain, seed=seed).rows
    if points is None or plain == strategy:
        return by_doubt
    first = queue(
        waiting,
        count=max(_BATCH, taught // 10),
        features=points[asked],
        labelled=points[:taught],
        strategy=strategy,
        seed=seed,
    ).rows
    return np.concatenate([first, by_doubt[~np.isin(by_doubt, first)]])


def _answered(judges: Ints, known: Mapping[int, str]) -> Ints:
    """Those with a label among the first judges, as far as nearly all of these have one."""
    labelled = np.array([row in known for row in judges.tolist()], dtype=bool)
    reached = labelled & (np.cumsum(labelled) >= _ANSWERED * np.arange(1, len(judges) + 1))
    last = int(np.flatnonzero(reached)[-1]) + 1 if reached.any() else 0
    found: Ints = judges[:last][labelled[:last]]
    return found


def _interleaved(order: Ints, drawn: Ints, *, lead: int = 0) -> Ints:
    """The order with a drawn row in every tenth place; first those that are owed already."""
    found, others = drawn[: max(0, lead)].tolist(), iter(drawn[max(0, lead) :].tolist())
    between = round(1 / DRAWN_SHARE) - 1
    for place, row in enumerate(order.tolist(), 1):
        found.append(row)
        if place % between == 0:
            found += [row for row in (next(others, None),) if row is not None]
    return np.array([*found, *others], dtype=np.int64)


def _estimate(lesson: _Lesson, answer: Floats, truth: Ints) -> dict[str, Any] | None:
    """The error now, and what as many labels again are expected to take off it."""
    taught, judged = len(lesson.codes), len(truth)
    if min(taught, judged) < FEWEST_LABELS:
        return None

    def error(told: Floats) -> float:
        return float((told[taught : taught + judged].argmax(axis=1) != truth).mean())

    sizes = np.array([taught // 4, taught // 2, taught])
    family = lesson.models.families[0]
    errors = [*(error(lesson.answers(family, int(size))) for size in sizes[:2]), error(answer)]
    spread = [max(one * (1 - one), 1 / judged) / judged for one in errors]
    gain = expected_gain(sizes, np.array(errors), np.sqrt(spread), more=taught)
    now = wilson(errors[-1], judged, confidence=_CONFIDENCE)
    found = {
        "error": errors[-1],
        "error_low": now.low,
        "error_high": now.high,
        "gain": min(gain.value, errors[-1]),  # no more than there is
        "low": min(gain.low, errors[-1]),
        "high": min(gain.high, now.high),
    }
    told = {name: round(value, 4) for name, value in found.items()}
    return {"labels": taught + judged, "judged": judged, **told}
