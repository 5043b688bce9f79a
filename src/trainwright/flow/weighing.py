"""Training against an endpoint: what each costs over its life, how good each is, and what follows.

Trained once, a model costs labels and compute, and then what serving takes; an endpoint costs each row. The
break-even volume is where the two meet. A verdict is given where its interval lies on one side of the
volume that the recipe names and the quality does not speak for the other side; otherwise none is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from trainwright.summaries.reckoning import Reckoned, break_even

Verdict = Literal["train", "use the API", "not decided by these numbers"]
UNDECIDED: Verdict = "not decided by these numbers"


@dataclass(frozen=True, slots=True)
class Sides:
    """What is weighed.

    Attributes:
        once: Labels and compute of training; None where the recipe names no price.
        here: A row served here; None where the recipe names no price of compute.
        elsewhere: A row answered by the endpoint; None where there is none, or no price.
        rows: Over the model's life; None where the recipe does not say.
        trained: Loss of the trained model; None where it is not known.
        asked: Loss of the endpoint; None where it was not asked.
        unpriced: Labels that are reckoned as free, since the recipe names no price of one.
    """

    once: Reckoned | None
    here: Reckoned | None
    elsewhere: Reckoned | None
    rows: int | None
    trained: Reckoned | None
    asked: Reckoned | None
    unpriced: int = 0


@dataclass(frozen=True, slots=True)
class Weighed:
    """Attributes.

    verdict: What follows.
    reasons: Why, and what would have to be known.
    break_even: Rows; None where a price is missing.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    break_even: Reckoned | None

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        rows = None if self.break_even is None else self.break_even.to_json()
        return {"verdict": self.verdict, "reasons": list(self.reasons), "break_even": rows}


def weigh(sides: Sides, *, seed: int) -> Weighed:
    """Which side the numbers are on."""
    missing = tuple(_missing(sides))
    if sides.once is None or sides.here is None or sides.elsewhere is None:
        return Weighed(UNDECIDED, missing, None)
    even = break_even(fixed=sides.once, saved=(sides.elsewhere, sides.here), seed=seed)
    told = f"training is earned back from {_rows(even)} rows on"
    if even.low == math.inf:
        told = (
            "training is never earned back: a row served here costs as much as one answered there"
        )
    cheaper = _cheaper(even, sides.rows)
    better = _better(sides)
    reasons = [told]
    if sides.unpriced:
        free = f"{sides.unpriced:,} labels are reckoned as free"
        reasons.append(f"{free}; where they are not: estimate: {{label: 0.05}}")
    if sides.rows is not None:
        where = {"train": "above", "use the API": "below", None: "within"}[cheaper]
        where = "" if even.low == math.inf else f": {where} that interval"
        reasons.append(f"the recipe names {sides.rows:,} rows{where}")
    if sides.asked is not None and sides.trained is not None:
        quality = {
            "train": "the trained model is better than the endpoint",
            "use the API": "the endpoint is better than the trained model",
            None: "the two cannot be told apart by their loss",
        }[better]
        losses = f"{sides.trained.value:.4g} against {sides.asked.value:.4g}"
        reasons.append(f"{quality} (loss {losses})")
    if missing or cheaper is None:
        return Weighed(UNDECIDED, (*reasons, *missing), even)
    if better not in (None, cheaper):
        reasons.append("the cheaper one is not the better one: that is for you to weigh")
        return Weighed(UNDECIDED, tuple(reasons), even)
    return Weighed(cheaper, tuple(reasons), even)


def _cheaper(even: Reckoned, rows: int | None) -> Verdict | None:
    if rows is None:
        return None
    if even.high <= rows:
        return "train"
    return "use the API" if even.low >= rows else None


def _better(sides: Sides) -> Verdict | None:
    if sides.trained is None or sides.asked is None:
        return None
    if sides.trained.high < sides.asked.low:
        return "train"
    return "use the API" if sides.asked.high < sides.trained.low else None


def _missing(sides: Sides) -> Iterator[str]:
    """What the recipe would have to say, ready to paste."""
    if sides.elsewhere is None:
        prices = "prices: {input: 0.15, output: 0.60}"
        yield f"no endpoint with prices: estimate: {{api: {{endpoint: ..., model: ..., {prices}}}}}"
    if sides.once is None or sides.here is None:
        yield "no price of compute: estimate: {compute_per_hour: 0.10, label: 0.05}"
    if sides.rows is None:
        yield "no volume: estimate: {rows_per_month: 100000}"
    if sides.elsewhere is not None and sides.asked is None:
        yield "the endpoint's quality was not measured: estimate: {sample: 100} asks it about validation rows"
    if sides.trained is None:
        yield "the trained model's loss could not be foretold: more time for it: estimate: {probe: 5m}"


def _rows(even: Reckoned) -> str:
    low, value, high = (
        "never" if amount == float("inf") else f"{amount:,.0f}"
        for amount in (even.low, even.value, even.high)
    )
    return f"{value} ({low} to {high})"
