from __future__ import annotations

import ctypes
import os
import platform
import sys
import time
from pathlib import Path

import pytest

from trainwright.core.errors import EnvironmentFault
from trainwright.evaluation import sandbox
from trainwright.evaluation.sandbox import Limits, run_programs

needs_linux = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="confines on Linux, x86-64"
)
QUICK = Limits(seconds=10.0)


def outcome(program, limits=QUICK):
    return run_programs([program], limits=limits)[0]


GOOD = """
import collections, functools, itertools, json, math, random, re, string, typing, heapq, datetime
def add(a, b):
    print("hello")
    return a + b
assert add(1, 2) == 3
assert math.isclose(random.Random(0).random(), 0.8444218515250481)
assert re.sub("a", "b", "cat") == "cbt"
"""


@needs_linux
def test_programs_that_come_to_their_end_pass_and_others_fail():
    wrong, broken = GOOD.replace("== 3", "== 4"), "def f(:"
    assert run_programs([GOOD, wrong, broken], limits=QUICK) == ["passed", "failed", "failed"]


LEAVES = ["import os; os._exit(0)", "import sys; sys.exit(0)", "raise SystemExit", "exit()"]


@needs_linux
@pytest.mark.parametrize("leave", LEAVES)
def test_leaving_before_the_tests_is_no_pass(leave):
    assert outcome(f"{leave}\nassert False") == "failed"


REFUSED = {
    "a fork bomb": "import os\nwhile True: os.fork()",
    "another program": "import subprocess; subprocess.run(['true'], check=True)",
    "a thread": "import threading; threading.Thread(target=print).start()",
    "the network": "import socket; socket.socket()",
    "writing": "open('here', 'w')",
    "writing outside": "open('{target}', 'a').write('x')",
    "removing": "import os; os.remove('{target}')",
    "making a folder": "import os; os.mkdir('{target}.d')",
    "a signal": "import os, signal; os.kill(os.getppid(), signal.SIGTERM)",
    "a higher limit": "import resource as r; r.setrlimit(r.RLIMIT_AS, (-1, -1))",
    "memory": "x = bytearray(4 << 30)",
    "an endless list": "x = []\nwhile True: x.append('y' * 1_000_000)",
    "depth": "def f(): f()\nf()",
}


@needs_linux
@pytest.mark.parametrize("what", REFUSED)
def test_what_a_program_may_not_do_fails_and_leaves_no_trace(what, tmp_path):
    target = tmp_path / "kept"
    target.write_text("kept")
    assert outcome(REFUSED[what].replace("{target}", str(target))) == "failed"
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert target.read_text() == "kept"


@needs_linux
@pytest.mark.parametrize("program", ["while True: pass", "import time; time.sleep(60)"])
def test_what_never_ends_is_ended(program):
    assert outcome(program, Limits(seconds=0.5)) == "timeout"


@needs_linux
def test_a_busy_machine_does_not_decide_what_passes(monkeypatch):
    """Processor time is what is limited; of the clock there is much more of it."""
    monkeypatch.setattr(sandbox, "PATIENCE", 10_000)
    assert outcome("import time; time.sleep(0.05)", Limits(seconds=0.01)) == "passed"
    assert outcome("while True: pass", Limits(seconds=0.01)) == "timeout"


@needs_linux
def test_endless_output_goes_nowhere():
    shouting = "import os\nwhile True: os.write(1, b'x' * 65536)"
    assert outcome(shouting, Limits(seconds=0.5)) == "timeout"
    everywhere = "import os\nfor fd in range(3, 60):\n  try: os.write(fd, b'x' * 99999999)\n"
    choking = everywhere + "  except OSError: pass"
    assert outcome(choking, Limits(seconds=2.0)) != "passed"


@needs_linux
def test_the_environment_is_empty(monkeypatch):
    monkeypatch.setenv("SECRET", "s3cret")
    program = (
        "import os\nassert 'SECRET' not in os.environ\nassert len(os.environ) <= 1, os.environ"
    )
    assert outcome(program) == "passed"
    assert outcome("import sys; assert not any('site-packages' in p for p in sys.path)") == "passed"
    assert os.environ["SECRET"] == "s3cret"


@needs_linux
def test_files_of_the_user_cannot_be_read_where_the_kernel_hides_them(tmp_path):
    if ctypes.CDLL(None).syscall(444, None, 0, 1) < 1:
        pytest.skip("the kernel has no Landlock")
    (tmp_path / "mine").write_text("mine")
    for path in (tmp_path / "mine", "/etc/passwd", "/proc/1/environ", "/proc/self/maps"):
        assert outcome(f"open({str(path)!r}).read()") == "failed", path
    assert outcome(f"import os; os.listdir({str(tmp_path)!r})") == "failed"
    assert outcome("import difflib, decimal, sqlite3, zoneinfo, unittest") == "passed"


@needs_linux
def test_a_word_that_is_guessed_is_no_pass():
    guess = "import os\nfor fd in range(3, 60):\n  try: os.write(fd, b'0' * 32)\n  except OSError: pass\n"
    assert outcome(guess + "os._exit(0)") == "failed"
    assert outcome(guess) == "failed"  # what it wrote stands before the word


@needs_linux
def test_no_process_is_left_behind():
    before = _children()
    run_programs(["while True: pass"] * 2, limits=Limits(seconds=0.3))
    assert _children() == before


def _children():
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


def test_a_machine_that_cannot_confine_is_refused(monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    sandbox.check_sandbox.cache_clear()
    with pytest.raises(EnvironmentFault, match="Linux on x86-64 alone") as caught:
        run_programs(["1"])
    assert "such a machine" in caught.value.mend
    sandbox.check_sandbox.cache_clear()


@needs_linux
def test_a_program_that_is_too_long_fails_at_once():
    began = time.monotonic()
    assert outcome("#" * (1 << 21)) == "failed"
    assert time.monotonic() - began < 60
