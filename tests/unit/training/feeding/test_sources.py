"""Sources make whole batches from indices."""

import numpy as np
import pytest
import torch

from trainwright.core.errors import DataError
from trainwright.training.feeding.sources import (
    ArraySource,
    RaggedSource,
    WithLengths,
    concatenated,
    stand_together,
    subset,
)
from trainwright.training.protocols import Measured, Source


def rows(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.int64)


def get(source: Source, *numbers: int) -> dict[str, torch.Tensor]:
    return dict(source.batch(rows(*numbers), epoch=0, training=False))


@pytest.mark.parametrize(
    "column",
    [
        torch.arange(12.0).reshape(6, 2),
        torch.arange(6, dtype=torch.bfloat16),
        np.arange(6, dtype=np.int32),
        np.array([True, False] * 3),
        np.arange(6.0)[::-1],
        np.arange(12, dtype=">i8")[::2],
        np.broadcast_to(np.float32(3), (6, 2)),
    ],
    ids=["2-d", "bfloat16", "int32", "bool", "backwards", "big-endian", "read-only"],
)
@pytest.mark.parametrize("numbers", [(4, 1, 1), (2, 3, 4), (5,), ()])
def test_a_batch_is_what_indexing_gives(column: object, numbers: tuple[int, ...]) -> None:
    found = get(ArraySource(x=column), *numbers)["x"]
    if isinstance(column, torch.Tensor):
        expected = column[torch.from_numpy(rows(*numbers))]
    else:
        expected = torch.from_numpy(
            np.ascontiguousarray(
                np.asarray(column)[rows(*numbers)], dtype=column.dtype.newbyteorder("=")
            )
        )
    assert found.dtype == expected.dtype
    assert torch.equal(found, expected)


def test_rows_that_follow_each_other_are_not_copied() -> None:
    x = torch.arange(10.0)
    assert get(ArraySource(x=x), 3, 4, 5)["x"].data_ptr() == x[3:].data_ptr()


@pytest.mark.parametrize(
    ("numbers", "together"),
    [((), False), ((7,), True), ((3, 4, 5), True), ((3, 5, 4, 6), False), ((5, 4, 3), False)],
)
def test_rows_stand_together_only_when_each_follows_the_other(
    numbers: tuple[int, ...], together: bool
) -> None:
    assert stand_together(rows(*numbers)) is together


def test_columns_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match="3 rows, where x has 4"):
        ArraySource(x=np.zeros(4), y=np.zeros(3))
    with pytest.raises(DataError, match="needs a column"):
        ArraySource()
    with pytest.raises(DataError, match="a single value"):
        ArraySource(x=np.float64(3) * np.ones(()))
    with pytest.raises(DataError, match="torch has no type") as caught:
        ArraySource(x=np.array(["a", "b"]))
    assert "astype" in caught.value.mend


def ragged() -> RaggedSource:
    return RaggedSource(
        rows(2, 2, 5),
        {"ids": rows(1, 2, 3, 4, 5), "steps": torch.arange(10.0).reshape(5, 2)},
        padding={"ids": 9},
        columns={"target": rows(0, 1, 0)},
    )


def test_ragged_samples_are_padded_to_the_longest_of_the_batch() -> None:
    batch = get(ragged(), 0, 2, 1)
    assert batch["ids"].tolist() == [[1, 2, 9], [3, 4, 5], [9, 9, 9]]
    assert batch["mask"].tolist() == [[True, True, False], [True] * 3, [False] * 3]
    assert batch["steps"][0].tolist() == [[0, 1], [2, 3], [0, 0]]
    assert batch["steps"][1].tolist() == [[4, 5], [6, 7], [8, 9]]
    assert batch["target"].tolist() == [0, 0, 1]
    assert get(ragged(), 0, 1)["ids"].shape == (2, 2)


def test_ragged_batches_can_be_empty() -> None:
    assert get(ragged(), 1)["steps"].shape == (1, 0, 2)
    assert get(ragged())["ids"].shape == (0, 0)


def test_ragged_sources_know_their_lengths() -> None:
    assert isinstance(ragged(), Measured)
    assert ragged().lengths.tolist() == [2, 0, 3]


def test_ragged_values_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match="4 steps, where the samples' ends say 5") as caught:
        RaggedSource(rows(2, 5), {"ids": rows(1, 2, 3, 4)})
    assert "cumsum" in caught.value.mend
    with pytest.raises(DataError, match="do not ascend"):
        RaggedSource(rows(3, 2), {"ids": rows(1, 2)})
    with pytest.raises(DataError, match="1 rows, where ends has 2"):
        RaggedSource(rows(1, 2), {"ids": rows(1, 2)}, columns={"target": rows(0)})


def test_a_subset_asks_for_the_indices_of_the_whole() -> None:
    part = subset(ragged(), rows(2, 0))
    assert len(part) == 2
    assert isinstance(part, Measured)
    assert part.lengths.tolist() == [3, 2]
    assert get(part, 1)["ids"].tolist() == [[1, 2]]


def test_a_part_of_a_source_without_lengths_has_none() -> None:
    plain = ArraySource(x=rows(5, 6, 7))
    assert not isinstance(subset(plain, rows(1)), Measured)
    assert not isinstance(concatenated([plain, ragged()]), Measured)


def test_sources_in_a_row_keep_the_order_that_was_asked() -> None:
    joined = concatenated(
        [ArraySource(x=rows(0, 1, 2)), ArraySource(x=rows(3)), ArraySource(x=rows(4, 5))]
    )
    assert len(joined) == 6
    assert get(joined, 5, 0, 3, 4, 1, 0)["x"].tolist() == [5, 0, 3, 4, 1, 0]
    assert get(joined, 5, 4)["x"].tolist() == [5, 4]
    assert get(joined)["x"].tolist() == []


def test_sources_in_a_row_know_their_lengths_where_all_do() -> None:
    joined = concatenated([ragged(), WithLengths(ArraySource(x=rows(1)), rows(7))])
    assert isinstance(joined, Measured)
    assert joined.lengths.tolist() == [2, 0, 3, 7]


def test_samples_of_different_shape_do_not_go_into_one_batch() -> None:
    joined = concatenated([ArraySource(x=np.zeros((2, 3))), ArraySource(x=np.zeros((2, 4)))])
    with pytest.raises(DataError, match="do not fit into one batch") as caught:
        get(joined, 0, 3)
    assert "into one source" in caught.value.mend
