"""What becomes of an image depends on (seed, epoch, its index) alone: not on its batch."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.models.images.augmentation import Changes, augment

ALL = Changes(flip=True, shift=0.2, rotation=30, scale=0.2, colour=0.3)
changes = st.builds(
    Changes,
    flip=st.booleans(),
    shift=st.sampled_from([0.0, 0.2]),
    rotation=st.sampled_from([0.0, 25.0]),
    scale=st.sampled_from([0.0, 0.3]),
    colour=st.sampled_from([0.0, 0.4]),
)


def images(count: int, channels: int, side: int) -> torch.Tensor:
    values = np.random.default_rng(0).integers(0, 256, (count, channels, side, side + 3))
    return torch.from_numpy(values.astype(np.uint8))


@settings(max_examples=25, deadline=None)
@given(
    changes=changes,
    channels=st.sampled_from([1, 3]),
    side=st.integers(1, 9),
    cuts=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    seed=st.integers(0, 99),
    epoch=st.integers(0, 9),
)
def test_any_batches_give_the_same_bits(
    changes: Changes, channels: int, side: int, cuts: list[int], seed: int, epoch: int
) -> None:
    rows = np.random.default_rng(seed).permutation(100)[: sum(cuts)].astype(np.int64)
    pixels = images(100, channels, side)
    whole = augment(pixels[torch.from_numpy(rows)], changes, seed=seed, epoch=epoch, rows=rows)
    start = 0
    for length in cuts:
        part = rows[start : start + length]
        ours = augment(pixels[torch.from_numpy(part)], changes, seed=seed, epoch=epoch, rows=part)
        assert torch.equal(ours, whole[start : start + length])
        start += length


@settings(max_examples=25, deadline=None)
@given(changes=changes, channels=st.sampled_from([1, 3]), seed=st.integers(0, 99))
def test_values_stay_within_those_of_pixels(changes: Changes, channels: int, seed: int) -> None:
    rows = np.arange(8)
    changed = augment(images(8, channels, 7), changes, seed=seed, epoch=0, rows=rows)
    assert changed.shape == (8, channels, 7, 10)
    assert changed.dtype == torch.float32
    assert float(changed.min()) >= 0
    assert float(changed.max()) <= 255.01


def test_no_change_leaves_pixels_as_they_are() -> None:
    pixels = images(4, 3, 6)
    assert torch.equal(
        augment(pixels, Changes(), seed=0, epoch=0, rows=np.arange(4)), pixels.float()
    )


def test_a_mirrored_image_is_the_image_from_right_to_left() -> None:
    pixels = images(40, 1, 6)
    changed = augment(pixels, Changes(flip=True), seed=3, epoch=0, rows=np.arange(40))
    turned = pixels.float().flip(-1)
    kept = [
        (one - ours.float()).abs().max() < 1e-2 for one, ours in zip(changed, pixels, strict=True)
    ]
    flipped = [(one - ours).abs().max() < 1e-2 for one, ours in zip(changed, turned, strict=True)]
    assert all(one != other for one, other in zip(kept, flipped, strict=True))
    assert 8 < sum(flipped) < 32


def test_a_shift_moves_pixels_by_a_share_of_the_side() -> None:
    pixels = torch.zeros(64, 1, 21, 21, dtype=torch.uint8)
    pixels[:, :, 10, 10] = 255
    changed = augment(pixels, Changes(shift=0.2), seed=0, epoch=0, rows=np.arange(64))
    places = torch.arange(21).float()
    across = (changed.sum((1, 2)) @ places) / changed.sum((1, 2, 3)) - 10
    assert float(across.abs().max()) <= 4.2
    assert float(across.abs().max()) > 3


def test_a_quarter_turn_keeps_squares_square() -> None:
    pixels = images(1, 1, 9)[:, :, :, :9]
    turns = [
        augment(pixels, Changes(rotation=90), seed=seed, epoch=0, rows=np.arange(1))
        for seed in range(40)
    ]
    middle = pixels[0, 0, 4, 4].float()
    assert max(float((turn[0, 0, 4, 4] - middle).abs()) for turn in turns) < 0.1


def test_epochs_and_seeds_change_what_happens() -> None:
    pixels, rows = images(4, 1, 8), np.arange(4)
    found = [
        augment(pixels, ALL, seed=seed, epoch=epoch, rows=rows)
        for seed in (0, 1)
        for epoch in (0, 1)
    ]
    assert all(
        not torch.equal(one, other)
        for place, one in enumerate(found)
        for other in found[place + 1 :]
    )
