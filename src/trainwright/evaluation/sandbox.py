"""Does a program that a model wrote pass its tests? Found out in a child process that can do no harm.

Each program has a process of its own with an empty environment, in an empty folder, without a network, that
can start no other, write no file, and ends at a limit of processor time, wall time and memory (see
`evaluation.confined`). What it prints is thrown away. Needs Linux on x86-64; elsewhere it is refused rather
than run unconfined.

What is not guarded against is a program that sets out to deceive its tests: it shares an interpreter with
them, so it could look for the secret word, or make every comparison true. Where the kernel has no Landlock
it could also read what this user may read, and tell nobody.
"""

from __future__ import annotations

import json
import math
import os
import platform
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from trainwright.core.errors import EnvironmentFault

Outcome = Literal["passed", "failed", "timeout"]

LIMIT_PROGRAM = 1 << 20  # characters
PATIENCE = 6
_CONFINED = Path(__file__).with_name("confined.py")
_MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What a program may use.

    Attributes:
        seconds: Of processor time, rounded up; of wall time `PATIENCE` times as many, since how busy the
            machine is must not decide what passes.
        memory_bytes: Of address space; the interpreter itself takes about 30 MB of it.
    """

    seconds: float = 5.0
    memory_bytes: int = 512 * _MEGABYTE


def run_programs(
    programs: Sequence[str], *, limits: Limits | None = None, workers: int = 2
) -> list[Outcome]:
    """What came of each program with its tests behind it.

    Args:
        programs: Python source; passed is what comes to its end without an exception.
        limits: Of each.
        workers: How many at a time.

    Raises:
        EnvironmentFault: this machine cannot confine programs.
    """
    check_sandbox()
    used = limits or Limits()
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda program: _run(program, used), programs))


@cache
def check_sandbox() -> None:
    """Refuse a machine that cannot confine programs (EnvironmentFault)."""
    is_known = sys.platform == "linux" and platform.machine() == "x86_64"
    if is_known and _run("import decimal, random", Limits(seconds=30.0)) == "passed":
        return
    raise EnvironmentFault(
        "programs that a model wrote can be run on Linux on x86-64 alone, with a kernel that filters"
        " system calls",
        where=f"{platform.system()} on {platform.machine()}",
        mend="score them on such a machine; containers may need --security-opt seccomp=unconfined",
    )


def _run(program: str, limits: Limits) -> Outcome:
    word = secrets.token_hex(16)
    request = {
        "program": program,
        "word": word,
        "cpu_seconds": math.ceil(limits.seconds),
        "memory_bytes": limits.memory_bytes,
    }
    if len(program) > LIMIT_PROGRAM:
        return "failed"
    heard, said = os.pipe()
    with tempfile.TemporaryDirectory() as folder, os.fdopen(heard, "rb") as answer:
        try:
            child = subprocess.Popen(
                [sys.executable, "-I", "-S", "-B", str(_CONFINED), str(said)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(said,),
                cwd=folder,
                env={},
                start_new_session=True,
            )
        finally:
            os.close(said)
        is_late = False
        try:
            child.communicate(json.dumps(request).encode(), timeout=PATIENCE * limits.seconds)
        except subprocess.TimeoutExpired:
            is_late = True
        finally:
            if child.poll() is None:  # it can have no children of its own
                child.kill()
            child.wait()
        is_late = is_late or child.returncode in (-signal.SIGXCPU, -signal.SIGKILL)
        is_said = answer.read(len(word) + 1) == word.encode()
    if is_said and child.returncode == 0 and not is_late:
        return "passed"
    return "timeout" if is_late else "failed"
