"""The rules by which published corpora leave texts out, each a measure of a text and its bound.

C4 drops lines first, and then pages that have too few sentences left; here a text goes by that count, and
stays whole otherwise. A word is what stands between blanks, a line what stands between newlines, a
sentence ends at a mark before a blank, or with its line; shares are of characters where the source says
so. Of what comes again the first is not counted. Bounds that the source writes with "or equal" refuse at the
bound. Cost: one pass over the words, and one for each length of n-gram: 2.5 MB of e-mails a CPU second for
all sets together.

Source: C4: Raffel et al. 2020, JMLR 21(140), sect. 2.2 (the first version of the preprint had 5 sentences
and lines of 3 words), with two rules of lines that its code has beside: policies, and words of over 1,000
letters. Gopher: Rae et al. 2021, arXiv:2112.11446, appendix A.1.1 (table A1). FineWeb: Penedo et al. 2024,
arXiv:2406.17557, sect. 3.6.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

TERMINAL = (".", "!", "?", '"', "'", "”", "’", "…", "。", "！", "？")
C4_MARKS = (".", "!", "?", '"', "”")
C4_POLICIES = (
    "terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies",
)  # fmt: skip
BULLETS = ("•", "-", "*", "‣", "●", "–")
ENGLISH = frozenset(("the", "be", "to", "of", "and", "that", "have", "with"))
_AROUND = ".,;:!?\"'()[]“”‘’«»"  # a word, in signs that are none of it
_C4_WORDS, _C4_LONGEST = 5, 1_000


@dataclass(frozen=True)
class Document:
    """A text with its parts, each found once; and how likely a classifier says it is of a class."""

    text: str
    likely: float = 0.0

    @cached_property
    def words(self) -> list[str]:
        return self.text.split()

    @cached_property
    def lines(self) -> list[str]:
        return [line.strip() for line in self.text.split("\n") if line.strip()]

    @cached_property
    def paragraphs(self) -> list[str]:
        return [part.strip() for part in _EMPTY_LINES.split(self.text) if part.strip()]

    @cached_property
    def bare_words(self) -> list[str]:
        """In small letters, without the signs around them."""
        return [word.strip(_AROUND).lower() for word in self.words]


Measure = Callable[[Document], float]
_EMPTY_LINES = re.compile(r"\n[^\S\n]*\n\s*")


@dataclass(frozen=True, slots=True)
class Rule:
    """A text is left out where the measure is under `least` or over `most`."""

    measure: Measure
    least: float = float("-inf")
    most: float = float("inf")

    def refuses(self, document: Document) -> bool:
        """Is the measure out of bounds?"""
        return not self.least <= self.measure(document) <= self.most


def words_in(document: Document) -> float:
    """How many words."""
    return len(document.words)


def _sentences(line: str) -> int:
    """Marks that end one, before a blank; the end of the line ends one as well."""
    ends = [word.rstrip("\"'”’)]").endswith((".", "!", "?")) for word in line.split()]
    return sum(ends) + (not ends[-1] if ends else 0)


def _is_kept_by_c4(line: str) -> bool:
    words, small = line.split(), line.lower()
    return (
        line.endswith(C4_MARKS)
        and not line.endswith("...")
        and len(words) >= _C4_WORDS
        and max(map(len, words)) <= _C4_LONGEST
        and "javascript" not in small
        and not any(phrase in small for phrase in C4_POLICIES)
    )


def _c4_sentences(document: Document) -> float:
    """Sentences in the lines that C4 keeps."""
    return sum(_sentences(line) for line in document.lines if _is_kept_by_c4(line))


def _over(bound: float) -> float:
    """The least measure that is over a bound, which itself is refused."""
    return math.nextafter(bound, math.inf)


def _under(bound: float) -> float:
    return math.nextafter(bound, -math.inf)


def _share(count: float, total: float) -> float:
    return count / total if total else 0.0


def _mean_word(document: Document) -> float:
    return _share(sum(map(len, document.words)), len(document.words))


def _symbols(mark: str) -> Measure:
    return lambda document: _share(document.text.count(mark), len(document.words))


def _ellipses(document: Document) -> float:
    return _share(document.text.count("...") + document.text.count("…"), len(document.words))


def _lines_that_start(document: Document) -> float:
    found = sum(line.startswith(BULLETS) for line in document.lines)
    return _share(found, len(document.lines))


def _lines_that_trail_off(document: Document) -> float:
    found = sum(line.endswith(("...", "…")) for line in document.lines)
    return _share(found, len(document.lines))


def _lines_that_end(document: Document) -> float:
    return _share(sum(line.endswith(TERMINAL) for line in document.lines), len(document.lines))


def _short_lines(document: Document) -> float:
    return _share(sum(len(line) < 30 for line in document.lines), len(document.lines))


def _words_with_a_letter(document: Document) -> float:
    found = sum(any(map(str.isalpha, word)) for word in document.words)
    return _share(found, len(document.words))


def _common_words(document: Document) -> float:
    return len(ENGLISH.intersection(document.bare_words))


def _repeated(parts: Callable[[Document], list[str]], *, by_characters: bool) -> Measure:
    """The share of parts, or of their characters, that were there before."""

    def measure(document: Document) -> float:
        found = parts(document)
        counts = Counter(found)
        if by_characters:
            again = sum((count - 1) * len(part) for part, count in counts.items())
            return _share(again, sum(map(len, found)))
        return _share(len(found) - len(counts), len(found))

    return measure


def top_gram(length: int) -> Measure:
    """The share of characters in the commonest n-gram of words."""

    def measure(document: Document) -> float:
        grams = Counter(_grams(document.words, length))
        if not grams:
            return 0.0
        gram, count = max(grams.items(), key=lambda pair: (pair[1], len("".join(pair[0]))))
        total = sum(map(len, document.words))
        return _share(count * sum(map(len, gram)), total) if count > 1 else 0.0

    return measure


def repeated_grams(length: int) -> Measure:
    """The share of characters in words that lie in an n-gram that was there before."""

    def measure(document: Document) -> float:
        words = document.words
        seen: set[tuple[str, ...]] = set()
        covered = bytearray(len(words))
        for start, gram in enumerate(_grams(words, length)):
            if gram in seen:
                covered[start : start + length] = b"\x01" * length
            seen.add(gram)
        again = sum(len(word) for word, mark in zip(words, covered, strict=True) if mark)
        return _share(again, sum(map(len, words)))

    return measure


def _grams(words: list[str], length: int) -> list[tuple[str, ...]]:
    return list(zip(*(words[start:] for start in range(length)), strict=False))


SETS: Mapping[str, Mapping[str, Rule]] = {
    "c4": {
        "under 3 sentences in whole lines": Rule(_c4_sentences, least=3),
        "lorem ipsum": Rule(lambda document: "lorem ipsum" in document.text.lower(), most=0),
        "a curly bracket": Rule(lambda document: "{" in document.text, most=0),
    },
    "gopher-quality": {
        "words": Rule(words_in, least=50, most=100_000),
        "mean word length": Rule(_mean_word, least=3, most=10),
        "hashes a word": Rule(_symbols("#"), most=0.1),
        "ellipses a word": Rule(_ellipses, most=0.1),
        "bullet lines": Rule(_lines_that_start, most=0.9),
        "lines that trail off": Rule(_lines_that_trail_off, most=0.3),
        "words with a letter": Rule(_words_with_a_letter, least=0.8),
        "common words": Rule(_common_words, least=2),
    },
    "gopher-repetition": {
        "repeated lines": Rule(_repeated(lambda d: d.lines, by_characters=False), most=0.3),
        "repeated paragraphs": Rule(
            _repeated(lambda d: d.paragraphs, by_characters=False), most=0.3
        ),
        "characters in repeated lines": Rule(
            _repeated(lambda d: d.lines, by_characters=True), most=0.2
        ),
        "characters in repeated paragraphs": Rule(
            _repeated(lambda d: d.paragraphs, by_characters=True), most=0.2
        ),
        **{
            f"commonest {length}-gram": Rule(top_gram(length), most=most)
            for length, most in ((2, 0.20), (3, 0.18), (4, 0.16))
        },
        **{
            f"repeated {length}-grams": Rule(repeated_grams(length), most=most)
            for length, most in ((5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.10))
        },
    },
    "fineweb": {
        "lines do not end with a mark": Rule(_lines_that_end, least=_over(0.12)),
        "characters in repeated lines": Rule(
            _repeated(lambda d: d.lines, by_characters=True), most=_under(0.1)
        ),
        "short lines": Rule(_short_lines, most=_under(0.67)),
    },
}
