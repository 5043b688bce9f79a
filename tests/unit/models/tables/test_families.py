"""What every family promises, for every task: the contract of `core.protocols.Family`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trainwright.core.clock import Deadline, Replay, Unhurried
from trainwright.core.parts import families, load
from trainwright.core.protocols import Workplace
from trainwright.recipe.sections import TrainingSettings

NAMES = ("baseline", "linear", "lightgbm")
TASKS = {"binary": 2, "many classes": 4, "regression": 0}


def fit(name, train, validation, target, *, pacer=None, seed=0, **settings):
    family = families.find(name)(**settings)
    return family.fit(
        train,
        validation,
        target=target,
        seed=seed,
        training=TrainingSettings(threads=2),
        workplace=Workplace(Path()),
        pacer=pacer or Unhurried(),
    )


def saved_bytes(estimator, folder):
    folder.mkdir()
    estimator.save(folder)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(params=list(TASKS))
def table(request, examples_of, target_of):
    num_classes = TASKS[request.param]
    train = examples_of(400, num_classes, seed=1, num_terms=3, missing=0.1)
    validation = examples_of(150, num_classes, seed=2, num_terms=3, missing=0.1)
    return train, validation, target_of(num_classes)


@pytest.mark.parametrize("name", NAMES)
class TestEveryFamily:
    def test_answers_with_one_finite_row_a_row(self, name, table):
        train, validation, target = table
        answer = fit(name, train, validation, target).estimator.predict(validation.features)
        classes = len(target.classes)
        assert answer.shape == ((150, classes) if classes else (150,))
        assert answer.dtype == np.float64
        assert np.isfinite(answer).all()
        if classes:
            assert answer.min() >= 0
            np.testing.assert_allclose(answer.sum(axis=1), 1.0, atol=1e-12)

    def test_gives_the_same_bytes_twice_whatever_the_working_folder(
        self, name, table, tmp_path, monkeypatch
    ):
        train, validation, target = table
        first = saved_bytes(fit(name, train, validation, target).estimator, tmp_path / "first")
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        second = saved_bytes(fit(name, train, validation, target).estimator, tmp_path / "second")
        assert first == second
        other = saved_bytes(fit(name, validation, train, target).estimator, tmp_path / "other")
        assert first != other

    def test_comes_back_from_its_folder_bit_for_bit(self, name, table, tmp_path):
        train, validation, target = table
        estimator = fit(name, train, validation, target).estimator
        estimator.save(tmp_path)
        again = load(estimator.kind, tmp_path)
        assert again.kind == name
        np.testing.assert_array_equal(
            again.predict(validation.features), estimator.predict(validation.features)
        )

    def test_answers_a_row_alone_as_in_the_batch(self, name, table, rows_of):
        train, validation, target = table
        estimator = fit(name, train, validation, target).estimator
        batch = estimator.predict(validation.features)
        for row in range(0, 150, 7):
            alone = estimator.predict(rows_of(validation.features, slice(row, row + 1)))
            np.testing.assert_array_equal(alone[0], batch[row])

    def test_ends_at_once_when_the_time_is_up_and_still_answers(self, name, table, tmp_path):
        train, validation, target = table
        deadline = Deadline(0.0, now=lambda: 0.0)
        ended = fit(name, train, validation, target, pacer=deadline)
        assert np.isfinite(ended.estimator.predict(validation.features)).all()
        replayed = fit(name, train, validation, target, pacer=Replay(deadline.decisions))
        assert replayed.iterations == ended.iterations
        assert saved_bytes(replayed.estimator, tmp_path / "a") == saved_bytes(
            ended.estimator, tmp_path / "b"
        )
        if name != "baseline":
            assert ended.stopped == "budget"
            assert ended.iterations == 1

    def test_replays_a_stop_in_the_middle_to_the_same_bytes(self, name, table, tmp_path):
        train, validation, target = table
        asked = []

        def clock():  # a clock that runs out after some questions
            asked.append(None)
            return float(len(asked))

        deadline = Deadline(12.0, now=clock)
        ended = fit(name, train, validation, target, pacer=deadline)
        replayed = fit(name, train, validation, target, pacer=Replay(deadline.decisions))
        assert saved_bytes(replayed.estimator, tmp_path / "a") == saved_bytes(
            ended.estimator, tmp_path / "b"
        )
        assert [point.iteration for point in replayed.curve] == [
            point.iteration for point in ended.curve
        ]
        assert name == "baseline" or deadline.decisions == {name: 12}

    def test_takes_five_rows_and_one_feature(self, name, target_of, examples_of):
        for num_classes in (2, 0):
            rows = examples_of(5, num_classes, num_features=1)
            for validation in (rows, None):
                answer = fit(name, rows, validation, target_of(num_classes)).estimator.predict(
                    rows.features
                )
                assert np.isfinite(answer).all()

    def test_takes_text_alone_and_an_empty_table(self, name, target_of, examples_of, rows_of):
        rows = examples_of(60, 2, num_features=0, num_terms=6)
        estimator = fit(name, rows, rows, target_of(2)).estimator
        answer = estimator.predict(rows.features)
        assert np.isfinite(answer).all()
        assert estimator.predict(rows_of(rows.features, slice(0, 0))).shape == (0, 2)

    def test_takes_a_column_of_nothing_and_a_constant_one(self, name, target_of, examples_of):
        rows = examples_of(80, 0, num_features=4)
        rows.features.dense[:, 1] = np.nan
        rows.features.dense[:, 2] = 7.0
        answer = fit(name, rows, rows, target_of(0)).estimator.predict(rows.features)
        assert np.isfinite(answer).all()

    def test_gives_a_class_it_never_saw_some_chance(self, name, target_of, examples_of):
        train, validation = examples_of(120, 3, seed=1), examples_of(60, 3, seed=2)
        train.target[train.target == 2] = 1  # class 2 only in validation
        answer = fit(name, train, validation, target_of(3)).estimator.predict(validation.features)
        assert answer.shape == (60, 3)
        assert (answer > 0).all()

    def test_learns_without_validation(self, name, table):
        train, validation, target = table
        settings = {"num_iterations": 30} if name == "lightgbm" else {}
        answer = fit(name, train, None, target, **settings).estimator.predict(validation.features)
        assert np.isfinite(answer).all()

    def test_is_best_at_absolute_error_where_the_target_is_heavy_tailed(
        self, name, target_of, examples_of
    ):
        train = examples_of(400, 0, seed=1, heavy_tailed=True)
        validation = examples_of(400, 0, seed=2, heavy_tailed=True)
        errors = {}
        for heavy_tailed in (True, False):
            target = target_of(0, heavy_tailed=heavy_tailed)
            answer = fit(name, train, validation, target).estimator.predict(validation.features)
            errors[heavy_tailed] = np.abs(answer - validation.target).mean()
        assert errors[True] < errors[False]


@pytest.mark.parametrize("name", ["linear", "lightgbm"])
def test_a_signal_is_learnt_and_noise_is_not(name, table):
    train, validation, target = table
    curve = fit(name, train, validation, target).curve
    baseline = fit("baseline", train, validation, target).curve
    assert min(p.validation for p in curve) < 0.75 * baseline[0].validation
    shuffled = type(train)(train.features, np.random.default_rng(0).permutation(train.target))
    lost = min(p.validation for p in fit(name, shuffled, validation, target).curve)
    assert lost > 0.9 * baseline[0].validation
