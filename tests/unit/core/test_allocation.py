from __future__ import annotations

import ctypes
from types import SimpleNamespace

import numpy as np
import pytest

from trainwright.core import allocation
from trainwright.core.allocation import kept_memory


class Library:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[int, ...]] = []
        self.trims = 0

    def mallopt(self, option: int, value: int) -> int:
        self.told.append((option, value))
        return 1

    def malloc_trim(self, _: int) -> int:
        self.trims += 1
        return 1


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    library = Library()
    monkeypatch.setattr(allocation, "_glibc", lambda: library)
    for name in ("GLIBC_TUNABLES", "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"):
        monkeypatch.delenv(name, raising=False)
    return library


def test_memory_goes_back_when_the_last_one_leaves(library: Library) -> None:
    with kept_memory():
        with kept_memory():
            pass
        assert library.trims == 0
        assert {value for _, value in library.told} == {1 << 30}
    assert library.trims == 1
    assert dict(library.told) == {-3: 32 << 20, -1: 64 << 20}


def test_memory_goes_back_after_a_fault(library: Library) -> None:
    with pytest.raises(KeyError), kept_memory():
        raise KeyError
    assert library.trims == 1


def test_what_the_user_has_set_stays(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "1")
    with kept_memory():
        pass
    assert not library.told


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    allocation._glibc.cache_clear()
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace())
    try:
        with kept_memory():
            assert np.ones(10).sum() == 10
    finally:
        allocation._glibc.cache_clear()


def test_the_real_library_takes_the_settings() -> None:
    libc = allocation._glibc()
    if libc is None:
        pytest.skip("the C library here is not glibc")
    assert libc.mallopt(-3, 32 << 20) == 1
    assert libc.mallopt(-1, 64 << 20) == 1
