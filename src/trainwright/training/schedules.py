"""Learning-rate schedules: a factor on each group's base rate, as a function of the step.

Step s is the update made after s others, 0 <= s < total. Warm-up rises in a straight line,
(s + 1) / (warmup + 1), and reaches 1 where the rest begins; so no update is wasted at rate 0, neither the
first nor the last. Plain functions of the step: nothing to resume but the plateau's memory.

Parity with torch.optim.lr_scheduler: tests/numeric/test_schedules.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol

from pydantic import BeforeValidator, Field

from trainwright.core.errors import RecipeError
from trainwright.core.parts import Part, schedules


def _is_span(value: Any) -> Any:  # noqa: ANN401 - any YAML value
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not value >= 0 or (isinstance(value, float) and not value < 1):
        raise ValueError(
            "neither a number of steps nor a share of them below 1 | mend: write 100 or 0.1"
        )
    return value


# Steps, or a share of all of them.
Span = Annotated[int | float, BeforeValidator(_is_span)]
Factor = Annotated[float, Field(ge=0, le=1)]


class Schedule(Protocol):
    """What the loop asks before each update."""

    def factor(self, step: int) -> float:
        """On each group's base rate, at the update after `step` others."""
        ...

    def after_evaluation(self, loss: float) -> None:
        """A validation loss was measured."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """JSON values."""
        ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Inverse of `state_dict`."""
        ...


@schedules.register
class Constant(Part):
    """The base rate throughout."""

    kind: Literal["constant"] = "constant"
    """The base rate throughout."""
    warmup: Span = 0
    """Steps of rising rate; below 1 as a share of all steps: 0.1."""

    def build(self, total_steps: int) -> Schedule:
        """The schedule of a training of `total_steps` updates."""
        return _warmed(self.warmup, total_steps, lambda _progress: 1.0)


@schedules.register
class Linear(Part):
    """Falls in a straight line."""

    kind: Literal["linear"] = "linear"
    """Falls in a straight line."""
    warmup: Span = 0
    """Steps of rising rate; below 1 as a share of all steps: 0.1."""
    final: Factor = 0.0
    """The factor that it falls to."""

    def build(self, total_steps: int) -> Schedule:
        """The schedule of a training of `total_steps` updates."""
        final = self.final
        return _warmed(self.warmup, total_steps, lambda progress: 1 - (1 - final) * progress)


@schedules.register
class Cosine(Part):
    """Falls along half a cosine (Loshchilov & Hutter 2017, arXiv:1608.03983, eq. 5, one cycle)."""

    kind: Literal["cosine"] = "cosine"
    """Falls along half a cosine."""
    warmup: Span = 0
    """Steps of rising rate; below 1 as a share of all steps: 0.1."""
    final: Factor = 0.0
    """The factor that it falls to."""

    def build(self, total_steps: int) -> Schedule:
        """The schedule of a training of `total_steps` updates."""
        final = self.final
        return _warmed(self.warmup, total_steps, lambda progress: _arc(1.0, final, progress))


@schedules.register
class WarmupStableDecay(Part):
    """Rises, stays, falls in a straight line (Hu et al. 2024, arXiv:2404.06395, sect. 4)."""

    kind: Literal["warmup-stable-decay"] = "warmup-stable-decay"
    """Rises, stays, falls in a straight line at the end."""
    warmup: Span = 0.05
    """Steps of rising rate; below 1 as a share of all steps: 0.1."""
    decay: Span = 0.2
    """Steps of falling rate at the end; below 1 as a share of all steps."""
    final: Factor = 0.0
    """The factor that it falls to."""

    def build(self, total_steps: int) -> Schedule:
        """The schedule of a training of `total_steps` updates.

        Raises:
            RecipeError: warm-up and decay together are longer than the training.
        """
        warmup = _steps(self.warmup, total_steps, name="warmup")
        decay = _steps(self.decay, total_steps, name="decay")
        if warmup + decay > total_steps:
            raise RecipeError(
                f"{warmup} steps of warm-up and {decay} of decay do not fit into {total_steps}",
                where="training.schedule",
                mend="warmup: 0.05 and decay: 0.2, as shares of all steps",
            )
        stable, final = total_steps - decay, self.final

        def factor(step: int) -> float:
            if step < warmup:
                return (step + 1) / (warmup + 1)
            if step < stable:
                return 1.0
            return 1 - (1 - final) * min(1.0, (step - stable) / max(1, decay))

        return _ByStep(factor)


