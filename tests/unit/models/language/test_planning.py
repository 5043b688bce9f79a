from __future__ import annotations

import numpy as np
import pytest
import torch

from trainwright.core.errors import DataError, RecipeError
from trainwright.models.language.objectives import Causal, Masked, Span
from trainwright.training.protocols import Measured


def test_packed_rows_learn_what_single_ones_do(tongue):
    features = tongue.passages(40)
    sums = []
    for packing in (True, False):
        plan = tongue.plan(tongue.family(packing=packing), features)
        plan.module.double()
        rows = np.arange(len(plan.train))
        (part,) = plan.objective.parts(
            plan.module, plan.train.batch(rows, epoch=0, training=False)
        ).values()
        sums.append((float(part.sum.detach()), float(part.count)))
    assert sums[0][0] == pytest.approx(sums[1][0], rel=1e-9)
    assert sums[0][1] == sums[1][1] == features.taught.sum()
    assert isinstance(plan.train, Measured)


def test_a_row_that_counts_twice_is_read_twice(tongue):
    features, weights = tongue.passages(20), np.ones(20)
    weights[3] = 2.0
    plan = tongue.plan(tongue.family(), features, weights=weights)
    batch = plan.train.batch(np.arange(len(plan.train)), epoch=0, training=True)
    start, end = features.ends[2], features.ends[3]
    assert (batch["ids"] == tongue.special.start).sum() == 21
    assert (batch["labels"] != -100).sum() == features.taught.sum() + end - start - 1


def test_rows_that_are_too_long_can_be_left_out(tongue):
    from dataclasses import replace

    features = replace(tongue.passages(10), lost=np.array([0, 3, *[0] * 8]))
    plan = tongue.plan(tongue.family(over_long="drop", packing=False), features)
    assert len(plan.train) == 9
    assert len(tongue.plan(tongue.family(packing=False), features).train) == 10


def test_nothing_to_learn_from_is_said(tongue):
    silent = tongue.joined([([2, 5, 6], [0, 0, 0])])
    with pytest.raises(DataError, match="--show 3"):
        tongue.plan(tongue.family(), silent)


@pytest.mark.parametrize(
    ("name", "objective", "fits"),
    [
        ("causal-lm", Causal(), True),
        ("causal-lm", Masked(), False),
        ("masked-lm", Masked(fraction=0.3), True),
        ("seq2seq-lm", Span(mean_length=2), True),
        ("seq2seq-lm", Causal(), False),
    ],
)
def test_each_has_an_objective_of_its_own(tongue, name, objective, fits):
    if fits:
        plan = tongue.plan(tongue.family(name), tongue.passages(), objective=objective)
        for key in ("fraction", "mean_length"):
            if hasattr(objective, key):
                assert getattr(plan.architecture, key) == getattr(objective, key)
        return
    with pytest.raises(RecipeError, match="cannot learn by the objective"):
        tongue.plan(tongue.family(name), tongue.passages(), objective=objective)


def test_a_text_for_a_text_hides_no_spans(tongue):
    features = tongue.passages(reads=True)
    with pytest.raises(RecipeError, match="remove objective"):
        tongue.plan(tongue.family("seq2seq-lm"), features, target=tongue.pairs, objective=Span())


def test_tables_are_a_group_of_their_own(tongue):
    plan = tongue.plan(tongue.family(), tongue.passages())
    tables, layers = plan.groups
    assert not tables.hidden
    assert len(tables.parameters) == 1  # tied
    assert {id(p) for p in tables.parameters + layers.parameters} == {
        id(p) for p in plan.module.parameters()
    }


def test_noise_is_drawn_by_the_source_and_judged_without(tongue):
    plan = tongue.plan(tongue.family(neftune=5.0), tongue.passages())
    batch = plan.train.batch(np.arange(2), epoch=0, training=True)
    plan.module.train()
    torch.manual_seed(0)
    noisy, plain = (
        float(next(iter(one.parts(plan.module, batch).values())).sum.detach())
        for one in (plan.objective, plan.judge)
    )
    assert noisy != plain


def test_activations_that_are_computed_again_give_the_same_model(tongue):
    part, features = tongue.family(neftune=5.0, dropout=0.2), tongue.passages(30)
    plain, again = (
        tongue.fit(part, features, epochs=2, activation_checkpointing=recomputed)
        for recomputed in (False, True)
    )
    for name, weight in plain.estimator.module.state_dict().items():
        assert torch.equal(again.estimator.module.state_dict()[name], weight), name
