"""The command line is a contract: verbs and flags are frozen, and each verb explains itself."""

from __future__ import annotations

import typer.main

from trainwright.cli.main import app

FLAGS = {
    "init": {"--target", "--output", "-o"},
    "run": {"--new", "--set"},
    "prepare": {"--set"},
    "evaluate": {"--split"},
    "compare": set(),
    "audit": {"--refit"},
    "reproduce": set(),
    "predict": {"--output", "-o"},
    "serve": {"--host", "--port", "--extra"},
    "monitor": set(),
    "runs": {"--sync", "--uri"},
    "models": set(),
    "lineage": {"--row"},
    "doctor": set(),
}
EVERYWHERE = {"--debug"}
WITHOUT_JSON = {"serve"}
WITHOUT_WORKSPACE = {"init"}


def test_verbs_and_flags_are_frozen():
    seen = {}
    for name, command in typer.main.get_command(app).commands.items():
        options = {option for p in command.params for option in p.opts if option.startswith("-")}
        expected = FLAGS[name] | EVERYWHERE
        expected |= set() if name in WITHOUT_JSON else {"--json"}
        expected |= set() if name in WITHOUT_WORKSPACE else {"--workspace"}
        assert options == expected, name
        seen[name] = command.help
    assert set(seen) == set(FLAGS)
    assert all(seen.values())
