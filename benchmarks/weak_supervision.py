"""Ten labelling functions for e-mails instead of labels: what the labels are worth, and the model on them.

    python benchmarks/weak_supervision.py

Labels: accuracy on all rows (rows without a vote have the commoner class), Brier score, log loss and
calibration error of their probabilities, beside a majority vote, Snorkel's label model and crowd-kit's
Dawid-Skene, each in an environment of its own. Then the linear family, trained on each and on the true
labels; validation and test have true ones. And the same for 40 random sets of 5 to 9 of the functions.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from label_errors import note
from label_sets import environment, mails
from mail_functions import NAMES
from numpy.typing import NDArray

from trainwright.core.clock import Unhurried
from trainwright.core.features import Examples, FeatureNeeds, Features
from trainwright.core.protocols import Workplace
from trainwright.data.fitting import fit_preparation
from trainwright.data.labels.functions import ask_functions
from trainwright.data.labels.label_model import label_by_votes, majority_of
from trainwright.data.labels.votes import Votes, votes_of_table
from trainwright.models.tables.linear import Linear
from trainwright.recipe.sections import TrainingSettings

Floats = NDArray[np.float64]
HERE = Path(__file__).parent
PEER = HERE / "peers" / "weak_labels.py"
SPLITS = (0, 1, 2)
SUBSETS = 40


def main() -> None:
    """Measure and print."""
    labelled = mails()
    truth = labelled.codes
    functions = [f"mail_functions:{name}" for name in NAMES]
    votes = ask_functions(labelled.frame, functions, classes=labelled.classes, base=HERE)
    ways = label_ways(votes)
    for name, answer in ways.items():
        note({"labels": name, **quality(answer, truth)})
    weak = label_by_votes(votes)
    note({"used": weak.used, "reason": weak.reason})
    models(labelled, truth, votes, ways)
    subsets(votes, truth)


def label_ways(votes: Votes) -> dict[str, Floats]:
    """Probabilities by every way."""
    counts = votes.counts
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    hard = np.eye(2)[np.maximum(0, majority_of(votes))]
    silent = counts.sum(axis=1) == 0
    found = {
        "majority": hard,
        "majority, shares of votes": shares,
        "ours": label_by_votes(votes).probabilities,
        "Snorkel": peer(votes, "snorkel", "snorkel", "setuptools"),
        "crowd-kit Dawid-Skene": peer(votes, "crowd-kit", "crowd-kit"),
    }
    common = hard[~silent].mean(axis=0)
    for name, answer in found.items():
        if name != "ours":
            answer[silent | ~np.isfinite(answer).all(axis=1)] = common
    return found


def peer(votes: Votes, *packages: str) -> Floats:
    """What another library makes of them."""
    with tempfile.TemporaryDirectory() as scratch:
        given, out = Path(scratch) / "votes.npy", Path(scratch) / "out.npy"
        np.save(given, votes.table())
        subprocess.run([environment(*packages), str(PEER), str(given), str(out)], check=True)
        answer: Floats = np.load(out)
        return answer


def quality(answer: Floats, truth: NDArray[np.int64]) -> dict[str, float]:
    """Accuracy, and three measures of honesty."""
    told = np.clip(answer[np.arange(len(truth)), truth], 1e-3, 1)
    bins = np.minimum((answer[:, 1] * 10).astype(int), 9)
    gap = sum(abs((answer[bins == k, 1] - truth[bins == k]).sum()) for k in range(10))
    return {
        "accuracy": float((answer.argmax(axis=1) == truth).mean()),
        "brier": float(((answer[:, 1] - truth) ** 2).mean()),
        "log_loss": float(-np.log(told).mean()),
        "calibration_error": float(gap / len(truth)),
    }


def models(labelled: Any, truth: NDArray[np.int64], votes: Votes, ways: dict[str, Floats]) -> None:
    """The linear family on each kind of labels; three splits."""
    covered = votes.counts.sum(axis=1) > 0
    weights = label_by_votes(votes).weights
    for split in SPLITS:
        folds = labelled.folds(split)
        train, validation, test = folds > 1, folds == 1, folds == 0
        needs = FeatureNeeds(scale=True, one_hot=True)
        prepared = fit_preparation(
            labelled.frame.filter(train), labelled.inputs, needs, base=Path()
        ).transform(labelled.frame)
        given = {"true labels": (truth, train, None)}
        for name, answer in ways.items():
            given[name] = (answer.argmax(axis=1), train & covered, None)
        sure = train & covered & (weights > 0)
        given["ours, weighted"] = (ways["ours"].argmax(axis=1), sure, weights)
        found = {}
        for name, (labels, rows, counts) in given.items():
            fit = Linear().fit(
                _examples(prepared, labels, rows, counts),
                _examples(prepared, truth, validation),
                target=labelled.target,
                training=TrainingSettings(),
                seed=split,
                pacer=Unhurried(),
                workplace=Workplace(base=Path()),
            )
            answer = fit.estimator.predict(_examples(prepared, truth, test).features)
            found[name] = float((answer.argmax(axis=1) == truth[test]).mean())
        note({"split": split, "test_rows": int(test.sum()), "test_accuracy": found})


def subsets(votes: Votes, truth: NDArray[np.int64]) -> None:
    """How often ours is under the majority, on random sets of functions."""
    generator = np.random.default_rng(0)
    gains, calibrated = [], []
    table = votes.table()
    while len(gains) < SUBSETS:
        size = int(generator.integers(5, 10))
        chosen = np.sort(generator.choice(len(NAMES), size, replace=False))
        if min((chosen < 6).sum(), (chosen >= 6).sum()) < 2:
            continue
        some = votes_of_table(
            table[:, chosen], names=[NAMES[k] for k in chosen], classes=votes.classes
        )
        ours = label_by_votes(some)
        plain = majority_of(some)
        covered = ours.covered
        gains.append(
            float((ours.labels == truth)[covered].mean() - (plain == truth)[covered].mean())
        )
        shares = some.counts / np.maximum(1, some.counts.sum(axis=1, keepdims=True))
        both = [quality(answer[covered], truth[covered]) for answer in (ours.probabilities, shares)]
        calibrated.append(both[0]["brier"] < both[1]["brier"])
    note(
        {
            "subsets": SUBSETS,
            "under majority by more than 0.1 points": int((np.array(gains) < -0.001).sum()),
            "worst": min(gains),
            "mean gain": float(np.mean(gains)),
            "better Brier score": int(np.sum(calibrated)),
        }
    )


def _examples(
    features: Features,
    labels: NDArray[np.int64],
    rows: NDArray[np.bool_],
    weights: Floats | None = None,
) -> Examples:
    assert features.sparse is not None
    chosen = Features(
        dense=features.dense[rows],
        names=features.names,
        sparse=features.sparse[rows],
        sparse_names=features.sparse_names,
    )
    counts = None if weights is None else weights[rows] / weights[rows].mean()
    return Examples(chosen, labels[rows].astype(np.float64), weights=counts)


if __name__ == "__main__":
    main()
