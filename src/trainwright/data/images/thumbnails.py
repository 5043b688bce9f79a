"""Small pictures of images, which stand in a report beside what was found in them."""

from __future__ import annotations

import base64
import io

from PIL import Image

from trainwright.data.images.decoding import decode, look

SIDE = 72  # pixels of the longer side
_QUALITY = 80


def thumbnail(data: bytes) -> str | None:
    """An image as a data URL of a JPEG, its longer side 72 pixels.

    Args:
        data: The bytes of an image file.

    Returns:
        None where it cannot be decoded.
    """
    try:
        facts = look(data)
        longest = max(facts.height, facts.width)
        height, width = (max(1, SIDE * side // longest) for side in (facts.height, facts.width))
        pixels = decode(data, channels=3, height=height, width=width)
    except ValueError:
        return None
    written = io.BytesIO()
    Image.fromarray(pixels.transpose(1, 2, 0)).save(written, "JPEG", quality=_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(written.getvalue()).decode()}"
