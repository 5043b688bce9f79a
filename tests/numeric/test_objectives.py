"""Objectives equal PyTorch, scikit-learn or their formula written out, on inputs drawn anew.

Everything is in float64, so that the tolerance, 1e-9, is about formulas and not about rounding; the
worst gap seen is 4e-15.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss, mean_absolute_error, mean_pinball_loss, mean_squared_error
from sklearn.utils.class_weight import compute_class_weight
from torch import nn
from torch.nn import functional

from trainwright.training.objectives import (
    IGNORED,
    BinaryCrossEntropy,
    CrossEntropy,
    Denoising,
    Distillation,
    Focal,
    Huber,
    ListMLE,
    ListNet,
    MaskedTokens,
    MeanAbsolute,
    MeanSquared,
    MultiTask,
    NextToken,
    NTXent,
    Quantile,
    RankNet,
)
from trainwright.training.objectives.classification import CrossEntropyPart

pytestmark = pytest.mark.parametrize("seed", range(4))
ROWS, CLASSES, TOKENS = 13, 5, 7


def mean_of(objective, **batch):
    """The total loss where the model gives its input back."""
    parts = objective.parts(nn.Identity(), batch)
    counts = objective.counts(batch)
    assert set(counts) == set(parts)
    for name, part in parts.items():
        assert counts[name].item() == pytest.approx(part.count.item())
    return sum(float(part.weight * part.sum / part.count) for part in parts.values())


def draw(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def ids(seed, high, *shape):
    return torch.randint(high, shape, generator=torch.Generator().manual_seed(seed + 99))


def close(value):
    return pytest.approx(float(value), rel=1e-9, abs=1e-12)


def test_cross_entropy_is_log_loss(seed):
    logits, target = draw(seed, ROWS, CLASSES), ids(seed, CLASSES, ROWS)
    found = mean_of(CrossEntropy(), inputs=logits, target=target)
    assert found == close(log_loss(target, logits.softmax(-1), labels=range(CLASSES)))


def test_smoothed_and_weighted_cross_entropy_of_padded_tokens_is_pytorchs(seed):
    logits, target = draw(seed, ROWS, TOKENS, CLASSES), ids(seed, CLASSES, ROWS, TOKENS)
    target[draw(seed + 1, ROWS, TOKENS) > 0.5] = IGNORED
    weights = tuple((draw(seed, CLASSES).abs() + 0.1).tolist())
    weights = tuple(torch.tensor(weights, dtype=torch.float32).tolist())
    objective = CrossEntropy(label_smoothing=0.1, class_weights=weights)
    expected = functional.cross_entropy(
        logits.flatten(0, 1),
        target.flatten(),
        weight=torch.tensor(weights, dtype=torch.float64),
        label_smoothing=0.1,
    )
    # the count is added up in float32
    assert mean_of(objective, inputs=logits, target=target) == pytest.approx(
        expected.item(), rel=1e-6
    )


def test_soft_targets_that_are_certain_give_what_class_ids_give(seed):
    logits, target = draw(seed, ROWS, CLASSES), ids(seed, CLASSES, ROWS)
    soft = functional.one_hot(target, CLASSES).double()
    for objective in (
        CrossEntropy(label_smoothing=0.2),
        CrossEntropy(class_weights=(1.0, 2.0, 0.5, 3.0, 1.5)),
        Focal(gamma=1.5, class_weights=(1.0, 2.0, 0.5, 3.0, 1.5)),
    ):
        hard = mean_of(objective, inputs=logits, target=target)
        assert mean_of(objective, inputs=logits, target=soft) == close(hard)


def test_soft_cross_entropy_is_pytorchs(seed):
    logits, soft = draw(seed, ROWS, CLASSES), draw(seed + 1, ROWS, CLASSES).softmax(-1)
    found = mean_of(CrossEntropy(label_smoothing=0.1), inputs=logits, target=soft)
    assert found == close(functional.cross_entropy(logits, soft, label_smoothing=0.1))


def test_row_weights_are_sample_weights(seed):
    logits, target = draw(seed, ROWS, CLASSES), ids(seed, CLASSES, ROWS)
    weight = draw(seed + 1, ROWS).abs()
    found = mean_of(CrossEntropy(weight="w"), inputs=logits, target=target, w=weight)
    assert found == close(
        log_loss(target, logits.softmax(-1), labels=range(CLASSES), sample_weight=weight)
    )
    values, wanted = draw(seed, ROWS), draw(seed + 2, ROWS)
    found = mean_of(MeanSquared(weight="w"), inputs=values, target=wanted, w=weight)
    assert found == close(mean_squared_error(wanted, values, sample_weight=weight))


def test_balanced_class_weights_are_scikit_learns(seed):
    target = torch.cat([ids(seed, 3, 40), torch.tensor([0, 1, 2])])
    objective = CrossEntropyPart(class_weights="balanced").build(
        num_classes=3, class_counts=target.bincount().tolist()
    )
    expected = compute_class_weight("balanced", classes=np.arange(3), y=target.numpy())
    assert objective.class_weights == pytest.approx(expected.tolist())


def test_focal_loss_is_its_formula(seed):
    logits, target = draw(seed, ROWS, CLASSES), ids(seed, CLASSES, ROWS)
    probabilities = logits.softmax(-1)[range(ROWS), target].tolist()
    expected = sum(-((1 - p) ** 2.5) * math.log(p) for p in probabilities) / ROWS
    assert mean_of(Focal(gamma=2.5), inputs=logits, target=target) == close(expected)
    entropy = mean_of(CrossEntropy(), inputs=logits, target=target)
    assert mean_of(Focal(gamma=0.0), inputs=logits, target=target) == close(entropy)


def test_the_focal_gradient_is_finite_where_the_class_is_certain(seed):
    logits = torch.tensor([[200.0 + seed, 0.0], [0.0, 200.0]], requires_grad=True)
    parts = Focal(gamma=0.5).parts(
        nn.Identity(), {"inputs": logits, "target": torch.tensor([0, 0])}
    )
    parts["focal"].sum.backward()
    assert logits.grad.isfinite().all()


def test_binary_cross_entropy_is_pytorchs_for_one_label_and_for_several(seed):
    logits, target = draw(seed, ROWS, 3), ids(seed, 2, ROWS, 3)
    found = mean_of(BinaryCrossEntropy(), inputs=logits, target=target)
    assert found == close(functional.binary_cross_entropy_with_logits(logits, target.double()))
    one = mean_of(BinaryCrossEntropy(), inputs=logits[:, :1], target=target[:, 0])
    expected = functional.binary_cross_entropy_with_logits(logits[:, 0], target[:, 0].double())
    assert one == close(expected)


def test_a_positive_weight_is_a_class_weight(seed):
    logits, target = draw(seed, ROWS), ids(seed, 2, ROWS)
    of_two = torch.stack([torch.zeros_like(logits), logits], dim=-1)
    found = mean_of(BinaryCrossEntropy(pos_weight=(3.5,)), inputs=logits, target=target)
    expected = mean_of(CrossEntropy(class_weights=(1.0, 3.5)), inputs=of_two, target=target)
    assert found == close(expected)


def test_regression_losses_are_those_of_the_libraries(seed):
    values, target = 3 * draw(seed, ROWS, 2), draw(seed + 1, ROWS, 2)
    batch = {"inputs": values, "target": target}
    assert mean_of(MeanSquared(), **batch) == close(mean_squared_error(target, values))
    assert mean_of(MeanAbsolute(), **batch) == close(mean_absolute_error(target, values))
    expected = functional.huber_loss(values, target, delta=0.7)
    assert mean_of(Huber(delta=0.7), **batch) == close(expected)


def test_the_pinball_loss_of_each_quantile_is_scikit_learns(seed):
    levels = (0.1, 0.5, 0.8)
    values, target = draw(seed, ROWS, 3), draw(seed + 1, ROWS)
    each = [
        mean_pinball_loss(target, values[:, position], alpha=level)
        for position, level in enumerate(levels)
    ]
    assert mean_of(Quantile(levels=levels), inputs=values, target=target) == close(np.mean(each))
    one = mean_of(Quantile(levels=(0.8,)), inputs=values[:, 2], target=target)
    assert one == close(each[2])


def queries(seed):
    group = ids(seed, 4, ROWS)
    return draw(seed, ROWS), ids(seed + 1, 3, ROWS).double(), group


def test_rank_net_is_the_mean_over_ordered_pairs_of_a_query(seed):
    scores, relevance, group = queries(seed)
    losses = [
        math.log(1 + math.exp(scores[j] - scores[i]))
        for i, j in itertools.permutations(range(ROWS), 2)
        if group[i] == group[j] and relevance[i] > relevance[j]
    ]
    found = mean_of(RankNet(), inputs=scores, target=relevance, group=group)
    assert found == close(np.mean(losses))


def test_list_net_is_the_mean_cross_entropy_of_a_query(seed):
    scores, relevance, group = queries(seed)
    losses = [
        functional.cross_entropy(scores[group == one], relevance[group == one].softmax(0)).item()
        for one in group.unique()
    ]
    found = mean_of(ListNet(), inputs=scores.unsqueeze(1), target=relevance, group=group)
    assert found == close(np.mean(losses))


def test_list_mle_is_the_likelihood_of_the_order_drawn_without_replacement(seed):
    scores, relevance, group = queries(seed)
    losses = []
    for one in group.unique():
        order = np.argsort(-relevance[group == one].numpy(), kind="stable")
        left = scores[group == one].numpy()[order]
        losses.append(
            -sum(math.log(math.exp(left[k]) / np.exp(left[k:]).sum()) for k in range(len(left)))
        )
    found = mean_of(ListMLE(), inputs=scores, target=relevance, group=group)
    assert found == close(np.mean(losses))


def test_masked_tokens_are_judged_where_something_was_hidden(seed):
    logits, tokens = draw(seed, ROWS, TOKENS, CLASSES), ids(seed, CLASSES, ROWS, TOKENS)
    hidden = draw(seed + 1, ROWS, TOKENS) > 1
    expected = functional.cross_entropy(logits[hidden], tokens[hidden])
    target = tokens.masked_fill(~hidden, IGNORED)
    assert mean_of(MaskedTokens(), inputs=logits, target=target) == close(expected)


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_next_token_is_judged_wherever_there_is_one(seed, side):
    logits, tokens = draw(seed, ROWS, TOKENS, CLASSES), ids(seed, CLASSES, ROWS, TOKENS)
    lengths = ids(seed + 1, TOKENS - 1, ROWS) + 2
    mask = (torch.arange(TOKENS) < lengths.unsqueeze(1)).long()
    mask = mask.flip(1) if side == "left" else mask
    losses = []
    for row in range(ROWS):
        there = mask[row].bool()
        of_row, words = logits[row][there], tokens[row][there]
        losses.append(functional.cross_entropy(of_row[:-1], words[1:], reduction="none"))
    objective = NextToken(inputs=("logits",), target="tokens", mask="mask")
    found = mean_of(objective, logits=logits, tokens=tokens, mask=mask)
    assert found == close(torch.cat(losses).mean())


def test_nt_xent_is_its_formula_over_all_views(seed):
    first, second = draw(seed, ROWS, 4), draw(seed + 1, ROWS, 4)
    views = functional.normalize(torch.cat([first, second]), dim=1).numpy()
    losses = []
    for i in range(2 * ROWS):
        alike = np.exp(views @ views[i] / 0.3)
        losses.append(-math.log(alike[(i + ROWS) % (2 * ROWS)] / (alike.sum() - alike[i])))
    found = mean_of(NTXent(temperature=0.3), first=first, second=second)
    assert found == close(np.mean(losses))


def test_denoising_weighs_what_was_corrupted_and_what_was_kept_apart(seed):
    restored, clean = draw(seed, ROWS, 3), draw(seed + 1, ROWS, 3)
    corrupted = draw(seed + 2, ROWS, 3) > 0
    squares = (restored - clean) ** 2
    batch = {"inputs": restored, "target": clean, "corrupted": corrupted}
    assert mean_of(Denoising(), **batch) == close(squares.mean())
    expected = squares[corrupted].mean() + 0.25 * squares[~corrupted].mean()
    assert mean_of(Denoising(corrupted="corrupted", kept=0.25), **batch) == close(expected)
    alone = mean_of(Denoising(corrupted="corrupted", kept=0.0), **batch)
    assert alone == close(squares[corrupted].mean())


class Outputs(nn.Module):
    """Gives several entries of the batch as a mapping."""

    def __init__(self, *names):
        super().__init__()
        self.names = names

    def forward(self, *inputs):
        return dict(zip(self.names, inputs, strict=True))


def total_of(objective, model, batch):
    parts = objective.parts(model, batch)
    return sum(part.weight * part.sum / part.count for part in parts.values())


def multi_task_batch(seed):
    price, label = draw(seed, ROWS), ids(seed, CLASSES, ROWS)
    price[::3], label[1::4] = math.nan, IGNORED
    values, logits = draw(seed + 1, ROWS), draw(seed + 2, ROWS, CLASSES)
    there = ~price.isnan()
    squared = ((values - price)[there] ** 2).mean()
    entropy = functional.cross_entropy(logits, label)
    batch = {"values": values, "logits": logits, "price": price, "label": label}
    return batch, squared, entropy


TASKS = {
    "cost": MeanSquared(target="price", output="values"),
    "kind": CrossEntropy(target="label", output="logits"),
}


def test_each_task_is_a_mean_over_the_rows_that_have_its_target(seed):
    batch, squared, entropy = multi_task_batch(seed)
    objective = MultiTask(tasks=TASKS, inputs=("values", "logits"), weights={"kind": 0.3})
    found = total_of(objective, Outputs("values", "logits"), batch)
    assert found.item() == close(squared + 0.3 * entropy)
    counts = objective.counts(batch)
    assert counts["cost"] == ROWS - len(range(0, ROWS, 3))
    assert counts["kind"] == ROWS - len(range(1, ROWS, 4))


def test_uncertainty_weighs_tasks_as_kendall_has_it(seed):
    batch, squared, entropy = multi_task_batch(seed)
    logs = draw(seed + 3, 2).requires_grad_()
    batch["logs"] = logs
    objective = MultiTask(
        tasks=TASKS, inputs=("values", "logits", "logs"), uncertainty="log_variances"
    )
    total = total_of(objective, Outputs("values", "logits", "log_variances"), batch)
    sigmas = torch.exp(logs.detach() / 2)
    expected = squared / (2 * sigmas[0] ** 2) + entropy / sigmas[1] ** 2 + torch.log(sigmas).sum()
    assert total.item() == close(expected)
    total.backward()
    slopes = [0.5 - squared / (2 * sigmas[0] ** 2), 0.5 - entropy / sigmas[1] ** 2]
    assert logs.grad.tolist() == pytest.approx([float(slope) for slope in slopes])


def test_distillation_is_the_divergence_at_a_temperature_and_the_labels(seed):
    student, teacher = draw(seed, ROWS, CLASSES), draw(seed + 1, ROWS, CLASSES)
    target = ids(seed, CLASSES, ROWS)
    objective = Distillation(teacher_logits="teacher", temperature=3.0, soft=0.7)
    found = mean_of(objective, inputs=student, target=target, teacher=teacher)
    p, q = (teacher / 3).softmax(-1), (student / 3).softmax(-1)
    divergence = (p * (p / q).log()).sum(-1).mean()
    expected = 0.7 * 9 * divergence + 0.3 * functional.cross_entropy(student, target)
    assert found == close(expected)


def test_at_a_high_temperature_distillation_matches_logits(seed):
    # Hinton et al. 2015, sect. 2.1: the gradient tends to (centred difference of logits) / classes
    student = draw(seed, ROWS, CLASSES).requires_grad_()
    teacher = draw(seed + 1, ROWS, CLASSES)
    objective = Distillation(teacher_logits="teacher", temperature=1e4, soft=1.0)
    batch = {"inputs": student, "teacher": teacher, "target": ids(seed, CLASSES, ROWS)}
    objective.parts(nn.Identity(), batch)["soft"].sum.backward()
    gap = student.detach() - teacher
    expected = (gap - gap.mean(-1, keepdim=True)) / CLASSES
    assert torch.allclose(student.grad, expected, rtol=1e-3, atol=1e-4)
