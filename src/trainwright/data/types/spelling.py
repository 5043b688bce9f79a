"""How the numbers of a column are written, found once on a sample: separators, brackets, units.

What proves a separator: two kinds in one number, several of one kind, or a comma that does not stand
before three digits. What nothing proves ("1,234" and no other) is read one way with a doubt, which
becomes a warning with the setting that decides. Units must be of one kind; those that are become the
commonest of them. Cost: one pattern a sampled text that is no plain number.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from trainwright.core.columns import ColumnType, NumberFormat
from trainwright.core.errors import shorten
from trainwright.data.types.case import Context
from trainwright.data.types.fractions import are_fractions
from trainwright.data.types.parts import GAP, Part, take_apart
from trainwright.data.types.units import CURRENCIES, SHARE, Unit, as_unit
from trainwright.data.types.values import NUMBER
from trainwright.data.types.written import MINUS

_ODD_MINUS = re.compile(rf"[{MINUS}]|^[+\-]{GAP}")
_IP = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}")
_SURE = 10  # numbers with one separator and three digits that make a grouping sure
_RARE = 0.02
_FEW, _HOPE = 200, 0.3  # texts that are looked at first, and the share of numbers that they need
_FEW_BEHIND = 3  # texts such as 65-, which may mean 65 and more
BEHIND = re.compile(rf"([0-9]){GAP}*[\-{MINUS}]$")
_MOSTLY_KNOWN = 0.8
_FEWEST_LETTERS = 3  # of a word for a magnitude that means nothing else: mio, million
_POINT = (
    "the point is taken for a decimal mark, which no value proves (it may part thousands)",
    '{type: number, thousands: "."}',
    " if it parts thousands",
)
_COMMA = (
    "the comma is taken for a decimal mark, which no value proves (it may part thousands)",
    '{type: number, thousands: ","}',
    " if it parts thousands",
)
_GROUPS = (
    "the comma is taken to part thousands, which no value proves (it may be a decimal mark)",
    '{type: number, decimal: ","}',
    " if it is a decimal mark",
)
Doubt = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Spelling:
    """How numbers are written.

    Attributes:
        decimal: The decimal mark.
        written: Further rules; None where there are none.
        doubts: What was decided without proof, each with the setting that decides otherwise.
        refusal: Why the texts, though numbers with something beside them, are no number column.
        is_number: At least half are numbers all the same.
    """

    decimal: str = "."
    written: NumberFormat | None = None
    doubts: tuple[Doubt, ...] = ()
    refusal: str = ""
    is_number: bool = True


def find_spelling(texts: Sequence[str], context: Context) -> Spelling | None:
    """How the numbers among `texts` are written, or None where fewer than half are numbers.

    Args:
        texts: Sampled, stripped, none of them missing.
        context: What the recipe says decides.
    """
    counts = Counter(texts)
    plain = {text for text in counts if NUMBER.fullmatch(text)}
    if len(plain) == len(counts) and not _is_said(context):
        return Spelling(context.decimal or ".")
    if (fractions := _fractions(counts, plain, context)) is not None and not _is_said(context):
        return fractions
    behind = [text for text in counts if BEHIND.search(text)]
    if behind:
        return _with_minus_behind(texts, behind, context)
    few = texts[:: max(len(texts) // _FEW, 1)]
    if sum(take_apart(text, 1) is not None for text in few) < _HOPE * len(few):
        return None  # words: the others need not be looked at
    parts = [part for text, n in counts.items() if (part := take_apart(text, n)) is not None]
    spelled = sum(part.count for part in parts) > sum(counts[text] for text in plain)
    num_read = sum(part.count for part in parts)
    if num_read < 0.5 * len(texts):
        return None
    if not spelled and not _is_said(context):
        return Spelling(context.decimal or ".")
    if all(_IP.fullmatch(text) for text in list(counts)[:50]):
        return None
    bodies = [(part.body, part.count) for part in parts]
    is_money = any(word.lower() in CURRENCIES for part in parts for word in part.words)
    marks = _marks(bodies, context, is_money=is_money)
    if marks is None:
        return Spelling() if sum(counts[text] for text in plain) >= 0.5 * len(texts) else None
    decimal, thousands, doubt = marks
    units = _units(parts, context)
    if isinstance(units, str):
        is_plain = sum(counts[text] for text in plain) >= 0.5 * len(texts)
        return Spelling(refusal=units, is_number=is_plain)
    brackets = any(part.brackets for part in parts)
    doubts: list[Doubt] = [doubt] if doubt else []
    if brackets and all(part.brackets for part in parts):
        doubts.append(
            ("every number stands in brackets: read as negative", "category", " keeps the texts")
        )
    doubts += units.doubts
    written = NumberFormat(thousands, brackets, units.factors, units.name, units.bare)
    odd_minus = any(_ODD_MINUS.search(text) for text in counts)
    told = written if odd_minus or written != NumberFormat() else None
    return Spelling(decimal, told, tuple(doubts))


def _fractions(counts: Counter[str], plain: set[str], context: Context) -> Spelling | None:
    """Fractions, also as a refusal where nothing proves them; None where there are none."""
    others = {text: count for text, count in counts.items() if text not in plain}
    found = are_fractions(others, num_plain=sum(counts[text] for text in plain))
    if found or (found is None and context.type is ColumnType.NUMBER):
        return Spelling(written=NumberFormat(fractions=True))
    if found is None:
        shown = shorten(next(iter(others)))
        return Spelling(
            refusal=f"{shown} may be a fraction, a day or a score; `number` reads fractions",
            is_number=False,
        )
    return None


def _with_minus_behind(
    texts: Sequence[str], behind: Sequence[str], context: Context
) -> Spelling | None:
    """The spelling of numbers some of which have their minus behind them, as accounting writes it."""
    is_behind = frozenset(behind)
    found = find_spelling([BEHIND.sub(r"\1", text) for text in texts], context)
    if found is None or found.refusal:
        return found
    count = sum(text in is_behind for text in texts)
    if len(is_behind) < _FEW_BEHIND:
        return find_spelling([text for text in texts if text not in is_behind], context)
    if any(text[:1] in f"-{MINUS}" for text in texts):
        shown = shorten(behind[0])
        return Spelling(refusal=f"a minus stands before some and behind others: {shown}")
    if count == len(texts) and context.type is not ColumnType.NUMBER:
        bare = behind[0].rstrip(f" -{MINUS}")
        told = f"{shorten(behind[0])} may be -{bare}, or {bare} and more; `number` reads -{bare}"
        return Spelling(refusal=told, is_number=False)
    return replace(found, written=replace(found.written or NumberFormat(), behind=True))


def _is_said(context: Context) -> bool:
    return any((context.decimal, context.thousands, context.unit, context.percent))


def _marks(
    bodies: Sequence[tuple[str, int]], context: Context, *, is_money: bool
) -> tuple[str, str, Doubt | None] | None:
    """Decimal mark, mark of thousands, and a doubt; None where the digits are no numbers."""
    decimals: Counter[str] = Counter()
    thousands: Counter[str] = Counter()
    open_: Counter[str] = Counter()  # one separator before three digits
    odd, total = 0, sum(count for _, count in bodies)
    small = large = False  # whole numbers without a separator, of up to three digits or more
    long = False  # one separator before three digits, and more than one digit before it
    if context.decimal:
        decimals[context.decimal] += total
    if context.thousands:
        thousands[context.thousands] += total
    for body, count in bodies:
        if NUMBER.fullmatch(body) and "." not in body:
            small, large = small or len(body) <= 3, large or len(body) > 3
            continue
        seps = [sign for sign in body if not sign.isdigit()]
        kinds = list(dict.fromkeys(seps))
        groups = re.split(r"[.,' _]", body)
        last = kinds[-1]
        if len(kinds) > 2 or (len(kinds) == 2 and (seps.count(last) > 1 or last not in ".,")):
            odd += count
            continue
        whole = groups[:-1] if len(kinds) == 2 else groups
        if len(kinds) == 2:
            if _are_groups(whole, kinds[0]):
                decimals[last] += count
                thousands[kinds[0]] += count
            else:
                odd += count
        elif len(seps) > 1 or last not in ".,":
            if _are_groups(whole, last):
                thousands[last] += count
            else:
                odd += count
        elif len(groups[-1]) == 3 and _are_groups(groups, last):
            open_[last] += count
            long = long or len(groups[0]) > 1
        else:
            decimals[last] += count
    few = _RARE * total  # so little proves nothing against the rest: it will be named as a misfit
    if odd > min(few, 0.1 * sum(sum(proof.values()) for proof in (decimals, thousands, open_))):
        return None
    likely = {mark for mark in open_ if 0 < decimals[mark] <= few}
    for mark in {*decimals, *thousands}:
        if decimals[mark] and (thousands[mark] or (mark in likely and is_money and long)):
            rarer = min(decimals, thousands, key=lambda proof: proof[mark])
            proof = decimals if mark in likely and is_money and long else rarer
            if proof[mark] > few:
                return None
            del proof[mark]
    for proof in (decimals, thousands):
        for mark in [mark for mark, count in proof.items() if count <= few < max(proof.values())]:
            del proof[mark]
    if len(decimals) > 1 or len(thousands) > 1:
        return None
    grouped = small and not large and sum(open_.values()) >= _SURE
    sure = grouped or (is_money and long)
    found = _decided({*decimals}, {*thousands}, open_, context, sure=sure, is_money=is_money)
    if found is not None and found[2] is None and likely & {*decimals}:
        told, way, when = _COMMA if "," in likely else _POINT
        return found[0], found[1], (told.replace("no value proves", "few values prove"), way, when)
    return found


def _decided(
    decimals: set[str],
    thousands: set[str],
    open_: Counter[str],
    context: Context,
    *,
    sure: bool,
    is_money: bool,
) -> tuple[str, str, Doubt | None] | None:
    """With what one separator before three digits means, where that is open."""
    doubt = None
    for mark in open_:
        other = "." if mark == "," else ","
        if mark in thousands or mark in decimals:
            continue
        if decimals or (thousands and mark == "."):
            if decimals == {other}:
                thousands.add(mark)
            else:
                decimals.add(mark)
        elif mark == "." or thousands:
            decimals.add(mark)
            if mark == "." and (is_money or context.comma_likely):
                doubt = _POINT
        else:
            as_decimal = context.comma_likely
            (decimals if as_decimal else thousands).add(mark)
            if as_decimal or not sure:
                doubt = _COMMA if as_decimal else _GROUPS
    if len(decimals) > 1 or len(thousands) > 1:
        return None
    decimal = next(iter(decimals), "," if thousands == {"."} else ".")
    return decimal, next(iter(thousands), ""), doubt


def _are_groups(groups: Sequence[str], mark: str) -> bool:
    """Are these groups of thousands, such as 1 234 567 (or 12,34,567 in India)?"""
    first, *rest = groups
    if not first or len(first) > 3 or not rest or (first.startswith("0") and len(first) > 0):
        return False
    inner = {2, 3} if mark == "," else {3}
    return len(rest[-1]) == 3 and all(len(group) in inner for group in rest[:-1])


@dataclass(frozen=True, slots=True)
class _Units:
    factors: tuple[tuple[str, float], ...] = ()
    name: str = ""
    bare: bool = True
    doubts: tuple[Doubt, ...] = ()


def _units(parts: Sequence[Part], context: Context) -> _Units | str:
    """The units with their factors, or why they cannot be taken off."""
    words: Counter[str] = Counter()
    for part in parts:
        words.update(dict.fromkeys(part.words, part.count))
    if not words:
        return _Units()
    known = _known(words)
    total = sum(part.count for part in parts)
    strange = [word for word in words if known[word] is None]
    if strange and sum(words[word] for word in strange) <= _RARE * total:
        for word in strange:
            del words[word], known[word]
        strange = []
    if strange:
        return _strange(parts, words, strange)
    units = {word: unit for word, unit in known.items() if unit is not None}
    kinds = {unit.kind for unit in units.values()} - {"magnitude"}
    if len(kinds) > 1:
        return f"different units stand in it: {', '.join(sorted(units))}"
    kind = next(iter(kinds), "")
    num_bare = sum(part.count for part in parts if not {*part.words} & {*units})
    return _converted(words, units, kind, context, num_bare=num_bare, total=total)


def _converted(
    words: Counter[str],
    units: Mapping[str, Unit],
    kind: str,
    context: Context,
    *,
    num_bare: int,
    total: int,
) -> _Units | str:
    of_kind = {word: unit for word, unit in units.items() if unit.kind == kind}
    if kind == SHARE:
        if num_bare > 0.05 * total:
            return f"some numbers have {next(iter(of_kind))!r} beside them and some do not"
        points = context.percent == "points"
        base = 1e-2 if points else 1.0
        factors = tuple((word, unit.factor / base) for word, unit in sorted(of_kind.items()))
        return _Units(factors, "%" if points else "", bare=False)
    by_factor: Counter[float] = Counter()
    for word, unit in of_kind.items():
        by_factor[unit.factor] += words[word]
    is_money = kind.startswith("currency")
    if of_kind and not is_money and num_bare > 0.5 * total:
        return _Units()  # a few units among numbers are what does not fit
    into = max(
        of_kind, key=lambda word: (by_factor[of_kind[word].factor], words[word], word), default=""
    )
    doubts: list[Doubt] = []
    if context.unit and of_kind:
        wanted = as_unit(context.unit, with_magnitudes=False)
        if wanted is None or wanted.kind != kind:
            return f"{into!r} cannot be read as {context.unit!r}"
        into, base = context.unit, wanted.factor
    else:
        base = of_kind[into].factor if into else 1.0
    sizes = {word.upper() for word, unit in units.items() if unit.kind == "magnitude"}
    if not of_kind and len(sizes) == 1 and len(next(iter(sizes))) < _FEWEST_LETTERS:
        if sizes != {"K"} and sizes != {"M"}:
            return ""  # 1B, 2B and 3B are bases
        (size,) = [word for word, unit in units.items() if unit.kind == "magnitude"][:1]
        told = f"{size!r} is taken for {units[size].factor:,.0f} times, which nothing else proves"
        doubts.append((told, "category", " keeps the texts"))
    varied = len({unit.factor for unit in of_kind.values()}) > 1
    if varied and num_bare:
        return f"numbers without a unit stand among others in {', '.join(sorted(of_kind))}"
    if num_bare and of_kind and not is_money:
        doubts.append(
            (
                f"{num_bare} of {total} sampled numbers have no unit: taken for {into!r}",
                "category",
                " keeps the texts",
            )
        )
    scales = {word: unit.factor / base for word, unit in of_kind.items()}
    scales |= {word: unit.factor for word, unit in units.items() if unit.kind == "magnitude"}
    return _Units(tuple(sorted(scales.items())), into, bare=True, doubts=tuple(doubts))


def _strange(
    parts: Sequence[Part],
    words: Counter[str],
    strange: Sequence[str],
) -> _Units | str:
    """One word that we do not know may be a unit like any other, where it stands apart."""
    word = strange[0]
    whole = all(part.apart and part.words == (word,) for part in parts if part.words)
    if len(words) == 1 and whole and len(word) > 2 and all(part.words for part in parts):
        told = f"{word!r} is taken for a unit, and taken off"
        return _Units(((word, 1.0),), word, doubts=((told, "category", " keeps the texts"),))
    known = sum(count for word, count in words.items() if word not in strange)
    if known < _MOSTLY_KNOWN * sum(words.values()):
        return ""  # codes such as 12A, and no measurements
    return f"{', '.join(map(repr, strange[:3]))} is no unit"


def _known(words: Counter[str]) -> dict[str, Unit | None]:
    """What each word is; `m` is a metre unless money or other magnitudes stand beside it."""
    first = {word: as_unit(word, with_magnitudes=True) for word in words}
    kinds = {unit.kind for unit in first.values() if unit is not None}
    only = {word.lower() for word in words if first[word] and first[word].kind == "magnitude"}  # type: ignore[union-attr]
    money = any(kind.startswith("currency") for kind in kinds)
    several = len(only) > 1 and kinds == {"magnitude"}
    capital = kinds == {"magnitude"} and all(word.isupper() for word in words)
    with_magnitudes = money or several or capital
    return {word: as_unit(word, with_magnitudes=with_magnitudes) for word in words}
