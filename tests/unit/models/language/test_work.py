from __future__ import annotations

import pytest

from trainwright.core.errors import RecipeError
from trainwright.models.language.work import work_of
from trainwright.models.networks.fitting import length_of
from trainwright.recipe.sections import TrainingSettings


def test_operations_are_counted_as_the_papers_count_them(tongue):
    features = tongue.joined([([2, 5, 6, 7, 1], [0, 1, 1, 1, 1]), ([2, 5, 1], [0, 1, 1])])
    plan = tongue.plan(tongue.family(packing=False), features)
    layers = plan.module.model.model.layers
    body = sum(weight.numel() for weight in layers.parameters()) + 32  # and the last norm
    wanted = 6 * body * 8 + 6 * (40 * 32) * 6 + 12 * 2 * 32 * (25 + 9)
    assert plan.work.flops == pytest.approx(wanted / 2)
    assert plan.work.tokens == 4


def test_frozen_weights_cost_less(tongue, tmp_path):
    features = tongue.passages(20)
    tongue.fit(tongue.family(), features, epochs=1).estimator.save(tmp_path)
    base = {"pretrained": str(tmp_path)}
    full, lora = (
        tongue.plan(tongue.family(**base, **how), features).work.flops
        for how in ({}, {"adapt": "lora", "lora_rank": 1})
    )
    assert lora < full


def test_a_longer_text_is_more_work(tongue):
    plan = tongue.plan(tongue.family(), tongue.passages(20))
    short, long = (
        work_of(plan.module, tongue.passages(20, shortest=size, longest=size), num_samples=20)
        for size in (8, 16)
    )
    assert long.tokens == 2 * short.tokens
    assert long.flops > 2 * short.flops


def test_a_budget_of_tokens_is_a_number_of_updates(tongue):
    plan = tongue.plan(tongue.family(), tongue.passages(200))
    tokens = round(plan.work.tokens * len(plan.train))
    updates = -(-len(plan.train) // 4)

    def length(**settings):
        return length_of(plan, TrainingSettings(batch_size=4, **settings), seed=0)

    assert (length().epochs, length().steps) == (plan.defaults.epochs, None)
    assert (length(tokens=tokens // 2).epochs, length(tokens=tokens // 2).steps) == (
        1,
        -(-updates // 2),
    )
    assert (length(tokens=2 * tokens).epochs, length(tokens=2 * tokens).steps) == (2, 2 * updates)
    assert length(tokens=9 * tokens, epochs=3).epochs == 3
    with pytest.raises(RecipeError, match="known"):
        length_of(plan, TrainingSettings(tokens=5, batch_size="auto"), seed=0)


def test_a_fit_ends_when_its_tokens_are_spent_and_tells_its_utilisation(tongue):
    features = tongue.passages(200)
    found = tongue.fit(tongue.family(), features, tokens=1_000, batch_size=4, log_every=2)
    assert found.iterations < 20
    assert found.stopped == "limit"
    speeds = [record for record in found.history if "mfu" in record]
    assert speeds
    assert all(record["mfu"] > 0 and record["tokens_per_second"] > 0 for record in speeds)
