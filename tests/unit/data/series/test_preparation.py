from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.core.columns import Column, ColumnType
from trainwright.core.errors import DataError, TrustError
from trainwright.core.features import SeriesNeeds
from trainwright.data.series.preparation import (
    SeriesPreparation,
    filled,
    fit_series_preparation,
)

NAN = float("nan")
INPUTS = [Column("a", ColumnType.SERIES), Column("b", ColumnType.SERIES)]
ROWS: list[dict[str, list[float | None] | None]] = [
    {"a": [1.0, None, 3.0], "b": [10.0, 20.0, 30.0]},
    {"a": [5.0], "b": [40.0]},
    {"a": None, "b": []},
    {"a": [None, 7.0], "b": [50.0, None]},
]
FRAME = pl.DataFrame(ROWS, schema={"a": pl.List(pl.Float64), "b": pl.List(pl.Float64)})


def fitted() -> SeriesPreparation:
    return fit_series_preparation(FRAME, INPUTS, SeriesNeeds())


def test_channels_are_centred_and_scaled_by_their_known_train_values() -> None:
    found = fitted()
    assert found.centre == (4.0, 30.0)
    assert found.scale == (np.std([1, 3, 5, 7]), np.std([10, 20, 30, 40, 50]))
    assert found.transform(FRAME).names == ("a", "b")


def test_a_frame_and_single_rows_give_the_same_bits() -> None:
    whole = fitted().transform(FRAME)
    again = fitted().transform_rows(ROWS)
    single = [fitted().transform_rows([row]).values for row in ROWS]
    assert whole.values.tobytes() == again.values.tobytes()
    assert whole.values.tobytes() == np.concatenate(single).tobytes()
    assert whole.ends.tolist() == again.ends.tolist() == [3, 4, 5, 7]


def test_chunks_and_slices_of_a_frame_change_nothing() -> None:
    cut = pl.concat([FRAME.slice(0, 1), FRAME.slice(1, 3)], rechunk=False)
    assert fitted() == fit_series_preparation(cut, INPUTS, SeriesNeeds())
    assert fitted().transform(cut).values.tobytes() == fitted().transform(FRAME).values.tobytes()


def test_gaps_are_filled_by_the_straight_line_and_edges_by_the_nearest() -> None:
    values = np.array([NAN, 1.0, NAN, NAN, 4.0, NAN, NAN, 2.0])
    found = filled(values, np.array([6, 7, 8]))
    assert found.tolist() == [1.0, 1.0, 2.0, 3.0, 4.0, 4.0, 0.0, 2.0]


def test_a_row_without_steps_counts_as_one_step_at_the_centre() -> None:
    assert fitted().transform_rows([{"a": None, "b": None}]).values.tolist() == [[0.0, 0.0]]


def test_a_shorter_channel_lacks_its_beginning() -> None:
    found = fitted().transform_rows([{"a": [4.0, 4.0, 4.0], "b": [30.0]}])
    assert found.values[:, 1].tolist() == [0.0, 0.0, 0.0]
    found = fitted().transform_rows([{"a": [4.0, 4.0], "b": [30.0, 60.0, 90.0]}])
    assert found.values[:, 0].tolist() == [0.0, 0.0, 0.0]


def test_a_channel_that_never_varies_is_not_blown_up() -> None:
    frame = pl.DataFrame({"a": [[2.0, 2.0]], "b": [[1.0, None]]})
    assert fit_series_preparation(frame, INPUTS, SeriesNeeds()).scale == (1.0, 1.0)


def test_no_rows_give_no_steps() -> None:
    found = fitted().transform_rows([])
    assert found.values.shape == (0, 2)
    assert found.num_rows == 0


def test_what_is_saved_is_loaded_again(tmp_path: Path) -> None:
    fitted().save(tmp_path)
    assert SeriesPreparation.load(tmp_path) == fitted()


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "preparation.json").write_text('{"names": ["a"], "centre": 3}')
    with pytest.raises(TrustError, match="restore the package"):
        SeriesPreparation.load(tmp_path)


@pytest.mark.parametrize("huge", [1e40, -1e308])
def test_a_number_without_measure_is_bounded_so_that_it_has_an_answer(huge: float) -> None:
    values = fitted().transform_rows([{"a": [huge], "b": [30.0]}]).values
    np.testing.assert_array_equal(values, [[np.copysign(1e12, huge), 0.0]])
    assert np.isfinite(np.square(values.astype(np.float32))).all()


def test_train_values_that_cannot_be_squared_are_refused() -> None:
    frame = FRAME.with_columns(a=pl.Series([[1.0], [-1e300], [2.0], []]))
    with pytest.raises(DataError, match="cannot be squared: 1e\\+300") as caught:
        fit_series_preparation(frame, INPUTS, SeriesNeeds())
    assert "column 'a'" in caught.value.where
