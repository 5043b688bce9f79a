"""Brightness and size are all that is remembered of images."""

from __future__ import annotations

import io

import numpy as np
import polars as pl
import pytest
from PIL import Image

from trainwright.summaries.images import brightness, draw_image, sizes


def saved(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind)
    return stream.getvalue()


FILES = pl.Series(
    "scan",
    [
        saved(np.full((4, 6), 200, np.uint8)),
        saved(np.zeros((5, 5, 3), np.uint8)),
        saved(np.full((3, 3), 65_535, np.uint16)),
        None,
        b"no image",
    ],
    dtype=pl.Binary,
)


def test_brightness_is_the_mean_of_the_pixels() -> None:
    assert brightness(FILES).to_list() == [200.0, 0.0, 255.0, None, None]


def test_sizes_are_width_height_and_channels() -> None:
    assert sizes(FILES).to_list() == ["6x4x1", "5x5x3", "3x3x1", None, None]


@pytest.mark.parametrize(("size", "shape"), [("6x4x1", (4, 6)), ("9x7x3", (7, 9, 3))])
def test_noise_is_drawn_as_a_file_that_others_can_read(size: str, shape: tuple[int, ...]) -> None:
    data = draw_image(size, np.random.default_rng(0))
    pixels = np.asarray(Image.open(io.BytesIO(data)))
    assert pixels.shape == shape
    assert pixels.std() > 40
    assert data == draw_image(size, np.random.default_rng(0))


def test_noise_is_no_larger_than_64_pixels_a_side() -> None:
    image = Image.open(io.BytesIO(draw_image("4000x3000x3", np.random.default_rng(0))))
    assert image.size == (64, 64)
