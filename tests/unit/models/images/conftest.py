"""Small images of four classes that a tiny network tells apart, and tiny pre-trained folders."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.features import Examples

os.environ["HF_HUB_OFFLINE"] = "1"


class Pixels:
    """Images that are there already (`core.features.Images`)."""

    def __init__(self, values: np.ndarray[Any, Any]) -> None:
        self.values = values

    @property
    def num_rows(self) -> int:
        return len(self.values)

    @property
    def shape(self) -> tuple[int, int, int]:
        channels, height, width = self.values.shape[1:]
        return channels, height, width

    def pixels(self, rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return self.values[rows]


CLASSES = Target(Column("label", ColumnType.CATEGORY), Task.CLASSIFICATION, ("a", "b", "c", "d"))
NUMBER = Target(Column("depth", ColumnType.NUMBER), Task.REGRESSION)


def corners(rows: int, *, channels: int = 1, side: int = 8, seed: int = 0) -> Examples:
    """One corner of each image is bright: its class."""
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 80, (rows, channels, side, side)).astype(np.uint8)
    codes = rng.integers(0, 4, rows)
    half = side // 2
    for row, code in enumerate(codes):
        down, right = code // 2 * half, code % 2 * half
        values[row, :, down : down + half, right : right + half] += 120
    return Examples(Pixels(values), codes.astype(np.float64))


@pytest.fixture(scope="session")
def vit_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vision transformer with random weights, as the Hub lays it out."""
    import torch
    from transformers import ViTConfig, ViTModel

    folder = tmp_path_factory.mktemp("hub") / "tiny-vit"
    config = ViTConfig(
        image_size=8,
        patch_size=4,
        num_channels=1,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        ViTModel(config).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text('{"image_mean": [0.5], "image_std": [0.25]}')
    return folder
