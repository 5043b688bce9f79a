"""The target of several labels: a list of texts a cell, or one text with a separator between them.

Every cell becomes the list of its labels, sorted, each once. An empty list is a row without a label, which a
model learns from like any other; only a cell that is missing has no target. Of texts the empty one is
missing, because most files write so what nobody has labelled yet; where it means that no label fits the
recipe says `nulls: []`, and a lone separator always means it. The separator is the one of `;`, `|` and `,`
that stands in most cells, unless the recipe names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.errors import DataError, shorten
from trainwright.data.findings import finding
from trainwright.data.types.blanks import BLANKS
from trainwright.data.types.case import MARKERS, Context, Receipt, TypedColumn, yaml_word

SEPARATORS = (";", "|", ",")
LIMIT_LABELS = 1000
_COMBINED = 0.1  # of the texts hold the mark where it separates labels


def type_labels(raw: pl.Series, context: Context) -> tuple[TypedColumn, Target]:
    """Read the target of a multi-label task.

    Args:
        raw: Lists of texts or whole numbers, or texts.
        context: What the recipe says: `separator`, `nulls`.

    Raises:
        DataError: there are no labels, one, or far too many different ones.
    """
    lists = isinstance(raw.dtype, pl.List)
    cells = pl.Series(raw.name, [], dtype=pl.String) if lists else _texts(raw)
    nulls = ("", *MARKERS) if context.nulls is None else context.nulls
    if lists:
        nulls = ()
    separator = context.separator or found_separator(cells)
    column = Column(
        raw.name,
        ColumnType.LABELS,
        nulls=nulls,
        required=context.required,
        separator="" if lists else separator or SEPARATORS[0],
    )
    values, odd = read_labels(column, raw)
    kind: Literal["text", "integer"] = "integer" if _whole(raw) else "text"
    classes = _classes(values, kind)
    target = Target(column, Task.MULTI_LABEL, classes=classes, class_kind=kind)
    missing = cells.filter(cells.is_in(list(nulls))).alias("value").value_counts()  # none of lists
    receipt = Receipt(
        raw.name,
        "labels, a list a cell" if lists else _reading(separator),
        len(raw),
        len(raw) - values.null_count(),
        missing=dict(missing.iter_rows()),
        changed=_changed(column, raw, values),
        misfits=int(odd.sum()),
    )
    findings = [
        *_of_misfits(raw, odd, context),
        *_of_brackets(cells, context),
        *([] if lists else _of_separator(cells, separator, context)),
        *([] if lists else _of_empty(cells, column)),
        *_of_spellings(raw.name, classes),
        *_of_single(values, raw.name),
    ]
    return TypedColumn(column, values, tuple(findings), receipt), target


def is_of_labels(kind: pl.DataType | None, task: Task | None) -> bool:
    """Is the target one of several labels: the task says so, or it does not and cells hold lists?"""
    return task is Task.MULTI_LABEL or (task is None and isinstance(kind, pl.List))


def looks_like_labels(cells: pl.Series) -> bool:
    """Do texts hold labels with a separator: few different ones, in many combinations?"""
    texts = _texts(cells).drop_nulls()
    texts = texts.filter(texts != "")
    mark = found_separator(texts)
    if not mark or int(texts.str.contains(mark, literal=True).sum()) < _COMBINED * len(texts):
        return False
    labels = _tidied(texts.unique().str.split(mark)).explode().n_unique()
    return 2 <= labels <= min(LIMIT_LABELS, texts.n_unique() / 2)


def read_labels(column: Column, raw: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Cells as sorted lists of distinct labels; null where missing.

    Returns:
        List(String), and a mask of cells that hold something else, which are null in it.
    """
    nothing = pl.Series(raw.name, [None] * len(raw), dtype=pl.List(pl.String))
    if isinstance(raw.dtype, pl.List):
        found = raw.cast(pl.List(pl.String), strict=False)
        holes = found.list.eval(pl.element().is_null()).list.any().fill_null(value=False)
        return _tidied(found).zip_with(~holes, nothing), holes
    if raw.dtype not in (pl.String, pl.Categorical, pl.Enum, pl.Null):
        return nothing, raw.is_not_null()
    cells = _texts(raw)
    if not column.separator:  # of lists: how a text would be taken apart nobody has said
        return nothing, cells.is_not_null()
    there = cells.is_not_null() & ~cells.is_in(list(column.nulls))
    lists = _tidied(cells.str.split(column.separator))
    return lists.zip_with(there, nothing), pl.repeat(False, len(raw), eager=True)


def found_separator(cells: pl.Series) -> str:
    """The mark that stands in most cells; "" where none stands in any."""
    counts = {mark: int(cells.str.contains(mark, literal=True).sum() or 0) for mark in SEPARATORS}
    best = max(SEPARATORS, key=lambda mark: counts[mark])
    return best if counts[best] else ""


def _texts(raw: pl.Series) -> pl.Series:
    """Texts without blanks around them; none of what is no text."""
    if raw.dtype not in (pl.String, pl.Categorical, pl.Enum, pl.Null):
        return pl.Series(raw.name, [None] * len(raw), dtype=pl.String)
    return raw.cast(pl.String).str.strip_chars(BLANKS)


def _tidied(lists: pl.Series) -> pl.Series:
    """Labels without blanks around them, none of them empty, each once, sorted."""
    bare = pl.element().str.strip_chars(BLANKS)
    return lists.list.eval(bare.filter(bare != "").unique().sort())


def _whole(raw: pl.Series) -> bool:
    return isinstance(raw.dtype, pl.List) and raw.dtype.inner.is_integer()


