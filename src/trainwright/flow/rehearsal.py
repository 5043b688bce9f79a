"""Old text among the new, and what a base forgot of it: bits a byte before and after, on documents held back.

A tenth of the documents, drawn by their own hash, is never learnt from. Both models tell the same ones, so
that the difference has an interval of its own.

Source: Robins 1995, Connection Science 7(2) (rehearsal); Cochran 1977, Sampling Techniques, sect. 6.3 (the
error of a ratio).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import MetricValue
from trainwright.core.durable import parse_json
from trainwright.core.errors import DataError, TrustError
from trainwright.core.features import Examples
from trainwright.core.language import BYTES, NATS, Passages
from trainwright.models.fitted import FittedModel
from trainwright.models.language.families import CausalLM, Rehearsal
from trainwright.summaries.intervals import quantile

if TYPE_CHECKING:
    from trainwright.core.protocols import Family, Preparation

HELD_BACK, MOST_HELD_BACK = 10, 200  # one in ten documents, so many at most
LIMIT_BYTES, LIMIT_LINE = 512 << 20, 16 << 20


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What became of the base's own ability.

    Attributes:
        documents: That were held back.
        share: Of the tokens that were learnt from.
        before: Bits a byte of the base as it came.
        after: Of the model that was made from it.
        change: After minus before.
        source: SHA-256 of the file.
    """

    documents: int
    share: float
    before: MetricValue
    after: MetricValue
    change: MetricValue
    source: str

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def with_rehearsal(
    train: Examples, family: Family, preparation: Preparation, *, base: Path
) -> Examples:
    """The rows to learn from with the family's old text among them; as they are where it has none.

    Args:
        train: As they were prepared.
        family: Its `rehearsal` says which text, and how much of it.
        preparation: Of the rows.
        base: The recipe's folder, where the file's path starts.

    Raises:
        DataError: the file is missing, or holds no texts.
    """
    wanted = family.rehearsal if isinstance(family, CausalLM) else None
    if wanted is None or not wanted.share:
        return train
    learnt, _ = _texts(wanted, base=base)
    old = _passages(preparation, learnt)
    new: Passages = train.features
    weights = np.ones(new.num_rows) if train.weights is None else train.weights
    tokens = float((_told(new) * weights).sum())
    weight = wanted.share / (1 - wanted.share) * tokens / max(1.0, float(_told(old).sum()))
    return replace(
        train,
        features=_joined(new, old),
        target=np.concatenate([train.target, old.row_bytes]),
        weights=np.concatenate([weights, np.full(old.num_rows, weight)]),
    )


def forgetting(
    family: Family, model: FittedModel, *, base: Path, confidence: float = 0.95
) -> Forgetting | None:
    """Bits a byte on the old text that was held back, of the base and of what was made from it.

    Raises:
        DataError: the file is missing, or holds no texts.
    """
    wanted = family.rehearsal if isinstance(family, CausalLM) else None
    if wanted is None or not isinstance(family, CausalLM):
        return None
    from trainwright.models.language.untouched import untouched

    _, held = _texts(wanted, base=base)
    passages = _passages(model.preparation, held)
    before = untouched(family, passages, base=base)
    if before is None:
        return None
    told = [one.predict(passages) for one in (before, model.estimator)]
    bits = [one[:, NATS] / math.log(2) for one in told]
    sizes = told[0][:, BYTES]
    return Forgetting(
        documents=len(held),
        share=wanted.share,
        before=_ratio(bits[0], sizes, confidence=confidence),
        after=_ratio(bits[1], sizes, confidence=confidence),
        change=_ratio(bits[1] - bits[0], sizes, confidence=confidence),
        source=_sha256(base / wanted.source),
    )


def _texts(wanted: Rehearsal, *, base: Path) -> tuple[list[str], list[str]]:
    """Documents to learn from, and those that are held back."""
    found = _read(base / wanted.source)
    keys = [hashlib.sha256(text.encode()).digest() for text in found]
    order = sorted(range(len(found)), key=keys.__getitem__)
    count = min(MOST_HELD_BACK, max(1, len(found) // HELD_BACK))
    held = set(order[:count])
    learnt = [text for place, text in enumerate(found) if place not in held]
    return learnt, [found[place] for place in sorted(held)]


def _read(path: Path) -> list[str]:
    """The texts of JSON lines, each once.

    Raises:
        DataError: says which line is no text.
    """
    where = str(path)
    mend = 'JSON lines: {"text": "..."} each, two at least'
    try:
        if path.stat().st_size > LIMIT_BYTES:
            raise DataError(
                f"the old text is larger than {LIMIT_BYTES >> 20} MiB",
                where=where,
                mend="a sample of it: rehearsal needs a tenth of what is learnt",
            )
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise DataError(
            f"the old text cannot be read: {error.strerror or error}", where=where, mend=mend
        ) from error
    texts: dict[str, None] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip():
            texts.setdefault(_text(line, where=f"{where}:{number}", mend=mend))
    if len(texts) < 2:
        raise DataError(f"{len(texts)} old texts are too few", where=where, mend=mend)
    return list(texts)


def _text(line: bytes, *, where: str, mend: str) -> str:
    try:
        value = parse_json(line[:LIMIT_LINE], where=where)
        text = value["text"]
        text.encode()
    except (TrustError, KeyError, TypeError, AttributeError, UnicodeEncodeError) as error:
        raise DataError("a line holds no text", where=where, mend=mend) from error
    return str(text)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _passages(preparation: Preparation, texts: Sequence[str]) -> Passages:
    from trainwright.data.language.preparation import LanguagePreparation

    assert isinstance(preparation, LanguagePreparation)
    return preparation.of_documents().transform(pl.DataFrame({"text": list(texts)}))


def _told(passages: Passages) -> NDArray[np.float64]:
    """Tokens that each row tells, shape (rows,)."""
    owners = np.repeat(passages.rows, np.diff(passages.ends, prepend=0))
    found = np.bincount(owners[passages.taught], minlength=passages.num_rows)
    return found.astype(np.float64)


def _joined(new: Passages, old: Passages) -> Passages:
    """Rows of the one after those of the other."""
    lost = [
        np.zeros(one.num_rows, np.int64) if one.lost is None else one.lost for one in (new, old)
    ]
    return replace(
        new,
        ids=np.concatenate([new.ids, old.ids]),
        taught=np.concatenate([new.taught, old.taught]),
        ends=np.concatenate([new.ends, old.ends + len(new.ids)]),
        rows=np.concatenate([new.rows, old.rows + new.num_rows]),
        num_rows=new.num_rows + old.num_rows,
        row_bytes=np.concatenate([new.row_bytes, old.row_bytes]),
        lost=np.concatenate(lost) if new.lost is not None or old.lost is not None else None,
    )


def _ratio(
    amounts: NDArray[np.float64], sizes: NDArray[np.float64], *, confidence: float
) -> MetricValue:
    """Sum over sum, with the interval of a ratio of documents."""
    total, count = float(sizes.sum()), len(sizes)
    value = float(amounts.sum()) / max(total, 1.0)
    if count < 2:
        return MetricValue(value, -math.inf, math.inf)
    rest = amounts - value * sizes
    error = math.sqrt(count / (count - 1) * float(np.square(rest).sum())) / max(total, 1.0)
    reach = quantile(confidence, count) * error
    return MetricValue(value, value - reach, value + reach)
