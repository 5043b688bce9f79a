"""Is what left still the model that was trained? Both are asked the same, and the answers are compared.

Of a language model: the likeliest token at every place that it has to tell, the perplexity (the difference
is paired row by row, so that its interval is narrow), tokens of a greedy generation. Of other
models: the label, and the largest difference of a probability or value. The cost is two passes over
some rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import Check, Prediction
from trainwright.core.leaving import Answers, Exchange
from trainwright.deployment.export.formats import Bounds
from trainwright.summaries.intervals import influence_error, quantile

CONFIDENCE = 0.95
NEAR_TIE = 1e-4  # logits so close are equal: which is larger is a matter of rounding
GREEDY_PROMPTS, GREEDY_TOKENS = 4, 16
GREEDY_PROMPT_TOKENS = 32
PADDED = 1e-4  # of the largest logit: sums in another order

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Told:
    """How two networks told the same passages, summed by row.

    Attributes:
        tokens: Told tokens, shape (rows,).
        reference: Nats that the reference spent, shape (rows,).
        exported: Nats that the other one spent, shape (rows,).
        agreed: Places with the same likeliest token, shape (rows,).
    """

    tokens: Floats
    reference: Floats
    exported: Floats
    agreed: Floats


def language_checks(
    reference: Answers,
    exported: Answers,
    exchanges: Sequence[Exchange],
    *,
    bounds: Bounds,
    generates: bool,
) -> Iterator[Check]:
    """Top tokens, perplexity; of one that generates and was not quantised also a greedy generation."""
    told = tell(reference, exported, exchanges)
    yield top_tokens(told, bounds=bounds)
    yield perplexity(told, bounds=bounds)
    if generates and bounds.greedy:
        yield greedy(reference, exported, exchanges)


def tell(reference: Answers, exported: Answers, exchanges: Sequence[Exchange]) -> Told:
    """Let both tell every passage.

    Args:
        reference: As it was trained.
        exported: As it was read again.
        exchanges: At least one, with at least one label.
    """
    rows = 1 + max(exchange.row for exchange in exchanges)
    tokens, nats, other_nats, agreed = (np.zeros(rows) for _ in range(4))
    for exchange in exchanges:
        places = np.flatnonzero(exchange.labels >= 0)
        labels = exchange.labels[places]
        one, other = (
            np.asarray(network.answers(exchange.batch)[0, places], dtype=np.float64)
            for network in (reference, exported)
        )
        tokens[exchange.row] += len(places)
        nats[exchange.row] += _nats(one, labels).sum()
        other_nats[exchange.row] += _nats(other, labels).sum()
        chosen = one[np.arange(len(places)), other.argmax(axis=1)]
        agreed[exchange.row] += (chosen >= one.max(axis=1, initial=-np.inf) - NEAR_TIE).sum()
    asked = tokens > 0
    return Told(tokens[asked], nats[asked], other_nats[asked], agreed[asked])


def top_tokens(told: Told, *, bounds: Bounds) -> Check:
    """Is the likeliest token the same at nearly every place?"""
    share = float(told.agreed.sum() / told.tokens.sum())
    detail = (
        f"the same likeliest token at {100 * share:.2f} % of {int(told.tokens.sum())} places"
        f" of {len(told.tokens)} rows (at least {100 * bounds.agreement:g} %)"
    )
    return Check("token agreement", share >= bounds.agreement, detail)


def perplexity(told: Told, *, bounds: Bounds) -> Check:
    """Is the whole interval of the perplexity's relative difference within the bound?

    The difference of nats a token is a ratio of sums, linearised by row (Cochran 1977, section 2.11).
    """
    gaps, tokens = told.exported - told.reference, told.tokens
    gap = gaps.sum() / tokens.sum()
    error = influence_error((gaps - gap * tokens) / tokens.sum())
    half = quantile(CONFIDENCE, len(gaps)) * error if len(gaps) > 1 else math.inf
    value, low, high = (_relative(gap + step) for step in (0.0, -half, half))
    if len(gaps) == 1:  # one row has no interval: it is judged as it is
        low = high = value
    before = _exp(told.reference.sum() / tokens.sum())
    passed = -bounds.perplexity <= low and high <= bounds.perplexity
    detail = (
        f"{before:.4g} before; {100 * value:+.3f} % ({100 * low:+.3f} to {100 * high:+.3f} %),"
        f" within {100 * bounds.perplexity:g} % wanted"
    )
    return Check("perplexity", bool(passed), detail)


def padded(network: Answers, exchanges: Sequence[Exchange]) -> Check:
    """Is a short passage answered alike beside a long one, with its end filled up and masked?"""
    ordered = sorted(exchanges, key=lambda one: one.batch["ids"].shape[1])
    pair = (ordered[0].batch, ordered[-1].batch)
    both = {name: _stacked([batch[name][0] for batch in pair]) for name in pair[0]}
    together = np.asarray(network.answers(both), dtype=np.float64)
    gap = 0.0
    for row, batch in enumerate(pair):
        alone = np.asarray(network.answers(batch)[0], dtype=np.float64)
        scale = max(1.0, float(np.abs(alone).max()))
        gap = max(gap, float(np.abs(together[row, : len(alone)] - alone).max()) / scale)
    lengths = " and ".join(str(batch["ids"].shape[1]) for batch in pair)
    detail = f"passages of {lengths} tokens in one batch: largest difference {gap:.1e} (at most {PADDED:.0e})"
    return Check("padding", bool(gap <= PADDED), detail)


def greedy(reference: Answers, exported: Answers, exchanges: Sequence[Exchange]) -> Check:
    """Do both write the same tokens, each always the likeliest one?"""
    prompts = [exchange.batch for exchange in exchanges[:GREEDY_PROMPTS]]
    pairs = [(_written(reference, p), _written(exported, p)) for p in prompts]
    same = sum(one == other for one, other in pairs)
    detail = f"{same} of {len(pairs)} generations of {GREEDY_TOKENS} tokens are the same"
    return Check("greedy tokens", same == len(pairs), detail)


def prediction_checks(before: Prediction, after: Prediction, *, bounds: Bounds) -> Iterator[Check]:
    """Labels and probabilities, or values, of the same rows."""
    if before.probabilities is None or after.probabilities is None:
        wanted = np.asarray(before.values, dtype=np.float64)
        found = np.asarray(after.values, dtype=np.float64)
        yield _within("values", wanted, found, bounds=bounds)
        return
    rows = np.arange(len(before.values))
    one, other = before.probabilities, after.probabilities
    chosen = np.asarray(after.values, dtype=np.int64)
    tied = one[rows, chosen] >= one[rows, np.asarray(before.values, dtype=np.int64)] - NEAR_TIE
    share = float(((np.asarray(before.values) == chosen) | tied).mean())
    yield Check(
        "label agreement",
        share >= bounds.agreement,
        f"the same label for {100 * share:.2f} % of {len(rows)} rows"
        f" (at least {100 * bounds.agreement:g} %)",
    )
    yield _within("probabilities", one, other, bounds=bounds)


def _within(name: str, wanted: Floats, found: Floats, *, bounds: Bounds) -> Check:
    gap = float(np.max(np.abs(found - wanted) / np.maximum(1.0, np.abs(wanted)), initial=0.0))
    passed = bool(gap <= bounds.values)  # False also where the gap is NaN
    detail = f"largest difference {gap:.1e} over {len(wanted)} rows (at most {bounds.values:.0e})"
    return Check(name, passed, detail)


def _stacked(rows: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Rows side by side, the shorter ones filled up with 0: an id that is there, and a mask that hides it."""
    stacked = np.zeros((len(rows), max(map(len, rows))), dtype=np.int64)
    for place, row in enumerate(rows):
        stacked[place, : len(row)] = row
    return stacked


