"""Each check says yes to what is sound, and names itself where its fault is planted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from trainwright.recipe.sections import CheckpointSettings
from trainwright.training import proofs
from trainwright.training.feeding.sources import RaggedSource
from trainwright.training.objectives import CrossEntropy
from trainwright.training.proofs import Subject
from trainwright.training.protocols import LossPart, Observer
from trainwright.training.trainer import Trainer

CLASSES, LONGEST = 3, 9


class Net(nn.Module):
    """Words of a text, embedded, pooled under the mask, and told apart."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(50, 16)
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, CLASSES))

    def pool(self, words, mask):
        weight = mask.unsqueeze(-1).to(words.dtype)
        return (words * weight).sum(1) / weight.sum(1)

    def forward(self, ids, mask):
        return self.head(self.dropout(self.pool(self.embed(ids), mask)))


class SeesPadding(Net):
    def pool(self, words, mask):
        return words.mean(1)


class Starves(Net):
    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Linear(4, 4)


class MovesWhatIsFrozen(Net):
    def __init__(self) -> None:
        super().__init__()
        self.frozen = nn.Parameter(torch.zeros(3), requires_grad=False)

    def forward(self, ids, mask):
        self.frozen.data.add_(1.0)
        return super().forward(ids, mask)


class LooksAtNothing(Net):
    def forward(self, ids, mask):
        return super().forward(ids, mask) * 0.0 + self.head[2].bias


class Remembers(Net):
    """What it computes depends on how often it was called, which no checkpoint knows."""

    calls = 0

    def forward(self, ids, mask):
        self.calls += self.training
        return super().forward(ids, mask) * (1 + 0.01 * self.calls)


class ForgetsTheWholeBatch(CrossEntropy):
    """Each piece of a batch is divided by its own count."""

    def counts(self, batch):
        return {self.name: torch.tensor(2.0 + len(batch["target"]) % 3)}


class MeanOfMeans(CrossEntropy):
    """A batch counts as one, however many rows it has."""

    def parts(self, model, batch):
        part = super().parts(model, batch)[self.name]
        return {self.name: LossPart(part.sum / part.count, torch.tensor(1.0))}


@dataclass(frozen=True)
class Case:
    check: Callable[[Callable[[], Subject]], object]
    net: type[Net] = Net
    objective: type[CrossEntropy] = CrossEntropy
    judge: type[CrossEntropy] = CrossEntropy


def source() -> RaggedSource:
    generator = np.random.default_rng(5)
    lengths = generator.integers(1, LONGEST + 1, size=40)
    ids = generator.integers(1, 50, size=lengths.sum())
    target = generator.integers(0, CLASSES, size=40)
    return RaggedSource(np.cumsum(lengths), {"ids": ids}, columns={"target": target})


def subject(case: Case) -> Subject:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        module = case.net()
    names = ("ids", "mask")
    objective, judge, train = case.objective(inputs=names), case.judge(inputs=names), source()

    def trainer(folder: Path, observers: Sequence[Observer]) -> Trainer:
        return Trainer(
            module,
            objective,
            train=train,
            epochs=2,
            batch_size=8,
            folder=folder,
            checkpoints=CheckpointSettings(every=1, asynchronous=False),
            observers=observers,
        )

    def answers(net, batch):
        return net(batch["ids"], batch["mask"]).numpy()

    return Subject(module, objective, judge, train, answers, trainer)


def test_a_sound_run_passes_every_check():
    found = list(proofs.prove(lambda: subject(Case(proofs.prove))))
    assert [check.name for check in found if not check.passed] == [], found
    assert len(found) == 6


@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("accumulation", Case(proofs.check_accumulation, objective=ForgetsTheWholeBatch)),
        ("padding", Case(proofs.check_padding, net=SeesPadding)),
        ("padding", Case(proofs.check_padding, judge=MeanOfMeans)),
        ("gradients", Case(proofs.check_gradients, net=Starves)),
        ("gradients", Case(proofs.check_gradients, net=MovesWhatIsFrozen)),
        ("overfit", Case(proofs.check_overfit, net=LooksAtNothing)),
        ("batch size", Case(proofs.check_batch_sizes, judge=MeanOfMeans)),
        ("resume", Case(proofs.check_resume, net=Remembers)),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_planted_fault_makes_its_check_say_no(name, case):
    found = case.check(lambda: subject(case))
    assert found.name == name
    assert not found.passed, found.detail


def test_a_check_that_breaks_has_proven_nothing():
    def broken() -> Subject:
        raise RuntimeError("no such thing")

    found = list(proofs.prove(broken))
    assert not any(check.passed for check in found)
    assert "no such thing" in found[0].detail
