"""Pre-training without labels: two changed views of a digit shall be alike, and unlike all others.

    python examples/few_labels/pretrain.py

Writes `pretraining/trunk`, which a recipe names: `model: {pretrained: pretraining/trunk}`. Ended by a signal
or a kill, it goes on from its last checkpoint when it is called again.

Source: Chen et al. 2020, arXiv:2002.05709.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import torch
from torch import nn

from trainwright.data.images.preparation import EncodedImages
from trainwright.models.images.augmentation import Changes
from trainwright.models.images.families import CNN
from trainwright.models.images.source import TwoViews
from trainwright.models.images.trunks import draw_trunk, save_trunk
from trainwright.training import AdamW, Cosine, NTXent, Trainer, write_report

HERE = Path(__file__).parent
SEED = 0
FAMILY = CNN(widths=(16, 32, 64))
VIEWS = Changes(shift=0.2, rotation=30.0, scale=0.45, colour=0.5)


def main(folder: Path = HERE / "pretraining") -> None:
    """Train and write the trunk, unless it is there."""
    if (folder / "trunk" / "estimator.json").exists():  # written last
        return
    files = sorted((HERE / "digits" / "unlabelled").glob("*.png"))
    images = EncodedImages(pl.Series([file.read_bytes() for file in files]), (1, 28, 28))
    torch.manual_seed(SEED)
    trunk = draw_trunk(FAMILY, images)
    width = trunk.module.width
    # Thrown away: what contrast takes from the vectors, it takes from those behind these layers.
    projected = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 64))
    outcome = Trainer(
        nn.Sequential(trunk.module, projected),
        NTXent(temperature=0.3),
        train=TwoViews(images, mean=trunk.mean, std=trunk.std, changes=VIEWS, seed=SEED),
        optimizer=AdamW(learning_rate=2e-3, weight_decay=0.05),
        schedule=Cosine(warmup=0.1),
        epochs=80,
        batch_size=128,
        clip_norm=1.0,
        seed=SEED,
        folder=folder,
    ).fit()
    write_report(outcome, folder / "report.html", name="Two views of a digit")
    save_trunk(trunk, folder / "trunk", family="cnn", shape=images.shape)
    done = outcome.progress
    print(f"{done.step} updates on {len(files)} images without labels: {folder / 'report.html'}")


if __name__ == "__main__":
    main()
