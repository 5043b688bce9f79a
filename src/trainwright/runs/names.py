"""A name from outside never reaches a path join: it is of [a-z0-9._-] or it is refused.

The choice is an allow-list of characters, so that `../`, `%2e%2e`, NUL, a backtick or an emoji
need no rule of their own. Cost: names in other scripts are refused as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from trainwright.core.errors import CommandError, nearest, shorten, with_article

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")


def is_name(text: str) -> bool:
    """Is `text` 1 to 128 characters of a-z, 0-9, dot, dash, underscore, a letter or digit first?"""
    return _NAME.fullmatch(text) is not None


def check_name(text: str, *, noun: str, known: Iterable[str]) -> str:
    """`text` itself when it can be a name.

    Raises:
        CommandError: it cannot; proposes the nearest known name.
    """
    if is_name(text):
        return text
    raise CommandError(
        f"{shorten(text)} cannot be the name of {with_article(noun)}",
        where=f"{noun.upper()} on the command line",
        mend=propose(text, known)
        or "use a-z, 0-9, dot, dash and underscore, at most 128 characters",
    )


def propose(text: str, known: Iterable[str]) -> str:
    """A mend that names the nearest known name, or the newest few; empty when none is known."""
    known = list(known)
    near = nearest(text[:128], known)
    if near:
        return f"did you mean {near}?"
    return f"there are: {', '.join(known[:5])}" if known else ""
