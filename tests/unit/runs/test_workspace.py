"""A workspace is made when first written to, finds runs by what a person types, is swept at the start."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trainwright.core.errors import CommandError, EnvironmentFault
from trainwright.runs import workspace as module
from trainwright.runs.workspace import Workspace


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return Workspace.open(tmp_path / "workspace")


def test_opening_makes_nothing_and_the_first_write_makes_it_private(workspace):
    assert workspace.list_runs() == []
    assert not workspace.root.exists()
    before = os.umask(0)
    try:
        run = workspace.new_run("a")
    finally:
        os.umask(before)
    for folder in (workspace.root, workspace.runs, run.path):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_the_place_is_the_argument_then_the_variable_then_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TRAINWRIGHT_WORKSPACE", raising=False)
    assert Workspace.open().root == tmp_path / ".trainwright"
    monkeypatch.setenv("TRAINWRIGHT_WORKSPACE", "there")
    assert Workspace.open().root == tmp_path / "there"
    assert Workspace.open(Path("argument")).root == tmp_path / "argument"


def test_a_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(EnvironmentFault, match="--workspace DIR") as caught:
            Workspace.open(path)
        assert caught.value.status == 5


def test_a_place_that_may_not_be_written_to_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module.os, "access", lambda *_: False)  # tests may run as root
    with pytest.raises(EnvironmentFault, match="may not be written to"):
        Workspace.open(tmp_path / "workspace")


class Clock(datetime):
    """A clock that a test sets."""

    set_to = datetime(2026, 1, 1, tzinfo=UTC)

    @classmethod
    def now(cls, tz=None):
        return cls.set_to


def test_the_newest_run_is_the_last_one_started_also_when_the_clock_goes_back(
    workspace, monkeypatch
):
    monkeypatch.setattr(module, "datetime", Clock)
    started = []
    for day in (10, 10, 5, 11, 1):
        Clock.set_to = datetime(2026, 1, day, tzinfo=UTC)
        started.append(workspace.new_run("a").id)
    assert [run.id for run in workspace.list_runs()] == started[::-1]
    assert sorted(started) == started
    assert workspace.find_run("latest").id == started[-1]


def test_a_run_is_found_by_id_prefix_name_and_latest(workspace):
    first, second, third = (workspace.new_run(name) for name in ("flights", "flights", "houses"))
    assert workspace.find_run(first.id).id == first.id
    assert workspace.find_run("flights").id == second.id
    assert workspace.find_run("hou").id == third.id
    assert workspace.find_run("latest").id == third.id


def test_a_prefix_of_several_is_refused_with_their_ids(workspace):
    first, second = workspace.new_run("flights"), workspace.new_run("flights")
    with pytest.raises(CommandError, match="2 runs begin with 'fl'") as caught:
        workspace.find_run("fl")
    assert first.id in caught.value.mend
    assert second.id in caught.value.mend


def test_an_unknown_run_is_refused_with_the_nearest(workspace):
    with pytest.raises(CommandError, match="trainwright run RECIPE"):
        workspace.find_run("latest")
    run = workspace.new_run("flights")
    with pytest.raises(CommandError, match=f"did you mean {run.id}") as caught:
        workspace.find_run(run.id[:-1] + "zz")
    assert caught.value.status == 2


@pytest.mark.parametrize("text", ["", ".", "..", "../x", "runs/x", "/", "a\0b", "%2e%2e%2f", "x" * 300, "🚂", "a\n", "LATEST"])  # fmt: skip  # noqa: E501
def test_a_hostile_name_never_reaches_a_path(workspace, text):
    workspace.new_run("flights")
    with pytest.raises(CommandError):
        workspace.find_run(text)
    with pytest.raises(CommandError):
        workspace.new_run(text)
    assert len(workspace.list_runs()) == 1


def test_what_is_no_run_is_passed_over(workspace, tmp_path):
    run = workspace.new_run("flights")
    (workspace.runs / "notes").mkdir()
    (workspace.runs / "file").touch()
    (workspace.runs / run.id.replace("flights", "link")).symlink_to(tmp_path)
    assert [found.id for found in workspace.list_runs()] == [run.id]


def test_litter_of_killed_processes_is_swept_at_the_next_start(workspace):
    run = workspace.new_run("flights")
    run.checkpoints.mkdir()
    places = [workspace.root, workspace.runs, run.path, run.checkpoints]
    for place in places:
        (place / ".x.tmp-0").mkdir()
        (place / ".y.tmp-0").touch()
    Workspace.open(workspace.root)
    assert list(workspace.root.rglob("*.tmp-*")) == []
    assert run.path.is_dir()


def test_processes_that_start_together_get_runs_of_their_own(workspace):
    code = (
        "import sys; from pathlib import Path; from trainwright.runs.workspace import Workspace\n"
        "for _ in range(3): print(Workspace.open(Path(sys.argv[1])).new_run('a').id)"
    )
    command = [sys.executable, "-c", code, str(workspace.root)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = [name for process in processes for name in process.communicate(timeout=60)[0].split()]
    assert len({name[:-5] for name in told}) == 9
    assert {run.id for run in workspace.list_runs()} == set(told)


def test_runs_that_were_killed_before_their_first_event_are_swept_and_no_others(workspace):
    killed, begun, held, odd = (workspace.new_run("a") for _ in range(4))
    killed.write_recipe({"name": "a"})
    begun.event("started")
    (odd.path / "notes.txt").write_text("mine")
    with held.hold():
        workspace.sweep_runs()
    assert {run.id for run in workspace.list_runs()} == {begun.id, held.id, odd.id}


def test_a_run_has_its_owner_from_the_first_moment(workspace):
    with workspace.begun_run("a") as run:
        assert run.state == "running"
        workspace.sweep_runs()
        assert [one.id for one in workspace.list_runs()] == [run.id]
    assert run.state == "interrupted"
