"""The lines of a pipe, and the bar that a real pseudo-terminal shows."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest

from trainwright.cli.progress import TerminalProgress


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def progress(clock):
    with TerminalProgress(now=clock) as progress:
        yield progress


def lines(capsys):
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.splitlines()


def test_a_stage_is_a_line(progress, clock, capsys):
    clock.seconds = 2.5
    progress.stage("fit")
    assert lines(capsys) == ["[   2.5 s] fit"]


def test_work_of_under_ten_seconds_says_nothing_more(progress, clock, capsys):
    progress.stage("fit")
    for place in range(99):
        clock.seconds = place / 10
        progress.advance(place, 100, "epoch 1")
    assert len(lines(capsys)) == 1


def test_long_work_says_a_line_each_ten_seconds_with_the_time_left(progress, clock, capsys):
    progress.stage("fit")
    for place in range(401):
        clock.seconds = place / 10
        progress.advance(
            place, 1_000, f"epoch 3, step {place}, loss 0.41, lr 3e-4, 5,100 samples/s"
        )
    assert lines(capsys)[1:] == [
        "[  10.0 s] fit: 10%, epoch 3, step 100, loss 0.41, lr 3e-4, 5,100 samples/s,"
        " about 1 min 30 s left",
        "[  20.0 s] fit: 20%, epoch 3, step 200, loss 0.41, lr 3e-4, 5,100 samples/s,"
        " about 1 min 20 s left",
        "[  30.0 s] fit: 30%, epoch 3, step 300, loss 0.41, lr 3e-4, 5,100 samples/s,"
        " about 1 min 10 s left",
        "[  40.0 s] fit: 40%, epoch 3, step 400, loss 0.41, lr 3e-4, 5,100 samples/s,"
        " about 1 min left",
    ]


def test_the_next_piece_of_work_is_judged_by_its_own_speed(progress, clock, capsys):
    progress.stage("fit")
    clock.seconds = 5.0
    progress.advance(9, 10, "first")
    clock.seconds = 20.0
    progress.advance(2, 10, "second")
    clock.seconds = 30.0
    progress.advance(4, 10, "second")
    assert lines(capsys)[1:] == [
        "[  20.0 s] fit: 20%, second",
        "[  30.0 s] fit: 40%, second, about 30 s left",
    ]


def test_work_of_unknown_length_tells_what_is_done(progress, clock, capsys):
    progress.stage("predict")
    clock.seconds = 10.0
    progress.advance(5_000, 0, "5000 rows")
    assert lines(capsys)[1:] == ["[  10.0 s] predict: 5000 rows"]


def test_names_from_data_do_not_steer_the_terminal(progress, clock, capsys):
    progress.stage("prepare")
    clock.seconds = 10.0
    progress.advance(1, 2, "a\x1b[31m.csv")
    assert "\x1b" not in lines(capsys)[1]


_SHOW = """
import time
from trainwright.cli.progress import TerminalProgress
with TerminalProgress() as progress:
    progress.stage("fit")
    for done in range(0, 60):
        progress.advance(done, 100, "epoch 3, [red]loss[/red] 0.41 \\x1b[31m")
        time.sleep(0.02)
"""


def test_a_terminal_shows_a_bar_with_the_time_left_and_the_words_as_they_are():
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "60", "TERM": "xterm"}
    with subprocess.Popen(
        [sys.executable, "-c", _SHOW], stderr=theirs, stdout=subprocess.PIPE, env=environment
    ) as child:
        os.close(theirs)
        shown = b""
        while block := _read(ours):
            shown += block
        assert child.stdout.read() == b""
    os.close(ours)
    text = shown.decode(errors="replace")
    assert "\x1b[31m\r" not in text
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    assert child.returncode == 0
    assert "epoch 3, [red]loss[/red] 0.41" in text
    assert re.search(r"[1-5]\d%.{,20} \d:\d\d:\d\d.{,20} left", text)


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 4096)
    except OSError:  # the other end was closed
        return b""
