"""Rows that must stay together, and the part that each bundle of them falls to by its hash.

A bundle's place is a number in [0, 1) that its hash and the split's seed give: it falls to train below
the first fraction, to test above the last. Classes with few rows are cut at exact counts instead, in the
order of the places (see `data.split`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding, Split
from trainwright.core.columns import Target, Task
from trainwright.data.chronology import TEST, VALIDATION
from trainwright.data.findings import finding
from trainwright.data.hashing import Hashes, group_equal, mix, positions
from trainwright.data.staging.arrays import Arrays
from trainwright.data.staging.grouping import grouped, repeated
from trainwright.data.staging.rows import Rows

PARTS = tuple(Split)
EXACT_ROWS = 10_000
EXACT_CLASS = 200
_Number = TypeVar("_Number", np.int32, np.uint64)


@dataclass(frozen=True, slots=True)
class Bundled:
    """Rows with what must stay together.

    Attributes:
        hashes: Equal ones are a bundle; shape (rows,).
        first: Position of the first row of each row's bundle; shape (rows,), int64.
        strata: Class of each row; of a bundle the lowest; shape (rows,), int32.
        num: Bundles.
        largest: Rows of the largest.
        copy_of: Position of the first row that is equal in the target too; shape (rows,), int64;
            None where nobody asked.
        differing: True for rows of a bundle in which targets differ; shape (rows,); or None.
    """

    hashes: Hashes
    first: NDArray[np.int64]
    strata: NDArray[np.int32]
    num: int
    largest: int
    copy_of: NDArray[np.int64] | None = None
    differing: NDArray[np.bool_] | None = None


def strata_of(rows: Rows, target: Target, arrays: Arrays) -> NDArray[np.int32]:
    """The class of each row; of several labels the rarest one; 0 where there are none."""
    if target.task is Task.MULTI_LABEL:
        return _rarest(rows, target, arrays)
    if target.task in (Task.REGRESSION, Task.TOKEN_CLASSIFICATION) or target.task.is_language:
        return np.broadcast_to(np.int32(0), rows.num_rows)
    classes = pl.Enum(target.classes)
    found = arrays.empty(rows.num_rows, np.int32)
    start = 0
    for block in rows.blocks([target.name]):
        here = block.to_series().cast(classes).to_physical().to_numpy()
        found[start : start + len(here)] = here
        start += len(here)
        arrays.release()
    return found


def _rarest(rows: Rows, target: Target, arrays: Arrays) -> NDArray[np.int32]:
    """Of each row its rarest label, numbered from the rarest on; rows without a label come last.

    Cut so, each rare label is parted as its share asks; the common ones are in what is left, and there are
    enough of them. That is the first round of iterative stratification, without its bookkeeping.

    Source: Sechidis, Tsoumakas & Vlahavas 2011 (ECML PKDD), algorithm 1.
    """
    counts = dict.fromkeys(target.classes, 0)
    for block in rows.blocks([target.name]):
        labels = block.to_series().explode().drop_nulls().alias("value")
        for label, count in labels.value_counts().iter_rows():
            counts[label] += count
    order = sorted(counts, key=lambda label: (counts[label], label))
    ranks = {label: number for number, label in enumerate(order)}
    found = arrays.empty(rows.num_rows, np.int32)
    start = 0
    for block in rows.blocks([target.name]):
        rank = pl.element().replace_strict(ranks, return_dtype=pl.Int32)
        rarest = block.to_series().list.eval(rank).list.min().fill_null(len(ranks))
        found[start : start + len(rarest)] = rarest.to_numpy()
        start += len(rarest)
        arrays.release()
    return found


def bundle(
    hashes: Hashes, strata: NDArray[np.int32], arrays: Arrays, *, whole: Hashes | None = None
) -> Bundled:
    """Find the rows that have equal hashes.

    Args:
        hashes: Of the rows' inputs, or of their groups; shape (rows,).
        strata: The class of each row; shape (rows,).
        arrays: Where long arrays live.
        whole: Of inputs and target together, to compare rows that have equal inputs; shape (rows,).
    """
    num_rows = len(hashes)
    first, lowest = arrays.empty(num_rows, np.int64), arrays.empty(num_rows, np.int32)
    copy_of = arrays.empty(num_rows, np.int64)
    differing = arrays.full(num_rows, False, np.bool_)
    for span in arrays.spans(num_rows):
        first[span] = copy_of[span] = np.arange(span.start, span.stop)
        lowest[span] = strata[span]
    num = largest = 0
    for part, num_alone in repeated(hashes, arrays):
        groups, at, group = part.groups, part.at, part.groups.inverse
        num += num_alone + len(groups.keys)
        largest = max(largest, int(groups.sizes.max(initial=min(1, num_alone))))
        if not len(at):
            continue
        arrays.put(first, at, part.first)
        arrays.put(lowest, at, _least(arrays.take(strata, at), group, len(groups.keys))[group])
        if whole is not None:
            values = arrays.take(whole, at)
            equal = group_equal(values)
            arrays.put(copy_of, at, at[equal.first[equal.inverse]])
            least = _least(values, group, len(groups.keys))
            most = ~_least(~values, group, len(groups.keys))
            arrays.put(differing, at, (least != most)[group])
    found = Bundled(hashes, first, lowest, num, largest)
    return found if whole is None else replace(found, copy_of=copy_of, differing=differing)


def _least(values: NDArray[_Number], group: NDArray[np.int64], num: int) -> NDArray[_Number]:
    """The smallest value of each group."""
    least = np.full(num, np.iinfo(values.dtype).max, dtype=values.dtype)
    np.minimum.at(least, group, values)
    return least


def by_hash(
    bundled: Bundled, *, seed: int, fractions: Sequence[float], arrays: Arrays
) -> NDArray[np.int8]:
    """The part of each row; rows of one bundle get the same."""
    num_rows = len(bundled.hashes)
    parts = arrays.empty(num_rows, np.int8)
    total = np.zeros(1, dtype=np.int64)
    cuts = np.cumsum(fractions)[:2]
    for span in arrays.spans(num_rows):
        place = positions(bundled.hashes[span], "split", seed)
        parts[span] = np.searchsorted(cuts, place, side="right")
        counts = np.bincount(bundled.strata[span])
        wide = np.zeros(max(len(total), len(counts)), dtype=np.int64)
        wide[: len(total)] += total
        wide[: len(counts)] += counts
        total = wide
    exact = total < (EXACT_CLASS if num_rows >= EXACT_ROWS else EXACT_ROWS)
    few = [
        np.flatnonzero(exact[bundled.strata[span]]) + span.start for span in arrays.spans(num_rows)
    ]
    at = np.concatenate(few) if few else np.empty(0, dtype=np.int64)
    if len(at):
        quotas = quotas_of(total, fractions)
        hashes, strata = arrays.take(bundled.hashes, at), arrays.take(bundled.strata, at)
        arrays.put(parts, at, _at_cuts(hashes, strata, quotas, seed=seed))
    _fill_empty(parts, bundled, arrays, seed=seed)
    return parts


def _at_cuts(
    hashes: Hashes, strata: NDArray[np.int32], quotas: Sequence[tuple[int, int]], *, seed: int
) -> NDArray[np.int8]:
    """The part of each row where every class is cut at exact counts."""
    groups = group_equal(hashes)
    place = positions(groups.keys, "split", seed)
    lowest = strata[groups.first]
    found = np.empty(len(groups.keys), dtype=np.int8)
    order = np.lexsort((place, lowest))
    starts = np.searchsorted(lowest[order], np.arange(len(quotas) + 1))
    for stratum, (train, validation) in enumerate(quotas):
        mine = order[starts[stratum] : starts[stratum + 1]]
        sizes = groups.sizes[mine]
        middle = np.cumsum(sizes) - sizes / 2
        found[mine] = np.searchsorted([train, train + validation], middle, side="right")
    return found[groups.inverse]


def quotas_of(counts: NDArray[np.int64], fractions: Sequence[float]) -> list[tuple[int, int]]:
    """(train, validation) rows of each class; exact in sum, each within one row of its share.

    What rounding takes from one class the next one gives; train has a row of every class.
    """
    quotas = []
    total, given = 0, [0, 0]
    for count in counts.tolist():
        total += count
        wanted = []
        for later, fraction in enumerate(fractions[1:]):
            share = count * fraction
            owed = int(np.floor(total * fraction + 0.5)) - given[later]
            wanted.append(min(max(owed, int(np.floor(share))), int(np.ceil(share))))
        while sum(wanted) > max(0, count - 1):
            wanted[int(np.argmax(wanted))] -= 1
        given = [given[0] + wanted[0], given[1] + wanted[1]]
        quotas.append((count - sum(wanted), wanted[0]))
    return quotas


def _fill_empty(parts: NDArray[np.int8], bundled: Bundled, arrays: Arrays, *, seed: int) -> None:
    """Where there are few bundles a part may have got none: the last ones in order go there."""
    sizes = part_sizes(parts, arrays)
    if bundled.num <= 2 or sizes.all():
        return
    last: dict[int, float] = {}  # the two hashes of the highest places
    for span in arrays.spans(len(parts)):
        hashes = bundled.hashes[span]
        place = positions(hashes, "split", seed)
        for at in np.argsort(place, kind="stable")[::-1]:
            last[int(hashes[at])] = float(place[at])
            if len(last) > 2:
                del last[min(last, key=lambda one: last[one])]
                if int(hashes[at]) not in last:
                    break
    in_order = sorted(last, key=lambda one: last[one])
    for part, position in ((TEST, -1), (VALIDATION, -2)):
        if not part_sizes(parts, arrays)[part]:
            for span in arrays.spans(len(parts)):
                parts[span][bundled.hashes[span] == np.uint64(in_order[position])] = part


def bundle_equal(
    found: Bundled, strata: NDArray[np.int32], arrays: Arrays
) -> tuple[Bundled, list[Finding]]:
    """What stays together in a random split: equal rows, unless equality is a coincidence.

    Args:
        found: The rows by their inputs.
        strata: The class of each row; shape (rows,).
        arrays: Where long arrays live.
    """
    hashes = found.hashes
    few = found.num * 10 < len(hashes)
    dominant = len(hashes) >= 100 and found.largest * 10 > len(hashes)
    if not (few or dominant):
        return found, []
    note = finding(
        "schema",
        "info",
        f"{found.num} distinct rows in {len(hashes)}: equal rows are taken for coincidences and spread"
        " over the splits",
    )
    apart = arrays.empty(len(hashes), np.uint64)
    for part in grouped(hashes, arrays):
        groups = part.groups
        order = np.argsort(groups.inverse, kind="stable")
        starts = np.cumsum(groups.sizes) - groups.sizes
        occurrence = np.empty(len(part.at), dtype=np.uint64)
        occurrence[order] = np.arange(len(part.at)) - np.repeat(starts, groups.sizes)
        arrays.put(apart, part.at, mix(groups.keys[groups.inverse] ^ mix(occurrence)))
    return bundle(apart, strata, arrays), [note]


def part_sizes(parts: NDArray[np.int8], arrays: Arrays) -> NDArray[np.int64]:
    """Rows of each part."""
    sizes = np.zeros(len(PARTS), dtype=np.int64)
    for span in arrays.spans(len(parts)):
        here = parts[span]
        sizes += np.bincount(here[here >= 0], minlength=len(PARTS))
    return sizes
