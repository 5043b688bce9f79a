"""From the bytes of an image file to pixels, the same for every way in which a file can hold them.

The file's format is told by its first bytes, and only formats of `FORMATS` are tried. Its size is looked
at before any pixel is unpacked, so that a small file which unpacks to gigabytes is refused. Then: the first
frame, turned as the camera says (EXIF), 16 bits scaled to 8, palettes and other colour spaces as RGB, what
is transparent laid over white, grey or colour as asked, and a bilinear resize that averages what it
shrinks. The whole image is kept: where its shape differs from the one asked for it is stretched, not cut.

JPEG files are unpacked at the smallest scale that is at least twice the size asked for, which saves most of
the work on photos. Cost: a PNG of 28 x 28 takes 0.06 ms, a JPEG of 4000 x 3000 77 ms.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from trainwright.core.errors import shorten

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_ANIMATED, _HEAD = b"acTL", 4_096  # what an animated PNG has before its pixels
_BEGINNINGS = (
    _PNG,
    _JPEG,
    b"GIF8",
    b"II*\0",
    b"MM\0*",
)  # of no other files
MAX_BYTES = 64 << 20
MAX_PIXELS = 64_000_000
MID_GREY = 128  # every pixel of an image that is missing

_GREY = ("1", "L", "LA", "La", "I;16", "I;16L", "I;16B", "I;16N")
_SIXTEEN = ("I;16", "I;16L", "I;16B", "I;16N")
_TRANSPARENT = ("LA", "La", "PA", "RGBA", "RGBa")
_UNCLEAR = ("I", "F")  # 32 bits: nothing says which numbers are black and white
_ORIENTATION = 0x0112
_TURNED = (5, 6, 7, 8)  # EXIF orientations that swap height and width


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What the head of a file says.

    Attributes:
        height: In pixels, once the image is upright.
        width: Likewise.
        channels: 1 for grey, 3 for colour.
    """

    height: int
    width: int
    channels: int


def decode(data: bytes, *, channels: int, height: int, width: int) -> NDArray[np.uint8]:
    """The pixels of an image file.

    Args:
        data: The file's bytes.
        channels: 1 for grey, 3 for red, green, blue.
        height: Of the result.
        width: Of the result.

    Returns:
        Shape (channels, height, width).

    Raises:
        ValueError: it is no image of ours, too large, or damaged; says which.
    """
    with _opened(data) as image:
        if image.format == "JPEG":
            longest = max(height, width)
            image.draft(image.mode, (2 * longest, 2 * longest))
        plain = _plain(image).convert("L" if channels == 1 else "RGB")
        if plain.size != (width, height):
            plain = plain.resize((width, height), Image.Resampling.BILINEAR)
        pixels = np.asarray(plain, dtype=np.uint8)
    return pixels[None] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def look(data: bytes) -> ImageFacts:
    """Size and colours, from the head alone.

    Raises:
        ValueError: it is no image of ours, or too large.
    """
    with _opened(data) as image:
        width, height = image.size
        if image.getexif().get(_ORIENTATION) in _TURNED:
            width, height = height, width
        return ImageFacts(height, width, 1 if image.mode in _GREY else 3)


def check(data: bytes) -> None:
    """Unpack all of it.

    Raises:
        ValueError: it is no image of ours, too large, or damaged.
    """
    with _opened(data) as image:
        _plain(image)


def holds_more(data: bytes) -> bool:
    """Does a file hold more pictures than its first: frames of an animation, pages of a scan?

    Raises:
        ValueError: it is no image of ours, or damaged.
    """
    if data.startswith(_PNG):
        return _ANIMATED in data[:_HEAD]
    if data.startswith(_JPEG):
        return False
    with _opened(data) as image:
        return bool(getattr(image, "is_animated", False))


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    if not data:
        raise ValueError("the image is empty: 0 bytes")
    if len(data) > MAX_BYTES:
        raise ValueError(f"{len(data)} bytes, more than the {MAX_BYTES} that an image may have")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata; what is too large is refused below
            image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise ValueError(f"more than the {MAX_PIXELS} pixels that an image may have") from error
    except UnidentifiedImageError as error:
        known = ", ".join(FORMATS)
        if data.startswith(_BEGINNINGS):
            what = f"the image is cut off, or damaged at its beginning: {len(data)} bytes"
            raise ValueError(what) from error
        raise ValueError(f"no image: it begins with {data[:8]!r}; known are {known}") from error
    except MemoryError:
        raise
    except Exception as error:  # parsers of formats raise whatever they stumble over
        raise ValueError(_damage(error)) from error
    with image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise ValueError(
                f"{width} x {height} pixels, more than the {MAX_PIXELS} that an image may have"
            )
        if image.mode in _UNCLEAR:
            raise ValueError(f"pixels of 32 bits (mode {image.mode}); save it with 8 or 16 bits")
        try:
            yield image
        except MemoryError:
            raise
        except Exception as error:  # likewise
            raise ValueError(_damage(error)) from error


def _plain(image: Image.Image) -> Image.Image:
    """Upright, in 8 bits, without transparency."""
    image.load()
    upright = ImageOps.exif_transpose(image)
    if upright.mode in _SIXTEEN:
        wide = np.asarray(upright).astype(np.uint32)
        return Image.fromarray(((wide * 255 + 32_767) // 65_535).astype(np.uint8))
    if upright.mode in _TRANSPARENT or "transparency" in upright.info:
        ink = upright.convert("RGBA")
        paper = Image.new("RGBA", ink.size, (255, 255, 255, 255))
        return Image.alpha_composite(paper, ink).convert("RGB")
    return upright


def _damage(error: Exception) -> str:
    return f"the image is damaged: {shorten(str(error) or type(error).__name__, 100)}"
