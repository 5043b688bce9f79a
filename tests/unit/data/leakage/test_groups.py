"""Groups that a random split tears apart."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from detector_view import found, view_of, yes_no
from trainwright.data.leakage.groups import find


def patients(*, effect: float, seed: int = 0, traits: bool = True) -> pl.DataFrame:
    """Visits of patients; what is measured tells the patient where there are traits."""
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(150), 6)
    level = rng.normal(0, effect, 150)[patient]
    measured = rng.normal(size=(150, 4))[patient] if traits else rng.normal(size=(900, 4))
    measured = measured + rng.normal(0, 0.02, measured.shape)
    noise = rng.normal(size=900)
    frame = pl.DataFrame(measured, schema=list("abcd")).with_columns(
        patient_id=pl.Series([f"P{number:03d}" for number in patient]),
        e=pl.Series(noise),
        y=yes_no(level + 0.5 * noise + rng.normal(0, 0.5, 900) > 0),
    )
    return frame[rng.permutation(900)]


def test_a_patient_on_both_sides_is_told_with_rows_and_remedy() -> None:
    (one,) = found(find, view_of(patients(effect=2.0), identifiers=["patient_id"]))
    assert (one.kind, one.severity, one.column) == ("leakage", "warning", "patient_id")
    assert "skill" in one.message
    assert one.remedy == "data: {split: {by: group, column: patient_id}}"
    assert one.count == len(one.all_rows) > 100


def test_an_identifier_that_is_left_out_and_that_nothing_tells_is_only_noted() -> None:
    view = view_of(patients(effect=2.0, traits=False), identifiers=["patient_id"])
    (one,) = found(find, view)
    assert one.severity == "info"
    assert "left out" in one.message


def test_the_same_key_as_an_input_is_a_warning() -> None:
    (one,) = found(find, view_of(patients(effect=2.0, traits=False)))
    assert one.severity == "warning"


@pytest.mark.parametrize("seed", range(3))
def test_groups_without_an_effect_are_no_finding(seed: int) -> None:
    view = view_of(patients(effect=0.0, seed=seed), identifiers=["patient_id"])
    assert found(find, view) == []


def test_a_split_by_group_is_left_in_peace() -> None:
    split = {"by": "group", "column": "patient_id"}
    view = view_of(patients(effect=2.0), identifiers=["patient_id"], split=split)
    assert found(find, view) == []


def test_a_category_of_the_trade_is_no_group() -> None:
    frame = patients(effect=2.0, traits=False).rename({"patient_id": "brand"})
    assert found(find, view_of(frame)) == []


def test_things_seen_again_are_a_group_whatever_the_name() -> None:
    frame = patients(effect=2.0).with_columns(pl.col("a", "b", "c", "d").round(1))
    traits = frame.group_by("patient_id").agg(pl.col("a", "b", "c", "d").first())
    frame = frame.drop("a", "b", "c", "d").join(traits, on="patient_id", maintain_order="left")
    (one,) = found(find, view_of(frame.rename({"patient_id": "what"})))
    assert one.column == "what"


def test_columns_that_hardly_vary_say_nothing_of_what_stays_as_it_is_within_a_group() -> None:
    frame = patients(effect=2.0).rename({"patient_id": "hh"})
    level = pl.col("hh").str.slice(1).cast(pl.Int64)
    lived = frame.with_columns(
        (level * 7 % (11 + number)).alias(f"f{number}") for number in range(9)
    )
    rare = [
        (pl.int_range(900) % 31 == number).cast(pl.Int64).alias(f"rare{number}")
        for number in range(12)
    ]
    (one,) = found(find, view_of(lived.with_columns(rare)))
    assert one.column == "hh"


def test_no_time_is_no_finding() -> None:
    assert found(find, view_of(patients(effect=2.0)), seconds=-1) == []


def spilt(frame: pl.DataFrame, *, whole: bool) -> np.ndarray:
    """A split that came with the data: by rows, or by patients."""
    key = frame["patient_id"].str.slice(1).cast(pl.Int64).to_numpy()
    place = key % 10 if whole else np.arange(frame.height) % 10
    return np.where(place < 6, 0, np.where(place < 7, 1, 2))


def test_a_given_split_is_judged_by_whether_it_tears_groups_apart() -> None:
    split = {"by": "given", "column": "part"}
    frame = patients(effect=2.0).with_columns(part=pl.lit("as given"))
    said = {"identifiers": ["patient_id"], "left_out": ["part"], "split": split}
    (one,) = found(find, view_of(frame, parts=spilt(frame, whole=False), **said))
    assert one.column == "patient_id"
    assert one.remedy == "data: {split: {by: group, column: patient_id}, drop: [part]}"
    assert found(find, view_of(frame, parts=spilt(frame, whole=True), **said)) == []
