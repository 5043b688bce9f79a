"""What answers of an endpoint took: seconds, tokens, and cost where the prices are known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainwright.models.api.answers import Answer


@dataclass(frozen=True, slots=True)
class Price:
    """Of a million tokens, in whatever currency.

    Attributes:
        input: Read.
        output: Written.
    """

    input: float
    output: float

    def of(self, answers: Sequence[Answer]) -> float:
        """What these answers cost."""
        read, wrote = (sum(a.tokens_in for a in answers), sum(a.tokens_out for a in answers))
        return (read * self.input + wrote * self.output) / 1e6


def spent(answers: Sequence[Answer], price: Price | None) -> dict[str, Any]:
    """Latency at the median and at 95 %, tokens and cost of a thousand rows; JSON values."""
    seconds = sorted(answer.seconds for answer in answers)
    rows = max(1, len(answers))
    return {
        "rows": len(answers),
        "latency_p50_seconds": _quantile(seconds, 0.50),
        "latency_p95_seconds": _quantile(seconds, 0.95),
        "per_thousand_rows": {
            "tokens_in": 1000 * sum(answer.tokens_in for answer in answers) / rows,
            "tokens_out": 1000 * sum(answer.tokens_out for answer in answers) / rows,
            "cost": None if price is None else 1000 * price.of(answers) / rows,
        },
    }


def _quantile(values: Sequence[float], part: float) -> float | None:
    """The smallest value that `part` of them do not exceed."""
    return values[max(0, math.ceil(part * len(values)) - 1)] if values else None