def _nats(logits: Floats, labels: NDArray[np.int64]) -> Floats:
    """-ln p of each label; shape (places,)."""
    top = logits.max(axis=1, keepdims=True)
    whole = np.log(np.exp(logits - top).sum(axis=1)) + top[:, 0]
    spent: Floats = whole - logits[np.arange(len(labels)), labels]
    return spent


def _written(network: Answers, batch: Mapping[str, NDArray[Any]]) -> list[int]:
    """Tokens after the beginning of a passage, each the likeliest one."""
    grows = "told" if "told" in batch else "ids"
    half = max(1, min(GREEDY_PROMPT_TOKENS, batch[grows].shape[1] // 2))
    given = batch[grows][:, :half]
    rest = {name: values for name, values in batch.items() if name != grows}
    written: list[int] = []
    for _ in range(GREEDY_TOKENS):
        asked = {**rest, grows: given}
        if grows == "ids":
            asked["mask"] = np.ones_like(given)
        token = int(network.answers(asked)[0, -1].argmax())
        written.append(token)
        given = np.concatenate([given, [[token]]], axis=1)
    return written


def _relative(gap: float) -> float:
    return _exp(gap) - 1.0


def _exp(nats: float) -> float:
    return math.exp(min(nats, 700.0)) if not math.isnan(nats) else math.nan