def _classes(values: pl.Series, kind: Literal["text", "integer"]) -> tuple[str, ...]:
    labels = values.explode().drop_nulls().unique().to_list()
    if not 2 <= len(labels) <= LIMIT_LABELS:
        few = f"{len(labels)} label{'s' * (len(labels) != 1)}"
        told = f", {shorten(labels[0])}" if labels else ""
        raise DataError(
            f"the target {shorten(values.name)} has {few}{told}: 2 to {LIMIT_LABELS} different ones"
            " can be learned",
            where=f"column {shorten(values.name)}",
            mend="data: {target: COLUMN} names another column"
            if len(labels) < 2
            else f'data: {{columns: {{{yaml_word(values.name)}: {{separator: ";"}}}}}}, or leave rare'
            " labels out of the file",
        )
    return tuple(sorted(labels, key=int if kind == "integer" else None))


def _reading(separator: str) -> str:
    return f"labels separated by {separator!r}" if separator else "one label a cell"


def _changed(column: Column, raw: pl.Series, values: pl.Series) -> dict[str, int]:
    """In how many cells a label stood twice."""
    if isinstance(raw.dtype, pl.List):
        parts = raw.cast(pl.List(pl.String), strict=False)
    elif column.separator:
        parts = _texts(raw).str.split(column.separator)
    else:
        return {}
    bare = pl.element().str.strip_chars(BLANKS)
    filled = parts.list.eval(bare.filter(bare != "")).list.len()
    twice = int((filled > values.list.len()).sum() or 0)
    return {"labels that stood twice": twice} if twice else {}


def _of_misfits(raw: pl.Series, odd: pl.Series, context: Context) -> Iterator[Finding]:
    if odd.any():
        rows = odd.arg_true().to_numpy().astype(np.int64)
        yield finding(
            "type",
            "error",
            f"column {shorten(raw.name)}: {len(rows)} cells are no lists of labels: the first at"
            f" {context.place(int(rows[0]))}",
            column=raw.name,
            rows=rows,
            remedy='write each as a list of texts, ["one", "two"], or as a text: one;two',
        )


def _of_brackets(cells: pl.Series, context: Context) -> Iterator[Finding]:
    """Lists that were written down as text: their brackets and quotes would become part of labels."""
    rows = cells.str.contains(r"^\[.*\]$").fill_null(value=False).arg_true().to_numpy()
    if len(rows):
        yield finding(
            "type",
            "error",
            f"column {shorten(cells.name)}: {len(rows)} cells are lists written as text, such as"
            f" {shorten(cells[int(rows[0])], 40)}; the first at {context.place(int(rows[0]))}",
            column=cells.name,
            rows=rows.astype(np.int64),
            remedy="write JSON lines or Parquet with lists, or a text with a separator: one;two",
        )


def _of_separator(cells: pl.Series, mark: str, context: Context) -> Iterator[Finding]:
    """How texts were taken apart, where the recipe does not say it."""
    if context.separator is not None:
        return
    name = cells.name
    if not mark:
        yield finding(
            "type",
            "warning",
            f"column {shorten(name)}: none of ; | , stands in any cell, so each holds one label at most",
            column=name,
            remedy=f'data: {{columns: {{{yaml_word(name)}: {{separator: "/"}}}}}}, or task: classification',
        )
        return
    holding = int(cells.str.contains(mark, literal=True).sum() or 0)
    yield finding(
        "type",
        "info",
        f"column {shorten(name)}: {mark!r} is taken for what separates labels; it stands in {holding} of"
        f" {len(cells)} cells",
        column=name,
        count=holding,
        remedy=f"data: {{columns: {{{yaml_word(name)}: {{separator: {yaml_word(mark)}}}}}}}",
    )


def _of_empty(cells: pl.Series, column: Column) -> Iterator[Finding]:
    """What the empty text was taken for."""
    rows: NDArray[np.int64] = (cells == "").arg_true().to_numpy().astype(np.int64)
    if not len(rows):
        return
    name = column.name
    if "" in column.nulls:
        yield finding(
            "missing",
            "warning",
            f"column {shorten(name)}: {len(rows)} cells are empty, which is taken for not labelled yet",
            column=name,
            rows=rows,
            remedy=f"data: {{columns: {{{yaml_word(name)}: {{nulls: []}}}}}}  # where no label fits them",
        )
        return
    yield finding(
        "type",
        "info",
        f"column {shorten(name)}: {len(rows)} cells are empty: rows without a label, as the recipe says",
        column=name,
        rows=rows,
    )


def _of_spellings(name: str, classes: tuple[str, ...]) -> Iterator[Finding]:
    """Labels that differ in case alone."""
    kinds: dict[str, list[str]] = {}
    for label in classes:
        kinds.setdefault(label.casefold(), []).append(label)
    alike = [kind for kind in kinds.values() if len(kind) > 1]
    if alike:
        shown = "; ".join(", ".join(shorten(one, 30) for one in kind) for kind in alike[:5])
        yield finding(
            "category-variant",
            "warning",
            f"column {shorten(name)}: {len(alike)} labels are spelled in several ways: {shown}; each"
            " spelling is a label of its own",
            column=name,
            count=len(alike),
            remedy="write each label one way in the file",
        )


def _of_single(values: pl.Series, name: str) -> Iterator[Finding]:
    """A warning where no row has several labels."""
    sizes = values.list.len().drop_nulls()
    if len(sizes) and not (sizes > 1).any():
        yield finding(
            "type",
            "warning",
            f"column {shorten(name)}: no row has more than one label",
            column=name,
            remedy="task: classification, where each row has exactly one",
        )
