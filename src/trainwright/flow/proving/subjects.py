"""From a recipe to what is proven of: each network candidate on a few dozen of its own rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import Snapshot
from trainwright.core.clock import Unhurried
from trainwright.core.features import Examples
from trainwright.core.protocols import Preparation, Workplace
from trainwright.core.seeds import derive_seed
from trainwright.data.fitting import fit_preparation
from trainwright.flow.rows import Rows, load_both
from trainwright.models.auto import candidates
from trainwright.models.language.families import LanguageFamily
from trainwright.models.networks.family import NetworkFamily
from trainwright.recipe.schema import Recipe
from trainwright.recipe.sections import CheckpointSettings, TrainingSettings

if TYPE_CHECKING:
    from torch import nn

    from trainwright.models.networks.plan import NetworkPlan
    from trainwright.training.proofs import Subject
    from trainwright.training.protocols import Observer, Tensors
    from trainwright.training.trainer import Trainer

TINY_ROWS = 48
FIT_ROWS = 2_000  # that the preparation is fitted on
EPOCHS, BATCH = 2, 8


@dataclass(frozen=True, slots=True)
class Tiny:
    """A network family on a few rows of the snapshot.

    Attributes:
        family: With the recipe's settings.
        train: A few dozen train rows, prepared.
        validation: A few validation rows, prepared.
        recipe: Whose settings.
        snapshot: Whose rows.
        base: The recipe's folder.
        preparation: Of the rows.
        rows: A few dozen train rows, as they were prepared.
    """

    family: NetworkFamily
    train: Examples
    validation: Examples
    recipe: Recipe
    snapshot: Snapshot
    base: Path
    preparation: Preparation
    rows: Rows

    def plan(self) -> NetworkPlan:
        """Made anew, with the same first weights each time; of a language on short passages."""
        family, train, validation = self.family, self.train, self.validation
        if isinstance(family, LanguageFamily):
            from trainwright.models.language.proofs import shrunk

            (family, train), (_, validation) = (shrunk(family, one) for one in (train, validation))
        return family.planned(
            train,
            validation,
            target=self.snapshot.target,
            training=self.recipe.training,
            seed=derive_seed(self.recipe.training.seed, "prove"),
            base=self.base,
        )

    def subject(self) -> Subject:
        """What the checks of `training.proofs` work on."""
        from trainwright.training.proofs import Subject

        plan = self.plan()
        return Subject(
            module=plan.module,
            objective=plan.objective,
            judge=plan.judge,
            train=plan.train,
            answers=_answers(plan),
            trainer=lambda folder, observers: self.trainer(plan, folder, observers),
        )

    def trainer(self, plan: NetworkPlan, folder: Path, observers: Sequence[Observer]) -> Trainer:
        """The run's own trainer with batches of a few rows and a checkpoint a step."""
        from trainwright.models.networks.fitting import trainer_of

        return trainer_of(
            plan,
            training=_tiny(self.recipe.training),
            seed=self.recipe.training.seed,
            pacer=Unhurried(),
            workplace=Workplace(self.base, folder),
            observers=observers,
        )


def tiny_subjects(recipe: Recipe, snapshot: Snapshot, *, base: Path) -> tuple[Tiny, ...]:
    """Each network among the recipe's candidates, on rows of its own snapshot; none for trees alone."""
    found = [
        family
        for family in candidates(recipe.model, inputs=snapshot.inputs, target=snapshot.target)
        if isinstance(family, NetworkFamily)
    ]
    if not found:
        return ()
    train, validation = load_both(snapshot, further=recipe.data.further_targets)
    made = []
    for family in found:
        few = train.frame.head(FIT_ROWS)
        preparation = fit_preparation(
            few, snapshot.inputs, family.needs, base=base, target=snapshot.target
        )
        parts = [
            Examples(
                preparation.transform(rows.frame), rows.target, rows.further, weights=rows.weights
            )
            for rows in (_few(train), _few(validation))
        ]
        few_rows = _few(train)
        made.append(Tiny(family, parts[0], parts[1], recipe, snapshot, base, preparation, few_rows))
    return tuple(made)


def _few(rows: Rows) -> Rows:
    """A few dozen rows, spread over all."""
    count = min(TINY_ROWS, rows.frame.height)
    places = np.linspace(0, rows.frame.height - 1, count).astype(np.int64)
    return rows.take(np.unique(places))


def _tiny(training: TrainingSettings) -> TrainingSettings:
    return training.model_copy(
        update={
            "epochs": EPOCHS,
            "batch_size": BATCH,
            "tokens_per_batch": None,
            "early_stopping": None,
            "workers": 0,
            "compile": False,
            "checkpoints": CheckpointSettings(every=1, asynchronous=False),
        }
    )


def _answers(plan: NetworkPlan) -> Callable[[nn.Module, Tensors], NDArray[np.float64]]:
    def answers(module: nn.Module, batch: Tensors) -> NDArray[np.float64]:
        outputs = module(*(batch[name] for name in plan.architecture.inputs))
        return plan.architecture.answer(outputs, batch)

    return answers
