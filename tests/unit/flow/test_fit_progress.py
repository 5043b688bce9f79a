from __future__ import annotations

import pytest

from trainwright.flow.fit_progress import FitProgress


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Screen:
    def __init__(self) -> None:
        self.seen: list[tuple[float, str]] = []
        self.stages: list[str] = []

    def stage(self, name: str) -> None:
        self.stages.append(name)

    def advance(self, done: float, total: float, note: str = "") -> None:
        self.seen.append((round(done / total, 9), note))


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def screen():
    return Screen()


@pytest.fixture
def progress(screen, clock):
    return FitProgress(screen, budget_seconds=100.0, now=clock)


def test_a_fit_that_tells_nothing_is_shown_by_the_budget(progress, screen, clock):
    clock.seconds = 40.0
    progress.tick(100.0 - clock.seconds)
    assert screen.seen == [(0.4, "1 min of the budget left")]


def test_the_clock_is_shown_a_few_times_a_second_however_often_it_is_asked(progress, screen, clock):
    for place in range(1_000):
        clock.seconds = place / 1_000
        progress.tick(100.0 - clock.seconds)
    assert 1 <= len(screen.seen) <= 4


def test_what_a_fit_tells_is_shown_and_the_clock_keeps_its_words(progress, screen, clock):
    clock.seconds = 10.0
    progress.advance(50, 200, "epoch 1")
    clock.seconds = 11.0
    progress.tick(100.0 - clock.seconds)
    assert screen.seen == [(0.25, "epoch 1"), (0.25, "epoch 1")]


def test_a_budget_that_ends_sooner_than_the_work_decides_what_is_shown(progress, screen, clock):
    progress.advance(0, 1_000_000, "epoch 1")
    clock.seconds = 50.0
    progress.advance(100, 1_000_000, "epoch 1")
    assert screen.seen[-1] == (0.5, "epoch 1")


def test_a_fit_ends_with_its_own_part_of_the_budget(progress, screen, clock):
    progress.advance(0, 1_000_000, "epoch 1")
    clock.seconds = 10.0
    progress.tick(10.0)
    assert screen.seen[-1] == (0.5, "epoch 1")
    clock.seconds = 15.0
    progress.advance(7, 1_000_000, "epoch 2")
    assert screen.seen[-1] == (0.75, "epoch 2")


def test_the_next_fit_begins_anew(progress, screen, clock):
    progress.advance(0, 10, "first")
    clock.seconds = 50.0
    progress.advance(9, 10, "first")
    progress.advance(0, 10, "second")
    assert screen.seen[-1] == (0.0, "second")
    clock.seconds = 60.0
    progress.tick(100.0 - clock.seconds)
    assert screen.seen[-1] == (0.2, "second")


def test_a_fit_that_fell_silent_is_forgotten(progress, screen, clock):
    progress.advance(9, 10, "epoch 9")
    clock.seconds = 30.0
    progress.tick(100.0 - clock.seconds)
    assert screen.seen[-1] == (0.9, "epoch 9")
    clock.seconds = 75.0
    progress.tick(100.0 - clock.seconds)
    assert screen.seen[-1] == (0.75, "25 s of the budget left")


def test_a_new_stage_is_passed_on(progress, screen, clock):
    progress.advance(9, 10, "epoch 9")
    progress.stage("evaluate")
    clock.seconds = 10.0
    progress.tick(100.0 - clock.seconds)
    assert screen.stages == ["evaluate"]
    assert screen.seen[-1] == (0.1, "1 min 30 s of the budget left")


def test_after_the_budget_nothing_breaks(progress, screen, clock):
    clock.seconds = 250.0
    progress.tick(100.0 - clock.seconds)
    progress.advance(0, 0, "rows")
    assert screen.seen[-1][0] == 1.0
