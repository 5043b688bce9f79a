"""The plan of a fit: heads, objectives, sources and usual settings."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.features import Examples
from trainwright.models.networks.estimator import NetworkEstimator
from trainwright.models.tables.networks.families import MLP, TabM
from trainwright.models.tables.networks.heads import TableNetwork
from trainwright.training.objectives.multitask import MultiTask, SharedTrunk

NAN = float("nan")
COLOUR = Target(
    Column("colour", ColumnType.CATEGORY), Task.CLASSIFICATION, ("red", "green", "blue")
)
SIZE = Target(Column("size", ColumnType.NUMBER), Task.REGRESSION)


@pytest.fixture
def with_further(examples_of):
    """Rows whose further targets are known of some only."""

    def make(num_rows=40):
        rows = examples_of(num_rows, 2)
        first = rows.features.dense[:, 0]
        colour, size = np.digitize(first, [-0.5, 0.5]).astype(np.float64), 5.0 - 3.0 * first
        colour[::3], size[1::3] = NAN, NAN
        return replace(rows, further=((COLOUR, colour), (SIZE, size)))

    return make


def losses(plan, module=None):
    batch = plan.train.batch(np.arange(len(plan.train)), epoch=0, training=True)
    parts = plan.objective.parts((module or plan.module).eval(), batch)
    return {name: (part.sum / part.count).item() for name, part in parts.items()}, parts


def test_the_first_answer_is_near_the_baselines(small, plan_of, examples_of, target_of):
    rows = examples_of(200, 2)
    rows = Examples(rows.features, (np.arange(200) < 20).astype(np.float64))
    plan = plan_of(small, rows, target_of(2))
    estimator = NetworkEstimator(plan.architecture, plan.module.eval())
    assert estimator.predict(rows.features)[:, 1].mean() == pytest.approx(0.1, abs=0.1)


def test_equal_seeds_give_equal_weights_and_leave_the_generator(
    small, plan_of, examples_of, target_of
):
    before = torch.get_rng_state()
    first, again, other = (
        plan_of(small, examples_of(30, 2), target_of(2), seed=seed).module.state_dict()
        for seed in (1, 1, 2)
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)
    assert torch.equal(before, torch.get_rng_state())


def test_each_further_target_has_a_head_and_a_loss(small, plan_of, with_further, target_of):
    plan = plan_of(small, with_further(), target_of(2))
    assert isinstance(plan.module, SharedTrunk)
    means, _ = losses(plan)
    assert list(means) == ["y", "colour", "size"]


def test_a_row_without_a_further_target_still_counts_for_its_own(
    small, plan_of, with_further, target_of
):
    plan = plan_of(small, with_further(30), target_of(2))
    _, parts = losses(plan)
    assert [part.count.item() for part in parts.values()] == [30, 20, 20]


def test_further_heads_are_left_out_of_what_is_packaged(
    small, plan_of, with_further, target_of, tmp_path
):
    rows = with_further()
    plan = plan_of(small, rows, target_of(2))
    finished = plan.finish(plan.module).eval()
    assert isinstance(finished, TableNetwork)
    estimator = NetworkEstimator(plan.architecture, finished)
    estimator.save(tmp_path)
    answer = estimator.predict(rows.features)
    assert answer.shape == (40, 2)
    np.testing.assert_array_equal(NetworkEstimator.load(tmp_path).predict(rows.features), answer)


def test_of_several_heads_the_targets_own_answers(small, plan_of, with_further, target_of):
    plan = plan_of(small, with_further(), target_of(2))
    batch = plan.train.batch(np.arange(5), epoch=0, training=False)
    inputs = [batch[name] for name in plan.architecture.inputs]
    with torch.no_grad():
        outputs = plan.module.eval()(*inputs)
        alone = plan.finish(plan.module).eval()(*inputs)
    answer = plan.architecture.answer(outputs, batch)
    np.testing.assert_array_equal(answer, plan.architecture.answer(alone, batch))


def test_learnt_task_weights_are_one_more_output(plan_of, with_further, target_of):
    plan = plan_of(MLP(hidden=8, task_weights="uncertainty"), with_further(), target_of(2))
    assert isinstance(plan.objective, MultiTask)
    assert plan.module.log_variances.shape == (3,)
    assert "log_deviations" in losses(plan)[0]
    assert "log_variances" not in plan.finish(plan.module).state_dict()


def test_validation_is_judged_by_the_main_target_alone(small, plan_of, with_further, target_of):
    rows = with_further()
    plan = plan_of(small, rows, target_of(2), validation=rows)
    batch = plan.validation.batch(np.arange(40), epoch=0, training=False)
    (part,) = plan.judge.parts(plan.module.eval(), batch).values()
    answer = NetworkEstimator(plan.architecture, plan.finish(plan.module).eval()).predict(
        rows.features
    )
    right = answer[np.arange(40), rows.target.astype(int)]
    assert (part.sum / part.count).item() == pytest.approx(-np.log(right).mean(), rel=1e-5)


def test_a_further_target_of_one_value_is_not_learnt(plan_of, examples_of, target_of):
    rows = examples_of(20, 2)
    rows = replace(rows, further=((SIZE, np.full(20, 3.0)), (COLOUR, np.full(20, NAN))))
    plan = plan_of(MLP(hidden=8), rows, target_of(2))
    assert isinstance(plan.module, TableNetwork)


@pytest.mark.parametrize(("rows", "batch"), [(300, 32), (3_000, 64)])
def test_few_rows_get_small_batches(rows, batch, plan_of, examples_of, target_of):
    plan = plan_of(MLP(hidden=4), examples_of(rows, 2), target_of(2))
    assert plan.defaults.batch_size == batch


def test_every_parameter_is_in_one_group_and_only_matrices_are_hidden(
    small, plan_of, with_further, target_of
):
    plan = plan_of(small, with_further(), target_of(2))
    grouped = [id(p) for group in plan.groups for p in group.parameters]
    assert sorted(grouped) == sorted(map(id, plan.module.parameters()))
    for group in plan.groups:
        assert group.hidden == (group.name == "trunk")
        assert group.weight_decay == (group.name in ("trunk", "heads"))


def test_every_parameter_gets_a_gradient(small, plan_of, with_further, target_of):
    plan = plan_of(small, with_further(), target_of(2))
    sum(part.sum for part in losses(plan)[1].values()).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in plan.module.parameters())


def test_the_ensemble_shares_its_matrices_among_members(plan_of, examples_of, target_of):
    plan = plan_of(TabM(members=4, hidden=8), examples_of(20, 2), target_of(2))
    matrices = next(group for group in plan.groups if group.name == "trunk")
    assert [tuple(p.shape)[-2:] for p in matrices.parameters] == [(8, 32), (8, 8)]


def test_several_labels_are_learnt_by_the_log_loss_of_each(plan_of, examples_of):
    rows = examples_of(60, 2)
    labels = np.column_stack([rows.features.dense[:, 0] > 0, np.arange(60) % 3 == 0])
    rows = Examples(rows.features, labels.astype(np.float64))
    target = Target(Column("t", ColumnType.LABELS), Task.MULTI_LABEL, ("a", "b"))
    plan = plan_of(MLP(hidden=8, layers=1, frequencies=0), rows, target)
    told = NetworkEstimator(plan.architecture, plan.module.eval()).predict(rows.features)
    ((total, count),) = ((part.sum.item(), part.count.item()) for part in losses(plan)[1].values())
    wanted = -np.log(np.where(labels, told, 1 - told))
    assert total == pytest.approx(wanted.sum(), rel=1e-4)
    assert count == wanted.size
    again = type(plan.architecture).from_json(plan.architecture.to_json())
    assert again.by_label
