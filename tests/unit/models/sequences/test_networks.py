"""What must hold for each of the four networks, and each of the three tasks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from series_case import TARGETS, rows_of, series
from trainwright.core.features import Examples, Series
from trainwright.core.parts import families
from trainwright.models.networks.architecture import load_architecture
from trainwright.models.networks.estimator import NetworkEstimator
from trainwright.models.networks.plan import NetworkPlan
from trainwright.recipe.sections import TrainingSettings
from trainwright.training.feeding.loader import epoch_batches

FAMILIES = ("lstm", "gru", "tcn", "series-transformer")
each = pytest.mark.parametrize("family", FAMILIES)
each_task = pytest.mark.parametrize("task", list(TARGETS))


def plan(family: str, task: str, features: Series, **said: int | float) -> NetworkPlan:
    target = TARGETS[task]
    rng = np.random.default_rng(1)
    rows = features.num_rows
    values = {
        "classification": rng.integers(0, 3, rows).astype(float),
        "regression": 100 + 7 * rng.normal(size=rows),
        "forecasting": 5 + 2 * rng.normal(size=(rows, 3)),
    }[task]
    part = families.find(family)(**{"hidden": 8, "dropout": 0.0, **said})
    examples = Examples(features, values)
    return part.plan(  # type: ignore[attr-defined, no-any-return]
        examples, examples, target=target, training=TrainingSettings(), seed=0, base=Path()
    )


def answers(made: NetworkPlan, features: Series) -> np.ndarray:
    return NetworkEstimator(made.architecture, made.module.eval()).predict(features)


RAGGED = [12, 5, 1, 9, 12, 7]


@each
@each_task
@pytest.mark.parametrize("patch", [1, 3])
def test_what_a_series_is_padded_with_cannot_change_its_answer(
    family: str, task: str, patch: int
) -> None:
    features = series(RAGGED)
    made = plan(family, task, features, patch=patch)
    together = answers(made, features)
    for row in range(features.num_rows):
        alone = answers(made, rows_of(features, [row]))
        assert alone[0] == pytest.approx(together[row], rel=1e-5, abs=1e-6)


@each
@each_task
def test_padding_filled_with_noise_changes_nothing(family: str, task: str) -> None:
    features = series(RAGGED)
    made = plan(family, task, features)
    batch = made.train.batch(np.arange(6), epoch=0, training=False)
    noisy = torch.where(batch["mask"].unsqueeze(-1), batch["series"], 0.0)
    assert torch.equal(noisy, batch["series"])
    longer = torch.cat([batch["series"], torch.zeros(6, 6, 2)], dim=1)
    mask = torch.cat([batch["mask"], torch.zeros(6, 6, dtype=torch.bool)], dim=1)
    with torch.no_grad():
        made.module.eval()
        found, wanted = made.module(longer, mask), made.module(batch["series"], batch["mask"])
    assert found.numpy() == pytest.approx(wanted.numpy(), rel=1e-5, abs=1e-6)


@each
@each_task
def test_answers_have_the_shape_and_the_units_of_the_target(family: str, task: str) -> None:
    features = series(RAGGED)
    found = answers(plan(family, task, features), features)
    assert found.dtype == np.float64
    if task == "classification":
        assert found.shape == (6, 3)
        assert found.sum(axis=1) == pytest.approx(np.ones(6), abs=1e-12)
    elif task == "regression":
        assert found.shape == (6,)
        assert abs(found.mean() - 100) < 20
    else:
        assert found.shape == (6, 3)
        assert abs(found.mean() - 5) < 5


@each
@each_task
def test_every_parameter_gets_a_gradient(family: str, task: str) -> None:
    made = plan(family, task, series([12] * 6))
    batch = made.train.batch(np.arange(6), epoch=0, training=False)
    part = next(iter(made.objective.parts(made.module, batch).values()))
    (part.sum / part.count).backward()
    for name, parameter in made.module.named_parameters():
        assert parameter.grad is not None, name
        assert bool(parameter.grad.abs().sum() > 0), name


@each
@each_task
def test_a_few_steps_lower_the_loss(family: str, task: str) -> None:
    made = plan(family, task, series([12] * 8))
    optimizer = torch.optim.Adam(made.module.parameters(), lr=0.01)
    losses = []
    for epoch in range(30):
        for _, batch in epoch_batches(
            made.train, seed=0, epoch=epoch, batch_size=8, shuffle=False, training=True
        ):
            part = next(iter(made.objective.parts(made.module, batch).values()))
            loss = part.sum / part.count
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]


@each
@each_task
def test_a_saved_network_answers_the_same_bits(family: str, task: str, tmp_path: Path) -> None:
    features = series(RAGGED)
    made = plan(family, task, features)
    estimator = NetworkEstimator(made.architecture, made.module.eval())
    estimator.save(tmp_path)
    again = NetworkEstimator.load(tmp_path)
    assert again.architecture == made.architecture
    assert again.predict(features).tobytes() == estimator.predict(features).tobytes()
    document = {"kind": made.architecture.kind, **made.architecture.to_json()}
    assert load_architecture(document) == made.architecture


@each
def test_the_first_weights_are_a_function_of_the_seed_and_leave_torchs_generator_alone(
    family: str,
) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = plan(family, "classification", series([6] * 4)).module.state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(6)
    second = plan(family, "classification", series([6] * 4)).module.state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


@each
def test_a_forecast_moves_and_grows_with_its_window(family: str) -> None:
    features = series([12] * 4)
    made = plan(family, "forecasting", features)
    moved = Series(
        features.values * 3.0 + 7.0, features.ends, features.names, features.centre, features.scale
    )
    scale, centre = features.scale[0], features.centre[0]
    plain = (answers(made, features) - centre) / scale
    found = (answers(made, moved) - centre) / scale
    assert found == pytest.approx(plain * 3.0 + 7.0, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("family", FAMILIES)
def test_long_series_are_joined_into_a_bounded_number_of_tokens(family: str) -> None:
    part = families.find(family)
    made = plan(family, "classification", series([1000] * 2))
    assert 1000 / made.architecture.patch <= part.tokens  # type: ignore[attr-defined]
    assert plan(family, "classification", series([1000] * 2), patch=5).architecture.patch == 5  # type: ignore[attr-defined]


def test_a_window_without_variation_has_a_finite_answer() -> None:
    flat = series([12, 1])
    flat.values[:] = 3.0
    for family in FAMILIES:
        assert np.isfinite(answers(plan(family, "forecasting", series([12] * 4)), flat)).all()


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ValueError, match="4 heads do not divide 6 hidden units"):
        families.find("series-transformer")(hidden=6, heads=4)


def test_the_training_section_may_count_tokens() -> None:
    assert "tokens_per_batch" in families.find("gru")().settings  # type: ignore[attr-defined]
