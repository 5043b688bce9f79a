"""One update: pieces give the whole batch's gradient, and what is not finite never touches a weight."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from trainwright.training.optimizers import AdamW, ParameterGroup
from trainwright.training.protocols import LossPart
from trainwright.training.scaling import LossScale
from trainwright.training.schedules import Constant, Linear
from trainwright.training.step import Update, UpdateSettings, clip, gradient_norm, split


class TwoParts:
    """Squared error weighted a row, and an absolute error that only some rows have."""

    couples_rows = False

    def __init__(self, share: float = 0.3) -> None:
        self.share = share

    def parts(self, model: nn.Module, batch: Mapping[str, Tensor]) -> Mapping[str, LossPart]:
        output = model(batch["x"])
        counts = self.counts(batch)
        squares = ((output[:, 0] - batch["y"]) ** 2 * batch["weight"]).sum()
        present = ~batch["z"].isnan()
        absolute = (output[:, 1] - batch["z"])[present].abs().sum()
        return {
            "squared": LossPart(squares, counts["squared"]),
            "absolute": LossPart(absolute, counts["absolute"], self.share),
        }

    def counts(self, batch: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"squared": batch["weight"].sum(), "absolute": (~batch["z"].isnan()).sum()}


def batch(num_rows: int, seed: int = 0) -> tuple[np.ndarray, dict[str, Tensor]]:
    draw = torch.Generator().manual_seed(seed)
    z = torch.randn(num_rows, generator=draw)
    z[torch.rand(num_rows, generator=draw) < 0.6] = float("nan")
    tensors = {
        "x": torch.randn(num_rows, 3, generator=draw),
        "y": torch.randn(num_rows, generator=draw),
        "z": z,
        "weight": torch.rand(num_rows, generator=draw),
    }
    return np.arange(num_rows), tensors


def network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2))


def update(model: nn.Module, objective=None, *, schedule=None, **options) -> Update:
    optimizer = AdamW(learning_rate=0.1).build([ParameterGroup("all", tuple(model.parameters()))])
    return Update(
        model,
        objective or TwoParts(),
        optimizer,
        (schedule or Constant()).build(10),
        settings=UpdateSettings(**options),
    )


def gradients(model: nn.Module, one: Update, rows_and_tensors) -> tuple[float, list[Tensor]]:
    """Loss and gradients of an update, read before they are cleared."""
    loss, _ = one._backward(rows_and_tensors[1], len(rows_and_tensors[0]))
    found = [parameter.grad.clone() for parameter in model.parameters()]
    for parameter in model.parameters():
        parameter.grad = None
    return loss.item(), found


@settings(max_examples=30, deadline=None)
@given(rows=st.integers(1, 17), pieces=st.integers(1, 9), seed=st.integers(0, 5))
def test_the_gradient_of_pieces_is_that_of_the_batch(rows, pieces, seed):
    """Ragged pieces, weights a row, a part that some pieces do not have at all."""
    model = network()
    data = batch(rows, seed)
    whole_loss, whole = gradients(model, update(model), data)
    cut_loss, cut = gradients(model, update(model, accumulate=pieces), data)
    assert cut_loss == pytest.approx(whole_loss, rel=1e-5, abs=1e-6)
    for one, other in zip(whole, cut, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def test_the_gradient_is_that_of_the_closed_form():
    model = network()
    rows, tensors = batch(7)
    loss, found = gradients(model, update(model, accumulate=3), (rows, tensors))
    output = model(tensors["x"])
    present = ~tensors["z"].isnan()
    squares = (output[:, 0] - tensors["y"]) ** 2
    expected = (squares * tensors["weight"]).sum() / tensors["weight"].sum()
    expected = expected + 0.3 * (output[:, 1] - tensors["z"])[present].abs().mean()
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-6)
    for parameter, gradient in zip(model.parameters(), found, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-5, atol=1e-7)


def test_means_of_pieces_would_be_another_gradient():
    """The control: dividing each piece by its own count is wrong where counts differ."""
    model = network()
    data = batch(7)

    class OwnCounts(TwoParts):
        def counts(self, batch):
            whole = super().counts(batch)
            if len(batch["x"]) == 7:
                return {name: count / 3 for name, count in whole.items()}
            return whole

    class Mean(Update):
        def _backward(self, tensors, num_rows):
            for piece in split(tensors, 3):
                parts = self._objective.parts(self._model, piece)
                loss = sum(p.weight * p.sum / p.count.clamp_min(1) / 3 for p in parts.values())
                loss.backward()
            return loss.detach(), {}

    _, whole = gradients(model, update(model), data)
    wrong = update(model)
    wrong.__class__ = Mean
    _, cut = gradients(model, wrong, data)
    assert any(not torch.allclose(a, b, rtol=1e-3) for a, b in zip(whole, cut, strict=True))


def test_a_learnt_weight_of_a_part_gets_its_gradient_from_pieces_too():
    class Learnt(TwoParts):
        def __init__(self, model):
            super().__init__()
            self.model = model

        def parts(self, model, batch):
            found = super().parts(model, batch)
            weight = torch.exp(-model[0].bias[0])
            return {name: LossPart(p.sum, p.count, weight) for name, p in found.items()}

    model = network()
    data = batch(8)
    _, whole = gradients(model, update(model, Learnt(model)), data)
    _, cut = gradients(model, update(model, Learnt(model), accumulate=4), data)
    for one, other in zip(whole, cut, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def test_a_part_that_counts_nothing_is_zero_and_harms_nobody():
    model = network()
    rows, tensors = batch(4)
    result = update(model)((rows, {**tensors, "z": torch.full((4,), float("nan"))}))
    assert result.parts["absolute"].item() == 0
    assert bool(result.finite)


def test_a_result_tells_loss_parts_norm_rate_and_rows():
    model = network()
    data = batch(6)
    twin = copy.deepcopy(model)
    loss, found = gradients(twin, update(twin), data)
    one = update(model, schedule=Linear())
    first, second = one(data), one(data)
    assert first.loss.item() == pytest.approx(loss)
    total = first.parts["squared"] + 0.3 * first.parts["absolute"]
    assert total.item() == pytest.approx(loss, rel=1e-6)
    norm = math.sqrt(sum(float((g**2).sum()) for g in found))
    assert first.gradient_norm.item() == pytest.approx(norm, rel=1e-5)
    assert (first.learning_rate, second.learning_rate) == pytest.approx((0.1, 0.09))
    assert list(first.rows) == list(range(6))
    assert all(parameter.grad is None for parameter in model.parameters())


def test_an_update_is_the_optimisers_step():
    model, twin = network(), network()
    data = batch(6)
    update(model)(data)
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for p in twin.parameters() if p.ndim == 2], "weight_decay": 0.01},
            {"params": [p for p in twin.parameters() if p.ndim == 1], "weight_decay": 0.0},
        ],
        lr=0.1,
    )
    gradients_loss = update(twin)._backward(data[1], 6)[0]
    optimizer.step()
    assert torch.isfinite(gradients_loss)
    for one, other in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("harm", [float("nan"), float("inf")])
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
@pytest.mark.parametrize("pieces", [1, 3])
def test_what_is_not_finite_never_reaches_a_weight(harm, precision, pieces):
    model = network()
    one = update(model, precision=precision, accumulate=pieces, clip_norm=1.0)
    one(batch(6))
    before = [parameter.detach().clone() for parameter in model.parameters()]
    rows, tensors = batch(6, seed=1)
    tensors["x"][2, 1] = harm
    result = one((rows, tensors))
    # Behind tanh infinity is a finite loss with a gradient that is none: in fp16 it may be the scale's fault.
    assert bool(result.finite) == (precision == "fp16" and math.isinf(harm))
    for parameter, old in zip(model.parameters(), before, strict=True):
        assert torch.equal(parameter, old)
    assert bool(one(batch(6)).finite)


class Kink(TwoParts):
    """Finite loss, gradient without end: the root of zero."""

    def parts(self, model, batch):
        output = model(batch["x"])
        total = torch.sqrt((output * 0).sum() ** 2)
        return {"kink": LossPart(total, torch.tensor(1.0))}


def test_a_gradient_that_is_not_finite_masks_the_update_though_the_loss_is():
    model = network()
    before = [parameter.detach().clone() for parameter in model.parameters()]
    result = update(model, Kink())(batch(3))
    assert torch.isfinite(result.loss)
    assert not bool(result.finite)
    for parameter, old in zip(model.parameters(), before, strict=True):
        assert torch.equal(parameter, old)


def test_an_overflow_of_scaled_gradients_lowers_the_scale_and_training_goes_on():
    model = network()
    one = update(model, precision="fp16")
    one.scale.load_state_dict({"scale": 2.0**127, "good": 5})
    before = [parameter.detach().clone() for parameter in model.parameters()]
    result = one(batch(6))
    assert bool(result.finite)  # no reason to stop
    for parameter, old in zip(model.parameters(), before, strict=True):
        assert torch.equal(parameter, old)
    assert one.scale.state_dict() == {"scale": 2.0**126, "good": 0}


def test_an_overflow_that_no_scale_mends_is_told():
    one = update(network(), Kink(), precision="fp16")
    one.scale.load_state_dict({"scale": 1.0, "good": 0})
    assert not bool(one(batch(3)).finite)


def test_the_scale_doubles_after_enough_good_updates():
    scale = LossScale(torch.device("cpu"))
    scale.load_state_dict({"scale": 4.0, "good": 1998})
    for expected in (4.0, 8.0, 8.0):
        scale.update(torch.tensor(True))
        assert scale.state_dict()["scale"] == expected


@pytest.mark.parametrize(("precision", "tolerance"), [("bf16", 0.05), ("fp16", 0.01)])
def test_half_precision_is_near_full_and_weights_stay_full(precision, tolerance):
    full, half = network(), network()
    one, other = update(full), update(half, precision=precision)
    for seed in range(3):
        expected, got = one(batch(16, seed)), other(batch(16, seed))
        assert got.loss.item() == pytest.approx(expected.loss.item(), rel=tolerance)
    assert all(parameter.dtype == torch.float32 for parameter in half.parameters())


def test_clipping_scales_to_the_limit_and_only_down():
    gradients = [torch.tensor([3.0, 0.0]), torch.tensor([[4.0]])]
    clip(gradients, gradient_norm(gradients), limit=1.0)
    assert gradient_norm(gradients).item() == pytest.approx(1.0, rel=1e-5)
    small = [torch.tensor([0.3])]
    clip(small, gradient_norm(small), limit=1.0)
    assert small[0].item() == pytest.approx(0.3)


def test_the_norm_is_told_before_clipping():
    model = network()
    twin = network()
    free = update(twin)(batch(6)).gradient_norm
    assert torch.equal(update(model, clip_norm=1e-3)(batch(6)).gradient_norm, free)


def test_rows_are_split_as_evenly_as_can_be():
    tensors = {"a": torch.arange(7), "b": torch.arange(14).reshape(7, 2)}
    pieces = list(split(tensors, 3))
    assert [len(piece["a"]) for piece in pieces] == [3, 2, 2]
    assert torch.equal(torch.cat([piece["b"] for piece in pieces]), tensors["b"])


class Flagged(torch.optim.SGD):
    """An optimiser that takes the flag, as fused ones on an accelerator do."""

    _step_supports_amp_scaling = True

    def step(self, closure=None):
        self.seen = float(self.found_inf)
        self.found_inf = None
        if not self.seen:
            super().step()


def test_on_an_accelerator_the_optimiser_gets_the_flag_and_nobody_reads_it():
    model = network()
    groups = [{"params": list(model.parameters()), "lr": 0.1, "initial_lr": 0.1}]
    optimizer = Flagged(groups)
    one = Update(model, TwoParts(), optimizer, Constant().build(1))
    one._cpu = False  # the path of other devices
    assert bool(one(batch(4)).finite)
    assert optimizer.seen == 0
    rows, tensors = batch(4)
    tensors["x"][0, 0] = float("nan")
    assert not bool(one((rows, tensors)).finite)
    assert optimizer.seen == 1
    assert all(torch.isfinite(parameter).all() for parameter in model.parameters())
