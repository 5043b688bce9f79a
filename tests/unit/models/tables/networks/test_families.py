"""The families as recipes use them: what they answer, and that they learn."""

from dataclasses import replace

import numpy as np
import pytest

from trainwright.core.columns import Column, ColumnType
from trainwright.core.features import Examples, FeatureNeeds, Features
from trainwright.core.parts import families, load
from trainwright.models.networks.estimator import NetworkEstimator
from trainwright.models.tables.baseline import Baseline
from trainwright.models.tables.losses import proper_loss
from trainwright.models.tables.networks.families import MLP, TabM

NAN = float("nan")


@pytest.mark.parametrize(("name", "part", "cost"), [("mlp", MLP, 3), ("tabm", TabM, 4)])
def test_they_are_found_by_name(name, part, cost):
    family = families.find(name)()
    assert type(family) is part
    assert family.cost == cost
    assert family.needs == FeatureNeeds(scale=True)


def test_they_learn_from_tables_alone(target_of):
    image = Column("photo", ColumnType.IMAGE)
    assert "image" in MLP().unfit([image], target_of(2))
    assert MLP().unfit([image, Column("x", ColumnType.NUMBER)], target_of(2)) == ""


@pytest.mark.parametrize("num_classes", [0, 2, 3])
def test_answers_have_the_right_shape(small, num_classes, fit_of, examples_of, target_of):
    train = examples_of(60, num_classes, num_terms=6, missing=0.1)
    answer = fit_of(small, train, train, target_of(num_classes)).estimator.predict(train.features)
    assert answer.dtype == np.float64
    if not num_classes:
        assert answer.shape == (60,)
        return
    assert answer.shape == (60, num_classes)
    np.testing.assert_allclose(answer.sum(axis=1), 1.0, atol=1e-12)


def test_a_row_alone_is_answered_as_in_a_batch(small, plan_of, examples_of, target_of, rows_of):
    features = examples_of(50, 3, num_terms=6, missing=0.1).features
    plan = plan_of(small, examples_of(50, 3, num_terms=6, missing=0.1), target_of(3))
    estimator = NetworkEstimator(plan.architecture, plan.module.eval())
    alone = np.concatenate([estimator.predict(rows_of(features, [row])) for row in range(50)])
    np.testing.assert_allclose(alone, estimator.predict(features), atol=1e-6)


@pytest.mark.parametrize("num_classes", [0, 3])
def test_a_saved_network_answers_the_same_bits(
    small, num_classes, fit_of, examples_of, target_of, tmp_path
):
    train = examples_of(60, num_classes, num_terms=6, missing=0.1)
    estimator = fit_of(small, train, train, target_of(num_classes)).estimator
    estimator.save(tmp_path)
    loaded = load("network", tmp_path)
    np.testing.assert_array_equal(loaded.predict(train.features), estimator.predict(train.features))


def test_equal_seeds_give_equal_bytes(small, fit_of, examples_of, target_of, tmp_path):
    train = examples_of(60, 2, num_terms=6)
    for name, seed in (("first", 5), ("again", 5), ("other", 6)):
        (tmp_path / name).mkdir()
        fit_of(small, train, train, target_of(2), seed=seed).estimator.save(tmp_path / name)
    first, again, other = (
        (tmp_path / name / "weights.safetensors").read_bytes()
        for name in ("first", "again", "other")
    )
    assert first == again != other


def test_rows_never_seen_and_rows_without_values_are_answered(
    small, fit_of, examples_of, target_of
):
    train = examples_of(60, 2)
    estimator = fit_of(small, train, train, target_of(2)).estimator
    strange = replace(
        train.features, dense=np.array([[NAN] * 4, [0.0, 0.0, 0.0, 99.0], [1e9, -1e9, 0.0, NAN]])
    )
    answer = estimator.predict(strange)
    assert np.isfinite(answer).all()
    np.testing.assert_allclose(answer.sum(axis=1), 1.0, atol=1e-12)


def test_categories_alone_can_be_learnt(small, fit_of, target_of):
    codes = np.arange(120.0)[:, None] % 3
    train = Examples(Features(codes, ("c",), (0,)), (codes[:, 0] == 1).astype(np.float64))
    answer = fit_of(small, train, train, target_of(2), epochs=80).estimator.predict(train.features)
    assert (np.argmax(answer, axis=1) == train.target).all()


def test_one_column_suffices(small, fit_of, examples_of, target_of):
    train = examples_of(60, 0, num_features=1)
    fit = fit_of(small, train, train, target_of(0))
    assert np.isfinite(fit.estimator.predict(train.features)).all()


def test_text_alone_can_be_learnt(small, fit_of, examples_of, target_of):
    train = examples_of(200, 2, num_terms=3)
    terms = train.features.sparse.toarray()
    rows = replace(train.features, dense=np.zeros((200, 0)), names=(), categorical=())
    train = Examples(rows, (terms[:, 1] > 0).astype(np.float64))
    answer = fit_of(small, train, train, target_of(2), epochs=40).estimator.predict(rows)
    assert (np.argmax(answer, axis=1) == train.target).mean() > 0.95


def test_without_validation_the_last_weights_are_kept(small, fit_of, examples_of, target_of):
    fit = fit_of(small, examples_of(60, 2), None, target_of(2))
    assert fit.stopped == "limit"
    assert fit.iterations == 3 * 2


@pytest.mark.parametrize(
    ("loader", "num_classes"), [("load_breast_cancer", 2), ("load_diabetes", 0)]
)
@pytest.mark.parametrize("family", [MLP(), TabM()], ids=["mlp", "tabm"])
def test_real_tables_are_learnt_far_better_than_by_the_baseline(
    family, loader, num_classes, fit_of, target_of
):
    from sklearn import datasets

    table = getattr(datasets, loader)()
    order = np.random.default_rng(0).permutation(len(table.target))
    middle, spread = (
        np.median(table.data, axis=0),
        np.ptp(np.quantile(table.data, [0.25, 0.75], axis=0), axis=0),
    )
    dense = (table.data - middle) / spread
    names = tuple(f"n{n}" for n in range(dense.shape[1]))
    train, held = (
        Examples(Features(dense[rows], names), table.target[rows].astype(np.float64))
        for rows in (order[:300], order[300:])
    )
    target = target_of(num_classes)
    fits = [fit_of(part, train, held, target, epochs=12) for part in (family, Baseline())]
    losses = [proper_loss(fit.estimator.predict(held.features), held, target) for fit in fits]
    assert losses[0] < (0.25 if num_classes else 0.7) * losses[1]


def test_plain_layers_have_nothing_to_skip():
    with pytest.raises(ValueError, match="blocks: resnet"):
        MLP(drop_path=0.2)
    assert MLP(drop_path=0.2, blocks="resnet").drop_path == 0.2


def test_what_an_embedding_would_need_is_refused_where_numbers_enter_as_they_are():
    with pytest.raises(ValueError, match=r"frequency_spread cannot be used: numbers enter as they"):
        TabM(frequencies=0, frequency_spread=0.2)
    found = families.parse(
        {"family": "mlp", "frequencies": 0, "number_dim": 4, "drop_path": 0.2}, where="model"
    )
    ((_, fault),) = found
    assert fault.mend == "remove number_dim, drop_path"
    assert "frequencies: 0; drop_path cannot be used" in fault.what
    assert TabM(frequencies=0).frequency_spread == 0.1
