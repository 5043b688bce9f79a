"""Labelling functions: rules of the recipe, and functions of the user's own, asked about every row.

A rule is read column by column, its pattern by RE2, which takes linear time whatever the pattern. A
Python function gets the row as a mapping of column to value and gives a label or None; one that fails,
or gives what is no class, is an error that names the row. One that would go on for hours is refused once
that is seen, after a few rows; one call that never comes back is not ended.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.errors import Interrupted, RecipeError, nearest, shorten
from trainwright.data.labels.spellings import Spellings
from trainwright.data.labels.votes import Votes, votes_of_table
from trainwright.data.types.values import FALSE_OF
from trainwright.recipe.code import load_function
from trainwright.recipe.labels import Condition, Rule

WHERE = "data.labels.functions"
MOST_SECONDS = 3_600.0  # that a function may be seen to need for all rows
_FIRST_LOOK = 5  # rows after which that is first asked
_MOST_MEMORY = 64 << 20  # of a compiled pattern


def ask_functions(
    frame: pl.DataFrame,
    functions: Sequence[str | Rule],
    *,
    classes: Sequence[str],
    base: Path,
    now: Callable[[], float] = time.monotonic,
) -> Votes:
    """What each function says of each row.

    Args:
        frame: Typed rows.
        functions: Rules, or `module:function`.
        classes: All classes, in order.
        base: The recipe's folder.
        now: The clock, in seconds.

    Raises:
        RecipeError: a rule names a column or class that is not there, or has a wrong pattern; a
            function is not there, fails, is far too slow, or gives what is no class.
    """
    names = names_of(functions)
    codes = _Codes(classes)
    table = np.full((frame.height, len(functions)), -1, dtype=np.int64)
    for place, (name, function) in enumerate(zip(names, functions, strict=True)):
        if isinstance(function, Rule):
            code = codes.of(function.label, f"{WHERE}[{place}].label")
            table[_holds(frame, function.conditions, f"{WHERE}[{place}].if"), place] = code
        else:
            call = load_function(function, base=base, where=f"{WHERE}[{place}]")
            table[:, place] = _ask(call, frame, codes, name, now)
    return votes_of_table(table, names=names, classes=classes)


def names_of(functions: Sequence[str | Rule]) -> tuple[str, ...]:
    """What tables call them: a rule's name or number, a function's place."""
    return tuple(
        function if isinstance(function, str) else function.name or f"rule {number + 1}"
        for number, function in enumerate(functions)
    )


def _ask(
    call: Callable[[Mapping[str, Any]], Any],
    frame: pl.DataFrame,
    codes: _Codes,
    name: str,
    now: Callable[[], float],
) -> NDArray[np.int64]:
    given = np.full(frame.height, -1, dtype=np.int64)
    began, look = now(), _FIRST_LOOK
    for row, values in enumerate(frame.iter_rows(named=True)):
        if row == look:
            _refuse_slow(name, (now() - began) / row, frame.height)
            look *= 2
        try:
            label = call(values)
        except Interrupted:
            raise
        except Exception as error:
            raise RecipeError(
                f"{name} failed on row {row}: {type(error).__name__}: {error!s:.200}",
                where=WHERE,
                mend=f"mend {name}; a column may be None there",
            ) from error
        if label is not None:
            given[row] = codes.of(str(label), f"{name}, row {row}")
    return given


def _refuse_slow(name: str, seconds: float, rows: int) -> None:
    if seconds * rows > MOST_SECONDS:
        raise RecipeError(
            f"{name} takes {seconds:.2g} s a row: {seconds * rows / 3_600:.1f} hours for {rows:,} rows",
            where=WHERE,
            mend=f"make {name} faster, or write what it says into a column of the data beforehand",
        )


class _Codes:
    """The class codes of what functions say, in whatever spelling."""

    def __init__(self, classes: Sequence[str]) -> None:
        self._classes = classes
        self._codes = {label: code for code, label in enumerate(classes)}
        self._spellings = Spellings(classes)

    def of(self, label: str, where: str) -> int:
        meant = self._spellings.meant(label)
        if meant is not None:
            return self._codes[meant]
        like = nearest(label, self._classes)
        raise RecipeError(
            f"{shorten(label)} is none of the classes {', '.join(self._classes[:10])}",
            where=where,
            mend=f"label: {like}" if like else f"label: {self._classes[0]}",
        )


def _holds(frame: pl.DataFrame, conditions: Sequence[Condition], where: str) -> NDArray[np.bool_]:
    held = np.ones(frame.height, dtype=bool)
    for condition in conditions:
        if condition.column not in frame.columns:
            like = nearest(condition.column, frame.columns)
            raise RecipeError(
                f"there is no column {condition.column!r}",
                where=where,
                mend=f"column: {like}" if like else f"columns are: {', '.join(frame.columns[:20])}",
            )
        held &= _test(frame[condition.column], condition, where)
    return held


def _test(values: pl.Series, condition: Condition, where: str) -> NDArray[np.bool_]:
    """Whether one condition holds; nowhere where the value is missing. Shape (rows,)."""
    held = values.is_not_null()
    texts = values.cast(pl.String) if not isinstance(values.dtype, pl.List) else _joined(values)
    if condition.matches is not None:
        held &= pl.Series(_search(condition.matches, texts, where), dtype=pl.Boolean)
    if condition.contains is not None:
        held &= texts.str.to_lowercase().str.contains(condition.contains.lower(), literal=True)
    if condition.equals is not None:
        held &= texts == _as_text(condition.equals, values)
    if condition.among is not None:
        held &= texts.is_in([_as_text(value, values) for value in condition.among])
    if condition.above is not None or condition.below is not None:
        if not (values.dtype.is_numeric() or values.dtype == pl.Boolean):
            raise RecipeError(
                f"column {condition.column!r} holds no numbers ({values.dtype})",
                where=where,
                mend=f"data: {{columns: {{{condition.column}: number}}}}",
            )
        numbers = values.cast(pl.Float64)
        if condition.above is not None:
            held &= numbers > condition.above
        if condition.below is not None:
            held &= numbers < condition.below
    return held.fill_null(value=False).to_numpy()


def _joined(values: pl.Series) -> pl.Series:
    return values.list.eval(pl.element().cast(pl.String)).list.join(" ")


def _as_text(value: str | float | bool, values: pl.Series) -> str:  # noqa: FBT001 - of a recipe
    """As polars writes it in a column of this type: 1 is "1.0" among floats, yes is "true" among booleans."""
    if isinstance(value, bool):
        return str(value).lower()
    if values.dtype == pl.Boolean:
        word = f"{value:g}" if isinstance(value, float) else value.strip().lower()
        return "true" if word in FALSE_OF else "false" if word in FALSE_OF.values() else word
    if values.dtype.is_float() or isinstance(value, float):
        try:
            return str(pl.Series([float(value)]).cast(values.dtype).cast(pl.String)[0])
        except (ValueError, pl.exceptions.PolarsError):
            return str(value)
    return str(value)


def _search(pattern: str, texts: pl.Series, where: str) -> list[bool]:
    import re2  # type: ignore[import-untyped]

    options = re2.Options()
    options.max_mem = _MOST_MEMORY
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options=options)
    except re2.error as error:
        raise RecipeError(
            f"the pattern {shorten(pattern)} is no RE2 pattern: {_reason(error):.120}",
            where=where,
            mend="write it in RE2's syntax: no look-around, no back-references",
        ) from error
    return [text is not None and compiled.search(text) is not None for text in texts.to_list()]


def _reason(error: Exception) -> str:
    """What RE2 says, which comes as bytes."""
    said = error.args[0] if error.args else ""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
