"""What a fit is told, what of it is refused, and what must be equal for a later start to go on with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import torch
from torch import Tensor, nn

from trainwright.core.clock import Pacer
from trainwright.core.durable import canonical_json, sha256_bytes
from trainwright.core.errors import DataError, Fault, RecipeError, with_article
from trainwright.recipe.sections import Averaging, CheckpointSettings, EarlyStopping, Mixing
from trainwright.training.history import Record
from trainwright.training.optimizers import ParameterGroup
from trainwright.training.protocols import Objective, Observer, Source
from trainwright.training.state import TrainingState
from trainwright.training.step import Precision
from trainwright.training.utilisation import Work

if TYPE_CHECKING:
    from trainwright.training.protocols import Indices

PRECISIONS = get_args(Precision)


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a fit is told; see `Trainer` for what each is."""

    model: nn.Module
    objective: Objective
    train: Source
    validation: Source | None
    optimizer: Any  # a part with build(groups)
    schedule: Any  # a part with build(total_steps)
    evaluation: Objective
    groups: tuple[ParameterGroup, ...]
    unfreeze: Mapping[int, Sequence[str]]
    epochs: int
    max_steps: int | None
    batch_size: int | Literal["auto"]
    tokens_per_batch: int | None
    accumulate: int
    precision: Precision
    clip_norm: float | None
    compile: bool
    activation_checkpointing: bool
    averaging: Averaging | None
    mixing: Mixing | None
    evaluate_every: int | None
    early_stopping: EarlyStopping | None
    restore_best: bool
    seed: int
    workers: int
    device: torch.device
    log_every: int
    folder: Path | None
    checkpoints: CheckpointSettings
    observers: tuple[Observer, ...]
    pacer: Pacer
    describe_rows: Callable[[Indices], str] | None
    work: Work | None
    records: list[Record]  # filled, so that the history outlives an error


def check_plan(plan: Plan, *, threads: int) -> None:
    """Refuse what cannot be done, all at once.

    Raises:
        RecipeError: settings that do not go together.
        DataError: a source without samples.
    """
    counts = {
        "epochs": plan.epochs,
        "max_steps": plan.max_steps,
        "batch_size": None if plan.batch_size == "auto" else plan.batch_size,
        "tokens_per_batch": plan.tokens_per_batch,
        "accumulate": plan.accumulate,
        "evaluate_every": plan.evaluate_every,
        "log_every": plan.log_every,
        "threads": threads,
    }
    faults = [
        Fault(f"{name} is {value}, less than 1", f"training.{name}", f"{name}: 1")
        for name, value in counts.items()
        if value is not None and value < 1
    ]
    if plan.precision not in PRECISIONS:
        faults.append(
            Fault(
                f"no precision is called {plan.precision!r}",
                "training.precision",
                f"use one of: {', '.join(PRECISIONS)}",
            )
        )
    faults += [
        Fault(
            f"{with_article(type(part).__name__)} is no {noun} of this loop: it has no `build`",
            f"training.{noun}",
            f"{noun}={usual}, from trainwright.training",
        )
        for noun, part, usual in (
            ("optimizer", plan.optimizer, "AdamW(learning_rate=1e-3)"),
            ("schedule", plan.schedule, "Cosine(warmup=0.1)"),
        )
        if not hasattr(part, "build")
    ]
    names = {group.name for group in plan.groups}
    faults += [
        Fault(
            f"no group of parameters is called {name!r}",
            f"training.unfreeze.{epoch}",
            f"use one of: {', '.join(sorted(names))}",
        )
        for epoch, wanted in plan.unfreeze.items()
        for name in wanted
        if name not in names
    ]
    if not any(group.parameters for group in plan.groups):
        faults.append(Fault("no parameter is trainable", "model", "requires_grad_(True) on some"))
    if plan.early_stopping is not None and plan.validation is None:
        faults.append(
            Fault(
                "early stopping needs a validation source",
                "training.early_stopping",
                "early_stopping: null",
            )
        )
    if faults:
        raise RecipeError.of(faults)
    for name, source in (("train", plan.train), ("validation", plan.validation)):
        if source is not None and len(source) == 0:
            raise DataError("there are no samples", where=name, mend="give at least one")


def settings_of(plan: Plan, *, batch_size: int) -> dict[str, Any]:
    """What must be equal for a resume to be the same training."""
    shapes = [[name, list(p.shape)] for name, p in plan.model.named_parameters()]
    return {
        "seed": plan.seed,
        "batch_size": batch_size,
        "tokens_per_batch": plan.tokens_per_batch,
        "accumulate": plan.accumulate,
        "precision": plan.precision,
        "clip_norm": plan.clip_norm,
        "samples": len(plan.train),
        "parameters": sha256_bytes(canonical_json(shapes))[:16],
        "optimizer": plan.optimizer.model_dump(mode="json"),
        "schedule": plan.schedule.model_dump(mode="json"),
        "objective": described(plan.objective),
        "averaging": plan.averaging and plan.averaging.model_dump(mode="json"),
        "mixing": plan.mixing and plan.mixing.model_dump(mode="json"),
    }


def described(part: object) -> Any:  # noqa: ANN401 - any JSON value
    """An objective as JSON values: class and settings; tensors by a hash, what else by its class."""
    if part is None or isinstance(part, str | int | float | bool):
        return part
    if isinstance(part, Tensor):
        return sha256_bytes(canonical_json(part.detach().double().cpu().tolist()))[:16]
    if isinstance(part, Mapping):
        return {str(name): described(one) for name, one in part.items()}
    if isinstance(part, Sequence):
        return [described(one) for one in part]
    if is_dataclass(part):
        settings = {one.name: described(getattr(part, one.name)) for one in fields(part)}
        return {"kind": type(part).__name__, **settings}
    return type(part).__name__


def check_settings(found: TrainingState, now: Mapping[str, Any], *, folder: Path | None) -> None:
    """Refuse a checkpoint of another training.

    Raises:
        RecipeError: names what differs, from what to what.
    """
    differing = [
        line for key in now for line in _differences(key, found.settings.get(key), now[key])
    ]
    if differing:
        told = ", ".join(differing)
        raise RecipeError(
            f"the checkpoint is of another training: {told[:300]}",
            where=str(folder),
            mend="name another folder, or remove this one",
        )


def _differences(name: str, before: object, now: object) -> Iterator[str]:
    """What differs between two JSON values, by the smallest part that does."""
    if isinstance(before, Mapping) and isinstance(now, Mapping) and before.keys() == now.keys():
        for key in now:
            yield from _differences(f"{name}.{key}", before[key], now[key])
    elif before != now:
        yield f"{name} {before} -> {now}"
