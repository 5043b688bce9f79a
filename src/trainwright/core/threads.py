"""Threads for work that libraries do outside the interpreter's lock: two, or one where Polars has one.

Who sets `POLARS_MAX_THREADS` to 1 wants one core used: then the work is done by the thread that asks for
it, at once. Handing it to another one would move arrays from core to core for nothing, a seventh of the
CPU time of a preparation.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

_MOST = 2


def num_threads() -> int:
    """Threads that share such work: no more than there are cores for this process."""
    said = os.environ.get("POLARS_MAX_THREADS", "")
    allowed = int(said) if said.isascii() and said.isdigit() else 0
    return min(_MOST, allowed or _num_cores())


def thread_pool() -> Executor:
    """That many threads; use it as a context."""
    most = num_threads()
    return ThreadPoolExecutor(most) if most > 1 else _Caller()


def _num_cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # not everywhere
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Caller(Executor):
    """No thread at all: what is submitted is done before `submit` returns."""

    def submit(
        self,
        fn: Callable[..., Any],
        /,
        *args: Any,  # noqa: ANN401 - as the function takes them
        **kwargs: Any,  # noqa: ANN401
    ) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:
            done.set_exception(error)
        return done

    def map(
        self,
        fn: Callable[..., Any],
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,
    ) -> Iterator[Any]:
        return map(fn, *iterables)
