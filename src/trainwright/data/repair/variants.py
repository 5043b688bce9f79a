"""Which spellings of a category mean the same: proposed by their form and their frequency, precision first.

Three kinds of evidence, the surest first:

- one normal form: case, accents, blanks and the dots of abbreviations do not count ("N.Y." and "NY"); digits,
  signs and what stands between digits do, so that C and C++, A and A-, 1.0 and 10 stay apart;
- initials: "NY" beside "New York", where no other value of the column has these initials;
- a slip of the pen: one insertion, deletion, change or swap of neighbours (Damerau 1964) in a word
  without digits, where one spelling is at least ten times as frequent as the other; in a short word a
  hundred times.

The commonest spelling of a group names it. Cost: of n distinct values the slips are found by the words that
are left when one letter is taken away (as in SymSpell), in O(n times their length), not by comparing pairs.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

MOST_VALUES = 20_000  # distinct values beyond which a column is no list of categories
MOST_CHARS = 80
RARE_RATIO = 10  # how much rarer a slip of the pen is than the right spelling
LEAST_COMMON = 10  # rows of the right spelling
LONG_LETTERS = 7
SHORT_RATIO = 100  # the same for words of five and six letters
LEAST_WORD = 5  # letters of a word that a slip is seen in
_WORDS = re.compile(r"[^\W_]+")
_SMALL_WORDS = frozenset(
    ("of", "the", "and", "de", "la", "el", "du", "des", "und", "der", "die", "das", "d")
)


@dataclass(frozen=True, slots=True)
class Group:
    """Spellings of one category.

    Attributes:
        known: The commonest, which stands for all.
        others: The rest, the commonest first.
        rows: Rows that hold one of the others.
    """

    known: str
    others: tuple[str, ...]
    rows: int

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Each other spelling with the known one, as a column's repair has them."""
        return tuple((other, self.known) for other in self.others)


def propose(counts: pl.DataFrame) -> list[Group]:
    """Groups of spellings, those of most rows first.

    Args:
        counts: Distinct values and how often each occurs: `value` (text), `count`.
    """
    counts = counts.drop_nulls("value").sort("count", "value", descending=[True, False])
    if counts.height > MOST_VALUES or counts.height < 2:
        return []
    rows = dict(zip(counts["value"].to_list(), counts["count"].to_list(), strict=True))
    forest = _Forest(rows)
    forms: dict[str, list[str]] = defaultdict(list)
    for value in rows:
        if len(value) <= MOST_CHARS and (form := normal_form(value)):
            forms[form].append(value)
    for values in forms.values():
        for other in values[1:]:
            if _is_like(values[0], other, rows):
                forest.join(values[0], other)
    heads = {form: values[0] for form, values in forms.items()}
    for short, long in _initials(heads):
        forest.join(long, short)
    sizes = {form: sum(rows[value] for value in values) for form, values in forms.items()}
    for right, slip in _slips(sizes):
        if _in_a_long_word(heads[right], heads[slip]):
            forest.join(heads[right], heads[slip])
    return sorted(forest.groups(), key=lambda group: (-group.rows, group.known))


def normal_form(value: str) -> str:
    """What is left of a spelling when case, accents, blanks and dots of abbreviations do not count."""
    letters = unicodedata.normalize("NFKD", value.casefold())
    bare = "".join(char for char in letters if not unicodedata.combining(char))
    kept = []
    for place, char in enumerate(bare):
        if char.isspace() or char in "_-.'’`":
            before, after = bare[:place].rstrip(" _-."), bare[place + 1 :].lstrip(" _-.")
            if _counts(char, before[-1:], after[:1]):
                kept.append(" " if char.isspace() or char == "_" else char)
            continue
        kept.append(char)
    return "".join(kept).strip()


def _counts(char: str, before: str, after: str) -> bool:
    """Does a mark between these two tell values apart? Beside digits and at the ends signs do."""
    if before.isalpha() and after.isalpha():
        return False
    if char.isspace() or char == "_":
        return before.isdigit() and after.isdigit()
    return not (char in ".'’`" and before.isalpha() and not after.isdigit())


def _is_like(known: str, other: str, rows: Mapping[str, int]) -> bool:
    """One letter in two cases is often a code: only where one is much rarer."""
    if len(_WORDS.sub("x", known)) == len(known.strip()) == 1 == len(other.strip()):
        return rows[other] * RARE_RATIO <= rows[known]
    return True


