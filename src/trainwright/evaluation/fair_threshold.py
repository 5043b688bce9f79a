"""Which thresholds keep the groups of protected columns close enough to each other.

One threshold for everybody, so that nobody who asks has to say to which group they belong: of all that
validation rows tell apart, those are kept at which the largest difference between groups is within the
limit. Where none is, the least excess is taken. A threshold that tells one class of everybody treats all
alike, so that a strict limit may cost all that the model knows; the metrics beside it tell.

Groups under 30 rows are not judged, as in `evaluation.fairness`. Cost: one sort of the rows, and a count
a group.

Source: Hardt, Price & Srebro 2016, arXiv:1610.02413, of which the case of one threshold for all groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainwright.evaluation.fairness import FEWEST_ROWS

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
PARITY, OPPORTUNITY, ODDS = (
    "demographic_parity_difference",
    "equal_opportunity_difference",
    "equalized_odds_difference",
)


@dataclass(frozen=True, slots=True)
class FairnessLimit:
    """How far apart groups may be.

    Attributes:
        at_most: By the name of the difference, as `evaluation.fairness` tells them.
        groups: Of each protected column the group of each row; shape (rows,) each.
    """

    at_most: Mapping[str, float]
    groups: tuple[Integers, ...]

    def of(self, chosen: NDArray[np.bool_]) -> FairnessLimit:
        """For some of the rows."""
        return FairnessLimit(self.at_most, tuple(codes[chosen] for codes in self.groups))

    def excess(self, place: Integers, codes: Integers) -> Floats:
        """By how much each threshold is beyond the limits; 0 where it is within all of them.

        Args:
            place: The place of each row's probability among the different ones, which rise; shape (rows,).
            codes: 1 for rows of the class that is told above the threshold; shape (rows,).

        Returns:
            Of a threshold at each of the different probabilities; shape (probabilities,).
        """
        num_scores = int(place.max()) + 1
        worst = np.zeros(num_scores)
        for groups in self.groups:
            judged = [groups == code for code in np.unique(groups)]
            judged = [here for here in judged if here.sum() >= FEWEST_ROWS]
            told = _spread([_told(place[here], num_scores) for here in judged])
            caught = _spread([_told(place[here & (codes == 1)], num_scores) for here in judged])
            wrong = _spread([_told(place[here & (codes == 0)], num_scores) for here in judged])
            found = {PARITY: told, OPPORTUNITY: caught, ODDS: np.maximum(caught, wrong)}
            for name, bound in self.at_most.items():
                worst = np.maximum(worst, found[name] - bound)
        return np.where(worst > _ROUNDING, worst, 0.0)


_ROUNDING = 1e-12


def _told(place: Integers, num_scores: int) -> Floats | None:
    """The share of rows at or above each score; None without rows."""
    if not len(place):
        return None
    counts = np.bincount(place, minlength=num_scores)
    share: Floats = np.cumsum(counts[::-1])[::-1] / len(place)
    return share


def _spread(shares: list[Floats | None]) -> Floats:
    """The largest difference between those that there are; 0 of fewer than two."""
    known = [share for share in shares if share is not None]
    spread: Floats = np.ptp(np.stack(known), axis=0) if len(known) > 1 else np.zeros(1)
    return spread
