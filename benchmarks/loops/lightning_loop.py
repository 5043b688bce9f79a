"""Lightning, without logger, checkpoints, progress bar and summary."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import lightning
import torch
from cases import LEARNING_RATE, Case
from hand_written import loader


class Module(lightning.LightningModule):
    """The case as Lightning wants it."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        self.model = case.model
        self.judge = case.judge

    def training_step(self, batch: Any, _number: int) -> torch.Tensor:
        return self.judge(batch)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(self.parameters(), lr=LEARNING_RATE, weight_decay=0.0, fused=True)


def fitting(case: Case, *, whole: bool = False) -> Callable[[], None]:
    """As its documentation shows it, all that can be left out left out."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore")

    def fit() -> None:
        trainer = lightning.Trainer(
            accelerator="cpu",
            devices=1,
            max_epochs=case.epochs,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(Module(case), loader(case, whole=whole))

    return fit


SYSTEMS: Mapping[str, Callable[[Case], Callable[[], None]]] = {
    "Lightning": fitting,
    "Lightning, whole batches": partial(fitting, whole=True),
}
