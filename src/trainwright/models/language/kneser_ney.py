"""Interpolated modified Kneser-Ney smoothing over sorted arrays: how likely a token is after n - 1 others.

An n-gram is a place in the table of its order. Its key is the place of its first n - 1 tokens among the
(n - 1)-grams, times the number of symbols, plus its last token: one whole number whatever the order, and
all that may follow a context stand side by side. Places run along a text by one sorted search an order.
The orders below the highest count distinct left neighbours in place of occurrences. Before a passage
stands a mark that is never told; contexts that reach beyond the beginning are filled up with it.

Memory is about 13 bytes a token while counting, and 44 bytes a distinct n-gram.

Source: Chen & Goodman 1998, "An Empirical Study of Smoothing Techniques for Language Modeling" (TR-10-98),
eq. 26-27 and section 4.1.6; Kneser & Ney 1995 (ICASSP). Against the definition, counted by dictionaries:
tests/numeric/test_kneser_ney.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Places = NDArray[np.int32]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

MARK = 0  # the symbol before a passage; a token's symbol is its id + 1
_BLOCK = 1 << 22  # positions that are sorted at once
_FEW = (0.5, 1.0, 1.5)  # discounts where the counts of counts give none


@dataclass(frozen=True, slots=True)
class Table:
    """The n-grams of one order, by rising key.

    Attributes:
        keys: Shape (grams,), int64.
        told: How likely the last token is after the others; 0 where it was never told there.
        passed: As a context: the share that is passed on to the order below; 1 where nothing followed.
    """

    keys: Integers
    told: Floats
    passed: Floats


def learn(
    symbols: Places,
    taught: Mask,
    *,
    vocabulary: int,
    order: int,
    go_on: Callable[[int], bool] = lambda _: True,
) -> tuple[Table, ...]:
    """Tables of the orders 0 to `order`.

    Args:
        symbols: Passages, one after another, each with a mark before it. Shape (positions,).
        taught: The tokens that are learnt, shape (positions,); the others are context alone.
        vocabulary: Number of ids.
        order: The highest, at least 1.
        go_on: Asked before each order from the second on; at the first no the one below is the highest.
    """
    width = vocabulary + 1
    is_mark = symbols == MARK
    places = np.zeros(
        len(symbols), np.int32
    )  # among the n-grams of the order that was last counted
    keys, suffixes, counts = [np.zeros(1, np.int64)], [np.zeros(1, np.int32)], [np.ones(1)]
    for n in range(1, order + 1):
        if n > 1 and not go_on(n):
            break
        known, found = _number(places, symbols, is_mark, width)
        below = np.zeros(len(known), np.int32)
        below[found] = places
        keys.append(known)
        suffixes.append(below)
        counts.append(np.bincount(found[taught], minlength=len(known)).astype(np.float64))
        places = found
    for n in range(len(keys) - 2, 0, -1):
        told = counts[n + 1] > 0
        counts[n] = np.bincount(suffixes[n + 1][told], minlength=len(keys[n])).astype(np.float64)
    return _smoothed(keys, suffixes, counts, width)


def probabilities(tables: Sequence[Table], symbols: Places, *, vocabulary: int) -> Floats:
    """How likely each symbol is after those before it; of a mark no number that means anything.

    Args:
        tables: Of the orders from 0 on.
        symbols: Passages, one after another, each with a mark before it. Shape (positions,).
        vocabulary: Number of ids.
    """
    is_mark = symbols == MARK
    places = np.zeros(len(symbols), np.int64)
    found = np.full(len(symbols), tables[0].told[0])
    for context, table in pairwise(tables):
        before = _shifted(places)
        is_known = before >= 0
        places = np.where(is_known, before * (vocabulary + 1) + symbols, -1)
        places = np.where(is_mark, 0, _find(table.keys, places))
        told = np.where(places >= 0, table.told[places], 0.0)
        passed = np.where(is_known, context.passed[before], 1.0)
        found = np.where(told > 0, told, passed * found)
    return found


def distribution(tables: Sequence[Table], context: Sequence[int], *, vocabulary: int) -> Floats:
    """How likely each id is after a passage's ids so far; sums to 1. Shape (vocabulary,)."""
    found = np.full(vocabulary, tables[0].told[0])
    reach = len(tables) - 2
    symbols = [*([MARK] * reach), *(token + 1 for token in context)][-reach:] if reach else []
    for n, table in enumerate(tables[1:]):
        place = _place(tables, symbols[len(symbols) - n :], vocabulary + 1)
        if place < 0:
            break
        found *= tables[n].passed[place]
        begin = place * (vocabulary + 1)
        first, after = np.searchsorted(table.keys, [begin + 1, begin + vocabulary + 1])
        ids = table.keys[first:after] - begin - 1
        told = table.told[first:after]
        found[ids[told > 0]] = told[told > 0]
    return found


