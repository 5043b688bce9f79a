"""Batches of images: scaled, augmented in training, and in two views where nothing is labelled."""

from __future__ import annotations

import numpy as np
import torch
from tests.unit.models.images.conftest import corners
from torch import nn

from trainwright.models.images.augmentation import Changes
from trainwright.models.images.source import ImageSource, TwoViews, channel_statistics
from trainwright.training.feeding.loader import epoch_batches
from trainwright.training.objectives.contrastive import NTXent

IMAGES = corners(20, channels=3).features
CHANGES = Changes(shift=0.1, colour=0.3)
ROWS = np.arange(6)


def test_channels_are_scaled_each_by_its_own_numbers() -> None:
    source = ImageSource(IMAGES, mean=(1.0, 2.0, 3.0), std=(2.0, 4.0, 8.0))
    inputs = source.batch(ROWS, epoch=0, training=True)["inputs"]
    pixels = IMAGES.values[:6].astype(np.float32)
    wanted = (pixels - np.array([1, 2, 3])[:, None, None]) / np.array([2, 4, 8])[:, None, None]
    assert np.allclose(inputs.numpy(), wanted)


def test_statistics_are_those_of_all_pixels() -> None:
    mean, std = channel_statistics(IMAGES)
    values = IMAGES.values.astype(np.float64)
    assert np.allclose(mean, values.mean(axis=(0, 2, 3)))
    assert np.allclose(std, values.std(axis=(0, 2, 3)))


def test_the_pixels_that_are_kept_stay_as_they_are() -> None:
    before = IMAGES.values.copy()
    ImageSource(IMAGES, mean=(9.0,) * 3, std=(3.0,) * 3).batch(ROWS, epoch=0, training=False)
    assert (IMAGES.values == before).all()


def test_two_views_differ_and_are_a_function_of_seed_epoch_and_index() -> None:
    views = TwoViews(IMAGES, mean=(0.0,) * 3, std=(1.0,) * 3, changes=CHANGES, seed=4)
    first = views.batch(ROWS, epoch=1, training=True)
    again = views.batch(ROWS[2:4], epoch=1, training=True)
    assert not torch.equal(first["first"], first["second"])
    assert all(torch.equal(first[name][2:4], again[name]) for name in first)
    later = views.batch(ROWS, epoch=2, training=True)
    assert not torch.equal(first["first"], later["first"])
    judged = [views.batch(ROWS, epoch=epoch, training=False)["first"] for epoch in (1, 2)]
    assert torch.equal(*judged)


def test_views_of_one_image_are_found_by_contrast() -> None:
    views = TwoViews(IMAGES, mean=(80.0,) * 3, std=(60.0,) * 3, changes=CHANGES)
    model = nn.Sequential(nn.Flatten(), nn.Linear(192, 16))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses = []
    for epoch in range(15):
        for _, batch in epoch_batches(views, seed=0, epoch=epoch, batch_size=20):
            part = NTXent().parts(model, batch)["nt_xent"]
            loss = part.sum / part.count
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))
    assert losses[-1] < losses[0] - 0.1
