"""How many labels are saved by choosing them: 200 chosen ones beside 500 drawn at random.

    python benchmarks/active_learning.py

Digits, e-mails, credit; five seeds. From 20 random labels on, 20 are asked for at a time, by logistic
regression (and, for disagreement, naive Bayes or neighbours beside it) on the rows labelled so far;
accuracy (credit: ROC AUC, its classes overlap) on a fifth of the rows that is never asked for. "page" asks
in the order of `trainwright label`, where a tenth of the rows judges only; the error that it tells stands
beside that on the fifth. The stopping estimate looks at out-of-fold loss at three sizes and says what the
next 100 random labels would buy.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from label_errors import note
from label_sets import Labelled, credit, digits, mails
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import KNeighborsClassifier

from trainwright.core.features import FeatureNeeds
from trainwright.data.fitting import fit_preparation
from trainwright.data.labels.active import Strategy, queue
from trainwright.data.labels.items import Items
from trainwright.data.labels.learning_curve import expected_gain
from trainwright.flow.label_order import first_order, rank
from trainwright.flow.out_of_fold import out_of_fold
from trainwright.models.tables.neighbours import points_of

Floats = NDArray[np.float64]
STRATEGIES: tuple[Strategy, ...] = (
    "combined", "margin", "entropy", "uncertainty", "disagreement", "diversity", "random",
)  # fmt: skip
SEEDS = range(5)
FIRST, BATCH, LAST, MANY = 20, 20, 200, 500


def main() -> None:
    """Measure and print."""
    for labelled in (digits(), mails(), credit()):
        features, points = matrices(labelled)
        found: dict[str, list[float]] = {}
        for seed in SEEDS:
            bench = Bench(labelled, features, points, seed=seed)
            found.setdefault(f"random {MANY}", []).append(bench.score(bench.pool[:MANY]))
            for strategy in STRATEGIES:
                found.setdefault(f"{strategy} {LAST}", []).append(bench.run(strategy))
            page, told = bench.page(labelled)
            found.setdefault(f"page {LAST}", []).append(page)
            note({"set": labelled.name, "seed": seed, **bench.stopping(), **told})
        means = {name: float(np.mean(scores)) for name, scores in found.items()}
        spreads = {name: float(np.std(scores, ddof=1)) for name, scores in found.items()}
        note({"set": labelled.name, "mean": means, "spread": spreads})


class Bench:
    """One split of one set: a pool to ask for labels of, and a fifth to judge on."""

    def __init__(self, labelled: Labelled, features: Any, points: Floats, *, seed: int) -> None:
        order = np.random.default_rng(seed).permutation(len(labelled.codes))
        held = len(order) // 5
        self.test, self.pool = order[:held], order[held:]
        self.features, self.points, self.codes = features, points, labelled.codes
        self.by_area = labelled.name == "credit_data"
        self.seed = seed

    def run(self, strategy: Strategy) -> float:
        """Score with 200 labels."""
        chosen = list(self.pool[:FIRST])
        while len(chosen) < LAST:
            rest = np.setdiff1d(self.pool, chosen, assume_unique=True)
            asked = queue(
                self.answers(np.array(chosen), rest, committee=strategy == "disagreement"),
                count=BATCH,
                features=self.points[rest],
                labelled=self.points[chosen],
                strategy=strategy,
                seed=self.seed,
            )
            chosen += list(rest[asked.rows])
        return self.score(np.array(chosen))

    def page(self, labelled: Labelled) -> tuple[float, dict[str, float]]:
        """Score with 200 labels as the page asks for them; the error told, and that on the test rows."""
        frame, size = labelled.frame[self.pool], len(self.pool)
        items = Items(
            tuple(map(str, range(size))), "row", frame, frame, labelled.inputs, "label",
            pl.Series("label", [None] * size, dtype=pl.String), ("",) * size,
        )  # fmt: skip
        drawn = np.arange(size)
        order, known, at = first_order(drawn), dict[int, str](), FIRST
        told: dict[str, float] = {}
        while True:
            for row in [row for row in order.tolist() if row not in known][: at - len(known)]:
                known[row] = labelled.classes[self.codes[self.pool[row]]]
            ranked = rank(
                items, known, order, drawn=drawn, models=out_of_fold, strategy="combined",
                seed=self.seed, classes=labelled.classes,
            )  # fmt: skip
            order = ranked.order
            if at == LAST:
                break
            at = min(LAST, -(-at * 11 // 10))
        rows = self.pool[np.array(sorted(known))]
        if ranked.estimate is not None:
            told = {name: ranked.estimate[name] for name in ("error", "error_low", "error_high")}
        return self.score(rows), {**told, "error on test rows": self.wrong_on_rest(rows)}

    def answers(
        self, rows: NDArray[np.int64], asked: NDArray[np.int64], *, committee: bool
    ) -> dict[str, Floats]:
        """Probabilities of each family."""
        found = {
            "linear": fitted(self.features[rows], self.codes[rows]).predict_proba(
                self.features[asked]
            )
        }
        if committee:
            near = KNeighborsClassifier(5, weights="distance").fit(
                self.points[rows], self.codes[rows]
            )
            found["neighbours"] = near.predict_proba(self.points[asked])
        return found

    def score(self, rows: NDArray[np.int64]) -> float:
        """Of a model on these labels."""
        model = fitted(self.features[rows], self.codes[rows])
        if self.by_area:
            told = model.predict_proba(self.features[self.test])[:, 1]
            return float(roc_auc_score(self.codes[self.test], told))
        return float(model.score(self.features[self.test], self.codes[self.test]))

    def stopping(self) -> dict[str, float]:
        """What 100 more random labels were expected to buy at 300, and what they bought (error rate)."""
        sizes = np.array([60, 100, 150, 200, 250, 300])
        losses, errors = [], []
        for size in sizes:
            wrong = self.out_of_fold_errors(self.pool[:size])
            losses.append(wrong.mean())
            errors.append(max(wrong.std() / np.sqrt(size), 0.5 / size))
        gain = expected_gain(sizes, np.array(losses), np.array(errors), more=100)
        before, after = (self.wrong_on_rest(self.pool[:size]) for size in (300, 400))
        return {"gain": gain.value, "low": gain.low, "high": gain.high, "came": before - after}

    def out_of_fold_errors(self, rows: NDArray[np.int64]) -> Floats:
        """1 where a model without the row's fold is wrong."""
        folds = np.arange(len(rows)) % 5
        wrong = np.empty(len(rows))
        for fold in range(5):
            model = fitted(self.features[rows[folds != fold]], self.codes[rows[folds != fold]])
            told = model.predict(self.features[rows[folds == fold]])
            wrong[folds == fold] = told != self.codes[rows[folds == fold]]
        return wrong

    def wrong_on_rest(self, rows: NDArray[np.int64]) -> float:
        """Error rate on the test rows."""
        model = fitted(self.features[rows], self.codes[rows])
        return float(1 - model.score(self.features[self.test], self.codes[self.test]))


def fitted(features: Any, codes: NDArray[np.int64]) -> Any:
    """Logistic regression, or the only class there is."""
    return LogisticRegression(C=STRENGTH[features.shape[1] > 1000], max_iter=200).fit(
        features, codes
    )


STRENGTH = {False: 1.0, True: 10.0}  # dense columns, terms


def matrices(labelled: Labelled) -> tuple[Any, Floats]:
    """Features to learn from, and points to spread over."""
    needs = FeatureNeeds(scale=True, one_hot=True)
    plain = [column for column in labelled.inputs if column.name != "text"]
    scaled, codes = (
        fit_preparation(labelled.frame, inputs, need, base=Path()).transform(labelled.frame)
        for inputs, need in ((labelled.inputs, needs), (plain, FeatureNeeds()))
    )
    points = points_of(scaled, codes)
    if scaled.sparse is not None and scaled.sparse_names:
        return scaled.sparse.tocsr(), points
    return np.clip(np.nan_to_num(scaled.dense), -10, 10), points


if __name__ == "__main__":
    main()
