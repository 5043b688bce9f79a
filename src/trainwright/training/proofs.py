"""A run's own mathematics, proven on tiny shapes before anything is spent: each check can say no.

The checks work on the module, the objectives and the sources of the run itself, through the same update,
evaluation and trainer, so that a fault in any of them shows. What must not depend on how rows are batched
is compared in float64, where rounding cannot hide a fault or feign one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from trainwright.core.artifacts import Check
from trainwright.training.evaluation import evaluate
from trainwright.training.feeding.loader import epoch_batches
from trainwright.training.feeding.sources import subset
from trainwright.training.optimizers import AdamW, ParameterGroup
from trainwright.training.protocols import Evaluated, Measured, Objective, Observer, Source
from trainwright.training.schedules import Constant
from trainwright.training.step import Update, UpdateSettings

if TYPE_CHECKING:
    from trainwright.training.protocols import Progress, StepResult, Tensors
    from trainwright.training.trainer import Trainer

GRADIENT_TOLERANCE = 1e-5  # of the gradient's norm, fp32
BATCH_TOLERANCE = 1e-6  # relative, float64
OVERFIT_ROWS, OVERFIT_STEPS, OVERFIT_FRACTION = 8, 300, 0.1
T = TypeVar("T")
_CPU = torch.device("cpu")
_ROWS = 7


@dataclass(frozen=True, slots=True)
class Subject:
    """What is proven of; made anew for each check, with the same first weights.

    Attributes:
        module: With its first weights.
        objective: What a step minimises.
        judge: The plain loss that validation is judged by.
        train: Samples to learn from, a few dozen.
        answers: What the module says to a batch: one entry a row (or a word); None: outputs as they are.
        trainer: The run's own trainer of this module with tiny batches, which writes a checkpoint a step
            into the folder and tells the observers.
        learning_rate: At which eight rows are learned by heart.
    """

    module: nn.Module
    objective: Objective
    judge: Objective
    train: Source
    answers: Callable[[nn.Module, Tensors], NDArray[np.float64]]
    trainer: Callable[[Path, Sequence[Observer]], Trainer]
    learning_rate: float = 1e-3


def prove(make: Callable[[], Subject]) -> Iterator[Check]:
    """Every check, one after the other; one that breaks says no.

    Args:
        make: Gives the subject, each time with the same first weights.
    """
    checks: tuple[tuple[str, Callable[[Callable[[], Subject]], Check]], ...] = (
        ("accumulation", check_accumulation),
        ("padding", check_padding),
        ("gradients", check_gradients),
        ("overfit", check_overfit),
        ("batch size", check_batch_sizes),
        ("resume", check_resume),
    )
    for name, check in checks:
        try:
            yield check(make)
        except Exception as error:  # a check that cannot be made has proven nothing
            yield Check(name, False, f"it broke: {type(error).__name__}: {str(error)[:200]}")


def check_accumulation(make: Callable[[], Subject]) -> Check:
    """The gradient of an accumulated batch is that of the whole one; ragged pieces included."""
    if make().objective.couples_rows:
        return Check(
            "accumulation", True, "rows of a batch see each other: accumulation is refused"
        )
    batch = _batch(make().train, _ROWS)
    whole = _gradient(make(), batch, pieces=1)
    length = float(torch.linalg.vector_norm(whole))
    worst = max(
        float(torch.linalg.vector_norm(_gradient(make(), batch, pieces=pieces) - whole))
        / max(length, 1e-12)
        for pieces in (2, 3, _ROWS)
    )
    told = f"{_ROWS} rows in 2, 3 and {_ROWS} pieces: off by {worst:.1e} of the gradient's norm"
    return Check("accumulation", worst <= GRADIENT_TOLERANCE, told)


def check_padding(make: Callable[[], Subject]) -> Check:
    """A row answers the same alone and among others: nothing that is padded or masked counts."""
    subject = make()
    module, judge = _double(subject.module), _double(subject.judge)
    rows = _spread(subject.train, 16)
    together = _doubled(subject.train.batch(rows, epoch=0, training=False))
    alone = [
        _doubled(subject.train.batch(rows[i : i + 1], epoch=0, training=False))
        for i in range(len(rows))
    ]
    with torch.no_grad():
        among = subject.answers(module, together)
        single = np.concatenate([subject.answers(module, one) for one in alone])
        gap = float(np.max(np.abs(among - single) / np.maximum(1.0, np.abs(single))))
        losses = [_sums(judge, module, batch) for batch in (together, *alone)]
    apart = max(
        abs(losses[0][name] - sum(one[name] for one in losses[1:])) / max(1.0, abs(losses[0][name]))
        for name in losses[0]
    )
    worst = max(gap, apart)
    lengths = subject.train.lengths[rows] if isinstance(subject.train, Measured) else None
    told = (
        f"{len(rows)} rows of {int(lengths.min())} to {int(lengths.max())} steps"
        if lengths is not None and lengths.min() < lengths.max()
        else f"{len(rows)} rows of one size"
    )
    return Check(
        "padding", worst <= BATCH_TOLERANCE, f"{told}, alone and together: off by {worst:.1e}"
    )


def check_gradients(make: Callable[[], Subject]) -> Check:
    """Every trainable parameter gets a gradient within three updates, no frozen one gets any."""
    subject = make()
    _quiet(subject.module)
    seen: set[str] = set()

    def note(name: str) -> Callable[[Tensor], None]:
        def hook(parameter: Tensor) -> None:
            if parameter.grad is not None and bool(parameter.grad.any()):
                seen.add(name)

        return hook

    named = dict(subject.module.named_parameters())
    trainable = [name for name, parameter in named.items() if parameter.requires_grad]
    for name in trainable:
        named[name].register_post_accumulate_grad_hook(note(name))  # type: ignore[no-untyped-call]
    before = {name: p.detach().clone() for name, p in named.items() if not p.requires_grad}
    update = _update(subject, learning_rate=subject.learning_rate)
    for start in range(3):
        rows = (np.arange(16) + 16 * start) % len(subject.train)
        update((rows, subject.train.batch(rows, epoch=0, training=False)))
    starved = [name for name in trainable if name not in seen]
    moved = [name for name, old in before.items() if not torch.equal(old, named[name])]
    if starved:
        return Check("gradients", False, f"no gradient reaches: {', '.join(starved[:5])}")
    if moved:
        return Check("gradients", False, f"frozen, and yet changed: {', '.join(moved[:5])}")
    told = f"{len(trainable)} trainable tensors get gradients, {len(before)} frozen ones none"
    return Check("gradients", bool(trainable), told)


def check_overfit(make: Callable[[], Subject]) -> Check:
    """Eight rows are learned by heart; with a frozen base the loss at least falls steadily."""
    subject = make()
    _quiet(subject.module)
    is_frozen = any(not p.requires_grad for p in subject.module.parameters())
    rows = _distinct(subject.train, OVERFIT_ROWS)
    batch = subject.train.batch(rows, epoch=0, training=False)
    update = _update(subject, learning_rate=subject.learning_rate, by_heart=True)
    losses: list[float] = []
    for _ in range(OVERFIT_STEPS):
        losses.append(float(update((rows, batch)).loss))
        if losses[-1] < OVERFIT_FRACTION * losses[0] or not np.isfinite(losses[-1]):
            break
    told = f"{len(rows)} rows: loss {losses[0]:.4g} to {losses[-1]:.4g} in {len(losses)} steps"
    by_heart = losses[-1] < OVERFIT_FRACTION * losses[0]
    thirds = [float(np.mean(part)) for part in np.array_split(np.array(losses), 3) if len(part)]
    steadily = is_frozen and all(a > b for a, b in pairwise(thirds))
    return Check("overfit", bool(by_heart or steadily), told)


def check_batch_sizes(make: Callable[[], Subject]) -> Check:
    """The evaluation gives the same number for batches of 1, of 7 and of all rows."""
    subject = make()
    rows = np.arange(min(len(subject.train), 32))
    module, judge = _double(subject.module), _double(subject.judge)
    found = [
        _evaluated(module, judge, subset(subject.train, rows), size) for size in (1, 7, len(rows))
    ]
    worst = max(
        abs(one.parts[name] - found[-1].parts[name]) / max(1e-12, abs(found[-1].parts[name]))
        for one in found
        for name in found[-1].parts
    )
    told = f"loss {found[-1].loss:.6g} for batches of 1, 7 and {len(rows)}: off by {worst:.1e}"
    return Check("batch size", worst <= BATCH_TOLERANCE, told)


def check_resume(make: Callable[[], Subject]) -> Check:
    """A run that is killed after a step and goes on has the weights of one that was not, bit for bit."""
    with tempfile.TemporaryDirectory(prefix="trainwright-prove-") as scratch:
        whole = make()
        steps = whole.trainer(Path(scratch) / "whole", (_Killer(),)).fit().progress.step
        wanted = _weights(whole.module)
        for kill in sorted({1, steps // 2, steps - 1} - {0}):
            folder = Path(scratch) / f"killed-{kill}"
            with suppress(_Killed):
                make().trainer(folder, (_Killer(kill),)).fit()
            resumed = make()
            resumed.trainer(folder, (_Killer(),)).fit()
            found = _weights(resumed.module)
            differing = [name for name in wanted if not torch.equal(wanted[name], found[name])]
            if differing:
                told = f"killed after step {kill} of {steps}, other weights: {', '.join(differing[:3])}"
                return Check("resume", False, told)
    return Check("resume", True, f"killed at three of {steps} steps and resumed: equal, bit by bit")


class _Killed(BaseException):
    """The run ends as if it were killed."""


@dataclass
class _Killer:
    """An observer that ends the run after a step; never, where none is given."""

    step: float = float("inf")

    def after_step(self, progress: Progress, result: StepResult) -> str | None:
        if progress.step > self.step:  # the step's checkpoint is written by now
            raise _Killed
        return None

    def after_evaluation(self, progress: Progress, evaluated: Evaluated) -> str | None:
        return None

    def state_dict(self) -> dict[str, object]:
        return {}

    def load_state_dict(self, state: object) -> None:
        """Nothing."""


class _Recorder(torch.optim.Optimizer):
    """Keeps the gradient in place of following it."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__([p for p in module.parameters() if p.requires_grad], {"lr": 1.0})
        for group in self.param_groups:
            group["initial_lr"] = 1.0
        self.gradient = torch.empty(0)

    def step(self, closure: object = None) -> None:  # type: ignore[override]
        parameters = self.param_groups[0]["params"]
        self.gradient = torch.cat(
            [(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in parameters]
        ).clone()


def _gradient(subject: Subject, batch: tuple[NDArray[np.int64], Tensors], *, pieces: int) -> Tensor:
    subject.module.eval()  # dropout off; BatchNorm by its running statistics
    recorder = _Recorder(subject.module)
    settings = UpdateSettings(accumulate=pieces)
    Update(subject.module, subject.objective, recorder, Constant().build(1), settings=settings)(
        batch
    )
    return recorder.gradient


def _update(subject: Subject, *, learning_rate: float, by_heart: bool = False) -> Update:
    parameters = [p for p in subject.module.parameters() if p.requires_grad]
    objective = subject.judge if by_heart else subject.objective
    optimizer = AdamW(learning_rate=learning_rate, weight_decay=0.0).build(
        [ParameterGroup("all", tuple(parameters))]
    )
    return Update(subject.module, objective, optimizer, Constant().build(OVERFIT_STEPS))


def _batch(source: Source, rows: int) -> tuple[NDArray[np.int64], Tensors]:
    chosen = _spread(source, rows)
    return chosen, source.batch(chosen, epoch=0, training=False)


def _spread(source: Source, count: int) -> NDArray[np.int64]:
    """Rows of every length there is, where lengths differ; the first ones otherwise."""
    count = min(count, len(source))
    if not isinstance(source, Measured):
        return np.arange(count)
    order = np.argsort(source.lengths, kind="stable")
    return np.sort(order[np.linspace(0, len(order) - 1, count).astype(np.int64)])


def _distinct(source: Source, count: int) -> NDArray[np.int64]:
    """The first rows whose inputs differ from those before them."""
    seen: set[bytes] = set()
    rows: list[int] = []
    for row in range(len(source)):
        batch = source.batch(np.array([row]), epoch=0, training=False)
        key = b"".join(
            tensor.numpy().tobytes() for name, tensor in sorted(batch.items()) if name != "target"
        )
        if key not in seen:
            seen.add(key)
            rows.append(row)
        if len(rows) == count:
            break
    return np.array(rows)


def _quiet(module: nn.Module) -> None:
    """Training mode without what draws at random: dropout of every kind at 0."""
    module.train()
    for part in module.modules():
        for name in ("p", "drop_prob"):
            if isinstance(getattr(part, name, None), float):
                setattr(part, name, 0.0)
        if isinstance(part, nn.RNNBase):
            part.dropout = 0.0
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            part.eval()


def _double(thing: T) -> T:
    """A module in float64 and evaluation mode; what is none, as it is."""
    if isinstance(thing, nn.Module):
        thing.double().eval()
    return thing


def _doubled(batch: Tensors) -> Tensors:
    return {
        name: tensor.double() if tensor.is_floating_point() else tensor
        for name, tensor in batch.items()
    }


def _sums(judge: Objective, module: nn.Module, batch: Tensors) -> dict[str, float]:
    parts = judge.parts(module, batch)
    return {
        f"{name} {what}": float(value)
        for name, part in parts.items()
        for what, value in (("sum", part.sum), ("count", part.count))
    }


def _evaluated(module: nn.Module, judge: Objective, source: Source, size: int) -> Evaluated:
    batches = epoch_batches(source, seed=0, epoch=0, batch_size=size, shuffle=False, training=False)
    doubled = ((rows, _doubled(batch)) for rows, batch in batches)
    found = evaluate(module, judge, doubled, device=_CPU)
    assert found is not None
    return found


def _weights(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
