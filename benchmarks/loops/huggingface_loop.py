"""The Trainer of transformers, without reports, checkpoints and progress bar; else its defaults."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from cases import LEARNING_RATE, Case, Samples, WholeBatches, as_it_is, padded
from torch import Tensor, nn
from torch.utils.data import default_collate
from transformers import Trainer, TrainingArguments


class Judged(nn.Module):
    """The case as the Trainer wants it: a module that gives its own loss."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        self.model = case.model
        self.judge = case.judge

    def forward(self, **batch: Tensor) -> dict[str, Tensor]:
        return {"loss": self.judge(batch)}


def fitting(case: Case, *, whole: bool = False, length: int | None = None) -> Callable[[], None]:
    """As its documentation shows it; its rate falls in a line and its gradients are clipped to 1."""
    collate: Any = as_it_is if whole else default_collate
    if case.is_ragged:
        collate = partial(padded, to=length)

    def fit() -> None:
        with tempfile.TemporaryDirectory() as folder:
            Trainer(
                model=Judged(case),
                args=TrainingArguments(
                    output_dir=folder,
                    use_cpu=True,
                    num_train_epochs=case.epochs,
                    per_device_train_batch_size=case.batch_size,
                    learning_rate=LEARNING_RATE,
                    optim="adamw_torch_fused",
                    save_strategy="no",
                    report_to="none",
                    disable_tqdm=True,
                    remove_unused_columns=False,
                    train_sampling_strategy="sequential" if case.is_ragged else "random",
                ),
                train_dataset=WholeBatches(case) if whole else Samples(case),
                data_collator=collate,
            ).train()

    return fit


SYSTEMS: Mapping[str, Callable[[Case], Callable[[], None]]] = {
    "HF Trainer": fitting,
    "HF Trainer, whole batches": partial(fitting, whole=True),
    "HF Trainer, padded to 128": partial(fitting, length=128),
}
