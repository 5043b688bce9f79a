"""Work for the tests of `compute`: functions of a module that workers can import."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from trainwright.core.errors import DataError, Fault


def doubled(numbers: Iterable[int]) -> Iterator[int]:
    """A result an item."""
    for number in numbers:
        yield 2 * number


def summed(numbers: Iterable[int]) -> Iterator[int]:
    """A result a share."""
    yield sum(numbers)


def in_which_process(numbers: Iterable[int]) -> Iterator[int]:
    for _ in numbers:
        yield os.getpid()


def first_last(folder: Path, numbers: Iterable[int]) -> Iterator[int]:
    """Item 0 is done only when all others are: as many as the folder is told of."""
    wanted = int((folder / "others").read_text())
    for number in numbers:
        if number:
            (folder / f"done-{number}").touch()
        for _ in range(6000):
            if number or len(list(folder.glob("done-*"))) == wanted:
                break
            time.sleep(0.01)
        else:
            raise AssertionError("nobody worked on the other items meanwhile")
        yield number


def dies_once(folder: Path, numbers: Iterable[int]) -> Iterator[int]:
    """The worker that first comes to item 2 is killed, when it has given a result."""
    for number in numbers:
        yield 10 * number
        if number == 2 and not (folder / "died").exists():
            (folder / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        yield 10 * number + 1


def dies(numbers: Iterable[int]) -> Iterator[int]:
    for number in numbers:
        os.kill(os.getpid(), signal.SIGKILL)
        yield number


def refuses(odd: tuple[int, ...], numbers: Iterable[int]) -> Iterator[int]:
    for number in numbers:
        if number in odd:
            fault = Fault("and this", f"row {number + 1}", "mend it too")
            raise DataError(
                f"{number} is odd", where=f"row {number}", mend="mend it", others=[fault]
            )
        yield number


def finds_no_room(numbers: Iterable[int]) -> Iterator[int]:
    for number in numbers:
        if number:
            raise OSError(errno.ENOSPC, "No space left on device", "/disk")
        yield number


def breaks(numbers: Iterable[int]) -> Iterator[int]:
    for number in numbers:
        yield 1 // number


def says(numbers: Iterable[int]) -> Iterator[int]:
    for number in numbers:
        print("to standard output", flush=True)
        yield number
