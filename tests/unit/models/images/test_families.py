"""What a recipe may say of a network for images, and what of it is refused."""

from __future__ import annotations

from typing import Any

import pytest

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.features import ImageNeeds
from trainwright.core.parts import Part, families
from trainwright.models.images.families import CNN, ViT

IMAGE = Column("scan", ColumnType.IMAGE)
CLASSES = Target(Column("label", ColumnType.CATEGORY), Task.CLASSIFICATION, ("a", "b"))


def told(**values: Any) -> str:
    parsed = families.parse(values, where="model")
    return "" if isinstance(parsed, Part) else f"{parsed[0][1].what} | {parsed[0][1].mend}"


@pytest.mark.parametrize(
    ("values", "key", "why"),
    [
        ({"family": "cnn", "adapt": "head"}, "adapt", "no pre-trained base"),
        ({"family": "cnn", "unfreeze": 1}, "unfreeze", "no pre-trained base"),
        ({"family": "cnn", "lora_rank": 4}, "lora_rank", "no pre-trained base"),
        ({"family": "cnn", "architecture": "efficientnet-lite0", "widths": [8]}, "widths",
         "of the ResNet"),
        ({"family": "cnn", "pretrained": "efficientnet-lite0", "channels": 1}, "channels",
         "reads colours"),
        ({"family": "cnn", "pretrained": "base", "stochastic_depth": 0.1}, "stochastic_depth",
         "no network of ours"),
        ({"family": "cnn", "pretrained": "efficientnet-lite0", "adapt": "head",
          "stochastic_depth": 0.1}, "stochastic_depth", "adapt: head trains no block"),
        ({"family": "cnn", "pretrained": "base", "adapt": "lora", "layer_decay": 0.9},
         "layer_decay", "adapt: lora leaves the layers"),
        ({"family": "vit", "pretrained": "base", "patch": 2}, "patch", "'base' has its own"),
        ({"family": "vit", "pretrained": "base", "size": 32}, "size", "'base' has its own"),
    ],
)  # fmt: skip
def test_a_setting_that_nothing_reads_is_refused_with_why(
    values: dict[str, Any], key: str, why: str
) -> None:
    what, _, mend = told(**values).partition(" | ")
    assert what.startswith(f"{key} cannot be used: ")
    assert why in what
    assert "got" not in what
    assert mend == f"remove {key}"


def test_widths_and_heads_must_fit() -> None:
    assert "mend" not in told(family="cnn", widths=[8, 16])
    assert "widths: [32, 64, 128]" in told(family="cnn", widths=[1])
    assert "hidden: 96" in told(family="vit", heads=3, hidden=97)
    assert "family: cnn" in told(family="vit", pretrained="efficientnet-lite0")


def test_needs_are_those_of_the_base() -> None:
    assert CNN().needs == ImageNeeds()
    assert CNN(pretrained="efficientnet-lite0").needs == ImageNeeds(size=224, channels=3)
    assert CNN(pretrained="efficientnet-lite0", size=96).needs == ImageNeeds(size=96, channels=3)
    assert ViT(pretrained="folder").needs == ImageNeeds(pretrained="folder")
    assert ViT(size=16).needs == ImageNeeds(size=16)


def test_it_learns_from_one_column_of_images_alone() -> None:
    number = Column("age", ColumnType.NUMBER)
    assert CNN().unfit([IMAGE], CLASSES) == ""
    assert "inputs: {image: COLUMN}" in CNN().unfit([IMAGE, number], CLASSES)
    assert "there are 2" in CNN().unfit([IMAGE, IMAGE], CLASSES)
    ahead = Target(number, Task.FORECASTING, horizon=3)
    assert CNN().unfit([IMAGE], ahead) == "it cannot learn forecasting"


def test_augmentation_that_changes_nothing_is_none() -> None:
    assert CNN(augmentation=None).changes is None
    still = {"flip": False, "shift": 0.0, "rotation": 0.0, "scale": 0.0, "colour": 0.0}
    parsed = families.parse({"family": "cnn", "augmentation": still}, where="model")
    assert isinstance(parsed, CNN)
    assert parsed.changes is None
    assert CNN().changes is not None
    assert not CNN().changes.flip  # type: ignore[union-attr]


def test_blending_rows_is_a_setting_of_theirs() -> None:
    assert "mixing" in CNN().settings
    assert "tokens_per_batch" not in ViT().settings
