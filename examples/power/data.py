"""A day of electricity in Italy, winter or summer? UCR's ItalyPowerDemand out of the package aeon.

1,096 days of 24 hours, written in long format: day, hour, demand, season.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import polars as pl

HERE = Path(__file__).parent


def main() -> None:
    """Write power.csv unless it is there."""
    if (HERE / "power.csv").exists():
        return
    rows = [
        (f"day-{day:04d}", hour, value, season)
        for day, (values, season) in enumerate(read())
        for hour, value in enumerate(values)
    ]
    frame = pl.DataFrame(rows, schema=["day", "hour", "demand", "season"], orient="row")
    frame.write_csv(HERE / "power.csv")


def read() -> Iterator[tuple[list[float], str]]:
    """(values, label) of each series, of both files."""
    spec = find_spec("aeon")
    if spec is None or spec.origin is None:
        raise SystemExit("pip install --no-deps aeon")
    folder = Path(spec.origin).parent / "datasets" / "data" / "ItalyPowerDemand"
    for part in ("TRAIN", "TEST"):
        lines = (folder / f"ItalyPowerDemand_{part}.ts").read_text().splitlines()
        for line in lines[lines.index("@data") + 1 :]:
            values, label = line.rsplit(":", 1)
            yield (
                [float(value) for value in values.split(",")],
                {"1": "winter", "2": "summer"}[label],
            )


if __name__ == "__main__":
    main()
