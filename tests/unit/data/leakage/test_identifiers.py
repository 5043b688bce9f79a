"""The target in an identifier, or in the order of the rows."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from detector_view import found, view_of, yes_no
from trainwright.data.leakage.identifiers import find

ROWS = 1_000


def cases(make: str, *, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    upper = (rng.random(ROWS) < 0.4).astype(int)
    numbers = rng.permutation(ROWS) + 20_000
    made = {
        "prefix": [f"{'KC'[u]}{n}" for u, n in zip(upper, numbers, strict=True)],
        "parity": [str(2 * n + u) for u, n in zip(upper, numbers, strict=True)],
        "order": [str(n + 50_000 * u) for u, n in zip(upper, numbers, strict=True)],
        "length": [f"{'x' * (3 + u)}{n}" for u, n in zip(upper, numbers, strict=True)],
        "nothing": [f"{'KC'[int(n) % 2]}{rng.integers(1e6)}" for n in numbers],
    }[make]
    return pl.DataFrame({"case_id": made, "x": rng.normal(size=ROWS)}).with_columns(
        yes_no(upper > 0)
    )


@pytest.mark.parametrize("make", ["prefix", "parity", "order", "length"])
def test_what_tells_is_named(make: str) -> None:
    (one,) = found(find, view_of(cases(make), identifiers=["case_id"]))
    assert (one.kind, one.severity, one.column) == ("leakage", "info", "case_id")
    assert "stay out" in one.message


def test_an_identifier_that_is_an_input_is_a_warning() -> None:
    frame = cases("parity").with_columns(pl.col("case_id").cast(pl.Int64))
    (one,) = found(find, view_of(frame))
    assert one.severity == "warning"
    assert one.remedy == "data: {drop: [case_id]}"


@pytest.mark.parametrize("seed", range(3))
def test_an_identifier_that_tells_nothing_is_no_finding(seed: int) -> None:
    assert found(find, view_of(cases("nothing", seed=seed), identifiers=["case_id"])) == []


def test_a_file_sorted_by_the_target_is_told_once() -> None:
    frame = cases("nothing").sort("y").with_columns(row_id=pl.Series(np.arange(ROWS).astype(str)))
    (one,) = found(find, view_of(frame, identifiers=["case_id", "row_id"]))
    assert one.column is None
    assert "order of the rows" in one.message


def test_numbers_are_judged_by_their_ranks() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=ROWS)
    ids = [
        str(100_000 + int(rank)) for rank in np.argsort(np.argsort(y + rng.normal(0, 0.5, ROWS)))
    ]
    frame = pl.DataFrame({"id": ids, "x": rng.normal(size=ROWS), "y": y})
    (one,) = found(find, view_of(frame, identifiers=["id"]))
    assert "explained variance" in one.message
