from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from series_case import classes, shops
from trainwright.core.artifacts import Snapshot, Split
from trainwright.core.columns import FUTURE
from trainwright.core.errors import DataError
from trainwright.data.series import live
from trainwright.data.series.live import read_series
from trainwright.data.snapshot import read_split

Make = Callable[..., Snapshot]

WHOLE = {"id": "id", "time": "t", "values": ["x", "y"]}
SHOPS = {"id": "shop", "time": "t", "values": ["rain"]}


def read(
    snapshot: Snapshot, frame: pl.DataFrame, folder: Path, *, judged: bool = False
) -> pl.DataFrame:
    path = folder / "live.csv"
    frame.write_csv(path)
    blocks = list(read_series([path], snapshot.inputs, snapshot.target, judged=judged))
    assert [block.first_row for block in blocks] == list(range(0, len(blocks) * 1024, 1024))
    return pl.concat([block.frame for block in blocks])


def test_series_of_today_are_what_the_snapshot_holds(make: Make, tmp_path: Path) -> None:
    snapshot = make(classes(), task="classification", target="label", series=WHOLE)
    found = read(snapshot, classes().drop("label"), tmp_path)
    assert found.columns == ["id", "x", "y"]
    rows = pl.concat([read_split(snapshot, split) for split in Split])
    assert sorted(found["x"].to_list()) == sorted(rows["x"].to_list())


def test_whole_numbers_as_ids_come_in_their_own_order(make: Make, tmp_path: Path) -> None:
    frame = classes().with_columns(pl.col("id").str.slice(1).cast(pl.Int64))
    snapshot = make(frame, task="classification", target="label", series=WHOLE)
    found = read(snapshot, frame, tmp_path)
    assert found["id"].to_list() == [str(number) for number in range(60)]


def test_a_forecast_looks_back_from_the_end_of_each_series(make: Make, tmp_path: Path) -> None:
    snapshot = make(shops(), task="forecasting", target="sales", horizon=4, series=SHOPS)
    found = read(snapshot, shops(), tmp_path)
    assert found["shop"].to_list() == ["A", "B"]
    for row in found.iter_rows(named=True):
        own = shops().filter(pl.col("shop") == row["shop"])
        assert row["sales"] == pytest.approx(own["sales"].tail(16).to_list())
        assert row["rain"] == pytest.approx(own["rain"].tail(16).to_list())


def test_to_be_judged_series_carry_their_target(make: Make, tmp_path: Path) -> None:
    snapshot = make(classes(), task="classification", target="label", series=WHOLE)
    found = read(snapshot, classes(), tmp_path, judged=True)
    wanted = dict(classes().select("id", "label").iter_rows())
    assert dict(found.select("id", "label").iter_rows()) == wanted
    assert "label" not in read(snapshot, classes().drop("label"), tmp_path, judged=True).columns


def test_to_be_judged_a_forecast_is_cut_into_windows_from_the_end(
    make: Make, tmp_path: Path
) -> None:
    snapshot = make(shops(), task="forecasting", target="sales", horizon=4, series=SHOPS)
    found = read(snapshot, shops(), tmp_path, judged=True)
    assert found.height == 2 * 26
    own = shops().filter(pl.col("shop") == "A")["sales"].to_list()
    last = found.filter(pl.col("shop") == "A").row(-1, named=True)
    assert last[FUTURE] == pytest.approx(own[-4:])
    assert last["sales"] == pytest.approx(own[-20:-4])


def test_many_series_come_in_blocks(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = make(classes(), task="classification", target="label", series=WHOLE)
    monkeypatch.setattr(live, "BLOCK_SERIES", 25)
    classes().write_csv(tmp_path / "live.csv")
    blocks = list(read_series([tmp_path / "live.csv"], snapshot.inputs, snapshot.target))
    assert [(block.first_row, block.frame.height) for block in blocks] == [
        (0, 25),
        (25, 25),
        (50, 10),
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda frame: pl.concat([frame, frame.head(1)]), "the same 'id' and 't' as another row"),
        (lambda frame: frame.with_columns(t=None), "have no 't'"),
        (lambda frame: frame.with_columns(id=None), "have no 'id'"),
        (lambda frame: frame.drop("y"), "column 'y' is missing"),
        (lambda frame: frame.with_columns(x=pl.lit("much")), "'much' in column 'x' is no number"),
    ],
)
def test_rows_that_make_no_series_are_refused(
    make: Make, tmp_path: Path, change: object, told: str
) -> None:
    snapshot = make(classes(), task="classification", target="label", series=WHOLE)
    with pytest.raises(DataError, match=told):
        read(snapshot, change(classes()), tmp_path)  # type: ignore[operator]


def test_true_and_false_are_read_as_in_training(make: Make, tmp_path: Path) -> None:
    frame = shops().with_columns(
        rain=pl.when(pl.col("rain") > 0).then(pl.lit("yes")).otherwise(pl.lit("no"))
    )
    snapshot = make(frame, task="forecasting", target="sales", horizon=4, series=SHOPS)
    found = read(snapshot, frame, tmp_path)
    wanted = frame.filter(pl.col("shop") == "A")["rain"].tail(16) == "yes"
    assert found["rain"][0].to_list() == wanted.cast(pl.Float64).to_list()