def _initials(heads: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """Abbreviations of two to five capitals, with the one value whose words begin with them."""
    long: dict[str, list[str]] = defaultdict(list)
    for value in heads.values():
        words = [word for word in _WORDS.findall(value) if word.lower() not in _SMALL_WORDS]
        enough = sum(len(word) for word in words) >= 3 * len(words)
        if enough and 2 <= len(words) <= 5 and all(word[0].isalpha() for word in words):
            long["".join(word[0] for word in words).casefold()].append(value)
    for form, value in heads.items():
        letters = "".join(_WORDS.findall(value))
        found = long.get(form, []) if letters.isupper() and letters.isalpha() else []
        if 2 <= len(letters) <= 5 and len(found) == 1 and found[0] != value:
            yield value, found[0]


def _slips(sizes: Mapping[str, int]) -> Iterable[tuple[str, str]]:
    """Pairs of a frequent form and a rare one that is one slip away from it, and from no other."""
    common = [form for form, rows in sizes.items() if rows >= LEAST_COMMON and _is_word(form)]
    near: dict[str, list[str]] = defaultdict(list)
    for form in common:
        for key in _shortened(form):
            near[key].append(form)
    for slip, rows in sizes.items():
        if not _is_word(slip):
            continue
        right = {
            form
            for key in _shortened(slip)
            for form in near.get(key, ())
            if form != slip and rows * _ratio(form) <= sizes[form] and is_one_slip(form, slip)
        }
        if len(right) == 1:
            yield right.pop(), slip


def _in_a_long_word(right: str, slip: str) -> bool:
    """A number in Roman letters and a version of one letter are no slips of the pen."""
    words, others = _WORDS.findall(right.casefold()), _WORDS.findall(slip.casefold())
    apart = [pair for pair in zip(words, others, strict=False) if pair[0] != pair[1]]
    return len(words) == len(others) and all(
        len(word) >= LEAST_WORD for pair in apart for word in pair
    )


def _is_word(form: str) -> bool:
    return LEAST_WORD <= len(form) <= MOST_CHARS and not any(char.isdigit() for char in form)


def _ratio(form: str) -> int:
    return RARE_RATIO if len(form) >= LONG_LETTERS else SHORT_RATIO


def _shortened(form: str) -> set[str]:
    return {form, *(form[:place] + form[place + 1 :] for place in range(len(form)))}


def is_one_slip(one: str, other: str) -> bool:
    """One insertion, deletion, change or swap of neighbours apart, the first letter being right."""
    if one == other or abs(len(one) - len(other)) > 1 or one[:1] != other[:1]:
        return False
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), -1)
    if start < 0:
        start = min(len(one), len(other))
    if len(one) == len(other):
        rest, also = one[start:], other[start:]
        return rest[1:] == also[1:] or (rest[1::-1] == also[:2] and rest[2:] == also[2:])
    shorter, longer = sorted((one, other), key=len)
    return shorter[start:] == longer[start + 1 :]


class _Forest:
    """Values joined into groups; the commonest of a group is its root."""

    def __init__(self, rows: Mapping[str, int]) -> None:
        self._rows = rows
        self._order = {value: place for place, value in enumerate(rows)}
        self._root: dict[str, str] = {}

    def join(self, one: str, other: str) -> None:
        """Put the groups of both together."""
        first, second = sorted((self._find(one), self._find(other)), key=self._order.__getitem__)
        if first != second:
            self._root[second] = first

    def groups(self) -> list[Group]:
        """Those of more than one value."""
        found: dict[str, list[str]] = defaultdict(list)
        for value in self._rows:
            if (root := self._find(value)) != value:
                found[root].append(value)
        return [
            Group(root, tuple(others), sum(self._rows[other] for other in others))
            for root, others in found.items()
        ]

    def _find(self, value: str) -> str:
        while value in self._root:
            value = self._root[value]
        return value


def shown(groups: Sequence[Group], *, most: int = 3) -> str:
    """Some groups in words."""
    told = [
        f"{', '.join(map(repr, group.others[:4]))} -> {group.known!r}" for group in groups[:most]
    ]
    return "; ".join(told) + (f" and {len(groups) - most} more" if len(groups) > most else "")
