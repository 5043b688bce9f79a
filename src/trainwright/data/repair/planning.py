"""From what the recipe says of repair and personal data to the contract of each column.

Nothing is fitted: limits and spellings are those that the recipe states. The one exception is
`variants: {COLUMN: accept}`, where the spellings of all rows propose the groups; that is settled before the
split, as types are, and looks at no target.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from trainwright.core.columns import Column, ColumnType, Repair
from trainwright.core.errors import Fault, RecipeError, nearest, shorten
from trainwright.core.names import SUFFIX
from trainwright.data.privacy.masking import hash_step
from trainwright.data.repair.variants import Group, propose
from trainwright.data.types.case import yaml_word
from trainwright.recipe.data import DataSettings

_TEXTS = (ColumnType.CATEGORY, ColumnType.TEXT, ColumnType.IDENTIFIER, ColumnType.MESSAGES)
_PROSE = (ColumnType.TEXT, ColumnType.MESSAGES)
Spellings = Callable[[Column], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is mended in which column.

    Attributes:
        repairs: By the column's name.
        groups: The groups of spellings that were accepted without being named, by the column's name.
    """

    repairs: Mapping[str, Repair]
    groups: Mapping[str, tuple[Group, ...]]

    def of(self, column: Column) -> Column:
        """The column with its repair."""
        repair = self.repairs.get(column.name)
        return column if repair is None else replace(column, repair=repair)


def plan_repairs(
    columns: Sequence[Column],
    settings: DataSettings,
    *,
    target: str,
    spellings: Spellings,
    tagger: str = "",
) -> Plan:
    """What the recipe wants mended.

    Args:
        columns: All columns but the target; it is among them where it is a text.
        settings: The recipe's data section.
        target: Its name.
        spellings: The distinct values of a category and how often each occurs, as the columns
            `value` and `count`; asked only where the proposed groups are accepted.
        tagger: Hash of the model that finds names of persons; none is asked where it is "".

    Raises:
        RecipeError: a column is not there, or of a type that has nothing to mend in that way.
        EnvironmentFault: the key for hashing is not in the environment.
    """
    repair, private = settings.repair, settings.personal_data
    kinds = {column.name: column.type for column in columns}
    faults = [
        *_misplaced(repair.variants, kinds, (ColumnType.CATEGORY,), "data.repair.variants"),
        *_misplaced(repair.limits, kinds, (ColumnType.NUMBER,), "data.repair.limits"),
        *_misplaced(_of(private, "redact", "hash"), kinds, _TEXTS, "data.personal_data"),
        *_misplaced(_of(private, "drop", "keep"), kinds, tuple(ColumnType), "data.personal_data"),
        *_left_out(target, kinds, private),
    ]
    if faults:
        raise RecipeError.of(faults)
    repairs: dict[str, Repair] = {}
    groups: dict[str, tuple[Group, ...]] = {}
    for column in columns:
        if column.type in _TEXTS:
            steps = (*repair.text, *_private_steps(column, settings, tagger))
            repairs[column.name] = Repair(steps, _named_variants(column, settings))
            if repair.variants.get(column.name) == "accept":
                counts = spellings(replace(column, repair=Repair(steps)))
                groups[column.name] = tuple(propose(counts))
                pairs = tuple(pair for group in groups[column.name] for pair in group.pairs)
                repairs[column.name] = Repair(steps, pairs)
        elif (limits := repair.limits.get(column.name)) is not None:
            beyond = limits.beyond or repair.beyond
            low, high = limits.low, limits.high
            if beyond != "drop":
                repairs[column.name] = Repair(low=low, high=high, beyond=beyond)
    return Plan({name: one for name, one in repairs.items() if one != Repair()}, groups)


def _private_steps(column: Column, settings: DataSettings, tagger: str) -> tuple[str, ...]:
    """In texts each piece is replaced, then each name; of other columns the whole value."""
    action = settings.personal_data.get(column.name)
    if action not in ("redact", "hash"):
        return ()
    whole = column.type not in _PROSE
    if action == "redact":
        first = "redact-whole" if whole else "redact"
    else:
        assert settings.hash_key is not None
        first = hash_step(settings.hash_key.removeprefix("env:"), whole=whole)
    if whole or not tagger:
        return (first,)
    key = first.partition(":")[2]
    return (first, ":".join(part for part in (action + SUFFIX, key, tagger) if part))


def _named_variants(column: Column, settings: DataSettings) -> tuple[tuple[str, str], ...]:
    said = settings.repair.variants.get(column.name, "accept")
    if isinstance(said, str):
        return ()
    return tuple((other, known) for known, others in said.items() for other in others)


def _left_out(
    target: str, kinds: Mapping[str, ColumnType], private: Mapping[str, str]
) -> list[Fault]:
    """What is told cannot be left out."""
    if private.get(target) != "drop" or target not in kinds:
        return []
    what = f"column {shorten(target)} is what is told, and cannot be left out"
    return [
        Fault(
            what, "data.personal_data", f"data: {{personal_data: {{{yaml_word(target)}: redact}}}}"
        )
    ]


def _of(private: Mapping[str, str], *actions: str) -> list[str]:
    return [name for name, action in private.items() if action in actions]


def _misplaced(
    asked: Iterable[str],
    kinds: Mapping[str, ColumnType],
    fitting: tuple[ColumnType, ...],
    where: str,
) -> list[Fault]:
    """Columns that are not there, or of another type."""
    faults = []
    for name in asked:
        if name not in kinds:
            near = nearest(name, kinds)
            mend = f"use {shorten(near)}" if near else "name a column of the data, not the target"
            faults.append(Fault(f"there is no input column {shorten(name)}", where, mend))
        elif kinds[name] not in fitting:
            wanted = " or ".join(kind.value for kind in fitting)
            what = (
                f"column {shorten(name)} is of type {kinds[name].value}, and this is for {wanted}"
            )
            faults.append(
                Fault(
                    what,
                    where,
                    f"remove it there, or say its type: data: {{columns: {{{name}: {fitting[0].value}}}}}",
                )
            )
    return faults
