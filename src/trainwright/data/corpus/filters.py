"""Texts that the recipe's filters leave out, before the split, with what each filter did in numbers.

A text goes by the first rule that refuses it; how many each rule would refuse alone is told as well,
so that a rule can be judged without the others. Cost: see `rules`, and where a classifier is asked, its own;
nothing is held but the rows left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path

import numpy as np
import polars as pl

from trainwright.core.columns import ROW
from trainwright.core.errors import DataError, RecipeError
from trainwright.data.corpus.languages import COMMON, language_of
from trainwright.data.corpus.rules import SETS, Document, Rule, words_in
from trainwright.data.detection import LeftOut
from trainwright.data.findings import finding
from trainwright.data.view import View
from trainwright.recipe.corpus import FilterSettings

MOST_BYTES = 10 << 20  # of the file of words


def leave_out(view: View) -> LeftOut:
    """The texts that a filter refuses.

    Raises:
        RecipeError: filters without a column of texts, or a language that is not known.
        DataError: the file of words cannot be read.
    """
    settings = view.settings.filters
    if settings is None:
        return LeftOut(np.zeros(0, np.int64), ())
    inputs = view.settings.inputs
    if inputs is None or inputs.text is None:
        raise RecipeError(
            "filters look at a text, and no column of texts is named",
            where="data.filters",
            mend="data: {inputs: {text: COLUMN}}",
        )
    rules = dict(_rules(settings, view.base))
    alone: Counter[str] = Counter()
    rows, reasons, total = [], [], 0
    for block in view.blocks([inputs.text]):
        total += block.height
        likely = _likely(block[inputs.text], view)
        for (row, text), share in zip(
            block.select(ROW, inputs.text).iter_rows(), likely, strict=True
        ):
            document = Document(text or "", share)
            refused = [name for name, rule in rules.items() if rule.refuses(document)]
            alone.update(refused)
            if refused:
                rows.append(row)
                reasons.append(refused[0])
    first = Counter(reasons)
    told = ", ".join(f"{name} {first[name]} ({alone[name]} alone)" for name in rules if alone[name])
    found = finding(
        "schema",
        "info",
        f"filters left out {len(rows)} of {total} texts" + (f": {told}" if told else ""),
        column=inputs.text,
        rows=np.array(rows, dtype=np.int64),
    )
    return LeftOut(np.array(rows, dtype=np.int64), reasons, (found,))


def _rules(settings: FilterSettings, base: Path) -> Iterator[tuple[str, Rule]]:
    if settings.min_words is not None:
        yield f"under {settings.min_words} words", Rule(words_in, least=settings.min_words)
    if settings.max_words is not None:
        yield f"over {settings.max_words} words", Rule(words_in, most=settings.max_words)
    if settings.languages:
        yield f"not in {' or '.join(settings.languages)}", _language(settings.languages)
    for name in settings.rules:
        for what, rule in SETS[name].items():
            yield f"{name}: {what}", rule
    if settings.words is not None:
        share = settings.words_share
        yield f"over {share:.1%} listed words", _listed(base / settings.words, share)
    if (judge := settings.toxicity) is not None:
        what = f"{judge.label} over {judge.threshold:g} by {judge.model}"
        yield what, Rule(lambda document: document.likely, most=judge.threshold)


def _likely(texts: pl.Series, view: View) -> list[float]:
    """How likely each text is of the class that is not wanted; 0 where no classifier is asked."""
    assert view.settings.filters is not None
    judge = view.settings.filters.toxicity
    if judge is None:
        return [0.0] * len(texts)
    assert view.classifier is not None
    found: list[float] = []
    for block in view.classifier.probabilities([texts], model=judge.model, label=judge.label):
        found += block.tolist()
    return found


def _language(kept: tuple[str, ...]) -> Rule:
    unknown = [name for name in kept if name not in COMMON]
    if unknown:
        raise RecipeError(
            f"the language {unknown[0]!r} is not among those that can be told",
            where="data.filters.languages",
            mend=", ".join(COMMON),
        )
    return Rule(lambda document: language_of(document.words) in kept, least=1)


def _listed(path: Path, share: float) -> Rule:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError("the list of words is over 10 MiB", where=str(path), mend="shorten it")
        listed = {line.strip().lower() for line in path.read_text(encoding="utf-8").splitlines()}
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"the list of words cannot be read: {error}",
            where=str(path),
            mend="name a UTF-8 file with one word or phrase a line in data.filters.words",
        ) from error
    listed.discard("")
    phrases: dict[int, set[tuple[str, ...]]] = {}
    for said in listed:
        phrase = tuple(said.split())
        phrases.setdefault(len(phrase), set()).add(phrase)
    return Rule(lambda document: _share_of(document.bare_words, phrases), most=share)


def _share_of(words: Sequence[str], phrases: Mapping[int, Set[tuple[str, ...]]]) -> float:
    """The share of the words that are listed, or are part of a phrase that is."""
    found = bytearray(len(words))
    for length, known in phrases.items():
        for start, gram in enumerate(zip(*(words[k:] for k in range(length)), strict=False)):
            if gram in known:
                found[start : start + length] = b"\x01" * length
    return sum(found) / len(words) if words else 0.0
