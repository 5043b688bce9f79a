"""A job runs beside, one at a time, and its failure comes up once, where somebody looks."""

from __future__ import annotations

import threading

import pytest

from trainwright.training.background import Background


def test_jobs_run_one_after_the_other():
    order, gate = [], threading.Event()
    one = Background()
    one.start(lambda: (gate.wait(5), order.append(1)))
    assert one.busy
    gate.set()
    one.start(lambda: order.append(2))
    one.finish()
    assert order == [1, 2]
    assert not one.busy


def test_a_failure_comes_up_once():
    one = Background()
    one.start(lambda: 1 / 0)
    one.wait()
    with pytest.raises(ZeroDivisionError):
        one.look()
    one.look()
    one.finish()


def test_a_failure_comes_up_before_the_next_job_runs():
    ran = []
    one = Background()
    one.start(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        one.start(lambda: ran.append(1))
    assert not ran
