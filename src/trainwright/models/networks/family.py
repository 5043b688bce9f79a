"""A family of networks: says what a fit is made of; how it is trained is the same for all."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from trainwright.core.clock import Pacer
from trainwright.core.columns import Target
from trainwright.core.errors import TrainingError
from trainwright.core.extras import require
from trainwright.core.features import Examples
from trainwright.core.parts import Part
from trainwright.core.protocols import Fit, Workplace
from trainwright.recipe.sections import TrainingSettings

if TYPE_CHECKING:
    from trainwright.models.networks.plan import NetworkPlan


class NetworkFamily(Part):
    """Base of the families that are trained on the loop."""

    @property
    def settings(self) -> frozenset[str]:
        """All of the training section, but what only some networks can use."""
        return frozenset(TrainingSettings.model_fields) - {
            "tokens",
            "tokens_per_batch",
            "mixing",
        }

    @property
    def base_name(self) -> str | None:
        """The pre-trained base as the recipe names it; None where there is none."""
        return None

    @abstractmethod
    def plan(
        self,
        train: Examples,
        validation: Examples | None,
        *,
        target: Target,
        training: TrainingSettings,
        seed: int,
        base: Path,
    ) -> NetworkPlan:
        """What the fit is made of; a pure function of its arguments (torch's generator is seeded inside).

        Args:
            train: Rows to learn from, as `needs` asked for them.
            validation: Rows to stop by, or None.
            target: What is predicted.
            training: `objective` is read here, and whatever else shapes the plan.
            seed: Of the first weights and of augmentation.
            base: The recipe's folder, where the path of a pre-trained base starts.
        """

    def planned(
        self,
        train: Examples,
        validation: Examples | None,
        *,
        target: Target,
        training: TrainingSettings,
        seed: int,
        base: Path,
    ) -> NetworkPlan:
        """The plan, with the weights of the rows and with a teacher where there are any."""
        made = self.plan(train, validation, target=target, training=training, seed=seed, base=base)
        if train.weights is not None:
            from trainwright.models.networks.weighing import weighted

            made = weighted(made, train.weights, mixing=training.mixing is not None)
        if train.teacher is None or training.distillation is None:
            return made
        from trainwright.models.networks.distilling import distilled

        return distilled(made, train.teacher, training.distillation)

    def fit(
        self,
        train: Examples,
        validation: Examples | None,
        *,
        target: Target,
        training: TrainingSettings,
        seed: int,
        pacer: Pacer,
        workplace: Workplace,
    ) -> Fit:
        """Train the plan on the loop."""
        require("networks", what=f"family {type(self).model_fields['family'].default!r}")
        from trainwright.models.networks.fitting import fit_network
        from trainwright.training.memory import OutOfMemory, out_of_memory_as_error

        try:
            with out_of_memory_as_error():
                made = self.planned(
                    train,
                    validation,
                    target=target,
                    training=training,
                    seed=seed,
                    base=workplace.base,
                )
        except OutOfMemory as error:
            raise TrainingError(
                f"memory does not suffice for the network: {str(error).splitlines()[0][:200]}",
                where=f"model.family: {self.family}",
                mend="a smaller model: fewer or narrower layers",
            ) from error
        if len(made.train) != train.features.num_rows:  # its samples are no longer the user's rows
            workplace = replace(workplace, name_rows=None)
        return fit_network(made, training=training, seed=seed, pacer=pacer, workplace=workplace)
