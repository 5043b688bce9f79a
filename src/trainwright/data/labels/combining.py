"""Several labels a row become one, with its probability: majority, Dawid-Skene, or MACE.

Majority counts. Dawid-Skene learns from the agreement alone how each annotator confuses the classes;
MACE learns how often each one guesses, and what. Both are maximum likelihood by expectation
maximisation, started from the majority, with a small prior, so that an annotator of three labels is not
believed or condemned for ever. Deterministic: no restart is drawn.

Source: Dawid & Skene 1979, Applied Statistics 28(1), eqs. 2.3-2.5; Hovy et al. 2013, Learning Whom to
Trust with MACE (NAACL), sect. 3. Parity: tests/numeric/test_labels_combining.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from trainwright.data.labels.votes import Floats, Votes

Combine = Literal["majority", "dawid-skene", "mace"]

_ROUNDS = 200
_ENOUGH = 1e-7  # mean change of the probabilities that ends it
_SMOOTH = 0.01  # labels of each kind that everybody is taken to have given


@dataclass(frozen=True, slots=True)
class Combined:
    """What the labels of all say together.

    Attributes:
        probabilities: Shape (rows, classes); a row that nobody labelled has those of `balance`.
        quality: How far each annotator is believed: the share of right labels (majority: of those
            that agree with it), weighted by class; MACE: the share not guessed. Shape (voters,).
        balance: Share of each class; shape (classes,).
        labelled: Rows that somebody labelled; shape (rows,), bool.
    """

    probabilities: Floats
    quality: Floats
    balance: Floats
    labelled: NDArray[np.bool_]

    @property
    def labels(self) -> NDArray[np.int64]:
        """The likeliest class of each row; of equal ones the commoner."""
        nudge = 1e-9 * self.balance
        found: NDArray[np.int64] = np.argmax(self.probabilities + nudge, axis=1).astype(np.int64)
        return found

    @property
    def confidence(self) -> Floats:
        """Probability of it; shape (rows,)."""
        found: Floats = self.probabilities.max(axis=1)
        return found


def combine(votes: Votes, how: Combine) -> Combined:
    """The labels of all together. A pure function of the votes."""
    return _WAYS[how](votes)


def majority(votes: Votes) -> Combined:
    """Shares of the votes."""
    counts = votes.counts
    labelled = counts.sum(axis=1) > 0
    balance = counts.sum(axis=0) / max(1.0, counts.sum())
    shares = np.where(
        labelled[:, None], counts / np.maximum(1.0, counts.sum(axis=1, keepdims=True)), balance
    )
    best = np.argmax(shares + 1e-9 * balance, axis=1)
    agree = (best[votes.rows] == votes.labels).astype(np.float64)
    return Combined(shares, _mean_by_voter(votes, agree), balance, labelled)


def dawid_skene(votes: Votes) -> Combined:
    """A confusion matrix for each annotator."""
    width, voters = len(votes.classes), len(votes.names)
    start = majority(votes)
    probabilities, labelled = start.probabilities, start.labelled
    balance = np.ones(width) / width
    confusion = np.empty((voters, width, width))
    for _ in range(_ROUNDS):
        balance = _shares(probabilities[labelled].sum(axis=0) + _SMOOTH)
        cells = votes.voters * width + votes.labels
        for true in range(width):
            counts = np.bincount(cells, probabilities[votes.rows, true], voters * width)
            confusion[:, true, :] = _shares(counts.reshape(voters, width) + _SMOOTH)
        given = np.log(confusion)[votes.voters, :, votes.labels]
        after = _normalised(np.log(balance) + votes.sum_by_row(given))
        change = np.abs(after - probabilities)[labelled].mean() if labelled.any() else 0.0
        probabilities = after
        if change < _ENOUGH:
            break
    quality = np.einsum("k,vkk->v", balance, confusion)
    return Combined(probabilities, quality, balance, labelled)


def mace(votes: Votes) -> Combined:
    """Each annotator knows the label, or guesses by a habit of his own."""
    width, voters = len(votes.classes), len(votes.names)
    start = majority(votes)
    probabilities, labelled = start.probabilities, start.labelled
    knows = np.clip(start.quality, 0.2, 0.9)
    habits = np.full((voters, width), 1 / width)
    cells = votes.voters * width + votes.labels
    for _ in range(_ROUNDS):
        guess = ((1 - knows)[:, None] * habits)[votes.voters, votes.labels]
        right = knows[votes.voters] + guess
        given = np.repeat(np.log(guess)[:, None], width, axis=1)
        given[np.arange(len(given)), votes.labels] = np.log(right)
        after = _normalised(votes.sum_by_row(given))
        change = np.abs(after - probabilities)[labelled].mean() if labelled.any() else 0.0
        probabilities = after
        knew = probabilities[votes.rows, votes.labels] * knows[votes.voters] / right
        known = np.bincount(votes.voters, knew, voters)
        given_in_all = np.bincount(votes.voters, minlength=voters)
        knows = (known + _SMOOTH) / (given_in_all + 2 * _SMOOTH)
        guessed = np.bincount(cells, 1 - knew, voters * width).reshape(voters, width)
        habits = _shares(guessed + _SMOOTH)
        if change < _ENOUGH:
            break
    balance = _shares(probabilities[labelled].sum(axis=0) + _SMOOTH)
    spread = np.where(labelled[:, None], probabilities, balance)
    return Combined(spread, knows, balance, labelled)


_WAYS: dict[Combine, Callable[[Votes], Combined]] = {
    "majority": majority,
    "dawid-skene": dawid_skene,
    "mace": mace,
}


def _mean_by_voter(votes: Votes, values: Floats) -> Floats:
    size = len(votes.names)
    totals = np.bincount(votes.voters, values, size)
    found: Floats = totals / np.maximum(1, np.bincount(votes.voters, minlength=size))
    return found


def _shares(values: NDArray[np.floating]) -> Floats:
    return np.asarray(values / values.sum(axis=-1, keepdims=True), dtype=np.float64)


def _normalised(logs: Floats) -> Floats:
    return _shares(np.exp(logs - logs.max(axis=1, keepdims=True)))
