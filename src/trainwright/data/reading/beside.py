"""What stands in a folder beside the files that are its rows: told, so that nothing is missed in silence.

Files of other endings and hidden ones are counted by their endings; links to folders, which are not followed,
are named. Cost: one walk over the names.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from trainwright.core.artifacts import Finding
from trainwright.core.durable import path_text
from trainwright.core.errors import shorten

_SHOWN = 5
_HIDDEN = (".", "_")


def is_seen(path: Path) -> bool:
    """Neither it nor a folder above it begins with . or _, relative to where rows are looked for."""
    return not any(part.startswith(_HIDDEN) for part in path.parts)


def beside(
    folder: Path,
    name: str,
    *,
    is_row: Callable[[str], bool],
    what: str,
    meant: Iterable[str],
    remedy: str,
) -> list[Finding]:
    """Findings about what is passed over.

    Args:
        folder: Where rows are looked for.
        name: Of the folder, for messages.
        is_row: Of a file's name: is it one by its ending?
        what: A row, in words: "image".
        meant: Endings, in small letters, of files that somebody may have meant: a warning, not a note.
        remedy: What to do with those.
    """
    others: Counter[str] = Counter()
    links: list[str] = []
    for root, folders, names in os.walk(folder):
        below = Path(root)
        links += [one for one in folders if (below / one).is_symlink()]
        for one in names:
            shown = is_seen(below.relative_to(folder) / one)
            if (not shown or not is_row(one)) and (below / one).is_file():
                others[_ending(one) if shown else "hidden"] += 1
    found = []
    if others:
        told = ", ".join(f"{ending} ({count})" for ending, count in others.most_common(_SHOWN))
        is_meant = not set(meant).isdisjoint(others)
        found.append(
            Finding(
                "unreadable",
                "warning" if is_meant else "info",
                f"{name}: passed over is what is no {what} by its ending, or hidden: {told}",
                count=others.total(),
                remedy=remedy if is_meant else "",
            )
        )
    if links:
        told = ", ".join(shorten(path_text(one), 30) for one in sorted(links)[:_SHOWN])
        message = f"{name}: links to folders are passed over: {told}"
        put = "put the files themselves in their place"
        found.append(Finding("unreadable", "warning", message, count=len(links), remedy=put))
    return found


def _ending(name: str) -> str:
    return path_text(Path(name).suffix.lower()) or "no ending"
