"""Class weights, over- and under-sampling: on train rows alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.core.artifacts import Split
from trainwright.core.columns import ROW, WEIGHT, Column, ColumnType, Target, Task
from trainwright.core.errors import RecipeError
from trainwright.data.balance import leave_out, weigh
from trainwright.data.view import PART, TableView
from trainwright.data.weights import Weights, all_weights
from trainwright.recipe.data import DataSettings

COUNTS = {"a": 600, "b": 90, "c": 21}


def view_of(balance: str, *, task: Task = Task.CLASSIFICATION, seed: int = 0) -> TableView:
    labels = np.repeat(list(COUNTS), list(COUNTS.values()))
    labels = np.random.default_rng(0).permutation(labels)
    parts = (np.arange(len(labels)) % 3 == 2).astype(np.int8)
    frame = pl.DataFrame({ROW: np.arange(len(labels)) * 5, PART: parts, "y": labels})
    target = Target(Column("y", ColumnType.CATEGORY), task, tuple(COUNTS))
    settings = DataSettings(source="f.csv", target="y", balance=balance, split={"seed": seed})
    return TableView.of_frame(frame, (), frozenset(), target, settings, probe=None, base=Path())  # type: ignore[arg-type]


def train_of(view: TableView) -> pl.DataFrame:
    return pl.concat(view.blocks(["y"])).filter(pl.col(PART) == 0)


def sums(weights: Weights, view: TableView) -> dict[str, float]:
    train = train_of(view).with_columns(w=pl.Series(weights.of(train_of(view)[ROW].to_numpy())))
    return dict(train.group_by("y").agg(pl.col("w").sum()).iter_rows())


def test_class_weights_are_those_of_scikit_learn() -> None:
    from sklearn.utils.class_weight import compute_sample_weight

    view = view_of("class-weights")
    weights = weigh(view)
    expected = compute_sample_weight("balanced", train_of(view)["y"].to_numpy())
    np.testing.assert_allclose(weights.values, expected)
    assert weights.values.mean() == pytest.approx(1)


def test_oversampling_makes_each_class_count_as_the_commonest_in_whole_numbers() -> None:
    view = view_of("oversample")
    weights = weigh(view)
    assert (weights.values == np.round(weights.values)).all()
    assert weights.values.min() == 1
    most = train_of(view)["y"].value_counts()["count"].max()
    assert set(sums(weights, view).values()) == {most}
    spread = train_of(view).with_columns(w=weights.values).group_by("y").agg(pl.col("w").n_unique())
    assert spread["w"].max() <= 2  # a row and its neighbour differ by one copy at most


def test_undersampling_leaves_each_class_as_many_rows_as_the_rarest_has() -> None:
    view = view_of("undersample")
    left = leave_out(view)
    train = train_of(view)
    kept = train.filter(~pl.col(ROW).is_in(left.rows.tolist()))
    least = train["y"].value_counts()["count"].min()
    assert set(kept["y"].value_counts()["count"]) == {least}
    assert set(left.rows) <= set(train[ROW])
    assert set(left.reasons) == {f"undersampling to {least} rows a class"}
    assert left.findings[0].count == len(left.rows)


@pytest.mark.parametrize("balance", ["oversample", "undersample"])
def test_what_is_drawn_follows_the_seed_and_nothing_else(balance: str) -> None:
    def drawn(seed: int) -> list[float]:
        view = view_of(balance, seed=seed)
        made = weigh(view) or leave_out(view)
        return (made.values if isinstance(made, Weights) else made.rows).tolist()

    assert drawn(0) == drawn(0)
    assert drawn(0) != drawn(1)


def test_nothing_is_weighed_unless_asked() -> None:
    assert weigh(view_of("none")) is None
    assert not len(leave_out(view_of("class-weights")).rows)
    assert weigh(view_of("undersample")) is None


def test_numbers_have_no_classes_to_balance() -> None:
    with pytest.raises(RecipeError, match="balance: none"):
        weigh(view_of("class-weights", task=Task.REGRESSION))


def test_weights_of_several_steps_are_multiplied(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {
        "one": Weights(np.array([1, 4]), np.array([2.0, 3.0])),
        "two": Weights(np.array([4, 9]), np.array([0.5, 7.0])),
        "none": None,
    }
    monkeypatch.setattr(
        "trainwright.data.weights.named_function", lambda name: lambda _: made[name]
    )
    together = all_weights({name: name for name in made}, view_of("none"))
    assert together is not None
    np.testing.assert_array_equal(
        together.of(np.array([1, 4, 9, 2])), np.array([2.0, 1.5, 7.0, 1.0])
    )


def test_only_train_files_hold_weights(tmp_path: Path) -> None:
    from trainwright.data.prepare import prepare
    from trainwright.data.snapshot import read_ledger, read_split, verify_snapshot
    from trainwright.models.tables.probe import probe
    from trainwright.recipe import parse_recipe

    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    y = np.where(x + rng.normal(size=400) > 0.7, "up", "down")
    pl.DataFrame({"x": x, "z": rng.normal(size=400), "y": y}).write_csv(tmp_path / "t.csv")
    snapshots = {}
    for balance in ("none", "class-weights", "undersample"):
        recipe = parse_recipe({"data": {"source": "t.csv", "target": "y", "balance": balance}})
        snapshots[balance] = prepare(
            recipe, base=tmp_path, snapshots=tmp_path / "snapshots", probe=probe
        )
    frames = {
        balance: {split: read_split(snapshot, split) for split in Split}
        for balance, snapshot in snapshots.items()
    }
    weighed = frames["class-weights"]
    assert WEIGHT in weighed[Split.TRAIN].columns
    assert WEIGHT not in weighed[Split.VALIDATION].columns + weighed[Split.TEST].columns
    assert WEIGHT not in frames["none"][Split.TRAIN].columns
    for split in (Split.VALIDATION, Split.TEST):  # and they stay where they were
        assert len({tuple(frames[one][split][ROW]) for one in frames}) == 1
    ledger = read_ledger(snapshots["undersample"])
    gone = ledger.filter(pl.col("step") == "balance")
    assert gone.height == snapshots["undersample"].rows["dropped"] > 0
    assert gone["reason"].str.starts_with("undersampling to").all()
    assert all(check.passed for check in verify_snapshot(snapshots["undersample"].folder))
