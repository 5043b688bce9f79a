"""The steps that mend a text: mojibake, HTML remnants, Unicode forms, blanks, personal data.

A step is a function of one text, and a pattern that finds every text which the function could change.
A text that no pattern finds is left alone by all steps, so that a column is scanned by Polars' linear-time
regex and only the few suspicious, distinct texts reach Python: a clean column costs one scan.

- mojibake: UTF-8 that was once read as another encoding ("SÃ£o Paulo"), by ftfy, which undoes it only where
  the result is likelier than the text; measured in docs/benchmarks/planted-cells.md.
- html: known tags and entities; anything else in angle brackets stays.
- unicode: the composed normal form (NFC, Unicode Standard Annex 15), which changes no look.
- whitespace: any kind of blank as one plain blank, line ends kept, no invisible characters. A joiner (U+200C,
  U+200D) has a meaning in Persian and in emoji and stays.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from trainwright.core.names import SUFFIX

TEXT_STEPS = ("mojibake", "html", "unicode", "whitespace")

_TAGS = """
    a abbr acronym address area article aside audio b big blink blockquote body br button caption center
    cite code col colgroup dd del details div dl dt em embed fieldset figcaption figure font footer form
    frame frameset h1 h2 h3 h4 h5 h6 head header hr html i iframe img input ins kbd label legend li link
    main map mark marquee meta nav noscript object ol optgroup option p param picture pre q s samp script
    section select small source span strike strong style sub summary sup svg table tbody td textarea tfoot
    th thead time title tr tt u ul var video wbr
"""
_NAMES = "|".join(sorted(_TAGS.split(), key=len, reverse=True))
_INNER_TAGS = """
    a abbr b big cite code em font i kbd mark q s samp small span strong sub sup tt u
"""
_INNER = frozenset(_INNER_TAGS.split())
TAG = rf"(?i:</?(?:{_NAMES})(?:\s[^<>]{{0,2000}})?/?>)"
ENTITY = (
    r"&(?:#[0-9]{2,7}|#[xX][0-9A-Fa-f]{2,6}|amp|lt|gt|quot|apos|nbsp|copy|reg|trade|euro|pound|cent|yen|sect"
    r"|deg|middot|bull|hellip|ndash|mdash|lsquo|rsquo|ldquo|rdquo|laquo|raquo|shy|times|szlig|iexcl|iquest"
    r"|[AEIOUYaeiouyNnCcOoZzSs](?:acute|grave|circ|uml|tilde|cedil|ring|slash|caron)|[Aa][Ee]lig|[Oo][Ee]lig);"
)
_TAG, _ENTITY = re.compile(TAG), re.compile(ENTITY)
_OPENED = re.compile(r"(?i)<(?:(script|style)\b[^<>]{0,2000}>|!--)")

_BLANK = "\t\x0b\x0c \x85\xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
_LINE = "\r\n\u2028\u2029"
_NOTHING = "\x00-\x08\x0e-\x1f\x7f\xad\u200b\u2060\ufeff"
_RUN = re.compile(f"[{_BLANK}]+")
_LINES = re.compile(f"[{_BLANK}]*(?:\r\n|[{_LINE}])[{_BLANK}{_LINE}]*")
_INVISIBLE = re.compile(f"[{_NOTHING}]+")
# More than single plain blanks between words: what `whitespace` could change.
ODD_BLANKS = (
    "[\t\x0b\x0c\x85\xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
    + _LINE
    + _NOTHING
    + "]|  |^ | $"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        suspicious: A pattern, in the syntax that Polars and Python share, of all texts that it could change.
        mend: What it makes of a text.
        mend_many: The same of many, where that is cheaper than one by one.
    """

    suspicious: str
    mend: Callable[[str], str]
    mend_many: Callable[[Sequence[str]], list[str]] | None = None

    def mend_all(self, texts: Sequence[str]) -> list[str]:
        """What it makes of each."""
        if self.mend_many is not None:
            return self.mend_many(texts)
        return [self.mend(text) for text in texts]


def step(name: str) -> Step:
    """The step of this name.

    Raises:
        EnvironmentFault: it needs a key that the environment lacks, or holds another one.
    """
    return _STEPS.get(name) or _private(name)


def suspicious(steps: Sequence[str]) -> str:
    """A pattern of all texts that any of the steps could change."""
    return "|".join(
        f"(?:{pattern})" for pattern in dict.fromkeys(step(one).suspicious for one in steps)
    )


def mend_texts(steps: Sequence[Step], texts: Sequence[str]) -> list[str | None]:
    """The texts after all steps; None where nothing is left of one."""
    for one in steps:
        texts = one.mend_all(texts)
    return [text or None for text in texts]


def without_mojibake(text: str) -> str:
    """The text as it was before it was read in another encoding than it was written in."""
    import ftfy

    return ftfy.fix_encoding(text)


def without_html(text: str) -> str:
    """Without known tags, and with entities as the characters that they stand for."""
    if "<" in text:
        text = _TAG.sub(_gap, _without_hidden(text))
    if "&" in text:
        text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
    return text


def composed(text: str) -> str:
    """In the normal form C."""
    return unicodedata.normalize("NFC", text)


def plain_blanks(text: str) -> str:
    """One plain blank for any run of blanks, one or two line ends for more, none at the ends."""
    text = _LINES.sub(_line_ends, _INVISIBLE.sub("", text))
    return _RUN.sub(" ", text).strip(" \n")


def _without_hidden(text: str) -> str:
    """Without comments, scripts and style sheets; one that is never closed stays. Linear in the text."""
    kept, start = [], 0
    closed = dict.fromkeys(("script", "style", "!--"), True)
    for opened in _OPENED.finditer(text):
        name = (opened[1] or "!--").lower()
        if opened.start() < start or not closed[name]:
            continue
        end = "--" if name == "!--" else f"</{name}"
        place = _find(text, end, opened.end())
        stop = text.find(">", place) if place >= 0 else -1
        closed[name] = stop >= 0
        if stop >= 0:
            kept.append(text[start : opened.start()])
            start = stop + 1
    return " ".join([*kept, text[start:]]) if kept else text


def _find(text: str, end: str, start: int) -> int:
    found = re.compile(re.escape(end + (">" if end == "--" else "")), re.I).search(text, start)
    return found.start() if found else -1


def _gap(tag: re.Match[str]) -> str:
    """Nothing for a tag within words, a blank for one that parts them."""
    name = re.sub(r"[^a-z0-9]", " ", tag[0].lower()).split()[0]
    return "" if name in _INNER else " "


def _line_ends(found: re.Match[str]) -> str:
    ends = found[0].replace("\r\n", "\n")
    return "\n\n" if sum(char in _LINE for char in ends) > 1 else "\n"


@lru_cache(maxsize=64)
def _private(name: str) -> Step:
    if name.partition(":")[0].endswith(SUFFIX):
        from trainwright.data.privacy.naming import names_step

        return names_step(name)
    from trainwright.data.privacy.masking import private_step

    return private_step(name)


_STEPS = {
    "mojibake": Step(r"[^\x00-\x7f]", without_mojibake),
    "html": Step("[<&]", without_html),
    "unicode": Step(r"[^\x00-\x{2ff}]", composed),
    "whitespace": Step(ODD_BLANKS, plain_blanks),
}
