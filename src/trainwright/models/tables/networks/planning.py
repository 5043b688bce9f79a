"""The plan of a network for tables, from the train rows: shapes, first weights, objective, settings.

Few rows get small batches, so that an epoch has several updates. Heads begin at the baseline's answer.
Further targets have heads of their own while it trains, and are no part of what is packaged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import nn

from trainwright.core.columns import Target
from trainwright.core.features import Examples
from trainwright.core.parts import Part
from trainwright.core.seeds import derive_seed
from trainwright.models.networks.plan import Defaults, NetworkPlan
from trainwright.models.networks.tasks import TableTask, can_teach
from trainwright.models.tables.networks.architecture import TableArchitecture
from trainwright.models.tables.networks.columns import INPUTS
from trainwright.models.tables.networks.heads import TARGET, TableNetwork, start_at
from trainwright.training.objectives.multitask import MultiTask, SharedTrunk
from trainwright.training.optimizers import AdamW, ParameterGroup
from trainwright.training.schedules import Constant

if TYPE_CHECKING:
    from trainwright.models.tables.networks.families import TableNetworkFamily
    from trainwright.training.objectives.supervised import Supervised
    from trainwright.training.protocols import Objective, Source

_UNCERTAINTY = "uncertainty"
_BATCHES = ((1_000, 32), (5_000, 64), (20_000, 128), (100_000, 256))  # up to so many rows
_LARGEST_BATCH = 1024
_EPOCHS, _EPOCHS_UNJUDGED = 200, 40
_PATIENCE = 16


def plan_table(
    family: TableNetworkFamily,
    train: Examples,
    validation: Examples | None,
    *,
    target: Target,
    objective: Part | None,
    seed: int,
) -> NetworkPlan:
    """What the fit of a family is made of.

    Args:
        family: Makes the architecture; its `task_weights` and `rate` are read.
        train: Rows to learn from.
        validation: Rows to stop by, or None.
        target: What is predicted.
        objective: The recipe's, or None.
        seed: Of the first weights.
    """
    tasks = {TARGET: TableTask.of(target, train.target, objective), **_further(train)}
    main = tasks[TARGET]
    architecture = family.architecture(train.features, main.num_classes, main.link)
    architecture = replace(architecture, by_label=main.by_label)
    network, heads = _drawn(architecture, tasks, seed=seed)
    uncertainty = _UNCERTAINTY if family.task_weights == "uncertainty" else None
    module: nn.Module = network
    if len(tasks) > 1:
        module = SharedTrunk(network.body, heads, uncertainty=uncertainty)
    judge = architecture.validated(main.judge)
    return NetworkPlan(
        architecture=architecture,
        module=module,
        objective=_objective(architecture, tasks, uncertainty=uncertainty),
        judge=replace(judge, inputs=INPUTS, target=TARGET, output=TARGET),
        train=_source(architecture, train, tasks),
        validation=None if validation is None else _source(architecture, validation, tasks),
        defaults=_defaults(len(train.target), family.rate, judged=validation is not None),
        groups=tuple(_groups(module)),
        finish=_without_further,
    )


def _further(train: Examples) -> dict[str, TableTask]:
    """Further targets by the name of their tensor and their head."""
    return {
        f"further_{number}": TableTask.of(target, values)
        for number, (target, values) in enumerate(train.further)
        if can_teach(values)
    }


def _drawn(
    architecture: TableArchitecture, tasks: dict[str, TableTask], *, seed: int
) -> tuple[TableNetwork, dict[str, nn.Module]]:
    """The network and a head a task, the first its own."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "weights"))
        network = architecture.build()
        others = {
            name: architecture.make_head(task.num_outputs)
            for name, task in tasks.items()
            if name != TARGET
        }
    heads = {TARGET: network.head, **others}
    for name, task in tasks.items():
        start_at(heads[name], task.start)
    return network, heads


def _objective(
    architecture: TableArchitecture, tasks: dict[str, TableTask], *, uncertainty: str | None
) -> Objective:
    judged: dict[str, Supervised] = {
        task.name: replace(
            architecture.judged(task.objective), inputs=INPUTS, target=name, output=name
        )
        for name, task in tasks.items()
    }
    if len(judged) == 1:
        return next(iter(judged.values()))
    return MultiTask(tasks=judged, inputs=INPUTS, uncertainty=uncertainty)


def _source(
    architecture: TableArchitecture, examples: Examples, tasks: dict[str, TableTask]
) -> Source:
    values = {TARGET: examples.target}
    values |= {f"further_{number}": found for number, (_, found) in enumerate(examples.further)}
    columns = {name: task.learnt(values[name]) for name, task in tasks.items()}
    return architecture.columns.source(examples.features, **columns)


def _defaults(num_rows: int, rate: float, *, judged: bool) -> Defaults:
    fitting = (size for most, size in _BATCHES if num_rows < most)
    return Defaults(
        epochs=_EPOCHS if judged else _EPOCHS_UNJUDGED,
        batch_size=next(fitting, _LARGEST_BATCH),
        optimizer=AdamW(learning_rate=rate),
        schedule=Constant(),
        patience=_PATIENCE,
    )


def _groups(module: nn.Module) -> Iterator[ParameterGroup]:
    """Only the matrices of hidden layers are hidden; embeddings and members' scalings do not decay."""
    found: dict[str, list[nn.Parameter]] = {
        "embedding": [],
        "scalings": [],
        "trunk": [],
        "heads": [],
    }
    for name, parameter in module.named_parameters():
        steps = name.split(".")
        if "embedding" in steps:
            found["embedding"].append(parameter)
        elif steps[0] in ("body", "trunk"):
            matrix = steps[-1] == "weight"
            found["trunk" if matrix else "scalings"].append(parameter)
        else:
            found["heads"].append(parameter)
    for name, parameters in found.items():
        if parameters:
            decays = name in ("trunk", "heads")
            yield ParameterGroup(
                name, tuple(parameters), weight_decay=decays, hidden=name == "trunk"
            )


def _without_further(module: nn.Module) -> nn.Module:
    """The body with the one head that is packaged."""
    if not isinstance(module, SharedTrunk):
        return module
    return TableNetwork(module.trunk, module.heads[TARGET])