@schedules.register
class OneCycle(Part):
    """Rises and falls along cosines (Smith & Topin 2018, arXiv:1708.07120); momentum stays as it is."""

    kind: Literal["one-cycle"] = "one-cycle"
    """Rises and falls along half cosines."""
    warmup: Span = 0.3
    """Steps of rising rate; below 1 as a share of all steps."""
    initial: Factor = 0.04
    """The factor that it starts from."""
    final: Factor = 4e-6
    """The factor that it falls to, at the last step."""

    def build(self, total_steps: int) -> Schedule:
        """The schedule of a training of `total_steps` updates."""
        peak = max(0, _steps(self.warmup, total_steps, name="warmup") - 1)
        end = max(total_steps - 1, peak + 1)
        initial, final = self.initial, self.final

        def factor(step: int) -> float:
            if step < peak:
                return _arc(initial, 1.0, step / peak)
            return _arc(1.0, final, min(1.0, (step - peak) / (end - peak)))

        return _ByStep(factor)


@schedules.register
class ReduceOnPlateau(Part):
    """Falls by a factor whenever the validation loss has stopped falling."""

    kind: Literal["reduce-on-plateau"] = "reduce-on-plateau"
    """Falls when the validation loss has stopped falling."""
    warmup: Span = 0
    """Steps of rising rate; below 1 as a share of all steps: 0.1."""
    reduce_by: float = Field(default=0.1, gt=0, lt=1)
    """What the rate is multiplied by."""
    patience: int = Field(default=2, ge=0)
    """Evaluations without a better loss that are borne before it falls."""
    min_improvement: float = Field(default=1e-4, ge=0, lt=1)
    """Share of the best loss by which one must be lower to count as better."""
    final: Factor = 0.0
    """The factor below which it does not fall."""

    def build(self, total_steps: int) -> Schedule:
        """The schedule of a training of `total_steps` updates."""
        return _Plateau(self, warmup=_steps(self.warmup, total_steps, name="warmup"))


@dataclass(frozen=True, slots=True)
class _ByStep:
    """A plain function of the step."""

    factor: Callable[[int], float]

    def after_evaluation(self, loss: float) -> None:
        """Changes nothing."""

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """There is none."""


class _Plateau:
    """Remembers the best loss, and how many evaluations ago it was."""

    def __init__(self, part: ReduceOnPlateau, *, warmup: int) -> None:
        self._patience, self._min_improvement = part.patience, part.min_improvement
        self._reduce_by, self._final = part.reduce_by, part.final
        self._warmup = warmup
        self._level = 1.0
        self._best: float | None = None
        self._waited = 0

    def factor(self, step: int) -> float:
        return self._level * min(1.0, (step + 1) / (self._warmup + 1))

    def after_evaluation(self, loss: float) -> None:
        if self._is_better(loss):
            self._best, self._waited = loss, 0
            return
        self._waited += 1
        if self._waited > self._patience:
            self._level = max(self._final, self._level * self._reduce_by)
            self._waited = 0

    def _is_better(self, loss: float) -> bool:
        if self._best is None or not math.isfinite(loss):
            return math.isfinite(loss)
        return loss < self._best - self._min_improvement * abs(self._best)

    def state_dict(self) -> dict[str, Any]:
        return {"level": self._level, "best": self._best, "waited": self._waited}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._level = float(state["level"])
        self._best = None if state["best"] is None else float(state["best"])
        self._waited = int(state["waited"])


def _warmed(warmup: float, total_steps: int, curve: Callable[[float], float]) -> Schedule:
    """A rise, then `curve` of the progress in [0, 1] through the steps that remain."""
    rise = _steps(warmup, total_steps, name="warmup")
    remaining = max(1, total_steps - rise)

    def factor(step: int) -> float:
        if step < rise:
            return (step + 1) / (rise + 1)
        return curve(min(1.0, (step - rise) / remaining))

    return _ByStep(factor)


def _arc(start: float, end: float, progress: float) -> float:
    """Half a cosine from `start` to `end`."""
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2


def _steps(span: float, total_steps: int, *, name: str) -> int:
    """Steps of a span that is given in steps or as a share of all.

    Raises:
        RecipeError: it is longer than the training.
    """
    steps = span if isinstance(span, int) else round(span * total_steps)
    if steps > total_steps:
        raise RecipeError(
            f"{name} of {steps} steps in a training of {total_steps}",
            where=f"training.schedule.{name}",
            mend=f"{name}: 0.1, as a share of all steps",
        )
    return steps
