"""Ten labelling functions for e-mails, as somebody writes them in an hour; used by weak_supervision.py."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

Row = Mapping[str, str]


def _words(words: str, least: int, label: str) -> Callable[[Row], str | None]:
    """Votes where at least so many different ones of these words stand."""
    pattern = re.compile(rf"(?i)\b({words})\b")

    def vote(row: Row) -> str | None:
        found = {word.lower() for word in pattern.findall(row["text"])}
        return label if len(found) >= least else None

    return vote


def _pattern(pattern: str, label: str) -> Callable[[Row], str | None]:
    """Votes where the pattern is found."""
    compiled = re.compile(pattern)

    def vote(row: Row) -> str | None:
        return label if compiled.search(row["text"]) else None

    return vote


sells = _words(
    "free|offer|offers|guarantee|guaranteed|bonus|discount|save|order|buy|price|prices|limited|special"
    "|call|today|risk",
    4,
    "spam",
)
money = _words(
    "million|cash|loan|loans|mortgage|credit|income|earn|earnings|dollars|investment|profit|profits"
    "|money|rates|debt",
    3,
    "spam",
)
click = _pattern(r"(?i)\bclick (here|below|on the|the link)\b", "spam")
dear = _pattern(
    r"(?i)\b(dear (friend|sir|customer|homeowner|subscriber|member|valued)|urgent|confidential|viagra"
    r"|adult|porn|xxx|weight loss|lose weight)\b",
    "spam",
)
quotes = _pattern(r"(^|\s)> |\bwrote:|\bwrites:|-----Original Message", "ham")
technical = _words(
    "linux|perl|kernel|patch|install|installed|rpm|server|debian|redhat|script|compile|bug|unix|python"
    "|java|code|config|root|apache|spamassassin|razor|file|directory|package|error",
    2,
    "ham",
)
opinion = _pattern(
    r"(?i)\b(i think|i don't|i guess|iirc|imho|btw|afaik|i'm|i've|doesn't|didn't|isn't|that's)\b",
    "ham",
)
news = _pattern(r"(?i)(^url: |date: (not supplied|(mon|tue|wed|thu|fri|sat|sun|20\d\d)))", "ham")

_LEAVING = re.compile(
    r"(?i)(be removed|to remove|remove (me|your)|opt[- ]?out|receive (no )?(further|future)|no longer wish"
    r"|this (email|e-mail|message) (was|is) sent)"
)


def leave(row: Row) -> str | None:
    """How to get off a list that nobody subscribed to."""
    text = row["text"]
    return "spam" if _LEAVING.search(text) and "listinfo" not in text else None


def shouts(row: Row) -> str | None:
    """Capitals, or exclamation marks."""
    text = row["text"]
    letters = sum(map(str.isalpha, text))
    capitals = letters > 100 and sum(map(str.isupper, text)) / letters > 0.15
    return "spam" if capitals or text.count("!") >= 6 else None


NAMES = (
    "sells", "money", "click", "leave", "dear", "shouts", "quotes", "technical", "opinion", "news",
)  # fmt: skip
