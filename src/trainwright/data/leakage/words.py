"""Words of a text that tell the target alone: a filter's verdict in a header, "result: yes" in a note.

Of classes: each word, and each two words side by side, is one question (does it stand there?), held by how
much oftener it stands in the texts of one class than in all others (Youden 1950, Cancer 3, index J). What
people write hardly ever has one word in nearly all texts of a class and in next to none of the others; what
a machine or a clerk put in afterwards has. Of numbers: does the row's own target stand in its text, and the
target of another row does not? Train rows alone are looked at.

Cost: 3,000 texts, of each the first 4,000 signs and the last 1,000.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import polars as pl

from trainwright.core.artifacts import Finding, Split
from trainwright.core.clock import Deadline
from trainwright.core.columns import ColumnType, Task
from trainwright.core.errors import shorten
from trainwright.data.findings import finding
from trainwright.data.leakage.trials import judged
from trainwright.data.types.case import yaml_word
from trainwright.data.view import View

SAMPLE_ROWS = 3_000
FEWEST_ROWS = 50
FEWEST_OF_CLASS = 20
TELLING = 0.95  # Youden's J: the share of a class's texts that have it, less that of all others
OWN, OTHERS = 0.9, 0.3  # shares of texts that hold the row's target, and another row's
_HEAD, _TAIL = 4_000, 1_000
_WORD = r"[\p{L}\p{N}_]+"
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def find(view: View, *, deadline: Deadline) -> list[Finding]:  # noqa: ARG001 - quick
    """Texts in which a word, or the target itself, stands for the answer."""
    names = [
        column.name
        for column in view.columns
        if column.type is ColumnType.TEXT and column.name in view.inputs
    ]
    if not names or not judged(view) or view.settings.labels.functions:
        return []  # words make the labels where functions do
    frame = view.sample([view.target.name, *names], size=SAMPLE_ROWS, split=Split.TRAIN)
    if frame.height < FEWEST_ROWS:
        return []
    look = _classes if view.target.task is Task.CLASSIFICATION else _numbers
    return [one for name in names for one in look(frame[name], frame[view.target.name])]


def _classes(texts: pl.Series, labels: pl.Series) -> Iterator[Finding]:
    """The word that tells a class best, where one does."""
    sizes = dict(labels.value_counts().iter_rows())
    terms = _terms(texts).with_columns(labels.alias("label"))
    counts = (
        terms.explode("term")
        .drop_nulls("term")
        .group_by("term", "label")
        .agg(pl.len().alias("with"))
    )
    total = pl.col("with").sum().over("term")
    size = pl.col("label").replace_strict(sizes, return_dtype=pl.Float64)
    judged_terms = (
        counts.with_columns(total.alias("all"), size.alias("size"))
        .filter(pl.col("size").is_between(FEWEST_OF_CLASS, len(labels) - FEWEST_OF_CLASS))
        .with_columns(
            (pl.col("with") / pl.col("size")).alias("here"),
            ((pl.col("all") - pl.col("with")) / (len(labels) - pl.col("size"))).alias("there"),
        )
        .with_columns((pl.col("here") - pl.col("there")).alias("j"))
        .filter(pl.col("j") >= TELLING)
        .sort("j", pl.col("term").str.len_chars(), "term", descending=[True, False, False])
    )
    if not judged_terms.height:
        return
    best = judged_terms.row(0, named=True)
    classes = judged_terms["label"].n_unique()
    more = f"; {classes} classes have such a word" if classes > 1 else ""
    yield finding(
        "leakage",
        "warning",
        f"column {texts.name!r}: {shorten(best['term'], 40)} stands in {best['with']:,} of"
        f" {best['size']:,.0f} texts of {shorten(str(best['label']), 40)} and in"
        f" {best['all'] - best['with']:,} of {len(labels) - best['size']:,.0f} others: was it written once"
        f" the class was known?{more}",
        column=texts.name,
        count=int(best["all"]),
        remedy=_remedy(texts.name),
    )


def _numbers(texts: pl.Series, targets: pl.Series) -> Iterator[Finding]:
    """Texts that hold the row's own number."""
    values = targets.to_numpy().astype(np.float64)
    known = [
        (set(map(float, _NUMBER.findall(text.replace(",", "")))), value)
        for text, value in zip(_cut(texts).to_list(), values, strict=True)
        if text is not None and np.isfinite(value)
    ]
    if len(known) < FEWEST_ROWS:
        return
    own = sum(value in held for held, value in known)
    shifted = [value for _, value in (*known[len(known) // 2 :], *known[: len(known) // 2])]
    other = sum(value in held for (held, _), value in zip(known, shifted, strict=True))
    if own < OWN * len(known) or other > OTHERS * len(known):
        return
    yield finding(
        "leakage",
        "warning",
        f"column {texts.name!r}: {own:,} of {len(known):,} texts hold the number that is to be predicted of"
        f" them ({other:,} that of another row)",
        column=texts.name,
        count=own,
        remedy=_remedy(texts.name),
    )


def _terms(texts: pl.Series) -> pl.DataFrame:
    """The different words and pairs of words of each text; shape (rows,), null where there is none."""
    words = pl.DataFrame(
        {"words": _cut(texts).str.to_lowercase().str.extract_all(_WORD)}
    ).with_columns(
        pl.col("words")
        .list.eval(pl.element() + pl.lit(" ") + pl.element().shift(-1))
        .list.drop_nulls()
        .alias("pairs")
    )
    return words.select(pl.concat_list("words", "pairs").list.unique().alias("term"))


def _cut(texts: pl.Series) -> pl.Series:
    """Head and tail, where machines write."""
    name = texts.name
    whole, ends = pl.col(name), pl.col(name).str.head(_HEAD) + " " + pl.col(name).str.tail(_TAIL)
    is_long = whole.str.len_chars() > _HEAD + _TAIL
    return texts.to_frame().select(pl.when(is_long).then(ends).otherwise(whole)).to_series()


def _remedy(name: str) -> str:
    return f"data: {{known_after: [{yaml_word(name)}]}}  # or take it out of the texts"
