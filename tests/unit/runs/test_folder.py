"""A run has one owner, its state is computed, and its files hold no secret."""

from __future__ import annotations

import subprocess
import sys

import pytest

from trainwright.core.errors import EnvironmentFault, TrustError
from trainwright.recipe import load_recipe, parse_recipe
from trainwright.runs.folder import RunFolder
from trainwright.runs.workspace import Workspace


@pytest.fixture
def run(tmp_path) -> RunFolder:
    return Workspace.open(tmp_path / "workspace").new_run("late-flights")


@pytest.fixture
def other_process(run):
    """A second process that holds the run."""
    code = (
        "import sys, time; from pathlib import Path\n"
        "from trainwright.runs.folder import RunFolder\n"
        "run = RunFolder(Path(sys.argv[1]))\n"
        "with run.hold():\n"
        "    run.event('started'); print('held', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(run.path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_a_run_is_known_by_its_recipe_and_its_time(run):
    assert run.name == "late-flights"
    assert run.path.name == run.id


def test_a_second_process_is_refused_with_the_owners_pid(run, other_process):
    with pytest.raises(EnvironmentFault, match=f"pid {other_process.pid}"), run.hold():
        pass
    assert run.state == "running"


def test_a_killed_run_is_interrupted_at_once_and_can_be_taken_over(run, other_process):
    other_process.kill()
    other_process.wait()
    assert run.state == "interrupted"
    with run.hold():
        assert run.state == "running"
        run.event("done")
    assert run.state == "done"


def test_looking_at_the_state_never_stops_an_owner(run):
    looking = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from trainwright.runs.folder import RunFolder\n"
            "run = RunFolder(Path(sys.argv[1]))\n"
            "print('looking', flush=True)\n"
            "while True: run.state",
            str(run.path),
        ],
        stdout=subprocess.PIPE,
    )
    try:
        assert looking.stdout is not None
        looking.stdout.readline()
        for _ in range(30):
            with run.hold():
                pass
    finally:
        looking.kill()
        looking.wait()


@pytest.mark.parametrize(
    ("kinds", "state"),
    [
        ([], "interrupted"),
        (["started"], "interrupted"),
        (["started", "candidate", "done", "evaluated"], "done"),
        (["started", "failed"], "failed"),
        (["started", "failed", "started"], "interrupted"),
        (["started", "interrupted"], "interrupted"),
        (["started", "failed", "started", "done"], "done"),
    ],
)
def test_the_state_is_what_the_events_say(run, kinds, state):
    for kind in kinds:
        run.event(kind)
    assert run.state == state


def test_events_keep_their_facts_without_secrets(run):
    run.event("failed", what="no answer from http://user:hunter2@host", status=5)
    [event] = run.events()
    assert (event["kind"], event["status"]) == ("failed", 5)
    assert event["at"].endswith("Z")
    assert "hunter2" not in (run.path / "events.jsonl").read_text()


def test_a_changed_event_is_refused(run):
    run.event("started")
    run.event("done")
    path = run.path / "events.jsonl"
    path.write_text(path.read_text().replace("started", "startle"))
    with pytest.raises(TrustError, match=r"events\.jsonl:1"):
        _ = run.state


def test_json_is_written_without_secrets_and_only_inside_the_folder(run):
    run.write_json("run.json", {"token": "abc", "rows": 3})
    assert run.read_json("run.json") == {"token": "[redacted]", "rows": 3}
    for name in ("../run.json", "/tmp/x", "a/b.json", ".lock"):
        with pytest.raises(ValueError, match="no file name of a run"):
            run.write_json(name, {})


def test_the_recipe_of_a_run_is_a_recipe_without_secrets(run):
    values = {
        "data": {"source": "a.csv", "target": "1e3"},
        "tracking": {"uri": "http://u:hunter2@host"},
    }
    resolved = parse_recipe(values).resolved()
    assert run.write_recipe(resolved) == ("tracking.uri",)
    assert "hunter2" not in run.recipe.read_text()
    assert load_recipe(run.recipe).data.target == "1e3"
    assert run.recipe.stat().st_mode & 0o777 == 0o600
