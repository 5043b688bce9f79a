"""skorch's NeuralNet, silent and without a validation split."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from cases import LEARNING_RATE, Case
from skorch import NeuralNetClassifier


def fitting(case: Case) -> Callable[[], None]:
    """As its documentation shows it."""

    def fit() -> None:
        net = NeuralNetClassifier(
            case.model,
            criterion=torch.nn.CrossEntropyLoss,
            optimizer=torch.optim.AdamW,
            optimizer__weight_decay=0.0,
            optimizer__fused=True,
            lr=LEARNING_RATE,
            batch_size=case.batch_size,
            max_epochs=case.epochs,
            iterator_train__shuffle=True,
            train_split=None,
            verbose=0,
        )
        net.fit(case.samples["inputs"], case.samples["target"])

    return fit


SYSTEMS: Mapping[str, Callable[[Case], Callable[[], None]]] = {"skorch": fitting}
