"""What is remembered of images: how bright they are and how large, and nothing that shows one.

Brightness is the mean over pixels from 0 (black) to 255; large images are looked at in a small version.
"""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import polars as pl
from numpy.typing import NDArray

_GLANCE = 64  # pixels a side that are enough for a mean
_GREY_MODES = ("1", "L", "LA", "I;16", "I;16B")


def brightness(files: pl.Series) -> pl.Series:
    """Of each image; Float64, null where there is none or where it cannot be read.

    Args:
        files: The bytes of image files.
    """
    found = [None if data is None else _brightness(data) for data in files]
    return pl.Series(files.name, found, dtype=pl.Float64)


def sizes(files: pl.Series) -> pl.Series:
    """Width x height x channels of each image, as text: 28x28x1; null where there is none."""
    found = [None if data is None else _size(data) for data in files]
    return pl.Series(files.name, found, dtype=pl.String)


def draw_image(size: str, random: np.random.Generator) -> bytes:
    """Noise of a size such as 28x28x1 as a PNG file, at most 64 pixels a side; the same bytes anywhere."""
    width, height, channels = (int(part) for part in size.split("x"))
    width, height = min(width, _GLANCE), min(height, _GLANCE)
    kind, depth = (2, 3) if channels == 3 else (0, 1)
    pixels: NDArray[np.uint8] = random.integers(0, 256, (height, width * depth), dtype=np.uint8)
    lines = np.concatenate([np.zeros((height, 1), np.uint8), pixels], axis=1).tobytes()
    head = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(lines, level=0)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _brightness(data: bytes) -> float | None:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            image.draft("L", (_GLANCE, _GLANCE))
            wide = image.mode.startswith("I;16")
            pixels = np.asarray(image if wide else image.convert("L"))
    except (OSError, ValueError, SyntaxError):
        return None
    return float(pixels.astype(np.int64).sum()) / pixels.size / (257.0 if wide else 1.0)


def _size(data: bytes) -> str | None:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            width, height = image.size
            return f"{width}x{height}x{1 if image.mode in _GREY_MODES else 3}"
    except (OSError, ValueError, SyntaxError):
        return None
