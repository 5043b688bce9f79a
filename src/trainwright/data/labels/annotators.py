"""What is told of annotators: how far they agree, and who hardly does better than guessing.

An annotator is called poor by what lies between guessing, by habits of his own, and being always right, and
only with ten labels or more: one label in disagreement says nothing.
"""

from __future__ import annotations

import numpy as np

from trainwright.core.artifacts import Finding
from trainwright.data.findings import finding
from trainwright.data.labels.agreement import Agreement, krippendorff_alpha
from trainwright.data.labels.combining import Combined
from trainwright.data.labels.votes import Floats, Votes

POOR_ALPHA = 0.667  # below it Krippendorff draws no conclusions
POOR_QUALITY = 0.2  # of what there is between guessing and knowing
LEAST_JUDGED = 10  # labels before an annotator is called poor
MOST_NAMED = 10


def agreement_findings(votes: Votes, combined: Combined, *, how: str) -> list[Finding]:
    """How far they agree, how far each is believed, and who hardly does better than guessing.

    Args:
        votes: What each said.
        combined: What came of it.
        how: By which way.
    """
    alpha = krippendorff_alpha(votes)
    split = np.flatnonzero((votes.counts > 0).sum(axis=1) > 1)
    given = np.bincount(votes.voters, minlength=len(votes.names))
    order = range(len(votes.names))
    if len(votes.names) > MOST_NAMED:
        order = np.argsort(combined.quality, kind="stable")[:MOST_NAMED].tolist()
    told = ", the lowest first: " if len(votes.names) > MOST_NAMED else ": "
    told += ", ".join(
        _named_quality(votes.names[at], combined.quality[at], given[at]) for at in order
    )
    if not alpha.rows:
        who = "1 annotator" if len(votes.names) == 1 else f"{len(votes.names)} annotators"
        alone = f"{who}, and no row has labels of two: how far they agree is not known"
        remedy = "trainwright label RECIPE --answers 2  # some rows twice"
        return [finding("conflicting-label", "info", alone, remedy=remedy)]
    poor = bool(alpha.value < POOR_ALPHA)
    found = [
        finding(
            "conflicting-label",
            "warning" if poor else "info",
            f"{len(votes.names)} annotators, joined by {how}: {_alpha(alpha)}; on {len(split)} rows"
            f" they differ. Quality{told}",
            count=len(split),
            remedy="settle the rows they differ on, or write down what the classes mean"
            if poor
            else "",
        )
    ]
    found += [
        finding(
            "conflicting-label",
            "warning",
            f"annotator {name!r} has a quality of {quality:.2f}: hardly better than guessing",
            column=name,
            remedy="leave this annotator out of data.labels",
        )
        for name, quality, beyond, labels in zip(
            votes.names,
            combined.quality,
            _beyond_guessing(votes, combined, how),
            given,
            strict=True,
        )
        if labels >= LEAST_JUDGED and beyond < POOR_QUALITY
    ]
    return found


def _alpha(alpha: Agreement) -> str:
    if not np.isfinite(alpha.value):
        return "all say one class, so that agreement tells nothing"
    return f"Krippendorff's alpha {alpha.value:.3f} ({alpha.low:.3f} to {alpha.high:.3f})"


def _named_quality(name: str, quality: float, given: int) -> str:
    few = f" (of {given} label{'s' if given > 1 else ''})" if given < LEAST_JUDGED else ""
    return f"{name} {quality:.2f}{few}"


def _beyond_guessing(votes: Votes, combined: Combined, how: str) -> Floats:
    """0: as who says the classes as often, at random; 1: always right. Shape (voters,).

    MACE's quality is such a share by itself. Source: Cohen 1960, eq. 1.
    """
    if how == "mace":
        return combined.quality
    width, voters = len(votes.classes), len(votes.names)
    said = np.bincount(votes.voters * width + votes.labels, minlength=voters * width)
    habits = (
        said.reshape(voters, width)
        / np.maximum(1, said.reshape(voters, width).sum(axis=1))[:, None]
    )
    chance = habits @ combined.balance
    found: Floats = (combined.quality - chance) / np.maximum(1e-9, 1 - chance)
    return found
