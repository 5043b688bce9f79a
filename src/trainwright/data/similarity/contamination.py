"""Decontamination: train rows that hold a text of an evaluation set are left out of train.

A train text is contaminated when it shares 13 words in a row with any text of the given files (GPT-3's
measure), or, with `share: 0.7`, when so much of all its runs of words stands in them (PaLM took 70 % of
8-grams). A text shorter than a run counts as one run of its own where it has at least eight words. What
more than ten evaluation texts share is nobody's mark: a licence, a footer; GPT-3 left such runs out as well.

Nothing but train rows is looked at or left out, and no test row is ever changed. Cost: about 30 ns a word;
8 bytes of memory a word of the evaluation files.

Source: Brown et al. 2020, arXiv:2005.14165, app. C; Chowdhery et al. 2022, arXiv:2204.02311, sec. 8.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Split
from trainwright.core.columns import ROW, ColumnType
from trainwright.core.errors import RecipeError
from trainwright.data.detection import LeftOut
from trainwright.data.findings import finding
from trainwright.data.hashing import Hashes
from trainwright.data.reading.source import read_source
from trainwright.data.similarity.shingles import long_shingles
from trainwright.data.view import View
from trainwright.recipe.data import DataSettings

COMMON = 10  # evaluation texts that may share a run before it is nobody's mark
SHORT = 8  # words of a text shorter than a run that are enough to judge it
_PLAIN = (".txt", ".md")


def leave_out(view: View) -> LeftOut:
    """Train rows that share runs of words with the evaluation files of the recipe.

    Raises:
        RecipeError: no column holds texts.
        DataError: a file cannot be read.
    """
    settings = view.settings.decontaminate
    none = LeftOut(np.zeros(0, np.int64), [])
    if not settings.against:
        return none
    names = [column.name for column in view.columns if column.type is ColumnType.TEXT]
    if not names:
        raise RecipeError(
            "there is no column of texts that could hold texts of an evaluation set",
            where="data.decontaminate",
            mend="remove decontaminate, or name the column: data: {columns: {NAME: text}}",
        )
    rows, reasons = [], []
    known = [
        (file, evaluation_runs(_texts(file, view), words=settings.words))
        for file in settings.against
    ]
    for block in view.blocks(names, split=Split.TRAIN):
        texts = block.select(pl.concat_str(names, separator="\n", ignore_nulls=True)).to_series()
        found = np.full(len(texts), -1)
        for number, (_, runs) in enumerate(known):
            hit = contaminated(texts, runs, words=settings.words, share=settings.share)
            found[hit & (found < 0)] = number
        hits = np.flatnonzero(found >= 0)
        rows.append(block[ROW].to_numpy()[hits])
        reasons += [f"shares text with {known[number][0]}" for number in found[hits].tolist()]
    left = np.concatenate(rows) if rows else none.rows
    measure = (
        f"{settings.words} words in a row"
        if settings.share is None
        else f"{settings.share:.0%} of their runs of {settings.words} words"
    )
    told = finding(
        "leakage",
        "info",
        f"{len(left)} train rows share {measure} with {', '.join(settings.against)}: left out of train",
        rows=left,
    )
    return LeftOut(left, reasons, (told,))


def contaminated(
    texts: pl.Series, runs: Hashes, *, words: int, share: float | None = None
) -> NDArray[np.bool_]:
    """True for texts that hold known runs of words.

    Args:
        texts: Strings.
        runs: What `evaluation_runs` gives; rising.
        words: Words of a run.
        share: Of a text's runs that must be known; any one where None.
    """
    found = []
    for shingles in long_shingles(texts, num_words=words, fewest=SHORT):
        places = np.minimum(np.searchsorted(runs, shingles.hashes), max(0, len(runs) - 1))
        known = runs[places] == shingles.hashes if len(runs) else np.zeros(len(places), bool)
        owners = np.repeat(np.arange(len(shingles.counts)), shingles.counts)
        hits = np.bincount(owners, weights=known, minlength=len(shingles.counts))
        least = 1.0 if share is None else np.maximum(1.0, share * shingles.counts)
        found.append(hits >= least)
    return np.concatenate(found) if found else np.zeros(0, bool)


def evaluation_runs(texts: Iterable[pl.Series], *, words: int) -> Hashes:
    """The runs of words of evaluation texts, each once and rising, without common ones."""
    parts = [np.zeros(0, np.uint64)]
    for block in texts:
        for shingles in long_shingles(block, num_words=words, fewest=SHORT):
            owners = np.repeat(np.arange(len(shingles.counts)), shingles.counts)
            order = np.lexsort((owners, shingles.hashes))
            hashes, owners = shingles.hashes[order], owners[order]
            fresh = np.ones(len(hashes), dtype=bool)  # a run counts once a text
            fresh[1:] = (hashes[1:] != hashes[:-1]) | (owners[1:] != owners[:-1])
            parts.append(hashes[fresh].astype(np.uint64))
    runs, counts = np.unique(np.concatenate(parts), return_counts=True)
    return runs[counts <= COMMON]


def _texts(file: str, view: View) -> Iterator[pl.Series]:
    """All texts of an evaluation file: every column of words, or a plain file as one text."""
    path = view.base / file
    if Path(file).suffix.lower() in _PLAIN and path.is_file():
        yield pl.Series([path.read_text(encoding="utf-8", errors="replace")])
        return
    said = DataSettings(source=file, target=view.settings.target)
    for column in read_source(said, base=view.base).frame.iter_columns():
        if column.dtype == pl.String:
            yield column.drop_nulls()
