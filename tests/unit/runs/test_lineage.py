"""What came from what, in both directions, from what each wrote down."""

from __future__ import annotations

import json

import pytest

from trainwright.core.errors import CommandError
from trainwright.runs.lineage import lineage
from trainwright.runs.workspace import Workspace


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    workspace = Workspace.open(tmp_path / "workspace")
    run = workspace.new_run("flights")
    run.event("started")
    run.write_json("run.json", {"snapshot": "ab12", "model": {"family": "linear"}})
    run.event("done")
    folder = workspace.snapshots / "ab12"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"sources": [{"path": "a.csv"}]}))
    workspace.registry.register(
        "flights", run=run.id, package_hash="h", package=f"runs/{run.id}/package", metrics={}
    )
    workspace.registry.set_alias("flights", "champion", 1, reason="")
    return workspace


def test_a_version_leads_to_its_run_snapshot_and_sources(workspace):
    chain = lineage(workspace, "flights@champion")
    assert chain["model"]["label"] == "flights/1"
    assert chain["run"]["id"] == workspace.find_run("latest").id
    assert (chain["run"]["state"], chain["run"]["model"]) == ("done", {"family": "linear"})
    assert chain["snapshot"] == "ab12"
    assert chain["sources"] == [{"path": "a.csv"}]


def test_a_run_leads_to_the_versions_that_came_from_it(workspace):
    chain = lineage(workspace, "latest")
    assert chain["model"] is None
    assert chain["versions"] == ["flights/1"]


def test_what_is_gone_is_none(workspace):
    run = workspace.find_run("latest")
    run.path.rename(workspace.root / "elsewhere")
    chain = lineage(workspace, "flights/1")
    assert (chain["run"], chain["snapshot"], chain["sources"]) == (None, None, None)
    assert chain["model"]["run"] == run.id


def test_a_run_that_did_not_end_has_no_snapshot_yet(workspace):
    workspace.new_run("flights")
    chain = lineage(workspace, "latest")
    assert (chain["snapshot"], chain["versions"], chain["run"]["state"]) == (
        None,
        [],
        "interrupted",
    )


@pytest.mark.parametrize("name", ["nothing", "flights/9", "../x", "a@b"])
def test_an_unknown_name_is_refused(workspace, name):
    with pytest.raises(CommandError):
        lineage(workspace, name)
