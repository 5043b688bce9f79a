"""Trunks that were trained here: without labels, or as a package, and taken further by a recipe."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tests.unit.models.images.conftest import corners
from tests.unit.models.images.test_planning import fitted, planned, trainable

from trainwright.core.errors import RecipeError
from trainwright.core.features import Examples, Images
from trainwright.core.pretrained import family_of
from trainwright.models.images.augmentation import Changes
from trainwright.models.images.families import CNN, ImageFamily, ViT
from trainwright.models.images.source import TwoViews
from trainwright.models.images.trunks import ScaledTrunk, draw_trunk, save_trunk
from trainwright.training import AdamW, NTXent, Trainer

TINY_CNN = CNN(widths=(8, 16), stochastic_depth=0.2)
TINY_VIT = ViT(hidden=16, layers=1, heads=2)


def kept(folder: Path, family: ImageFamily, images: Images) -> ScaledTrunk:
    """A trunk of random weights in the folder."""
    torch.manual_seed(5)
    trunk = draw_trunk(family, images)
    save_trunk(trunk, folder, family=family.name, shape=images.shape)
    return trunk


@pytest.mark.parametrize("family", [TINY_CNN, TINY_VIT])
def test_a_recipe_starts_from_a_trunk_with_its_weights_scales_and_origin(
    family: ImageFamily, tmp_path: Path
) -> None:
    trunk = kept(tmp_path / "trunk", family, corners(40, seed=9).features)
    assert family_of("trunk", base=tmp_path) == family.name
    plan = planned(type(family)(pretrained="trunk"), base=tmp_path)
    state = plan.module.trunk.state_dict()
    assert all(torch.equal(state[k], v) for k, v in trunk.module.state_dict().items())
    assert plan.architecture.mean == trunk.mean
    assert plan.architecture.std == trunk.std
    assert plan.origin["pretrained"] == "trunk"
    assert len(plan.origin["weights.safetensors"]) == 64
    assert trainable(plan) == {name for name, _ in plan.module.named_parameters()}


def test_the_head_is_new_and_of_the_seed(tmp_path: Path) -> None:
    kept(tmp_path / "trunk", TINY_CNN, corners(8).features)
    first, again = (planned(CNN(pretrained="trunk"), base=tmp_path).module for _ in range(2))
    assert first.head.weight.shape == (4, 16)
    assert torch.equal(first.head.weight, again.head.weight)


@pytest.mark.parametrize("adapt", ["head", "lora"])
def test_less_than_all_of_it_can_be_trained(adapt: str, tmp_path: Path) -> None:
    trunk = kept(tmp_path / "trunk", TINY_CNN, corners(8).features)
    fit = fitted(CNN(pretrained="trunk", adapt=adapt), corners(16), base=tmp_path, epochs=1)
    state = fit.estimator.module.trunk.state_dict()
    moved = [k for k, v in trunk.module.state_dict().items() if not torch.equal(state[k], v)]
    assert bool(moved) == (adapt == "lora")


def test_a_package_s_network_learns_other_classes_by_its_head_alone(tmp_path: Path) -> None:
    train = corners(96)
    fit = fitted(CNN(widths=(8, 16), augmentation=None), train, epochs=6)
    folder = tmp_path / "corners-1" / "model" / "estimator"
    folder.mkdir(parents=True)
    fit.estimator.save(folder)
    turned = Examples(train.features, 3 - train.target)
    further = CNN(pretrained="corners-1", adapt="head", augmentation=None)
    again = fitted(further, turned, base=tmp_path, epochs=6, optimizer=AdamW(learning_rate=0.05))
    judged = corners(40, seed=5)
    answers = again.estimator.predict(judged.features)
    assert (answers.argmax(axis=1) == 3 - judged.target).mean() > 0.9
    assert again.estimator.origin["pretrained"] == "corners-1"


def test_contrast_without_labels_makes_a_trunk_whose_head_alone_learns_from_few_rows(
    tmp_path: Path,
) -> None:
    images = corners(192, seed=7).features
    torch.manual_seed(0)
    trunk = draw_trunk(CNN(widths=(8, 16)), images)
    save_trunk(trunk, tmp_path / "before", family="cnn", shape=images.shape)
    views = TwoViews(images, mean=trunk.mean, std=trunk.std, changes=Changes(shift=0.1, colour=0.3))
    Trainer(
        trunk.module,
        NTXent(temperature=0.3),
        train=views,
        optimizer=AdamW(learning_rate=5e-3),
        epochs=12,
        batch_size=64,
    ).fit()
    save_trunk(trunk, tmp_path / "after", family="cnn", shape=images.shape)
    judged, few = corners(200, seed=5), corners(16)
    right = {}
    for name in ("before", "after"):
        family = CNN(pretrained=name, adapt="head", augmentation=None)
        learning = AdamW(learning_rate=0.03)
        fit = fitted(family, few, base=tmp_path, epochs=30, optimizer=learning)
        answers = fit.estimator.predict(judged.features)
        right[name] = (answers.argmax(axis=1) == judged.target).mean()
    assert right["after"] > right["before"] + 0.1


def test_images_of_other_channels_are_refused(tmp_path: Path) -> None:
    kept(tmp_path / "trunk", TINY_CNN, corners(8).features)
    with pytest.raises(RecipeError, match="takes images of 1 channels, not 3") as caught:
        planned(CNN(pretrained="trunk"), base=tmp_path, train=corners(12, channels=3))
    assert caught.value.mend == "channels: 1"


def test_images_of_a_size_that_its_weights_do_not_fit_are_refused(tmp_path: Path) -> None:
    kept(tmp_path / "trunk", TINY_CNN, corners(8, side=70).features)
    with pytest.raises(RecipeError, match=r"the weight stem\.\d\.weight") as caught:
        planned(CNN(pretrained="trunk"), base=tmp_path, train=corners(12, side=8))
    assert caught.value.mend == "size: 70"


@pytest.mark.parametrize(
    "change", [{"mean": None}, {"trunk": {"kind": "unknown"}}, {"trunk": {}}, {"shape": [1]}]
)
def test_an_architecture_that_was_changed_is_refused(
    change: dict[str, object], tmp_path: Path
) -> None:
    kept(tmp_path / "trunk", TINY_CNN, corners(8).features)
    file = tmp_path / "trunk" / "estimator.json"
    document = json.loads(file.read_text())
    file.write_text(json.dumps({"architecture": {**document["architecture"], **change}}))
    with pytest.raises(RecipeError, match="cannot be loaded"):
        planned(CNN(pretrained="trunk"), base=tmp_path)


def test_a_trunk_of_another_family_is_refused(tmp_path: Path) -> None:
    kept(tmp_path / "trunk", TINY_VIT, corners(8).features)
    with pytest.raises(RecipeError, match="is of kind 'vit'") as caught:
        planned(CNN(pretrained="trunk"), base=tmp_path)
    assert caught.value.mend == "family: vit"
