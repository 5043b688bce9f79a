"""Mixtures of sources: train rows count so much that each source has its share of the text.

Before there is a tokenizer, text is counted in bytes: a row of source s weighs share(s) * all bytes /
bytes(s), so that an epoch is as long as without a mixture, and the weight is also how often the source is
passed through in it. Once there are tokens, the weights are brought to shares of these (`counting.Mixture`).
Source: Xie et al. 2023, arXiv:2305.10429, sect. 2 (shares of tokens as what a mixture is made of);
Muennighoff et al. 2023, arXiv:2305.16264, sect. 6 (a source that is passed through more than four times
brings less and less).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding, Split
from trainwright.core.columns import ROW
from trainwright.core.errors import RecipeError, nearest, shorten
from trainwright.data.findings import finding
from trainwright.data.types.case import yaml_word
from trainwright.data.view import View
from trainwright.data.weights import Weights
from trainwright.recipe.mixture import MixtureSettings

MANY_EPOCHS = 4.0
_MISSING = "(missing)"


def weigh(view: View) -> Weights | None:
    """What each train row counts, where the recipe asks for a mixture.

    Raises:
        RecipeError: there is no such column; a source has no share, or none of its rows is in train.
    """
    asked = view.settings.mixture
    if asked is None:
        return None
    rows, codes, sizes = _sources(view, asked)
    names = list(asked.weights)
    shares = np.array([asked.weights[name] for name in names])
    shares /= shares.sum()
    num_bytes = np.bincount(codes, sizes, minlength=len(names)).astype(np.float64)
    if not num_bytes.all():
        void = names[int(np.flatnonzero(num_bytes == 0)[0])]
        raise RecipeError(
            f"no train row with any text is of the source {shorten(void)}",
            where="data.mixture.weights",
            mend=f"remove {yaml_word(void)}, or add texts of it",
        )
    epochs = shares * num_bytes.sum() / num_bytes
    counts = np.bincount(codes, minlength=len(names))
    told = _findings(names, shares, num_bytes, counts, epochs, column=asked.column)
    return Weights(rows, epochs[codes], tuple(told))


def told_mixture(settings: MixtureSettings | None) -> dict[str, Any]:
    """What a snapshot's card keeps of it, so that whoever has tokens can count by them."""
    if settings is None or settings.column is None:
        return {}
    return {"mixture": {"column": settings.column, "shares": dict(settings.weights)}}


def source_names(values: pl.Series) -> pl.Series:
    """A column's values as the names of sources."""
    return values.cast(pl.String).fill_null(_MISSING)


def _sources(
    view: View, asked: MixtureSettings
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Positions, source and bytes of the train rows."""
    if asked.column is not None:
        known = [view.target.name, *(column.name for column in view.columns)]
        _check_column(asked.column, known)
    code_of = {name: code for code, name in enumerate(asked.weights)}
    text = view.target.name
    columns = list(dict.fromkeys([text] + ([asked.column] if asked.column else [])))
    rows, codes, sizes = [], [], []
    for block in view.blocks(columns, split=Split.TRAIN):
        row = block[ROW].to_numpy()
        if asked.column is None:
            codes.append(_of_files(row, view.place, list(code_of)))
        else:
            names = source_names(block[asked.column])
            _check_values(names, code_of)
            codes.append(names.replace_strict(code_of, return_dtype=pl.Int64).to_numpy())
        rows.append(row)
        sizes.append(block[text].cast(pl.String).str.len_bytes().fill_null(0).to_numpy())
    return np.concatenate(rows), np.concatenate(codes), np.concatenate(sizes).astype(np.float64)


def _of_files(
    rows: NDArray[np.int64], place: Callable[[int], str], names: Sequence[str]
) -> NDArray[np.int64]:
    """The source of each row (ascending) by its place; a source's rows lie together."""
    codes = np.empty(len(rows), np.int64)
    start = 0
    while start < len(rows):
        code = _file_of(place(int(rows[start])), names)
        low, high = start + 1, len(rows)
        while low < high:  # the first row of another source
            middle = (low + high) // 2
            is_same = _file_of(place(int(rows[middle])), names) == code
            low, high = (middle + 1, high) if is_same else (low, middle)
        codes[start:low] = code
        start = low
    return codes


def _file_of(place: str, names: Sequence[str]) -> int:
    """The number of the source that a place lies in."""
    within = [
        code
        for code, name in enumerate(names)
        if place.startswith(tuple(os.path.normpath(name) + mark for mark in (":", " row ", "/")))
    ]
    if within:
        return max(within, key=lambda code: len(names[code]))
    file = place.rsplit(":", 1)[0].rsplit(" row ", 1)[0]
    raise RecipeError(
        f"the source of {shorten(place)} has no share",
        where="data.mixture.weights",
        mend=f"add it: {yaml_word(file)}: 0.1",
    )


def _check_column(name: str, known: Sequence[str]) -> None:
    if name in known:
        return
    near = nearest(name, known)
    raise RecipeError(
        f"there is no column {shorten(name)}",
        where="data.mixture.column",
        mend=f"use {near!r}" if near else f"use one of: {', '.join(known[:8])}",
    )


def _check_values(names: pl.Series, code_of: Mapping[str, Any]) -> None:
    further = sorted(set(names.unique().to_list()) - set(code_of))
    if further:
        shown = ", ".join(shorten(name, 30) for name in further[:5])
        raise RecipeError(
            f"{len(further)} sources have no share: {shown}",
            where="data.mixture.weights",
            mend=f"add each: {yaml_word(further[0])}: 0.1; or leave its rows out",
        )


def _findings(
    names: Sequence[str],
    shares: NDArray[np.float64],
    num_bytes: NDArray[np.float64],
    counts: NDArray[np.int64],
    epochs: NDArray[np.float64],
    *,
    column: str | None,
) -> Iterator[Finding]:
    was = num_bytes / num_bytes.sum()
    told = ", ".join(
        f"{shorten(name, 30)} {share:.1%} of the text (by itself {own:.1%}: {rows:,} rows,"
        f" {size / 1e6:,.1f} MB), passed through {often:.2f} times an epoch"
        for name, share, own, rows, size, often in zip(
            names, shares, was, counts, num_bytes, epochs, strict=True
        )
    )
    yield finding("imbalance", "info", f"mixture of train rows: {told}", column=column)
    often = [name for name, one in zip(names, epochs, strict=True) if one > MANY_EPOCHS]
    if often:
        shown = ", ".join(shorten(name, 30) for name in often)
        yield finding(
            "imbalance",
            "warning",
            f"mixture: {shown} is passed through more than {MANY_EPOCHS:.0f} times an epoch; what is"
            " repeated so often is learnt by heart rather than from",
            column=column,
            remedy="data: {mixture: {weights: ...}} with a smaller share, or more text of it",
        )
