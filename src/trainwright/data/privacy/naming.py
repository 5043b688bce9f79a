"""Names of persons in texts, as a tagger finds them: taken out, hashed, or shown as their mere shape.

It comes after the pieces that patterns find, and leaves the words that stand for those alone. Each distinct
text is asked about once in a while: what was asked last is remembered, since what was mended is also told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from trainwright.core.names import known_tagger
from trainwright.core.protocols import NameTagger
from trainwright.data.privacy import kinds
from trainwright.data.privacy.masking import shape_of, writer
from trainwright.data.repair.texts import Step

NAME = "name"
LETTER = r"[^\W\d_]"  # a text without any holds no name
TEXTS = 512  # asked about at once
_REMEMBERED_CHARS = 4_000_000
_KINDS = "|".join(
    re.escape(name) for name in ("secret", "hidden", NAME, *(k.name for k in kinds.KINDS))
)
_TAKEN_OUT = re.compile(rf"\[(?:{_KINDS})(?: [a-p]{{24}})?\]")
Spans = list[tuple[int, int]]


class NameFinder:
    """Asks a tagger, and remembers its last answers."""

    def __init__(self, tagger: NameTagger) -> None:
        self._tagger = tagger
        self._last: dict[str, Spans] = {}
        self._chars = 0

    def find(self, texts: Sequence[str]) -> list[Spans]:
        """Where names stand in each text; not within what was taken out before."""
        last = self._last
        found = {text: last[text] for text in texts if text in last}
        new = [text for text in dict.fromkeys(texts) if text not in found]
        for at in range(0, len(new), TEXTS):
            asked = new[at : at + TEXTS]
            answers = self._tagger.find(asked)
            found |= {t: _outside(t, spans) for t, spans in zip(asked, answers, strict=True)}
        self._chars += sum(map(len, new))
        if self._chars > _REMEMBERED_CHARS:
            self._last, self._chars = dict(found), sum(map(len, found))
        else:
            last.update(found)
        return [found[text] for text in texts]

    def masked(self, texts: Sequence[str]) -> list[str]:
        """The texts with each name as its shape: letters as x."""
        return self._written(texts, shape_of)

    def replaced(self, texts: Sequence[str], write: Callable[[str, str], str]) -> list[str]:
        """The texts with each name as `write("name", it)` has it."""
        return self._written(texts, lambda piece: write(NAME, piece))

    def _written(self, texts: Sequence[str], write: Callable[[str], str]) -> list[str]:
        return [
            _put_in(text, spans, write) if spans else text
            for text, spans in zip(texts, self.find(texts), strict=True)
        ]


def names_step(name: str) -> Step:
    """The step `redact-names:MODEL` or `hash-names:VARIABLE:FINGERPRINT:MODEL`, the model by its hash.

    Raises:
        EnvironmentFault: the model was not made known, or the key is not at hand.
    """
    action, _, rest = name.partition(":")
    key, _, model = rest.rpartition(":")
    write, finder = writer(action, key), finder_of(model)

    def mend_all(texts: Sequence[str]) -> list[str]:
        return finder.replaced(texts, write)

    return Step(LETTER, lambda text: mend_all([text])[0], mend_all)


_FINDERS: dict[str, NameFinder] = {}


def finder_of(hash_: str) -> NameFinder:
    """The finder by the model of this hash.

    Raises:
        EnvironmentFault: the model was not made known.
    """
    if hash_ not in _FINDERS:
        _FINDERS[hash_] = NameFinder(known_tagger(hash_))
    return _FINDERS[hash_]


def _put_in(text: str, spans: Spans, write: Callable[[str], str]) -> str:
    parts, end = [], 0
    for start, stop in spans:
        parts += [text[end:start], write(text[start:stop])]
        end = stop
    return "".join([*parts, text[end:]])


def _outside(text: str, spans: Spans) -> Spans:
    """Without those that touch a word that stands for a piece."""
    taken = [found.span() for found in _TAKEN_OUT.finditer(text)] if spans else []
    return [(a, b) for a, b in spans if not any(a < end and start < b for start, end in taken)]
