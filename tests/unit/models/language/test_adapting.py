from __future__ import annotations

import numpy as np
import pytest
import torch

from trainwright.models.networks.estimator import NetworkEstimator


@pytest.fixture
def base(tongue, tmp_path):
    """A package to start from."""
    tongue.fit(tongue.family(), tongue.passages(20), epochs=1).estimator.save(tmp_path)
    return str(tmp_path)


@pytest.mark.parametrize("adapt", ["lora", "dora"])
def test_low_rank_updates_begin_at_the_base_and_leave_it_as_it_is(tongue, base, adapt):
    features = tongue.passages(20)
    plain = tongue.plan(tongue.family(pretrained=base), features)
    plan = tongue.plan(tongue.family(pretrained=base, adapt=adapt, lora_rank=4), features)
    batch = plan.train.batch(np.arange(2), epoch=0, training=False)
    inputs = [batch[name] for name in plan.architecture.inputs]
    with torch.no_grad():
        assert torch.allclose(plan.module.eval()(*inputs), plain.module.eval()(*inputs), atol=1e-5)
    trained = [name for name, weight in plan.module.named_parameters() if weight.requires_grad]
    assert trained
    assert all("lora_" in name for name in trained)
    assert not any("lm_head" in name or "embed_tokens" in name for name in trained)
    assert ("magnitude" in " ".join(trained)) == (adapt == "dora")


@pytest.mark.parametrize("adapt", ["lora", "dora"])
def test_merged_updates_answer_as_they_did_beside_the_base(tongue, base, adapt, tmp_path):
    features, judge = tongue.passages(40, seed=2), tongue.passages(10, seed=3)
    part = tongue.family(pretrained=base, adapt=adapt, lora_rank=4, lora_alpha=16.0)
    plan = tongue.plan(part, features)
    weights = [weight for weight in plan.module.parameters() if weight.requires_grad]
    draw = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in weights:
            weight.add_(torch.randn(weight.shape, generator=draw) * 0.05)
        batch = plan.architecture.source(judge).batch(np.arange(10), epoch=0, training=False)
        inputs = [batch[name] for name in plan.architecture.inputs]
        before = plan.module.eval()(*inputs)
        merged = plan.finish(plan.module).eval()
        assert torch.allclose(merged(*inputs), before, atol=1e-4)
    estimator = NetworkEstimator(plan.architecture, merged, {})
    (tmp_path / "merged").mkdir()
    estimator.save(tmp_path / "merged")  # plain weights: nothing of an adapter is left
    again = NetworkEstimator.load(tmp_path / "merged")
    assert np.array_equal(again.predict(judge), estimator.predict(judge))


def test_a_base_is_adapted_to_another_language(tongue, base):
    other = tongue.passages(60, seed=5)
    part = tongue.family(pretrained=base, adapt="lora")
    before = tongue.plan(part, other)
    nats, tokens, _ = (
        NetworkEstimator(before.architecture, before.module.eval(), {}).predict(other).sum(0)
    )
    found = tongue.fit(
        part, other, epochs=8, batch_size=4, optimizer={"kind": "adamw", "learning_rate": 5e-3}
    )
    told = found.estimator.predict(other).sum(0)
    assert told[0] / told[1] < 0.97 * nats / tokens
    assert set(found.estimator.origin) == {"pretrained", "weights.safetensors"}
