"""`trainwright chat MODEL`."""

from __future__ import annotations

import io
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated

import typer

from trainwright.cli import options
from trainwright.cli.output import print_note, print_result, printable


def add(app: typer.Typer) -> None:
    """Enter the verb."""
    app.command("chat", help="A conversation in the terminal; or one line a turn from a pipe.")(
        chat
    )


def chat(
    model: options.Model,
    system: Annotated[
        str, typer.Option("--system", help="Said to the model before the first turn.")
    ] = "",
    temperature: Annotated[
        float | None,
        typer.Option("--temperature", help="0: the likeliest token each time.", min=0, max=100),
    ] = None,
    max_new_tokens: Annotated[
        int | None, typer.Option("--max-new-tokens", help="Of one answer.", min=1)
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Of what is drawn.", min=0)] = None,
    workspace: options.Workspace = None,
    as_json: options.Json = False,
    debug: options.Debug = False,  # noqa: ARG001 - a flag, read by main
) -> int:
    """Talk until /exit, Ctrl-D or the end of the pipe."""
    from trainwright.flow.chat import COMMANDS, Wishes, converse, open_chat

    wishes = Wishes(temperature, max_new_tokens, seed, system)
    talk = open_chat(model, wishes, workspace=workspace)
    is_terminal = sys.stdin.isatty()
    if is_terminal:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # it stops an answer, not us
        print_note(f"{talk.name}: {COMMANDS}; Ctrl-C stops an answer")
    with suppress(KeyboardInterrupt):
        converse(
            talk,
            _lines(is_terminal=is_terminal),
            show=_nowhere if as_json else _show,
            note=print_note,
            patient=is_terminal,
        )
    print_result(talk.to_json() if as_json else {}, (), as_json=as_json)
    return 0


def _lines(*, is_terminal: bool) -> Iterator[str]:
    if not is_terminal:
        if isinstance(sys.stdin, io.TextIOWrapper):  # bytes that are no text become a mark
            sys.stdin.reconfigure(encoding="utf-8", errors="replace")
        yield from sys.stdin
        return
    with suppress(ImportError):  # lines can be edited and called back where there is one
        import readline  # noqa: F401
    with suppress(EOFError):
        while True:
            yield input("> ")
    print_note("")


def _show(piece: str) -> None:
    """Text as it comes; what could steer the terminal is told, not done."""
    sys.stdout.write("\t".join(printable(part) for part in piece.split("\t")))
    sys.stdout.flush()


def _nowhere(_: str) -> None:
    """With --json all stands in the one object at the end."""
