"""Freed memory is kept for the next array, while rows are gone through block by block.

glibc maps each large array by itself and unmaps it when it is freed, so that the system clears the same
pages once more for the next block: a tenth of all CPU time of a preparation. Here they stay with the
process until the work is done, and are then given back. Where the C library is another one, or the user
has set how it allocates, nothing is changed.

Source: https://man7.org/linux/man-pages/man3/mallopt.3.html
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of malloc.h
_KEPT = 1 << 30  # bytes, below which nothing goes back
_AS_USUAL = {_MMAP_THRESHOLD: 32 << 20, _TRIM_THRESHOLD: 64 << 20}  # where glibc itself ends up
_SAID_BY_USER = ("GLIBC_TUNABLES", "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_")
_lock = threading.Lock()
_users = 0


@contextmanager
def kept_memory() -> Iterator[None]:
    """While inside, freed memory stays with the process; it goes back when the last one leaves."""
    libc = _glibc()
    if libc is None or any(name in os.environ for name in _SAID_BY_USER):
        yield
        return
    _enter(libc)
    try:
        yield
    finally:
        _leave(libc)


def _enter(libc: ctypes.CDLL) -> None:
    global _users
    with _lock:
        _users += 1
        for option in _AS_USUAL:
            libc.mallopt(option, _KEPT)


def _leave(libc: ctypes.CDLL) -> None:
    global _users
    with _lock:
        _users -= 1
        if not _users:
            for option, value in _AS_USUAL.items():
                libc.mallopt(option, value)
            libc.malloc_trim(0)


@cache
def _glibc() -> ctypes.CDLL | None:
    """The C library, where it is glibc."""
    try:
        libc = ctypes.CDLL(None)
        libc.gnu_get_libc_version  # noqa: B018 - no other library has it
    except (OSError, AttributeError, TypeError):
        return None
    return libc
