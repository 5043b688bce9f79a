"""What a run was made with, without what must not leave."""

from __future__ import annotations

import json
import platform
import subprocess

import numpy
import pytest

from trainwright.runs.provenance import git_state, library_versions, provenance


@pytest.fixture
def facts(tmp_path, monkeypatch):
    monkeypatch.setenv("MY_HARMLESS_NAME", "canary-of-the-environment")
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    return provenance(
        tmp_path, started="a", ended="b", arguments=["run", "--token", "canary-of-argv", "x.yaml"]
    )


def test_versions_are_those_installed():
    versions = library_versions()
    assert versions["numpy"] == numpy.__version__
    assert {"trainwright", "lightgbm", "polars", "mlflow-skinny"} <= set(versions)


def test_the_machine_and_the_times_are_there(facts):
    assert facts["python"] == platform.python_version()
    assert (facts["started"], facts["ended"]) == ("a", "b")
    assert facts["cpus"] >= facts["cpus_usable"] >= 1


def test_only_allowed_variables_and_no_secret_argument_are_kept(facts):
    assert facts["environment"]["OMP_NUM_THREADS"] == "2"
    assert "canary" not in json.dumps(facts)
    assert facts["arguments"] == ["run", "--token", "[redacted]", "x.yaml"]


def test_the_commit_of_the_recipes_repository_is_noted(tmp_path):
    assert git_state(tmp_path) is None

    def git(*arguments):
        identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    (tmp_path / "recipe.yaml").write_text("a")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    assert git_state(tmp_path) == {"commit": git("rev-parse", "HEAD"), "changed": False}
    (tmp_path / "recipe.yaml").write_text("b")
    assert git_state(tmp_path) == {"commit": git("rev-parse", "HEAD"), "changed": True}


def test_a_repository_cannot_make_us_run_its_program(tmp_path):
    subprocess.run(["git", "-C", str(tmp_path), "init", "-q"], check=True)
    (tmp_path / "hook").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (tmp_path / "hook").chmod(0o700)
    subprocess.run(
        ["git", "-C", str(tmp_path), "config", "core.fsmonitor", str(tmp_path / "hook")], check=True
    )
    git_state(tmp_path)
    assert not (tmp_path / "ran").exists()
