from __future__ import annotations

import errno
import json
import math
import os
import stat

import pytest

from trainwright.core.errors import EnvironmentFault
from trainwright.runs.history import History, names, series, thinned


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def path(tmp_path):
    return tmp_path / "history.jsonl"


def record(step, **values):
    return {"step": step, "epoch": 0, **values}


def test_records_are_read_back_by_candidate(path):
    with History(path) as history:
        history.append("mlp", record(10, loss=0.5, learning_rate=1e-3))
        history.append("tabm", record(10, loss=0.7))
        history.append("mlp", record(20, loss=0.25))
    assert History(path).read() == {
        "mlp": [record(10, loss=0.5, learning_rate=1e-3), record(20, loss=0.25)],
        "tabm": [record(10, loss=0.7)],
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_run_without_a_history_has_none(path):
    with History(path):
        pass
    assert History(path).read() == {}
    assert not path.exists()


def test_what_is_no_number_of_json_is_written_as_a_word_and_read_as_what_it_was(path):
    values = {"loss": math.nan, "gradient_norm": math.inf, "low": -math.inf}
    with History(path) as history:
        history.append("mlp", record(10, **values))
    line = json.loads(path.read_text(), parse_constant=pytest.fail)
    assert (line["loss"], line["gradient_norm"], line["low"]) == ("NaN", "Infinity", "-Infinity")
    [found] = History(path).read()["mlp"]
    assert math.isnan(found["loss"])
    assert (found["gradient_norm"], found["low"]) == (math.inf, -math.inf)


def test_records_wait_for_a_second_and_are_then_there_for_others(path):
    clock = Clock()
    history = History(path, now=clock)
    history.append("mlp", record(1))
    assert History(path).read() == {}
    clock.seconds = 1.0
    history.append("mlp", record(2))
    assert [one["step"] for one in History(path).read()["mlp"]] == [1, 2]
    history.append("mlp", record(3))
    assert len(History(path).read()["mlp"]) == 2
    history.close()
    assert len(History(path).read()["mlp"]) == 3


def test_a_fault_in_the_work_does_not_lose_what_was_told_before_it(path):
    def work() -> None:
        with History(path) as history:
            history.append("mlp", record(1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert len(History(path).read()["mlp"]) == 1


@pytest.mark.parametrize("cut", range(1, 30, 7))
def test_a_torn_last_line_is_passed_over_and_cut_off_by_who_goes_on(path, cut):
    with History(path) as history:
        history.append("mlp", record(1, loss=0.5))
        history.append("mlp", record(2, loss=0.4))
    os.truncate(path, path.stat().st_size - cut)
    assert [one["step"] for one in History(path).read()["mlp"]] == [1]
    with History(path) as history:
        history.append("mlp", record(2, loss=0.3))
    assert History(path).read()["mlp"][1] == record(2, loss=0.3)
    assert path.read_text().count("\n") == 2


def test_a_long_torn_line_is_cut_off_whole(path):
    path.write_text('{"candidate": "mlp", "step": 1, "epoch": 0}\n' + "x" * 10_000)
    with History(path) as history:
        history.append("mlp", record(2))
    assert [one["step"] for one in History(path).read()["mlp"]] == [1, 2]
    path.write_text("x" * 10_000)
    with History(path) as history:
        history.append("mlp", record(2))
    assert path.read_text().count("x") == 0


def test_a_line_that_cannot_be_read_costs_no_other_line(path):
    with History(path) as history:
        history.append("mlp", record(1))
    with path.open("ab") as file:
        file.write(b'\0\0\0\n[1]\n{"step": 3}\n{"candidate": "mlp", "step": null}\n')
        file.write(b'{"candidate": "mlp", "step": 4, "loss": "much"}\n')
    with History(path) as history:
        history.append("mlp", record(2))
    assert [one["step"] for one in History(path).read()["mlp"]] == [1, 2]


def test_training_and_evaluation_at_one_step_are_one_record(path):
    with History(path) as history:
        history.append("mlp", record(10, loss=0.5))
        history.append("mlp", record(10, validation_loss=0.6))
    assert History(path).read()["mlp"] == [record(10, loss=0.5, validation_loss=0.6)]


def test_a_resumed_fit_replaces_what_was_told_from_there_on(path):
    with History(path) as history:
        for step in (10, 20, 30, 40):
            history.append("mlp", record(step, loss=float(step)))
        history.append("tabm", record(40))
    with History(path) as history:
        history.append("mlp", record(20, loss=0.2))
        history.append("mlp", record(30, loss=0.3))
    found = History(path).read()
    assert found["mlp"] == [record(10, loss=10.0), record(20, loss=0.2), record(30, loss=0.3)]
    assert found["tabm"] == [record(40)]


def test_a_full_disk_is_told_as_such(path, monkeypatch):
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    history = History(path)
    history.append("mlp", record(1))
    monkeypatch.setattr(os, "write", full)
    with pytest.raises(EnvironmentFault, match="make room"):
        history.flush()


def test_a_link_in_the_place_of_the_file_is_not_followed(path, tmp_path):
    target = tmp_path / "elsewhere"
    target.write_text("kept\n")
    path.symlink_to(target)
    with pytest.raises(EnvironmentFault), History(path) as history:
        history.append("mlp", record(1))
    assert target.read_text() == "kept\n"


def test_a_series_is_of_the_records_that_have_it():
    records = [record(1, loss=0.5), record(2, validation_loss=0.4), record(3, loss=0.3)]
    assert series(records, "loss") == [(1, 0.5), (3, 0.3)]
    assert names(records) == ["loss", "validation_loss"]


@pytest.mark.parametrize("length", [1, 2, 199, 200, 201, 1000, 12_345])
def test_thinning_keeps_first_last_and_best_within_the_limit(length):
    points = [(step, float(step)) for step in range(length)]
    best = length * 2 // 3
    found = thinned(points, 200, keep=[best])
    assert len(found) <= 200
    assert len(found) == length or len(found) >= 190
    assert points[0] == found[0]
    assert points[-1] == found[-1]
    assert (best, float(best)) in found
    assert found == sorted(found)
