"""Tokens for a person: those that are taught stand out, in colours on a terminal and by marks elsewhere."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import typer

from trainwright.cli.output import printable

if TYPE_CHECKING:
    from trainwright.flow.showing import ShownPassage, ShownToken

_BETWEEN = "\N{BOX DRAWINGS LIGHT VERTICAL}"


def print_shown(passages: Sequence[ShownPassage], *, as_json: bool) -> None:
    """Print passages to standard output."""
    if as_json:
        typer.echo(json.dumps({"rows": [passage.to_json() for passage in passages]}))
        return
    for line in shown_lines(passages):
        typer.echo(line)


def shown_lines(passages: Sequence[ShownPassage]) -> Iterator[str]:
    """One heading and a few lines a passage."""
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    for passage in passages:
        yield _heading(passage)
        yield from _stretches(passage.read, "read", coloured=coloured)
        yield from _stretches(passage.tokens, "", coloured=coloured)
        if len(passage.packed) > 1:
            yield f"  packed in one row, none seeing another: {' | '.join(passage.packed)}"


def _heading(passage: ShownPassage) -> str:
    told = f"{len(passage.tokens)} tokens, {passage.num_taught} taught"
    lost = f", {passage.lost} cut off" if passage.lost else ""
    return f"row {passage.row} ({passage.place}): {told}{lost}"


def _stretches(tokens: Sequence[ShownToken], name: str, *, coloured: bool) -> Iterator[str]:
    """One line a stretch of tokens with one fate."""
    for taught, stretch in groupby(tokens, key=lambda token: token.taught):
        pieces = [_readable(token.text) for token in stretch]
        label = name or ("TAUGHT" if taught else "given")
        if coloured:
            pieces = [
                typer.style(piece, fg="green" if taught else None, bold=taught, dim=not taught)
                for piece in pieces
            ]
        yield f"  {label:<6} {_BETWEEN}{_BETWEEN.join(pieces)}{_BETWEEN}"


def _readable(text: str) -> str:
    """With line ends and tabs spelt out."""
    return printable(text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t"))
