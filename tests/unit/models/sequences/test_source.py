from __future__ import annotations

import numpy as np
import torch

from series_case import series
from trainwright.models.sequences.source import SeriesSource
from trainwright.training.protocols import Measured, Source


def test_rows_are_filled_up_to_whole_patches_before_and_to_the_longest_behind() -> None:
    features = series([3, 4, 1], channels=1)
    source = SeriesSource(features, multiple=2, target=np.array([7.0, 8.0, 9.0]))
    assert isinstance(source, Source)
    assert isinstance(source, Measured)
    assert source.lengths.tolist() == [4, 4, 2]
    batch = source.batch(np.array([2, 0]), epoch=0, training=True)
    assert batch["mask"].tolist() == [[False, True, False, False], [False, True, True, True]]
    assert batch["series"][0, 1, 0] == np.float32(features.values[7, 0])
    assert batch["series"][1, 1:, 0].tolist() == features.values[:3, 0].astype(np.float32).tolist()
    assert batch["series"][~batch["mask"]].abs().sum() == 0
    assert batch["target"].tolist() == [9.0, 7.0]


def test_a_row_is_laid_out_alike_in_any_batch() -> None:
    source = SeriesSource(series([3, 9]), multiple=4, target=None)
    alone = source.batch(np.array([0]), epoch=0, training=False)
    beside = source.batch(np.array([0, 1]), epoch=0, training=False)
    assert torch.equal(alone["series"][0], beside["series"][0, :4])
    assert not beside["mask"][0, 4:].any()
