"""The trainer's face: what it refuses, what it tells, and which weights the module ends with."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from training_case import EPOCHS, STEPS, digest, model, numbers, source, trainer
from trainwright.core.clock import Deadline, Replay
from trainwright.core.errors import DataError, EnvironmentFault, RecipeError
from trainwright.recipe.sections import Averaging, EarlyStopping, Mixing
from trainwright.training import (
    AdamW,
    ArraySource,
    CrossEntropy,
    Evaluated,
    ParameterGroup,
    Trainer,
)


class Watch:
    """Remembers what it is told; gives a reason at a step."""

    def __init__(self, at: int | None = None, reason: str = "enough") -> None:
        self.at, self.reason, self.steps, self.losses = at, reason, [], []

    def after_step(self, progress, result):
        self.steps.append(progress.step)
        return self.reason if progress.step == self.at else None

    def after_evaluation(self, progress, evaluated):
        self.losses.append((progress.step, evaluated.loss))
        return None

    def state_dict(self):
        return {"steps": list(self.steps)}

    def load_state_dict(self, state):
        self.steps = list(state["steps"])


def test_ten_lines_train_a_module():
    random = np.random.default_rng(0)
    inputs = random.normal(size=(200, 2)).astype(np.float32)
    data = ArraySource(inputs=inputs, target=(inputs.sum(axis=1) > 0).astype(np.int64))
    net = nn.Linear(2, 2)
    outcome = Trainer(
        net,
        CrossEntropy(),
        train=data,
        validation=data,
        epochs=20,
        optimizer=AdamW(learning_rate=0.1),
    ).fit()
    assert outcome.progress.stop == "epochs"
    assert outcome.best.loss < 0.2


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(RecipeError) as caught:
        trainer(None, epochs=0, accumulate=0, unfreeze={1: ["nobody"]}, validation=None)
    told = str(caught.value)
    for words in (
        "epochs: 1",
        "accumulate: 1",
        "'nobody'",
        "use one of: all",
        "early_stopping: null",
    ):
        assert words in told


def test_parts_and_precisions_of_another_kind_are_refused_by_name():
    with pytest.raises(RecipeError) as caught:
        trainer(
            None,
            precision="fp8",
            optimizer=torch.optim.SGD(model().parameters(), lr=0.1),
            schedule="cosine",
        )
    told = str(caught.value)
    for words in ("use one of: fp32, bf16, fp16", "optimizer=AdamW(", "schedule=Cosine("):
        assert words in told


def test_a_module_without_trainable_parameters_is_refused():
    frozen = model().requires_grad_(False)
    with pytest.raises(RecipeError, match="no parameter is trainable"):
        Trainer(frozen, CrossEntropy(), train=source())


def test_a_source_without_samples_is_refused():
    empty = ArraySource(inputs=np.zeros((0, 4), np.float32), target=np.zeros(0, np.int64))
    with pytest.raises(DataError, match="give at least one"):
        trainer(None, train=empty)


@pytest.mark.skipif(torch.backends.mps.is_available(), reason="there is an MPS device")
def test_an_mps_device_that_is_not_there_is_told():
    with pytest.raises(EnvironmentFault, match="no MPS device"):
        trainer(None, device="mps")


def test_a_device_that_nobody_knows_is_told():
    with pytest.raises(RecipeError, match="no device is called 'tpus'") as caught:
        trainer(None, device="tpus")
    assert "cuda:1" in caught.value.mend


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_cuda_device_that_is_not_there_is_told():
    with pytest.raises(EnvironmentFault, match="device: cpu"):
        trainer(None, device="cuda")


def test_the_module_ends_with_the_weights_of_the_best_evaluation():
    one = trainer(None)
    outcome = one.fit()
    assert outcome.best.step < STEPS
    assert outcome.step == outcome.best.step
    least = min(
        r.values["validation_loss"] for r in outcome.history if "validation_loss" in r.values
    )
    assert outcome.best.loss == least
    assert outcome.reason.startswith(f"validation loss {least:.6g}, the least of ")
    judged = one.evaluate(source(1, 20))
    assert judged.loss == pytest.approx(outcome.best.loss, rel=1e-9)


def test_without_restoring_or_without_validation_it_ends_with_the_last():
    kept = trainer(None, restore_best=False, averaging=None).fit()
    assert (kept.step, kept.reason) == (STEPS, "the last step; restore_best is off")
    assert kept.best.step < STEPS
    blind = trainer(None, validation=None, early_stopping=None, averaging=None).fit()
    assert (blind.best, blind.step) == (None, STEPS)
    assert blind.reason == "the last step; nothing was evaluated"


def test_epochs_are_evaluated_at_their_ends_where_no_interval_is_said():
    watch = Watch()
    outcome = trainer(None, evaluate_every=None, observers=(watch,)).fit()
    assert [step for step, _ in watch.losses] == [5 * (n + 1) for n in range(EPOCHS)]
    assert watch.steps == list(range(1, STEPS + 1))
    assert outcome.progress.samples == 58 * EPOCHS


def test_updates_can_be_limited_and_the_end_is_judged():
    watch = Watch()
    outcome = trainer(None, max_steps=13, evaluate_every=4, observers=(watch,)).fit()
    assert (outcome.progress.step, outcome.progress.stop) == (13, "steps")
    assert [step for step, _ in watch.losses] == [4, 8, 12, 13]


def test_an_observers_reason_ends_training_for_good(tmp_path):
    first = trainer(tmp_path, observers=(Watch(7),)).fit()
    assert (first.progress.step, first.progress.stop) == (7, "enough")
    watch = Watch()
    again = trainer(tmp_path, weights=1, observers=(watch,)).fit()
    assert again.progress == first.progress
    assert watch.steps == list(range(1, 8))


def test_the_clock_ends_training_and_a_replay_ends_it_there_too():
    class Now:
        seconds = 0.0

        def __call__(self) -> float:
            self.seconds += 1.0
            return self.seconds

    clock = Deadline(20.0, now=Now())
    one = trainer(None, pacer=clock)
    outcome = one.fit()
    assert outcome.progress.stop == "budget"
    step = clock.decisions["step"]
    assert 1 < step == outcome.progress.step < STEPS
    assert outcome.history[-1].step == step  # judged all the same
    other = trainer(None, pacer=Replay(clock.decisions))
    again = other.fit()
    assert numbers(again) == numbers(outcome)
    assert digest(other._plan.model) == digest(one._plan.model)


def test_the_first_update_is_always_made():
    outcome = trainer(None, pacer=Deadline(-1.0)).fit()
    assert (outcome.progress.step, outcome.progress.stop) == (1, "budget")
    assert outcome.best is not None


def test_more_time_lets_a_budgets_end_go_on_to_the_unbroken_weights(tmp_path):
    last = {"schedule": None, "restore_best": False}  # what the end's own evaluation does not touch
    whole = trainer(None, **last)
    whole.fit()
    trainer(tmp_path, pacer=Replay({"step": 9}), **last).fit()
    other = trainer(tmp_path, weights=1, **last)
    assert other.fit().progress.step == STEPS
    assert digest(other._plan.model) == digest(whole._plan.model)


def test_groups_have_rates_of_their_own_and_open_when_it_is_their_turn():
    net = model()
    first = ParameterGroup("first", tuple(net[0].parameters()), 0.5)
    last = ParameterGroup("last", tuple(net[3].parameters()))
    before = net[0].weight.detach().clone()
    moved = []

    class Look(Watch):
        def after_step(self, progress, result):
            moved.append(not torch.equal(net[0].weight, before))

    Trainer(
        net,
        CrossEntropy(),
        train=source(),
        groups=(last, first),
        unfreeze={2: ["first"]},
        epochs=3,
        batch_size=12,
        observers=(Look(),),
    ).fit()
    assert moved == [False] * 10 + [True] * 5


def test_gradual_unfreezing_resumes_exactly(tmp_path):
    def fit(folder, steps: int) -> tuple[str, list]:
        net = model()
        one = Trainer(
            net,
            CrossEntropy(),
            train=source(),
            groups=(
                ParameterGroup("first", tuple(net[0].parameters()), 0.5),
                ParameterGroup("last", tuple(net[3].parameters())),
            ),
            unfreeze={1: ["first"]},
            epochs=4,
            max_steps=steps,
            batch_size=12,
            folder=folder,
        )
        return digest(net), numbers(one.fit()), digest(net)

    whole = fit(None, 20)[2]
    for steps in (3, 5, 8):
        fit(tmp_path / str(steps), steps)
        assert fit(tmp_path / str(steps), 20)[2] == whole


def test_mixing_needs_an_objective_of_classes():
    with pytest.raises(RecipeError, match="mixing: null"):
        trainer(None, mixing=Mixing()).fit()


def test_a_nan_validation_loss_is_never_the_best():
    class Bad:
        couples_rows = False
        calls = 0

        def parts(self, net, batch):
            from trainwright.training import LossPart

            Bad.calls += 1
            value = float("nan") if Bad.calls < 5 else 1.0
            return {"x": LossPart(torch.tensor(value), torch.tensor(1.0))}

        def counts(self, batch):
            return {}

    watch = Watch()
    outcome = trainer(None, evaluation=Bad(), observers=(watch,)).fit()
    assert np.isnan(watch.losses[0][1])
    assert outcome.best.loss == 1.0


def test_swa_and_ema_are_judged_with_their_averages():
    watch = Watch()
    one = trainer(
        None,
        averaging=Averaging(kind="swa", start=0.5),
        evaluate_every=None,
        observers=(watch,),
        restore_best=False,
    )
    one.fit()
    assert one.evaluate(source(1, 20)).loss == pytest.approx(watch.losses[-1][1], rel=1e-9)


def test_the_number_of_threads_is_given_back():
    before = torch.get_num_threads()
    seen = []

    class Look(Watch):
        def after_step(self, progress, result):
            seen.append(torch.get_num_threads())

    trainer(None, threads=2, max_steps=5, observers=(Look(),)).fit()
    assert set(seen) == {2}
    assert torch.get_num_threads() == before


def test_worker_processes_change_no_number():
    settings = {"epochs": 2, "schedule": None}
    here, there = trainer(None, **settings), trainer(None, workers=1, **settings)
    assert numbers(here.fit()) == numbers(there.fit())
    assert digest(here._plan.model) == digest(there._plan.model)


def test_patience_can_end_it():
    outcome = trainer(None, early_stopping=EarlyStopping(patience=1, min_improvement=1.0)).fit()
    assert outcome.progress.stop == "early"
    assert isinstance(outcome.best.loss, float)
    assert Evaluated(0.1).parts == {}


def test_importing_the_package_imports_no_torch():
    code = "import sys, trainwright.training as t; assert 'torch' not in sys.modules; t.Trainer"
    subprocess.run([sys.executable, "-c", code], check=True)
