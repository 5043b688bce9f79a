"""Small pictures for reports."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from trainwright.data.images.thumbnails import SIDE, thumbnail


def png(height: int, width: int) -> bytes:
    written = io.BytesIO()
    ramp = np.linspace(0, 255, height * width).reshape(height, width).astype(np.uint8)
    Image.fromarray(ramp).save(written, "PNG")
    return written.getvalue()


@pytest.mark.parametrize(("height", "width"), [(600, 300), (28, 28), (1, 900), (90, 91)])
def test_a_picture_keeps_its_shape_and_is_small(height: int, width: int) -> None:
    url = thumbnail(png(height, width))
    assert url is not None
    kind, _, data = url.partition(",")
    assert kind == "data:image/jpeg;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        assert max(image.size) == SIDE
        assert image.size == (
            max(1, SIDE * width // max(height, width)),
            max(1, SIDE * height // max(height, width)),
        )


def test_what_cannot_be_decoded_has_none() -> None:
    assert thumbnail(b"no image") is None
    assert thumbnail(png(40, 40)[:60]) is None
