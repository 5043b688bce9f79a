"""cleanlab on labels of which some are wrong: its scores and its cut, for the models that go with it.

Run by `label_errors.py` in an environment of its own: `python cleanlab_scores.py IN OUT`. IN holds
inputs.parquet (typed columns), probabilities.npy (ours, out of fold) and labels.npy; OUT gets scores.npz.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

SCORES = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")


def main() -> None:
    """Every model with every score."""
    warnings.filterwarnings("ignore")
    source, out = map(Path, sys.argv[1:])
    frame = pd.read_parquet(source / "inputs.parquet")
    labels = np.load(source / "labels.npy")
    answers = {"our first round": np.load(source / "probabilities.npy")}
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    for name, model in models(frame).items():
        answers[name] = cross_val_predict(model, frame, labels, cv=folds, method="predict_proba")
    found = {}
    for name, probabilities in answers.items():
        for score in SCORES:
            quality = get_label_quality_scores(labels, probabilities, method=score)
            found[f"{name} | {score}"] = 1 - quality
        found[f"{name} | cut"] = find_label_issues(labels, probabilities)
    np.savez(out / "scores.npz", **found)


def models(frame: pd.DataFrame) -> dict[str, object]:
    """What one would take for such columns."""
    if list(frame) == ["text"]:
        terms = make_column_transformer(
            (TfidfVectorizer(sublinear_tf=True, min_df=2, max_features=20_000), "text")
        )
        return {
            "logistic": make_pipeline(terms, LogisticRegression(C=10, max_iter=500)),
            "naive Bayes": make_pipeline(terms, MultinomialNB(alpha=0.1)),
        }
    numbers = list(frame.select_dtypes("number"))
    words = [name for name in frame if name not in numbers]
    scaled = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore"), words),
    )
    coded = make_column_transformer(
        (SimpleImputer(), numbers),
        (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), words),
    )
    return {
        "logistic": make_pipeline(scaled, LogisticRegression(max_iter=500)),
        "boosting": make_pipeline(
            coded, HistGradientBoostingClassifier(max_iter=60, random_state=0)
        ),
        "forest": make_pipeline(coded, RandomForestClassifier(200, random_state=0)),
    }


if __name__ == "__main__":
    main()
