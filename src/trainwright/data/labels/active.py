"""Which rows are worth a label next: what the model doubts, and no two alike.

Four ways to doubt, each from 0 (sure) to 1: least confidence, margin, entropy, and the disagreement of
several families. Doubt alone asks for near-copies of one hard row, so the default takes the rows in
most doubt (by margin) and spreads the batch over them: k-centre greedy, each next row the farthest from
all rows labelled or chosen, doubt counting as distance does. A pure function of arrays; the same seed
gives the same rows.

Cost: one distance a candidate row and chosen row; two candidates a wanted row.

Source: Settles 2009, Active Learning Literature Survey, sect. 3.1 and 3.2; Sener & Savarese 2018,
arXiv:1708.00489, Alg. 1; Citovsky et al. 2021, arXiv:2107.14263 (margin, then diversity).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from trainwright.core.seeds import derive_seed

Floats = NDArray[np.float64]
Strategy = Literal[
    "combined", "margin", "entropy", "uncertainty", "disagreement", "diversity", "random"
]

CANDIDATES_A_ROW = 2  # of the combined strategy: how many rows in doubt one is chosen from


@dataclass(frozen=True, slots=True)
class Queue:
    """Rows to label, the most wanted first.

    Attributes:
        rows: Positions among the unlabelled rows; shape (count,), int64.
        doubt: How much the model doubts each, 0 to 1; shape (count,). Zeros where nothing is known.
    """

    rows: NDArray[np.int64]
    doubt: Floats


def queue(
    probabilities: Mapping[str, Floats],
    *,
    count: int,
    features: Floats | None = None,
    labelled: Floats | None = None,
    strategy: Strategy = "combined",
    seed: int = 0,
) -> Queue:
    """The next rows to label.

    Args:
        probabilities: Of the unlabelled rows by each family, shape (rows, classes) each; none at all
            while there is no model: then rows are spread, or drawn at random.
        count: How many rows; fewer come where there are fewer.
        features: Of the unlabelled rows, shape (rows, features), finite, on one scale; None: no
            diversity.
        labelled: Of the rows that have labels, shape (any, features).
        strategy: "combined" (margin, then diversity), or one of its parts; "random" to compare with.
        seed: Draws the order of equals.

    Raises:
        ValueError: a strategy has not what it needs: no probabilities and no features at all, or
            one family only for "disagreement".
    """
    num_rows = _num_rows(probabilities, features)
    count = min(count, num_rows)
    order = np.random.default_rng(derive_seed(seed, "labels", "queue")).permutation(num_rows)
    doubt = _doubt(probabilities, strategy)[order] if probabilities else np.zeros(num_rows)
    if strategy == "random" or (not probabilities and features is None):
        chosen = np.arange(count)
    elif strategy == "diversity" or (not probabilities and features is not None):
        assert features is not None
        chosen = k_centre(features[order], count, centres=labelled)
    else:
        most = np.argsort(-doubt, kind="stable")
        if strategy == "combined" and features is not None:
            near = most[: CANDIDATES_A_ROW * count]
            weight = doubt[near]
            chosen = near[k_centre(features[order][near], count, centres=labelled, weight=weight)]
        else:
            chosen = most[:count]
    return Queue(order[chosen], doubt[chosen])


def least_confidence(probabilities: Floats) -> Floats:
    """1 - the likeliest class, scaled to [0, 1]. Shape (rows, classes) in, (rows,) out."""
    classes = probabilities.shape[1]
    if classes < 2:
        return np.zeros(len(probabilities))
    found: Floats = (1 - probabilities.max(axis=1)) * classes / (classes - 1)
    return found


def margin(probabilities: Floats) -> Floats:
    """1 - (likeliest class - next one). Shape (rows, classes) in, (rows,) out."""
    if probabilities.shape[1] < 2:
        return np.zeros(len(probabilities))
    two = np.partition(probabilities, -2, axis=1)[:, -2:]
    found: Floats = 1 - (two[:, 1] - two[:, 0])
    return found


def entropy(probabilities: Floats) -> Floats:
    """Shannon entropy, divided by that of a fair draw. Shape (rows, classes) in, (rows,) out."""
    if probabilities.shape[1] < 2:
        return np.zeros(len(probabilities))
    found: Floats = _entropy(probabilities) / np.log(probabilities.shape[1])
    return found


def disagreement(probabilities: Mapping[str, Floats]) -> Floats:
    """Jensen-Shannon divergence of the families' answers, 0 where all say the same. Shape (rows,).

    Entropy of the mean less the mean of the entropies, divided by the most that it can be: what a
    vote of the families leaves undecided, without what each of them doubts.
    """
    answers = np.stack(list(probabilities.values()))
    if len(answers) < 2 or answers.shape[2] < 2:
        return np.zeros(answers.shape[1])
    inner = np.stack([_entropy(answer) for answer in answers]).mean(axis=0)
    most = np.log(min(answers.shape[2], len(answers)))
    found: Floats = np.clip((_entropy(answers.mean(axis=0)) - inner) / most, 0.0, 1.0)
    return found


def k_centre(
    features: Floats,
    count: int,
    *,
    centres: Floats | None = None,
    weight: Floats | None = None,
) -> NDArray[np.int64]:
    """Positions chosen greedily, each the farthest from all centres and those chosen before.

    Args:
        features: Shape (rows, features).
        count: How many.
        centres: What is covered already, shape (any, features); where there is nothing, the row
            with the greatest weight (the first, where there is none) comes first.
        weight: Multiplies a row's distance; shape (rows,).

    Returns:
        Shape (min(count, rows),), in the order of choice.
    """
    count = min(count, len(features))
    scale = np.ones(len(features)) if weight is None else weight
    nearest = np.full(len(features), np.inf)
    for centre in centres if centres is not None else ():
        nearest = np.minimum(nearest, _distance(features, centre))
    chosen = np.empty(count, dtype=np.int64)
    for place in range(count):
        far = scale if np.isinf(nearest).all() else np.where(nearest < 0, -1.0, nearest * scale)
        chosen[place] = int(np.argmax(far))
        nearest = np.minimum(nearest, _distance(features, features[chosen[place]]))
        nearest[chosen[: place + 1]] = -1.0
    return chosen


_DOUBTS: dict[str, Callable[[Floats], Floats]] = {
    "combined": margin,
    "margin": margin,
    "entropy": entropy,
    "uncertainty": least_confidence,
    "diversity": margin,
    "random": margin,
}


def _doubt(probabilities: Mapping[str, Floats], strategy: Strategy) -> Floats:
    if strategy == "disagreement":
        if len(probabilities) < 2:
            raise ValueError("disagreement needs the answers of two families or more")
        return disagreement(probabilities)
    return _DOUBTS[strategy](np.mean(list(probabilities.values()), axis=0))


def _num_rows(probabilities: Mapping[str, Floats], features: Floats | None) -> int:
    for answers in probabilities.values():
        return len(answers)
    if features is None:
        raise ValueError("a queue needs probabilities, features, or both")
    return len(features)


def _entropy(probabilities: Floats) -> Floats:
    safe = np.clip(probabilities, 1e-300, 1.0)
    found: Floats = -(probabilities * np.log(safe)).sum(axis=1)
    return found


def _distance(features: Floats, centre: Floats) -> Floats:
    found: Floats = np.sqrt(((features - centre) ** 2).sum(axis=1))
    return found
