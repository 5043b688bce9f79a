"""The options that verbs share, spelt once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def plain(text: str) -> str:
    """What names rows: a path or an address, without NUL, which neither can hold.

    Raises:
        BadParameter: it holds one.
    """
    if "\0" in text:
        raise typer.BadParameter("embedded null byte")
    return text


Workspace = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        envvar="TRAINWRIGHT_WORKSPACE",
        help="Folder that holds what runs leave; .trainwright by default.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="training.seed=1: set a key of the recipe; may be repeated."),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
RecipeFile = Annotated[Path, typer.Argument(metavar="RECIPE", help="The recipe's YAML file.")]
Run = Annotated[str, typer.Argument(metavar="RUN", help="Id, unique prefix, name, or latest.")]
Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A file, a folder, a pattern, or an address: s3://..., postgresql://...#TABLE.",
        callback=plain,
    ),
]
Model = Annotated[
    str,
    typer.Argument(metavar="MODEL", help="name@champion, name/3, a RUN, or a package folder."),
]
