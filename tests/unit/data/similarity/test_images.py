from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from trainwright.data.similarity.images import near_images, within


def picture(seed: int) -> Image.Image:
    """Smooth colours, as in photos."""
    noise = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((192, 192), Image.Resampling.BICUBIC)


def file(image: Image.Image, form: str = "PNG", **said) -> bytes:
    made = io.BytesIO()
    image.save(made, form, **said)
    return made.getvalue()


ALTERED = {
    "resized": lambda image: file(image.resize((100, 100))),
    "recompressed": lambda image: file(image, "JPEG", quality=50),
    "darker": lambda image: file(ImageEnhance.Brightness(image).enhance(0.8)),
}


@pytest.mark.parametrize("alter", ALTERED)
def test_altered_copies_are_found_and_nothing_else(alter: str) -> None:
    plain = [picture(seed) for seed in range(40)]
    files = [file(image) for image in plain] + [ALTERED[alter](image) for image in plain[:10]]
    found = near_images(files, num_images=50)
    assert found.row.tolist() == [*range(10), *range(40, 50)]
    assert found.first.tolist() == [*range(10), *range(10)]
    assert (found.strength >= 0.9).all()


def test_images_of_one_colour_and_damaged_ones_are_not_judged() -> None:
    grey = file(Image.new("RGB", (40, 40), (90, 90, 90)))
    assert len(near_images([grey, grey, None, b"no image"], num_images=4).row) == 0


def test_the_same_outline_in_other_colours_is_another_image() -> None:
    red, blue = np.zeros((32, 32, 3), np.uint8), np.zeros((32, 32, 3), np.uint8)
    red[8:24, 4:20] = (200, 20, 20)
    blue[8:24, 4:20] = (20, 50, 230)
    files = [file(Image.fromarray(pixels)) for pixels in (red, blue)]
    assert len(near_images(files, num_images=2).row) == 0


@pytest.mark.parametrize("radius", [0, 3, 6, 9])
def test_every_pair_within_the_radius_is_found(radius: int) -> None:
    rng = np.random.default_rng(radius)
    base = rng.integers(0, 2**63, 40, dtype=np.uint64)
    flipped = [
        hashed ^ np.uint64(sum(1 << int(bit) for bit in rng.choice(64, count, replace=False)))
        for hashed in base
        for count in (3, 6, 9, 12)
    ]
    hashes = np.unique(np.concatenate([base, np.array(flipped, np.uint64)]))
    found = {
        (int(a), int(b))
        for left, right in within(hashes, radius)
        for a, b in zip(left, right, strict=True)
    }
    distances = np.bitwise_count(hashes[:, None] ^ hashes[None, :])
    assert found == {(int(a), int(b)) for a, b in np.argwhere(distances <= radius) if a < b}
