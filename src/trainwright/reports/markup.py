"""Text becomes markup in one place, so that strings from data are inert.

The choice: `Markup` is a type of its own, and only `text` and `element` make it from what others
wrote. A column that is called `<script>` is then shown, never run. Control and direction characters
become visible, because they could make a reader see another text than the one that is there.
"""

from __future__ import annotations

import html
import math
import unicodedata
from typing import NewType

Markup = NewType("Markup", str)

LIMIT_TEXT = 400  # characters of one string; a report stays small whatever the data hold
_LIMIT_ATTRIBUTE = 20_000  # the points of a line stand in one
_REPLACED = ("Cc", "Cf", "Cs", "Co", "Cn")
_KEPT = "\n\u200d"  # line breaks, and the joiner that builds emoji and Indic letters


def text(value: object, *, limit: int = LIMIT_TEXT) -> Markup:
    """Any value as escaped text of at most `limit` characters."""
    words = str(value)
    if len(words) > limit:
        words = words[: limit - 1] + "…"
    return Markup(html.escape("".join(map(_visible, words)), quote=True))


def element(name: str, /, *children: Markup, **attributes: object) -> Markup:
    """One element. `class_` stands for class, `_` inside a name for `-`; None leaves it out.

    Args:
        name: The tag, ours.
        children: Markup inside.
        attributes: Values are escaped; floats are written with two decimals.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID or (not children and name in _SHAPES):
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{''.join(children)}</{name}>")


def join(*parts: Markup) -> Markup:
    """Pieces of markup, one after another."""
    return Markup("".join(parts))


def number(value: object) -> str:
    """A number as a person reads it: four digits, thousands grouped, a dash for none.

    Below 1 it has four decimals, so that a column of metrics lines up; below 0.001 two digits.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "–" if value is None else str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if not math.isfinite(value):
        return "–"
    if value == int(value) and abs(value) < 1e9:
        return f"{value:,.0f}"
    if not 1e-6 <= abs(value) < 1e9:
        return f"{value:.2e}"
    power = math.floor(math.log10(abs(value)))
    return f"{value:,.{max(0, min(3 - power, 4), 1 - power)}f}"


def duration(seconds: object) -> str:
    """Seconds as "0.4 s", "42 s", "3 min 20 s" or "2 h 5 min"."""
    if not isinstance(seconds, (int, float)) or not math.isfinite(seconds):
        return "–"
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    return f"{whole // 3600} h" + (f" {whole % 3600 // 60} min" if whole % 3600 // 60 else "")


_VOID = ("meta", "br", "hr", "img")
_SHAPES = ("rect", "line", "circle", "path", "polyline", "polygon")


def _visible(character: str) -> str:
    """A character as it is, or a mark where it could not be seen."""
    if character in _KEPT or unicodedata.category(character) not in _REPLACED:
        return character
    return "\ufffd"


def _attribute(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return text(value, limit=_LIMIT_ATTRIBUTE)
