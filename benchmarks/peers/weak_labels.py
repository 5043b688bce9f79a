"""Snorkel's label model or crowd-kit's Dawid-Skene on votes, in the environment of the one or the other.

Run by `weak_supervision.py`: `python weak_labels.py VOTES.npy OUT.npy`; votes are class codes, -1 where a
function abstains, shape (rows, functions). OUT gets probabilities, NaN where nobody voted.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

import numpy as np


def main() -> None:
    """Whichever is installed."""
    votes = np.load(sys.argv[1])
    by = snorkel if find_spec("snorkel") else crowd_kit
    np.save(sys.argv[2], by(votes))


def snorkel(votes: Any) -> Any:
    """As its tutorial does it."""
    from snorkel.labeling.model import LabelModel

    model = LabelModel(cardinality=2, verbose=False)
    model.fit(L_train=votes, n_epochs=500, seed=0, progress_bar=False)
    found = model.predict_proba(L=votes)
    found[(votes < 0).all(axis=1)] = np.nan
    return found


def crowd_kit(votes: Any) -> Any:
    """Dawid-Skene on the votes that were given."""
    import pandas as pd
    from crowdkit.aggregation import DawidSkene

    rows, voters = np.nonzero(votes >= 0)
    frame = pd.DataFrame({"task": rows, "worker": voters, "label": votes[rows, voters]})
    answer = DawidSkene(n_iter=100).fit_predict_proba(frame)
    found = np.full((len(votes), 2), np.nan)
    for label in (0, 1):
        if label in answer:
            found[answer.index.to_numpy(), label] = answer[label].to_numpy()
    return found


if __name__ == "__main__":
    main()
