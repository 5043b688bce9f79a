"""The clock decides once a point, and its decisions can be replayed without it."""

from __future__ import annotations

from trainwright.core.clock import Deadline, Replay, Unhurried


class Hands:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_the_first_no_is_written_down_with_its_step():
    now = Hands()
    deadline = Deadline(10, now=now)
    assert deadline.go_on("fit", 0)
    now.seconds += 10
    assert not deadline.go_on("fit", 7)
    assert deadline.decisions == {"fit": 7}


def test_a_point_that_ended_stays_ended_even_when_the_clock_goes_back():
    now = Hands()
    deadline = Deadline(10, now=now)
    now.seconds += 11
    assert not deadline.go_on("fit", 7)
    now.seconds -= 11
    assert not deadline.go_on("fit", 7)
    assert deadline.go_on("fit", 6)
    assert deadline.go_on("other", 0)


def test_a_share_ends_earlier_and_writes_into_the_same_decisions():
    now = Hands()
    deadline = Deadline(10, now=now)
    half = deadline.share("part", 0.5)
    assert half.seconds_left == 5
    now.seconds += 6
    assert not half.go_on("fit", 3)
    assert deadline.go_on("whole", 0)
    assert deadline.decisions == {"part/fit": 3}


def test_a_share_of_no_time_is_no_time():
    now = Hands()
    deadline = Deadline(1, now=now)
    now.seconds += 5
    assert deadline.seconds_left == -4
    assert deadline.share("part", 0.5).seconds_left == 0


def test_a_replay_answers_as_the_clock_did():
    now = Hands()
    deadline = Deadline(3, now=now)
    said = []
    for step in range(6):
        said.append(deadline.go_on("fit", step))
        now.seconds += 1
    replay = Replay(deadline.decisions)
    assert [replay.go_on("fit", step) for step in range(6)] == said == [True] * 3 + [False] * 3
    assert replay.go_on("never stopped", 10**9)


def test_a_replayed_part_answers_for_itself_alone():
    now = Hands()
    deadline = Deadline(10, now=now)
    now.seconds += 20
    deadline.share("fold", 1.0).share("inner", 1.0).go_on("fit", 2)
    replay = Replay(deadline.decisions)
    assert not replay.share("fold", 0.5).share("inner", 0.5).go_on("fit", 2)
    assert replay.share("fold", 0.5).go_on("fit", 2)
    assert replay.go_on("fit", 2)


def test_who_is_unhurried_never_stops():
    assert Unhurried().share("part", 0.0).go_on("fit", 10**9)


def test_who_watches_is_told_what_is_left_to_the_part_that_asks():
    left: list[float] = []
    clock = [0.0]
    whole = Deadline(100.0, now=lambda: clock[0], tick=left.append)
    part = whole.share("fit", 0.25)
    clock[0] = 10.0
    part.go_on("step", 1)
    whole.go_on("candidates", 1)
    assert left == [15.0, 90.0]
