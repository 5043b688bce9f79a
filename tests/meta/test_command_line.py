"""The command line is a contract: verbs and flags are frozen, and each verb explains itself."""

from __future__ import annotations

import typer.main

from trainwright.cli.main import app

FLAGS = {
    "init": {"--target", "--output", "-o"},
    "prove": {"--kills", "--set"},
    "estimate": {"--set"},
    "run": {"--new", "--set"},
    "prepare": {"--contract-out", "--set", "--diff", "--collect", "--show"},
    "train": {"--resume", "--set"},
    "evaluate": {"--split", "--choices", "--programs", "--samples"},
    "compare": set(),
    "audit": {"--refit"},
    "reproduce": set(),
    "export": {"--to", "--output", "-o", "--quantize"},
    "predict": {"--output", "-o"},
    "serve": {"--host", "--port", "--extra"},
    "chat": {"--system", "--temperature", "--max-new-tokens", "--seed"},
    "monitor": set(),
    "label": {
        *("--classes", "--strategy", "--answers", "--rows", "--port", "--export", "--import"),
        "--set",
    },
    "runs": {"--sync", "--uri"},
    "models": set(),
    "lineage": {"--row"},
    "doctor": set(),
}
EVERYWHERE = {"--workspace", "--json", "--debug"}


def test_verbs_and_flags_are_frozen():
    seen = {}
    for name, command in typer.main.get_command(app).commands.items():
        options = {option for p in command.params for option in p.opts if option.startswith("-")}
        assert options == FLAGS[name] | EVERYWHERE, name
        seen[name] = command.help
    assert set(seen) == set(FLAGS)
    assert all(seen.values())
