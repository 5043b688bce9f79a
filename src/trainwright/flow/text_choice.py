"""Candidates that are compared by the texts they write: where one is an endpoint, or the recipe asks for it.

An endpoint does not say how likely a text is, so bits per byte cannot be what decides. All candidates are
asked the same validation rows, and a row's loss is 1 - chrF2 of its text (`evaluation.text_metrics`). One
that writes nothing, as the baseline, loses the whole row; so does one that cannot take a row's prompt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import MetricValue, Snapshot
from trainwright.core.clock import Pacer
from trainwright.core.errors import EnvironmentFault, RecipeError
from trainwright.core.language import generator_of
from trainwright.core.protocols import AsksOutside
from trainwright.core.seeds import derive_seed
from trainwright.evaluation.choice import CandidateScore
from trainwright.evaluation.metrics import METRICS
from trainwright.evaluation.text_metrics import text_losses, text_metrics
from trainwright.flow.fitting import Candidate
from trainwright.flow.generating import Written, write_for
from trainwright.flow.rows import Rows
from trainwright.models.auto import baseline_of
from trainwright.models.fitted import FittedModel
from trainwright.recipe.schema import Recipe


@dataclass(frozen=True, slots=True)
class TextComparison:
    """What candidates wrote, and what came of it.

    Attributes:
        written: The rows, with the texts of those that write.
        names: Of those that write, as their texts stand in `written`.
        scores: Of every candidate, in order.
        metrics: Of those that write: metrics of their texts.
        units: Of the rows that were compared, shape (rows,).
    """

    written: Written
    names: tuple[str, ...]
    scores: tuple[CandidateScore, ...]
    metrics: Mapping[str, Mapping[str, MetricValue]]
    units: NDArray[np.int64]

    def of(self, name: str) -> Written | None:
        """What a candidate wrote; None where it writes nothing."""
        return self.written.of(self.names.index(name)) if name in self.names else None

    def loss_of(self, name: str) -> float:
        """Its mean loss."""
        return float(next(one.losses.mean() for one in self.scores if one.name == name))


def is_by_texts(candidates: Sequence[Candidate], *, snapshot: Snapshot, recipe: Recipe) -> bool:
    """True where texts decide: of a task that writes, with an endpoint, or by a metric of texts."""
    metric = recipe.evaluation.metric
    asked = metric is not None and metric in METRICS and METRICS[metric].of_texts
    asks = any(isinstance(one.fit.estimator, AsksOutside) for one in candidates)
    return snapshot.target.task.is_generated and (asks or asked)


def compare_texts(
    candidates: Sequence[Candidate],
    validation: Rows,
    *,
    snapshot: Snapshot,
    recipe: Recipe,
    pacer: Pacer,
) -> TextComparison:
    """Let every candidate that can write for the same validation rows, and score what they wrote.

    Raises:
        RecipeError: nobody writes texts.
        EnvironmentFault: an endpoint did not answer, or the budget left time for no row.
    """
    models = {
        one.name: model
        for one in candidates
        if (model := generator_of(_whole(one, snapshot))) is not None
    }
    if not models:
        raise RecipeError(
            f"{recipe.evaluation.metric} is a metric of texts, and no candidate writes texts",
            where="evaluation.metric",
            mend="model: {family: causal-lm}, or remove metric",
        )
    written = write_for(
        list(models.values()),
        validation,
        target=snapshot.target,
        inputs=snapshot.inputs,
        pacer=pacer,
        settings=recipe.evaluation.generation.settings(),
    )
    rows = [
        place
        for place in range(len(written.asked))
        if any(texts[place] is not None for texts in written.texts)
    ]
    if not rows:
        raise EnvironmentFault(
            "the budget left no time to let the candidates write",
            where="training.budget",
            mend="training: {budget: 1h}",
        )
    units = written.units[rows]
    references = [written.asked[place].reference for place in rows]
    seed, metric = derive_seed(recipe.training.seed, "intervals"), recipe.evaluation.metric
    metrics, scores = {}, []
    for one in candidates:
        texts = [""] * len(rows)
        if one.name in models:
            own = written.texts[list(models).index(one.name)]
            texts = ["" if (found := own[place]) is None else found.text for place in rows]
        found_metrics = text_metrics(texts, references, units=units, seed=seed)
        if one.name in models:
            metrics[one.name] = found_metrics
        asked = None if metric is None else found_metrics.get(metric)
        scores.append(
            CandidateScore(
                name=one.name,
                family=one.family.family,
                cost=one.family.cost,
                losses=text_losses(texts, references),
                metric=None if asked is None else asked.value,
                is_baseline=one.family.family == baseline_of(snapshot.target),
            )
        )
    return TextComparison(written, tuple(models), tuple(scores), metrics, units)


def _whole(candidate: Candidate, snapshot: Snapshot) -> FittedModel:
    return FittedModel(
        candidate.preparation, candidate.fit.estimator, snapshot.target, snapshot.inputs
    )
