"""L20: of thirty planted secrets none is in a file, a database, a log, an output or an HTTP answer."""

from __future__ import annotations

import io
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from refusals.case import LEAST, SOUND, TABLE
from refusals.http_cases import Request, sound
from refusals.secrets import Planted, plant
from refusals.serving import serving
from trainwright.cli.main import status_of
from trainwright.flow.session import SecretWarning

PLANTED = plant(20)


def recipe(planted: Planted) -> str:
    """A recipe in which a person left secrets: in a URL, beside a password's name, and as they are."""
    user, password, *_ = planted.others
    return (
        f"data: {{source: t.csv, target: y, accept: ['note:{planted.tokens[0]}', 'password={user}']}}\n"
        "model: {family: linear}\ntraining: {budget: 3s, threads: 1}\n"
        f"tracking: {{uri: 'http://trainer:{password}@127.0.0.1:9/?token={planted.others[2]}'}}\n"
    )


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder in which everything was done with secrets about, and all that was printed."""
    folder = tmp_path_factory.mktemp("secrets")
    (folder / TABLE).write_bytes(SOUND)
    (folder / "r.yaml").write_text(recipe(PLANTED))
    return folder, "".join(ask(folder, *words) for words in commands(PLANTED))


def commands(planted: Planted) -> list[tuple[str, ...]]:
    """Commands with secrets in their arguments; some succeed, some are refused."""
    tokens, others = planted.tokens, planted.others
    return [
        ("run", "r.yaml", "--set", f"tracking.uri=http://trainer:{others[3]}@127.0.0.1:9"),
        ("runs",),
        ("models",),
        ("evaluate", "latest"),
        ("lineage", "latest"),
        ("audit", "latest"),
        ("predict", "latest", TABLE, "-o", "o.csv"),
        ("monitor", "latest", TABLE),
        ("prepare", f"http://user:{others[4]}@host/r.yaml"),
        ("prepare", "r.yaml", "--set", f"data.source=https://{others[5]}@host/{tokens[1]}"),
        ("prepare", "r.yaml", "--set", f"data.source=password={others[6]}"),
        ("prepare", "r.yaml", "--set", f"training.seed={tokens[2]}"),
        ("prepare", "r.yaml", "--set", f"data.target={tokens[3]}"),
        ("evaluate", tokens[4]),
        ("predict", tokens[5], TABLE, "-o", "o.csv"),
        ("predict", "latest", f"{tokens[6]}.csv", "-o", "o.csv"),
        ("init", f"{tokens[7]}.csv"),
        ("runs", "--workspace", f"{TABLE}/{tokens[8]}"),
        (tokens[9],),
        ("runs", "--sync", "--uri", f"ftp://user:{others[7]}@host"),
    ]


def ask(folder: Path, *words: str) -> str:
    """All that a command prints, to both streams."""
    out, errors = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        patched.setattr(sys, "argv", ["trainwright", *words])  # it is kept with a run
        for name, value in {**PLANTED.environment, "TRAINWRIGHT_WORKSPACE": "workspace"}.items():
            patched.setenv(name, value)
        with (
            redirect_stdout(out),
            redirect_stderr(errors),
            warnings.catch_warnings(record=True) as warned,
        ):
            warnings.simplefilter("always", SecretWarning)
            assert status_of(list(words)) != 70, errors.getvalue()[-2000:]
    return "".join((out.getvalue(), errors.getvalue(), *(str(one.message) for one in warned)))


def found(planted: Planted, texts: dict[str, bytes]) -> list[tuple[str, str]]:
    """(secret, where) of each secret that stands in one of the texts, in UTF-8 or UTF-16."""
    return [
        (secret, name)
        for name, text in texts.items()
        for secret in planted
        if secret.encode() in text or secret.encode("utf-16-le") in text
    ]


def files(folder: Path) -> dict[str, bytes]:
    """What was produced: every file but those that the test wrote itself, under its name."""
    made = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return {
        name: name.encode() + path.read_bytes()
        for name, path in made.items()
        if name not in ("r.yaml", TABLE)
    }


def test_there_are_thirty_and_all_are_planted():
    assert len(set(PLANTED)) == 30
    places = recipe(PLANTED) + str(commands(PLANTED)) + str(PLANTED.environment)
    unplanted = [secret for secret in PLANTED if secret not in places]
    assert unplanted == list(PLANTED.others[8:])  # these two are sent to the server


def test_nothing_that_was_written_or_printed_holds_a_secret(used: tuple[Path, str]):
    folder, printed = used
    made = files(folder)
    assert {Path(name).name for name in made} >= {
        "provenance.json",
        "recipe.yaml",
        "report.html",
        "manifest.json",
        "registry.jsonl",
        "o.csv",
    }
    assert found(PLANTED, made) == []
    assert found(PLANTED, {"printed": printed.encode()}) == []


def test_no_answer_and_no_log_of_the_server_holds_a_secret(used: tuple[Path, str], tmp_path: Path):
    folder, _ = used
    token, bearer, query = PLANTED.environment["TRAINWRIGHT_TOKEN"], *PLANTED.others[8:]
    answers = []
    with serving(
        folder / "workspace", "latest", log=tmp_path / "log", **PLANTED.environment
    ) as server:
        for given in (token, bearer):
            headers = {"Authorization": f"Bearer {given}", "X-Api-Key": PLANTED.tokens[0]}
            for path in ("/model", "/metrics", "/openapi.json", "/health/ready", "/nothing"):
                answers.append(
                    server.ask(Request("", "", 0, method="GET", path=path, headers=headers)).body
                )
            asked = Request("", "", 0, sound(), path=f"/predict?token={query}", headers=headers)
            answers.append(server.ask(asked).body)
    assert (
        found(PLANTED, {"answers": b"".join(answers), "log": (tmp_path / "log").read_bytes()}) == []
    )


def test_the_search_can_find_one(used: tuple[Path, str]):
    folder, printed = used
    made = files(folder)
    planted = next(iter(PLANTED))
    assert found(PLANTED, {**made, "x": planted.encode()}) == [(planted, "x")]
    assert found(PLANTED, {"printed": printed.encode() + planted.encode("utf-16-le")}) == [
        (planted, "printed")
    ]
    assert LEAST not in printed
