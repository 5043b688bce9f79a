"""cleanlab on several labels a row: probabilities of five folds of LightGBM, then its issues and scores.

Run by `several_labels.py` in an environment of its own; reads x.npy and y.npy, writes named.npy, scores.npy
and rows.npy into the folder.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from cleanlab.multilabel_classification import get_label_quality_scores
from cleanlab.multilabel_classification.filter import find_multilabel_issues_per_class
from cleanlab.multilabel_classification.rank import get_label_quality_scores_per_class
from lightgbm import LGBMClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_predict

folder = Path(sys.argv[1])
features, labels = np.load(folder / "x.npy"), np.load(folder / "y.npy")
folds = StratifiedKFold(5, shuffle=True, random_state=0)
probabilities = np.column_stack(
    [
        cross_val_predict(
            LGBMClassifier(
                n_estimators=100, num_leaves=15, learning_rate=0.1, verbose=-1, n_jobs=1
            ),
            features,
            labels[:, k],
            cv=folds,
            method="predict_proba",
        )[:, 1]
        for k in range(labels.shape[1])
    ]
)
lists = [np.flatnonzero(row).tolist() for row in labels]
named = np.asarray(find_multilabel_issues_per_class(lists, probabilities, n_jobs=1), dtype=bool)
np.save(folder / "named.npy", named)
np.save(folder / "scores.npy", 1 - get_label_quality_scores_per_class(lists, probabilities))
np.save(folder / "rows.npy", 1 - get_label_quality_scores(lists, probabilities))
