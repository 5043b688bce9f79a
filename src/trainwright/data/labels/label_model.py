"""Votes of labelling functions become labels with probabilities, never worse than a plain majority.

Functions abstain, depend on each other and are often sure of one class alone. On such votes the usual
model of annotators (expectation maximisation over accuracies) believes whoever votes most and can collapse:
its own class balance feeds back. So two steps are kept apart.

Each function's precision is taken against the majority, with some votes of prior, and stands itself as a
prior of some votes for what known labels show of it, be they few or many. Its log odds are discounted where
another function votes on the same rows in the same way; each vote adds them.

The plain way, always made: that gives probabilities, and a tie to the less common class where the odds are
two to one. It never overturns a majority: where it would, the row is left at nearly even odds.

The learned way is free to overturn: where there are fifty known labels or more by the same precisions,
otherwise by expectation maximisation. It is used only when it proves better: on the known rows, half by
half, or by foretelling the votes of each function from those of the others, with a class balance that has
not run away. What was chosen, and why, is said.

A uniform prior is used for the evidence: a prior learnt from the votes is what makes them collapse.

Source: Ratner et al. 2016, arXiv:1605.07723, sect. 2-3 (precision by agreement, dependences); Dawid & Skene
1979, eqs. 2.3-2.5. Proof: tests/numeric/test_labels_label_model.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from trainwright.data.labels.votes import Floats, Ints, Votes

FEWEST_KNOWN = 50  # rows with a label and a vote, for them to decide
_PRIOR_VOTES = 5.0
_PRIOR_PRECISION = 0.7  # of a function with few votes
_TOWARD_MAJORITY = 2.0  # weight of the majority beside the model's own opinion
_ROUNDS = 8
_MOST_SHIFT = 0.03  # of the share of a class
_TWO_TO_ONE = 2.0  # odds that give a tie to the less common class
_SHARPNESS = np.linspace(0.1, 1.5, 29)
_EDGE = 0.01  # what a majority that the evidence is against is left with, beyond even odds


@dataclass(frozen=True, slots=True)
class WeakLabels:
    """What the functions say together.

    Attributes:
        probabilities: Shape (rows, classes); rows that no function votes on have the shares of the
            others.
        covered: Rows with a vote; shape (rows,), bool.
        precision: Of each function, as the probabilities have it; shape (functions,).
        used: The learned way, or the plain one.
        reason: Why, in words.
    """

    probabilities: Floats
    covered: NDArray[np.bool_]
    precision: Floats
    used: Literal["learned", "majority"]
    reason: str

    @property
    def labels(self) -> Ints:
        """The likeliest class; shape (rows,)."""
        found: Ints = self.probabilities.argmax(axis=1).astype(np.int64)
        return found

    @property
    def weights(self) -> Floats:
        """What a row counts in training: 0 for even odds or no vote, 1 for certainty. Shape (rows,).

        Of two classes it is |p - (1 - p)|: the pull of the soft label, without its pull to even odds.
        """
        classes = self.probabilities.shape[1]
        sure = (self.probabilities.max(axis=1) * classes - 1) / (classes - 1)
        return np.where(self.covered, np.clip(sure, 0.0, 1.0), 0.0)


def label_by_votes(votes: Votes, *, known: Ints | None = None) -> WeakLabels:
    """Labels for all rows.

    Args:
        votes: Of the functions.
        known: True class codes, -1 where they are not known; shape (rows,). They decide which way is
            taken; they are not handed out as labels.
    """
    shares, covered = _shares(votes)
    weights = _independence(votes)
    usable = np.where(covered, -1 if known is None else known, -1)
    agreed = _precision(votes, shares, shares)
    shown = _shown(votes, agreed, usable)
    if (usable >= 0).sum() >= FEWEST_KNOWN:
        weights = weights * _sharpness(votes, shown, weights, usable)
        learned, precision = _posterior(votes, shown, weights), shown
        better, reason = _judge_on_known(votes, shares, weights, agreed, usable)
    else:
        learned, precision = _learned(votes, shares, weights)
        better, reason = _judge_by_votes(votes, shares, learned, covered)
    chosen = learned if better else _held(votes, _posterior(votes, shown, weights), shares)
    balance = chosen[covered].mean(axis=0) if covered.any() else shares.mean(axis=0)
    return WeakLabels(
        np.where(covered[:, None], chosen, balance),
        covered,
        precision if better else shown,
        "learned" if better else "majority",
        reason,
    )


def majority_of(votes: Votes) -> Ints:
    """The class with most votes, of equal ones the one with more votes in all; -1 without a vote."""
    shares, covered = _shares(votes)
    return np.where(covered, _winner(votes, shares), -1)


def _shares(votes: Votes) -> tuple[Floats, NDArray[np.bool_]]:
    counts = votes.counts
    sums = counts.sum(axis=1, keepdims=True)
    even = 1 / counts.shape[1]
    return np.where(sums > 0, counts / np.maximum(1.0, sums), even), sums[:, 0] > 0


def _winner(votes: Votes, shares: Floats) -> Ints:
    common = np.bincount(votes.labels, minlength=shares.shape[1])
    found: Ints = np.argmax(shares + 1e-9 * common / max(1, common.sum()), axis=1).astype(np.int64)
    return found


def _held(votes: Votes, found: Floats, shares: Floats) -> Floats:
    """Probabilities that overturn no majority; a tie goes to the less common class at two to one."""
    winner = _winner(votes, shares)
    rows = np.arange(len(found))
    ordered = np.sort(shares, axis=1)
    has_winner = ordered[:, -1] > ordered[:, -2] + 1e-9
    best = found.argmax(axis=1)
    weak = found[rows, best] < _TWO_TO_ONE * found[rows, winner]
    overturned = (best != winner) & (has_winner | weak)
    classes = found.shape[1]
    held = found.copy()
    held[overturned] = (1 - _EDGE) / classes
    held[rows[overturned], winner[overturned]] += _EDGE
    return held


def _learned(votes: Votes, shares: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """The same with precisions that the model has of itself, held to the majority."""
    found = shares
    for _ in range(_ROUNDS):
        precision = _precision(votes, found, shares)
        found = _posterior(votes, precision, weights)
    return found, precision


def _precision(votes: Votes, found: Floats, shares: Floats) -> Floats:
    """How often each function is right, by the model and by the majority; shape (functions,)."""
    size = len(votes.names)
    by_model = np.bincount(votes.voters, found[votes.rows, votes.labels], size)
    by_majority = np.bincount(votes.voters, shares[votes.rows, votes.labels], size)
    given = np.bincount(votes.voters, minlength=size)
    right = by_model + _TOWARD_MAJORITY * by_majority + _PRIOR_VOTES * _PRIOR_PRECISION
    precision: Floats = right / (given * (1 + _TOWARD_MAJORITY) + _PRIOR_VOTES)
    return precision


def _posterior(votes: Votes, precision: Floats, weights: Floats) -> Floats:
    return _softmax(_log_odds(votes, precision, weights))


def _log_odds(votes: Votes, precision: Floats, weights: Floats) -> Floats:
    """What the votes add up to for each class; shape (rows, classes)."""
    classes = len(votes.classes)
    sure = np.clip(precision, 1 / classes, 0.995)
    odds = weights * np.log(sure * (classes - 1) / (1 - sure))
    scores = np.zeros((votes.num_rows, classes))
    np.add.at(scores, (votes.rows, votes.labels), odds[votes.voters])
    return scores


def _softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    found: Floats = powers / powers.sum(axis=1, keepdims=True)
    return found


def _independence(votes: Votes) -> Floats:
    """1 for a function that votes on its own, 0.7 for one of two copies; shape (functions,).

    Two functions are copies as far as the same rows get the same label from both: the share of the
    rows of either (Jaccard), beyond what their frequencies bring about by chance. Good functions agree
    as well, because both are right: hence the root, half-way between all alike and all apart.
    """
    size = len(votes.names)
    same = np.zeros((size, size))
    given = np.bincount(votes.voters, minlength=size).astype(np.float64)
    for label in range(len(votes.classes)):
        mask = votes.labels == label
        table = np.zeros((votes.num_rows, size), dtype=np.float32)
        table[votes.rows[mask], votes.voters[mask]] = 1
        same += table.T @ table
    either = given[:, None] + given[None, :] - same
    chance = given[:, None] * given[None, :] / max(1, votes.num_rows)
    by_chance = chance / np.maximum(1.0, given[:, None] + given[None, :] - chance)
    beyond = (same / np.maximum(1.0, either) - by_chance) / (1 - np.minimum(by_chance, 0.99))
    alike = np.clip(beyond, 0.0, 1.0)
    np.fill_diagonal(alike, 0.0)
    found: Floats = 1 / np.sqrt(1 + alike.sum(axis=1))
    return found


def _shown(votes: Votes, expected: Floats, known: Ints) -> Floats:
    """Precision on known rows, with what is expected of it as a prior of some votes; shape (functions,)."""
    judged = known[votes.rows] >= 0
    right = judged & (known[votes.rows] == votes.labels)
    size = len(votes.names)
    hits = np.bincount(votes.voters, right, size) + _PRIOR_VOTES * expected
    precision: Floats = hits / (np.bincount(votes.voters, judged, size) + _PRIOR_VOTES)
    return precision


def _sharpness(votes: Votes, precision: Floats, weights: Floats, known: Ints) -> float:
    """By how much all log odds together are to be taken, so that known labels are likeliest: 0.1 to 1.5.

    One number, as temperature scaling has (Guo et al. 2017, arXiv:1706.04599, sect. 4.2), for what
    discounting pair by pair leaves of functions that are wrong together.
    """
    rows = np.flatnonzero(known >= 0)
    scores = _log_odds(votes, precision, weights)[rows]
    own = (np.arange(len(rows)), known[rows])
    losses = [-np.log(_softmax(one * scores)[own]).mean() for one in _SHARPNESS]
    return float(_SHARPNESS[int(np.argmin(losses))])


def _judge_on_known(
    votes: Votes, shares: Floats, weights: Floats, expected: Floats, known: Ints
) -> tuple[bool, str]:
    """Each half of the known rows judged by what the other half taught."""
    rows = np.flatnonzero(known >= 0)
    np.random.default_rng(0).shuffle(rows)  # classes may alternate
    model = np.zeros(len(rows), dtype=bool)
    for half in (0, 1):
        asked = rows[half::2]
        taught = known.copy()
        taught[asked] = -1
        answer = _posterior(votes, _shown(votes, expected, taught), weights)
        model[half::2] = answer[asked].argmax(axis=1) == known[asked]
    plain = _winner(votes, shares)[rows] == known[rows]
    said = (
        f"on {len(rows)} rows with known labels the learned model is right on {model.mean():.1%},"
        f" the majority on {plain.mean():.1%}"
    )
    return bool(model.mean() > plain.mean()), said


def _judge_by_votes(
    votes: Votes, shares: Floats, learned: Floats, covered: NDArray[np.bool_]
) -> tuple[bool, str]:
    """Whether the learned way is the better one, as far as votes alone can tell."""
    if not covered.any():
        return False, "no function votes on any row"
    moved = learned[covered].mean(axis=0) - shares[covered].mean(axis=0)
    shift = float(np.abs(moved).max())
    if shift > _MOST_SHIFT:
        return False, (
            f"the learned model moves the share of a class by {shift:.1%} away from the votes: a sign of"
            " collapse, so the majority stands"
        )
    gain = _foretold(votes)
    verdict = "better" if gain > 0 else "worse"
    said = (
        f"told from the others' votes, each function's are foretold {abs(gain):.1%} {verdict} by the"
        " learned model than by the majority"
    )
    return gain > 0, said if gain > 0 else f"{said}, so the majority stands"


def _foretold(votes: Votes) -> float:
    """Mean gain in foretelling a function's votes from those of the others, over the majority."""
    gains, total = 0.0, 0
    weights = _independence(votes)
    for voter in range(len(votes.names)):
        others = votes.without(voter)
        own = votes.of(votes.voters == voter)
        shares, covered = _shares(others)
        learned, _ = _learned(others, shares, weights)
        rows, labels = own.rows[covered[own.rows]], own.labels[covered[own.rows]]
        if not len(rows):
            continue
        best = shares[rows].max(axis=1)
        ties = (shares[rows] > best[:, None] - 1e-9).sum(axis=1)
        plain = np.where(shares[rows, labels] > best - 1e-9, 1 / ties, 0.0)
        gains += float(((learned[rows].argmax(axis=1) == labels) - plain).sum())
        total += len(rows)
    return gains / total if total else 0.0
