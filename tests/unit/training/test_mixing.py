"""Mixup and cutmix: what they draw, what they blend, what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trainwright.core.errors import DataError, RecipeError
from trainwright.recipe.sections import Mixing
from trainwright.training.mixing import Mixer, mixer
from trainwright.training.objectives import CrossEntropy, Focal, MeanSquared

ROWS, CLASSES = 6, 4


def batch(seed=0, *shape):
    random = torch.Generator().manual_seed(seed)
    return {
        "inputs": torch.rand(ROWS, *(shape or (3, 16, 16)), generator=random),
        "target": torch.randint(CLASSES, (ROWS,), generator=random),
        "other": torch.arange(ROWS),
    }


def of_kind(kind, *, alpha=1.0, seed=0):
    mixing = Mixing(kind=kind, alpha=alpha)
    return mixer(mixing, CrossEntropy(num_classes=CLASSES), seed=seed)


def constants():
    """Each image holds its row number, each row its own class."""
    return {
        "inputs": torch.arange(4.0).reshape(4, 1, 1, 1).expand(4, 1, 20, 20),
        "target": torch.arange(4),
    }


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_targets_say_what_share_of_the_inputs_is_whose(kind):
    for step in range(20):
        blended = of_kind(kind)(constants(), step=step)
        shares = blended["target"]
        assert torch.allclose(shares.sum(1), torch.ones(4))
        mean = blended["inputs"].mean(dim=(1, 2, 3))
        assert torch.allclose(shares @ torch.arange(4.0), mean, atol=1e-5)


def test_cutmix_takes_one_box_and_leaves_the_rest():
    for step in range(20):
        image = of_kind("cutmix")(constants(), step=step)["inputs"][0, 0]
        foreign = (image != 0).nonzero()
        if len(foreign):
            (top, left), (bottom, right) = foreign.min(0).values, foreign.max(0).values
            assert (image[top : bottom + 1, left : right + 1] == image[top, left]).all()


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_what_is_drawn_is_a_function_of_seed_and_step(kind):
    rows = batch()
    first = of_kind(kind)(rows, step=3)
    torch.manual_seed(123)
    again = of_kind(kind)(rows, step=3)
    assert all(torch.equal(first[name], again[name]) for name in first)
    for other in (of_kind(kind)(rows, step=4), of_kind(kind, seed=1)(rows, step=3)):
        assert not torch.equal(first["inputs"], other["inputs"])


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_no_global_generator_is_touched_and_the_batch_stays_as_it_was(kind):
    rows = batch()
    kept = {name: value.clone() for name, value in rows.items()}
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    blended = of_kind(kind)(rows, step=0)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])
    assert all(torch.equal(rows[name], kept[name]) for name in rows)
    assert blended["other"] is rows["other"]


def test_weights_follow_the_beta_distribution():
    mix = of_kind("mixup", alpha=0.2)
    # a row that is its own partner keeps all; the least of the rows' shares is the weight
    shares = [mix(constants(), step=step)["target"].amax(1).min().item() for step in range(400)]
    # of Beta(0.2, 0.2): E max(w, 1 - w) = 0.899 by quadrature
    assert np.mean(shares) == pytest.approx(0.899, abs=0.025)


def test_soft_targets_are_blended_too():
    rows = batch()
    soft = {**rows, "target": torch.nn.functional.one_hot(rows["target"], CLASSES).float()}
    mix = of_kind("mixup")
    assert torch.equal(mix(rows, step=1)["target"], mix(soft, step=1)["target"])


def test_the_blend_of_losses_is_the_loss_of_the_blend():
    rows = batch(1, CLASSES)
    blended = of_kind("mixup")(rows, step=2)
    logits = torch.randn(ROWS, CLASSES)
    part = CrossEntropy().judge(logits, blended)
    logs = -logits.log_softmax(-1)
    assert part.sum.item() == pytest.approx((blended["target"] * logs).sum().item(), rel=1e-5)
    assert part.count == ROWS


@pytest.mark.parametrize("objective", [MeanSquared(), CrossEntropy(), Focal()])
def test_an_objective_without_classes_is_refused(objective):
    with pytest.raises(RecipeError, match="needs an objective of classes") as refusal:
        mixer(Mixing(), objective, seed=0)
    assert "mixing: null" in refusal.value.mend


@pytest.mark.parametrize(
    ("kind", "values"),
    [("mixup", torch.ones(2, 3, dtype=torch.int64)), ("cutmix", torch.ones(2, 3))],
)
def test_inputs_that_cannot_be_blended_are_refused(kind, values):
    mix = Mixer(Mixing(kind=kind), ("inputs",), "target", num_classes=2, seed=0)
    with pytest.raises(RecipeError, match="cannot blend 'inputs'") as refusal:
        mix({"inputs": values, "target": torch.tensor([0, 1])}, step=0)
    assert "mixing: null" in refusal.value.mend


@pytest.mark.parametrize("id_", [-100, CLASSES])
def test_a_row_whose_id_is_no_class_is_refused_with_it(id_):
    rows = batch()
    rows = {**rows, "target": rows["target"].index_fill(0, torch.tensor([1]), id_)}
    with pytest.raises(
        DataError, match=f"nothing has the id {id_}: there are {CLASSES}"
    ) as refusal:
        of_kind("mixup")(rows, step=0)
    assert refusal.value.where.startswith("target: 1 of the")
    assert "mixing: null" in refusal.value.mend


def test_ids_of_a_narrow_type_are_blended_as_others_are():
    rows = batch()
    narrow = {**rows, "target": rows["target"].to(torch.int32)}
    mix = of_kind("mixup")
    assert torch.equal(mix(rows, step=1)["target"], mix(narrow, step=1)["target"])
