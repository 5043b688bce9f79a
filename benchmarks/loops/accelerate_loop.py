"""Accelerate: a loop by hand, its objects prepared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import torch
from accelerate import Accelerator
from cases import LEARNING_RATE, Case
from hand_written import loader


def fitting(case: Case, *, whole: bool = False) -> Callable[[], None]:
    """As its documentation shows it."""

    def fit() -> None:
        accelerator = Accelerator(cpu=True)
        batches = loader(case, whole=whole)
        optimizer = torch.optim.AdamW(
            case.model.parameters(), lr=LEARNING_RATE, weight_decay=0.0, fused=True
        )
        model, optimizer, batches = accelerator.prepare(case.model, optimizer, batches)
        model.train()
        for _ in range(case.epochs):
            for batch in batches:
                loss = case.judge(batch, model=model)
                optimizer.zero_grad()
                accelerator.backward(loss)
                optimizer.step()

    return fit


SYSTEMS: Mapping[str, Callable[[Case], Callable[[], None]]] = {
    "Accelerate": fitting,
    "Accelerate, whole batches": partial(fitting, whole=True),
}
