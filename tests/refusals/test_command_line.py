"""Every bad input of the table, through the command line: status, what, where, mend, nothing left."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from refusals.case import RECIPE, Case, merged, settings_of
from refusals.data_cases import DATA
from refusals.recipe_cases import RECIPES
from trainwright.cli.main import status_of
from trainwright.runs.folder import dump_yaml

Answer = tuple[int, dict[str, Any], str]


@pytest.fixture
def asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Answer]:
    """Run a command in the test's folder: status, the one JSON object, standard error."""
    monkeypatch.setenv("TRAINWRIGHT_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> Answer:
        capsys.readouterr()
        status = status_of([*arguments, "--json"])
        out, errors = capsys.readouterr()
        assert out.count("\n") == 1
        assert "Traceback" not in errors
        return status, json.loads(out), errors

    return command


@pytest.mark.parametrize("case", [*DATA, *RECIPES], ids=lambda case: case.id)
def test_bad_input_is_refused_as_the_table_says(case: Case, tmp_path: Path, asked):
    case.write(tmp_path)
    status, answer, errors = asked(*case.command)
    assert status == case.status, answer
    if status:
        assert_refusal(answer, errors, status)
        assert_nothing_left(
            tmp_path / "workspace", prepared=case.status == 2 or "run" in case.command
        )
    mend = assert_told(case, answer)
    if case.pasted:
        recipe = merged(yaml.safe_load((tmp_path / RECIPE).read_bytes()), settings_of(mend))
        (tmp_path / RECIPE).write_text(dump_yaml(recipe))
        assert asked(*case.command)[0] == 0


def assert_refusal(answer: dict[str, Any], errors: str, status: int) -> None:
    """The promised form: one error with its parts, told to people as well, values of others bounded."""
    error = answer["error"]
    assert set(error) == {"status", "what", "where", "mend"}
    assert error["status"] == status
    assert all(error[part] for part in ("what", "where", "mend"))
    assert len(error["what"]) < 1000
    assert f"error: {error['what'][:20]}"[:20] in errors
    assert not any(ord(letter) < 32 and letter != "\n" for letter in errors)


def assert_told(case: Case, answer: dict[str, Any]) -> str:
    """The words that the table promises stand in one fault, or in one finding; returns its mend."""
    if case.finding:
        findings = [one for one in answer["findings"] if one["kind"] == case.finding]
        assert findings, answer["findings"]
        told = [{"what": f["message"], "mend": f["remedy"], "where": ""} for f in findings]
        assert case.where in answer.get("error", {}).get("where", "")
    elif case.status:
        told = [answer["error"], *answer["others"]]
    else:
        return ""
    fitting = [one for one in told if case.what in one["what"] and case.mend in one["mend"]]
    assert fitting, told
    assert case.finding or any(case.where in one["where"] for one in fitting), told
    return fitting[0]["mend"]


def assert_nothing_left(workspace: Path, *, prepared: bool = False) -> None:
    """No snapshot, package or version, and nothing half-written.

    Where the data were sound and something later was not, the whole snapshot may stay (`prepared`), and a
    run that failed is on record as such.
    """
    if not prepared:
        assert [path for path in workspace.rglob("*") if path.is_file()] == []
    assert not any(".tmp-" in path.name for path in workspace.rglob("*"))
    assert not list(workspace.glob("runs/*/package"))
    assert not (workspace / "registry.jsonl").exists()


def test_the_table_can_say_no(tmp_path: Path, asked):
    """Each part of the promise is looked at: a table that promises something else fails."""
    case = next(case for case in DATA if case.title == "a short row")
    case.write(tmp_path)
    status, answer, errors = asked(*case.command)
    assert_told(case, answer)
    for part, words in {"what": "3 fields", "where": "t.csv:4", "mend": "buy a new disk"}.items():
        fields = {name: getattr(case, name) for name in ("status", "what", "where", "mend")}
        with pytest.raises(AssertionError):
            assert_told(Case("0", "planted", **{**fields, part: words}), answer)
    with pytest.raises(AssertionError):
        assert_refusal({**answer, "error": {**answer["error"], "mend": ""}}, errors, status)
    (tmp_path / "workspace" / ".snapshots.tmp-1").mkdir(parents=True)
    with pytest.raises(AssertionError):
        assert_nothing_left(tmp_path / "workspace", prepared=True)
