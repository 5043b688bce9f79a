"""Every bad input of the table, through the command line: status, what, where, mend, nothing left."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from refusals.case import RECIPE, Case, merged, settings_of
from refusals.command_cases import COMMANDS, HELD, NAMES, PACKAGES
from refusals.data_cases import DATA
from refusals.recipe_cases import RECIPES
from trainwright.core import parts
from trainwright.runs.folder import dump_yaml


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


@pytest.mark.parametrize("case", [*PACKAGES, *NAMES, *COMMANDS], ids=lambda case: case.id)
def test_an_odd_command_is_refused_as_the_table_says(case: Case, tmp_path: Path, asked, copied):
    case.write(tmp_path)
    before = contents(tmp_path)
    port = before.get("port", b"").decode()
    words = [word.replace("{run}", copied[1]).replace("{port}", port) for word in case.command]
    status, answer, errors = asked(*words)
    while HELD:
        HELD.pop().close()
    assert status == case.status, answer
    if status:
        assert_refusal(answer, errors, status)
        assert contents(tmp_path) == before
    assert_told(case, answer)


@pytest.mark.parametrize("verb", ["audit", "monitor", "serve"])
@pytest.mark.parametrize("title", ["one bit flipped in the weights", "a file m.pkl in the package"])
def test_no_verb_trusts_what_predict_does_not(verb: str, title: str, tmp_path: Path, asked, copied):
    case = next(case for case in PACKAGES if case.title == title)
    case.write(tmp_path)
    words = {"audit": [], "monitor": ["t.csv"], "serve": ["--port", "0"]}[verb]
    status, answer, _ = asked(verb, "package", *words)
    assert status == (1 if verb == "audit" else 4)
    told = str(answer["checks"]) if verb == "audit" else answer["error"]["what"]
    assert case.what[:30] in told


@pytest.mark.parametrize("number", ["91", "92", "93", "95", "96", "97"])
def test_no_parser_is_called_before_names_hashes_and_first_bytes_are_right(
    number: str, tmp_path: Path, asked, copied, monkeypatch
):
    """S02, with its negative control: the sound package does reach the parser."""
    parsed: list[Path] = []
    load = parts.load

    def spy(kind: str, folder: Path) -> Any:
        parsed.append(folder)
        return load(kind, folder)

    monkeypatch.setattr(parts, "load", spy)
    for case in PACKAGES:
        if case.number == number:
            shutil.rmtree(tmp_path / "package")
            shutil.copytree(copied[0] / "runs" / copied[1] / "package", tmp_path / "package")
            case.write(tmp_path)
            assert asked(*case.command)[0] == 4
    assert parsed == []
    assert asked("predict", copied[1], "t.csv", "-o", "o.csv")[0] == 0
    assert parsed


def test_no_code_of_a_package_or_a_recipe_is_run(tmp_path: Path, copied):
    """S01: an audit hook sees what Python is asked to unpickle or to start; it cannot be taken away."""
    folders = []
    for number, case in enumerate([c for c in [*PACKAGES, *RECIPES] if c.number in _HOSTILE]):
        folders.append((tmp_path / str(number), case.command))
        folders[-1][0].mkdir()
        shutil.copytree(tmp_path / "package", folders[-1][0] / "package")
        case.write(folders[-1][0])
    assert len(folders) > 15
    done = subprocess.run(
        [sys.executable, "-c", _WATCH, json.dumps([(str(path), words) for path, words in folders])],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    watched, control = done.stdout.splitlines()[-2:]
    assert watched == "[]"
    assert control == "['pickle.find_class']"  # the hook does see one
    assert not list(tmp_path.rglob("exploded"))


_HOSTILE = ("53", "95", "96", "104")
_WATCH = """
import contextlib, io, json, os, pickle, sys
from trainwright.cli.main import status_of
from trainwright.flow import prediction, session  # what they load is not what is watched
watched = ("pickle.find_class", "os.system", "os.exec", "os.posix_spawn", "subprocess.Popen")
seen = []
sys.addaudithook(lambda event, args: seen.append(event) if event in watched else None)
for folder, words in json.loads(sys.argv[1]):
    os.chdir(folder)
    with contextlib.redirect_stdout(io.StringIO()):
        assert status_of(words) in (2, 4), words
print(seen)
pickle.loads(pickle.dumps(print))
print(seen)
"""


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, but what only locks."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and not path.name.endswith(".lock")
    }


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
        with pytest.raises(AssertionError):
            assert_told(replace(case, **{part: words}), answer)
    with pytest.raises(AssertionError):
        assert_refusal({**answer, "error": {**answer["error"], "mend": ""}}, errors, status)
    (tmp_path / "workspace" / ".snapshots.tmp-1").mkdir(parents=True)
    with pytest.raises(AssertionError):
        assert_nothing_left(tmp_path / "workspace", prepared=True)
