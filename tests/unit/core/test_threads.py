from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from trainwright.core import threads
from trainwright.core.threads import num_threads, thread_pool


def test_one_thread_does_the_work_of_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "num_threads", lambda: 1)
    with thread_pool() as pool:
        assert pool.submit(threading.get_ident).result() == threading.get_ident()
        assert list(pool.map(pow, [2, 3], [3, 2])) == [8, 9]
        with pytest.raises(ZeroDivisionError):
            pool.submit(divmod, 1, 0).result()
        started = []
        coming = pool.map(started.append, [1, 2])
        next(coming)
        assert started == [1]


def test_two_threads_are_a_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "num_threads", lambda: 2)
    with thread_pool() as pool:
        assert isinstance(pool, ThreadPoolExecutor)
        assert pool.submit(threading.get_ident).result() != threading.get_ident()


@pytest.mark.parametrize(
    ("said", "cores", "found"),
    [("1", 8, 1), ("2", 8, 2), ("16", 8, 2), ("", 8, 2), ("", 1, 1), ("0", 8, 2), ("many", 1, 1)],
)
def test_who_gives_polars_one_thread_gets_one(
    said: str, cores: int, found: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLARS_MAX_THREADS", said)
    monkeypatch.setattr(threads, "_num_cores", lambda: cores)
    assert num_threads() == found


def test_cores_are_those_of_this_process() -> None:
    assert 1 <= threads._num_cores() <= (os.cpu_count() or 1)
