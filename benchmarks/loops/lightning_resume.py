"""Does Lightning, ended in mid-epoch and resumed from its checkpoint, come to the weights of an unbroken run?

    python benchmarks/loops/lightning_resume.py    # in the environment that `benchmarks/loop.py` makes

As its documentation shows it: seeded, `ModelCheckpoint` every few steps, `ckpt_path` to go on. Prints the
largest difference of a weight, also between two unbroken runs.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS, STOP = 6, 40  # of 16 updates an epoch


class Module(lightning.LightningModule):
    """A perceptron with dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.model = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 2))

    def training_step(self, batch: Any, _number: int) -> torch.Tensor:
        inputs, target = batch
        return nn.functional.cross_entropy(self.model(inputs), target)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(self.parameters(), lr=1e-3)


def trained(*, steps: int, folder: Path, resume: Path | None = None) -> Module:
    """The module after so many updates."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(512, 8, generator=generator)
    data = TensorDataset(x, (x[:, 0] * x[:, 1] > 0).long())
    lightning.seed_everything(0, verbose=False)
    module = Module()
    trainer = lightning.Trainer(
        accelerator="cpu",
        devices=1,
        max_epochs=EPOCHS,
        max_steps=steps,
        logger=False,
        callbacks=[ModelCheckpoint(folder, every_n_train_steps=10, save_top_k=-1)],
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, DataLoader(data, batch_size=32, shuffle=True), ckpt_path=resume)
    return module


def main() -> None:
    """Compare."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        whole = trained(steps=EPOCHS * 16, folder=folder / "whole")
        again = trained(steps=EPOCHS * 16, folder=folder / "again")
        trained(steps=STOP, folder=folder / "broken")
        saved = next((folder / "broken").glob(f"*step={STOP}.ckpt"))
        resumed = trained(steps=EPOCHS * 16, folder=folder / "resumed", resume=saved)
    print(f"unbroken twice: {gap(whole, again):.4f} apart; resumed: {gap(whole, resumed):.4f}")


def gap(one: Module, other: Module) -> float:
    """The largest difference of a weight."""
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return max(float((a - b).abs().max()) for a, b in pairs)


if __name__ == "__main__":
    main()
