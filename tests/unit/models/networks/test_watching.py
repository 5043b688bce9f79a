from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from trainwright.core.errors import TrainingError
from trainwright.core.protocols import Workplace
from trainwright.models.networks.watching import Watcher
from trainwright.training.feeding.sources import ArraySource
from trainwright.training.history import Record
from trainwright.training.objectives import MeanSquared
from trainwright.training.optimizers import SGD
from trainwright.training.protocols import Evaluated, Progress
from trainwright.training.trainer import Trainer

ROWS, EPOCHS, EVERY = 64, 3, 4


class Screen:
    def __init__(self) -> None:
        self.seen: list[tuple[float, float, str]] = []

    def stage(self, name: str) -> None: ...

    def advance(self, done: float, total: float, note: str = "") -> None:
        self.seen.append((done, total, note))


@pytest.fixture
def screen():
    return Screen()


def source(rows=ROWS):
    random = np.random.default_rng(1)
    inputs = random.normal(size=(rows, 3)).astype(np.float32)
    return ArraySource(inputs=inputs, target=inputs.sum(axis=1))


class Flat(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.line = nn.Linear(3, 1)

    def forward(self, inputs):
        return self.line(inputs)[:, 0]


def trainer_with(screen, told, *, folder=None, learning_rate=0.01, max_steps=None):
    torch.manual_seed(0)
    workplace = Workplace(None, progress=screen, record=told.append)
    watcher = Watcher(workplace, num_samples=ROWS, epochs=EPOCHS, every=EVERY)
    trainer = Trainer(
        Flat(),
        MeanSquared(),
        train=source(),
        validation=source(16),
        optimizer=SGD(learning_rate=learning_rate),
        epochs=EPOCHS,
        max_steps=max_steps,
        batch_size=4,
        log_every=EVERY,
        folder=folder,
        observers=(watcher,),
    )
    watcher.follow(lambda: trainer.history)
    return trainer, watcher


def as_told(history):
    return [{"step": one.step, "epoch": one.epoch, **one.values} for one in history]


def test_every_record_is_passed_on_once_and_in_order(screen):
    told = []
    trainer, watcher = trainer_with(screen, told)
    outcome = trainer.fit()
    watcher.pass_on()
    assert told == as_told(outcome.history)
    assert len(told) == 12 + EPOCHS


def test_the_line_tells_loss_rate_and_throughput_of_the_newest_record(screen):
    trainer, _ = trainer_with(screen, [])
    trainer.fit()
    done, total, note = screen.seen[-1]
    assert (done, total) == (ROWS * EPOCHS, ROWS * EPOCHS)
    for words in ("epoch 3, step 48, loss ", ", validation ", ", lr 0.01, ", " samples/s"):
        assert words in note
    assert screen.seen[0][0] == 4 * EVERY
    assert len(screen.seen) == 12 + EPOCHS, "no oftener than there are records"


def test_a_resumed_fit_tells_its_earlier_records_again(screen, tmp_path):
    first, again = [], []
    trainer_with(screen, first, folder=tmp_path, max_steps=20)[0].fit()
    trainer, watcher = trainer_with(screen, again, folder=tmp_path)
    outcome = trainer.fit()
    watcher.pass_on()
    assert again == as_told(outcome.history)
    assert [one["step"] for one in again][:5] == [one["step"] for one in first][:5]


def test_what_was_recorded_before_a_fault_is_told(screen):
    told = []
    trainer, watcher = trainer_with(screen, told, learning_rate=1e18)
    with pytest.raises(TrainingError):
        trainer.fit()
    watcher.pass_on()
    assert told == as_told(trainer.history)
    assert told


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"loss": 0.4137, "learning_rate": 3e-4, "samples_per_second": 5123.4},
            "epoch 3, step 1,200, loss 0.414, lr 3e-4, 5,123 samples/s",
        ),
        (
            {"samples_per_second": 8.0, "tokens_per_second": 4096.2, "mfu": 0.412},
            "step 1,200, 4,096 tokens/s, 41% of the peak",
        ),
        ({"loss": float("nan"), "learning_rate": 2.5e-5}, "loss nan, lr 2.5e-5"),
        ({"learning_rate": 0.0}, "step 1,200, lr 0"),
        ({"learning_rate": 0.05}, "lr 0.05"),
        ({}, "epoch 3, step 1,200"),
    ],
)
def test_the_words_of_a_line(screen, values, words):
    watcher = Watcher(Workplace(None, progress=screen), num_samples=10, epochs=5, every=1)
    watcher.follow(lambda: [Record(1200, 2, values)])
    watcher.after_evaluation(Progress(epoch=2, step=1200, samples=25), Evaluated(0.5))
    [(done, total, note)] = screen.seen
    assert (done, total) == (25, 50)
    assert note.endswith(words)


def test_after_the_last_epoch_no_further_one_is_counted(screen):
    watcher = Watcher(Workplace(None, progress=screen), num_samples=10, epochs=5, every=1)
    watcher.after_evaluation(Progress(epoch=5, step=9), Evaluated(0.5))
    assert screen.seen[0][2].startswith("epoch 5,")
