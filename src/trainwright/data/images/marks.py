"""The mark in place of an image that cannot be decoded, until its row is left out (`images.quarantine`)."""

from __future__ import annotations

MARK = b"\0unreadable\0"  # no image file begins like this


def marked(where: str, why: str) -> bytes:
    """The mark of one image.

    Args:
        where: Names the image; of no two rows alike.
        why: What the decoder said.
    """
    return MARK + f"{where}\0{why}".encode(errors="replace")


def read_mark(data: bytes) -> tuple[str, str]:
    """Inverse of `marked`."""
    where, _, why = data.removeprefix(MARK).decode(errors="replace").partition("\0")
    return where, why