def _place(tables: Sequence[Table], symbols: Sequence[int], width: int) -> int:
    """Where these symbols stand among the n-grams of their number; -1 where they do not."""
    place = 0
    for table, symbol in zip(tables[1:], symbols, strict=False):
        place = int(_find(table.keys, np.array([place * width + symbol]))[0])
        if place < 0:
            break
    return place


def _number(places: Places, symbols: Places, is_mark: Mask, width: int) -> tuple[Integers, Places]:
    """Sorted keys of all n-grams that there are, and the place of each position's among them.

    Marks have key 0: before a passage there are but marks. Blocks are sorted one by one, so that what is
    held beside the result is bounded.
    """
    before = _shifted(places)
    found = np.empty(len(symbols), np.int32)
    seen: list[Integers] = []
    starts = range(0, len(symbols), _BLOCK)
    for start in starts:
        part = slice(start, start + _BLOCK)
        keys = before[part].astype(np.int64) * width + symbols[part]
        keys[is_mark[part]] = 0
        distinct, inverse = np.unique(keys, return_inverse=True)
        seen.append(distinct)
        found[part] = inverse
    known = np.unique(np.concatenate(seen))
    for start, distinct in zip(starts, seen, strict=True):
        part = slice(start, start + _BLOCK)
        found[part] = np.searchsorted(known, distinct)[found[part]]
    return known, found


def _smoothed(
    keys: Sequence[Integers], suffixes: Sequence[Places], counts: Sequence[Floats], width: int
) -> tuple[Table, ...]:
    """Counts to probabilities, from the lowest order up: each order passes a share to the one below."""
    told = [np.full(1, 1 / (width - 1))]
    passed = []
    for n in range(1, len(keys)):
        context = keys[n] // width
        discounts = np.array([0.0, *_discounts(counts[n])])[
            np.minimum(counts[n], 3).astype(np.int64)
        ]
        totals = np.bincount(context, counts[n], minlength=len(keys[n - 1]))
        shares = np.bincount(context, discounts, minlength=len(keys[n - 1]))
        share = np.divide(shares, totals, out=np.ones_like(totals), where=totals > 0)
        with np.errstate(invalid="ignore"):  # a context of which nothing was told
            own = (counts[n] - discounts) / totals[context]
        told.append(np.where(counts[n] > 0, own + share[context] * told[n - 1][suffixes[n]], 0.0))
        passed.append(share)
    passed.append(np.ones(len(keys[-1])))
    kept = counts[-1] > 0  # of the highest order, which is no context
    kept[0] = True  # a table is never empty
    highest = Table(keys[-1][kept], told[-1][kept], passed[-1][kept])
    return (*map(Table, keys[:-1], told[:-1], passed[:-1]), highest)


def _discounts(counts: Floats) -> tuple[float, float, float]:
    """What is taken off n-grams that were seen once, twice, and more often.

    Where there are too few for the formula, or it gives nothing that can be taken off, fixed ones.
    """
    once, twice, thrice, four = (int((counts == times).sum()) for times in (1, 2, 3, 4))
    if min(once, twice, thrice) == 0:
        return _FEW
    y = once / (once + 2 * twice)
    found = (1 - 2 * y * twice / once, 2 - 3 * y * thrice / twice, 3 - 4 * y * four / thrice)
    is_sound = all(0 < one <= times for times, one in enumerate(found, 1))
    return found if is_sound else _FEW


def _shifted(places: NDArray[np.int32] | Integers) -> NDArray[np.int32] | Integers:
    """The place at the position before; the first position is a mark."""
    before = np.zeros_like(places)
    before[1:] = places[:-1]
    return before


def _find(keys: Integers, wanted: Integers) -> Integers:
    """Places of the keys, -1 where there is none; sorted first, so that the search runs through memory."""
    distinct, inverse = np.unique(wanted, return_inverse=True)
    places = np.searchsorted(keys, distinct)
    places[places == len(keys)] = 0
    found: Integers = np.where(keys[places] == distinct, places, -1)[inverse]
    return found
