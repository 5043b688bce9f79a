"""What a text's terms say, each on its own: multinomial naive Bayes on their weights.

Beside `neighbours.py` no family of the catalogue, but an opinion where labels of texts are judged: one
pass over the terms where boosted trees take many, and its errors are not those of a linear model.

Source: Rennie et al. 2003, Tackling the Poor Assumptions of Naive Bayes (ICML), sect. 2 and 4.2 (on
TF-IDF weights). Parity: tests/numeric/test_labels_families.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainwright.core.features import Features
from trainwright.models.tables.scores import probabilities

_SMOOTH = 0.1


def term_answers(
    train: Features, codes: NDArray[np.float64], rows: Features, *, num_classes: int
) -> NDArray[np.float64]:
    """Probabilities, shape (rows, classes), by the sparse features alone.

    Args:
        train: What is learnt from.
        codes: Class codes; shape (train rows,).
        rows: What is asked about.
        num_classes: Classes.
    """
    assert train.sparse is not None
    assert rows.sparse is not None
    member = (codes[:, None] == np.arange(num_classes)).astype(np.float64)
    weights = np.asarray((train.sparse.T @ member).T) + _SMOOTH
    logs = np.log(weights / weights.sum(axis=1, keepdims=True))
    shares = (member.sum(axis=0) + 1e-9) / len(codes)
    scores = np.asarray(rows.sparse @ logs.T) + np.log(shares)
    return (
        probabilities(scores) if num_classes > 2 else probabilities(scores[:, 1:] - scores[:, :1])
    )
