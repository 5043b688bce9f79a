"""Every kind of file becomes the same pixels; what is damaged or too large is refused with its reason."""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from trainwright.data.images import decoding
from trainwright.data.images.decoding import ImageFacts, check, decode, look

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 256, (6, 9), dtype=np.uint8)
COLOUR = RANDOM.integers(0, 256, (6, 9, 3), dtype=np.uint8)


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "TIFF"])
def test_a_grey_image_keeps_its_pixels_in_every_lossless_format(kind: str) -> None:
    pixels = decode(saved(Image.fromarray(GREY), kind), channels=1, height=6, width=9)
    assert pixels.shape == (1, 6, 9)
    assert (pixels[0] == GREY).all()


def test_a_colour_image_has_its_channels_first() -> None:
    pixels = decode(saved(Image.fromarray(COLOUR)), channels=3, height=6, width=9)
    assert (pixels == COLOUR.transpose(2, 0, 1)).all()


def test_a_palette_image_has_the_colours_of_its_palette() -> None:
    few = Image.fromarray(COLOUR).quantize(8)
    pixels = decode(saved(few), channels=3, height=6, width=9)
    assert (pixels == np.asarray(few.convert("RGB")).transpose(2, 0, 1)).all()


def test_sixteen_bits_are_scaled_to_eight() -> None:
    wide = np.array([[0, 257, 65_535, 32_768]], dtype=np.uint16)
    pixels = decode(saved(Image.fromarray(wide)), channels=1, height=1, width=4)
    assert pixels.tolist() == [[[0, 1, 255, 128]]]


def test_what_is_transparent_is_white() -> None:
    clear = Image.new("RGBA", (2, 1), (255, 0, 0, 0))
    clear.putpixel((1, 0), (10, 20, 30, 255))
    pixels = decode(saved(clear), channels=3, height=1, width=2)
    assert pixels[:, 0].T.tolist() == [[255, 255, 255], [10, 20, 30]]


def test_an_image_is_turned_as_the_camera_says() -> None:
    image = Image.fromarray(GREY)
    exif = image.getexif()
    exif[0x0112] = 6  # the top is at the right: turned a quarter
    data = saved(image, "PNG", exif=exif)
    assert look(data) == ImageFacts(height=9, width=6, channels=1)
    assert (decode(data, channels=1, height=9, width=6)[0] == np.rot90(GREY, k=-1)).all()


def test_shrinking_averages_what_it_leaves_out() -> None:
    stripes = np.tile(np.array([[0, 255]], dtype=np.uint8), (16, 8))
    pixels = decode(saved(Image.fromarray(stripes)), channels=1, height=4, width=4)
    assert np.abs(pixels.astype(int) - 127).max() < 30


def test_an_image_that_unpacks_to_too_many_pixels_is_refused_before_it_is_unpacked() -> None:
    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    for side in (9_000, 60_000):
        head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
        bomb = (
            b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
        )
        with pytest.raises(ValueError, match=r"pixels.* that an image may have"):
            look(bomb)


def test_a_file_of_too_many_bytes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "MAX_BYTES", 10)
    with pytest.raises(ValueError, match="bytes, more than the 10"):
        check(saved(Image.fromarray(GREY)))


def test_a_cut_file_is_damaged() -> None:
    data = saved(Image.fromarray(COLOUR))
    with pytest.raises(ValueError, match="damaged"):
        check(data[: len(data) // 2])


def test_spoilt_bytes_never_end_in_anything_but_pixels_or_a_reason() -> None:
    sound = saved(Image.fromarray(COLOUR), "GIF")
    for place in range(0, len(sound), 7):
        spoilt = bytearray(sound)
        spoilt[place] ^= 0xFF
        with suppress(ValueError):
            decode(bytes(spoilt), channels=3, height=6, width=9)


@pytest.mark.parametrize("data", [b"", b"hello", b"%PDF-1.4", b"<svg></svg>"])
def test_what_is_no_image_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"no image|0 bytes"):
        check(data)


def test_pixels_of_32_bits_are_refused_since_nothing_says_what_is_white() -> None:
    data = saved(Image.fromarray(RANDOM.random((4, 4), dtype=np.float32)), "TIFF")
    with pytest.raises(ValueError, match="8 or 16 bits"):
        check(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF"])
def test_a_file_that_ends_in_its_head_is_told_to_be_cut_off(kind: str) -> None:
    with pytest.raises(ValueError, match=r"cut off|truncated|damaged"):
        look(saved(Image.fromarray(GREY), kind)[:12])
    with pytest.raises(ValueError, match="no image: it begins with"):
        look(b"not an image at all")
