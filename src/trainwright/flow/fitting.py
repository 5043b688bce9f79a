"""Fit candidates on one pair of parts: the preparation on train rows alone, then the family.

A preparation is fitted once for each distinct set of needs, and its features are shared by the
families with those needs. The time left is shared
among the candidates still to come by their cost; whether a candidate is tried at all, and when, is
a recorded decision: the first step of a linear model of many rows and columns cannot be ended by the
clock, and must not leave boosting without a chance.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainwright.core.clock import Pacer
from trainwright.core.columns import Column, Target
from trainwright.core.features import Examples, FeatureNeeds, Needs
from trainwright.core.language import Passages
from trainwright.core.protocols import AsksOutside, Family, Fit, Preparation
from trainwright.core.seeds import derive_seed
from trainwright.data.fitting import fit_preparation
from trainwright.data.language.counting import token_counts
from trainwright.data.texts.too_long import TooLong, joined
from trainwright.flow.checkpoints import Checkpoints, NoCheckpoints
from trainwright.flow.rehearsal import with_rehearsal
from trainwright.flow.rows import Rows
from trainwright.recipe.sections import TrainingSettings


@dataclass(frozen=True, slots=True)
class Candidate:
    """One family, fitted.

    Attributes:
        name: Unique among the candidates of a run.
        family: With its settings.
        preparation: Fitted on train rows.
        fit: Estimator, iterations, curve.
        train_output: Raw predictions on the first train rows, for the diagnosis.
        train_rows: How many rows those are.
        output: Raw predictions on the validation rows: (rows, classes) or (rows,).
        seconds: Time that the fit took; for people and the pacer, never part of a package.
        row_seconds: Time that a predicted row took; for the pacer.
    """

    name: str
    family: Family
    preparation: Preparation
    fit: Fit
    train_output: NDArray[np.float64]
    train_rows: int
    output: NDArray[np.float64]
    seconds: float
    row_seconds: float


TRAIN_SAMPLE, SLOW_SAMPLE = 5_000, 500  # rows; the second where a row is a text or an image
LANGUAGE_SAMPLE = 200_000  # bytes: a row may be a book
TREES = 2  # the cost of serving trees (`Family.cost`)
FIT_SHARE = 0.8  # of a candidate's time; the rest is for its predictions, and for folds
LONE_SHARE = 0.95  # where there is one beside the baseline: folds follow short fits alone
FIRST_STEP = 4.0  # times what preparing took: the least that a linear model takes


class Bench:
    """Train and validation rows, with the features each set of needs asks for.

    Args:
        train: What is learnt from.
        stop: What early stopping looks at.
        judge: What the outputs are wanted for; usually the same rows as `stop`.
        inputs: The columns that a model may use.
        base: The recipe's folder, where the path of a pre-trained base starts.
        target: What is predicted.
        name_rows: Names rows to learn from in messages.
        shards: Where token ids of a large corpus are kept; None: in memory.
    """

    def __init__(
        self,
        train: Rows,
        *,
        stop: Rows,
        judge: Rows | None = None,
        inputs: Sequence[Column],
        base: Path,
        target: Target,
        name_rows: Callable[[Sequence[int]], str] | None = None,
        shards: Path | None = None,
    ) -> None:
        self.target = target
        self.train = train
        self.stop = stop
        self.judge = judge or stop
        self.inputs = tuple(inputs)
        self.base = base
        self.name_rows = name_rows
        self.shards = shards
        self._prepared: dict[Needs, tuple[Preparation, Examples, Examples, Examples]] = {}

    def prepared(self, needs: Needs) -> tuple[Preparation, Examples, Examples, Examples]:
        """Preparation, and the examples to learn from, to stop on, and to judge."""
        if needs not in self._prepared:
            preparation = fit_preparation(
                self.train.frame,
                self.inputs,
                needs,
                base=self.base,
                target=self.target,
                shards=self.shards,
            )
            train, stop, judge = _examples(preparation, [self.train, self.stop, self.judge])
            train = replace(train, weights=weights_of(self.train, train.features))
            self._prepared[needs] = (preparation, train, stop, judge)
        return self._prepared[needs]


def fit_candidates(
    bench: Bench,
    families: Sequence[Family],
    *,
    target: Target,
    training: TrainingSettings,
    seed: int,
    pacer: Pacer,
    checkpoints: Checkpoints | NoCheckpoints,
    fit_share: float = FIT_SHARE,
) -> Iterator[Candidate]:
    """Fit the families in order while there is time; the first (the baseline) always.

    One whose first step would not fit into its share waits until the others are fitted, and is left
    out where it would not fit then. Of a candidate's time its fit gets `fit_share`.

    Yields:
        Each candidate as soon as it is there.
    """
    waiting = [(candidate_name(families, k), family) for k, family in enumerate(families)]
    late: dict[str, float] = {}
    tried = 0
    while waiting:
        if tried and not pacer.go_on("candidates", tried):
            return
        name, family = waiting.pop(0)
        weights = [_time_weight(other) for other in (family, *(f for _, f in waiting))]
        own = pacer.share(name, fit_share * weights[0] / sum(weights))
        if name in late:
            if not own.go_on("late", tried, needs=late[name]):
                continue
        elif tried and any(other not in late for other, _ in waiting):
            needs = FIRST_STEP * _preparing_seconds(bench, family)
            if not own.go_on("first step", tried, needs=needs):
                late[name] = needs
                waiting.append((name, family))
                continue
        yield fit_candidate(
            bench,
            family,
            name=name,
            target=target,
            training=training,
            seed=derive_seed(seed, name),
            pacer=own,
            checkpoints=checkpoints,
        )
        tried += 1


def _time_weight(family: Family) -> int:
    """Its claim to the time that is left: trees have the largest, networks use what others leave."""
    return 1 + 2 * family.cost if family.cost <= TREES else 2


def _preparing_seconds(bench: Bench, family: Family) -> float:
    started = time.perf_counter()
    bench.prepared(family.needs)
    return time.perf_counter() - started


def fit_candidate(
    bench: Bench,
    family: Family,
    *,
    name: str,
    target: Target,
    training: TrainingSettings,
    seed: int,
    pacer: Pacer,
    checkpoints: Checkpoints | NoCheckpoints,
) -> Candidate:
    """Fit one family, or take what an earlier process of this run finished."""
    started = time.perf_counter()
    preparation, train, stop, judge = bench.prepared(family.needs)
    fit = checkpoints.recall(name)
    if fit is None:
        fit = family.fit(
            with_rehearsal(train, family, preparation, base=bench.base),
            stop,
            target=target,
            training=training,
            seed=seed,
            pacer=pacer,
            workplace=replace(
                checkpoints.workplace(name, base=bench.base), name_rows=bench.name_rows
            ),
        )
        checkpoints.keep(name, fit)
    elif isinstance(fit.estimator, AsksOutside):
        fit = replace(fit, estimator=fit.estimator.keeping(checkpoints.answers))
    fitted = time.perf_counter()
    size = _sample_rows(bench, family)
    if isinstance(fit.estimator, AsksOutside):  # it learnt nothing from them, and each is paid for
        size = 0
    sample = preparation.transform(bench.train.frame.head(size))
    outputs = [fit.estimator.predict(features) for features in (sample, judge.features)]
    ended = time.perf_counter()
    return Candidate(
        name=name,
        family=family,
        preparation=preparation,
        fit=fit,
        train_output=outputs[0],
        train_rows=sample.num_rows,
        output=outputs[1],
        seconds=ended - started,
        row_seconds=(ended - fitted) / (sample.num_rows + judge.features.num_rows),
    )


def _sample_rows(bench: Bench, family: Family) -> int:
    """How many of the first train rows are judged for the diagnosis."""
    if isinstance(family.needs, FeatureNeeds):
        return TRAIN_SAMPLE
    if not bench.target.task.is_language:
        return SLOW_SAMPLE
    within = int(np.searchsorted(np.cumsum(bench.train.target), LANGUAGE_SAMPLE))
    return max(1, min(within, SLOW_SAMPLE))


def candidate_name(families: Sequence[Family], index: int) -> str:
    """The family's name, numbered where several candidates share it."""
    name = families[index].family
    before = sum(family.family == name for family in families[:index])
    return name if before == 0 else f"{name}-{before + 1}"


def weights_of(rows: Rows, features: Any) -> NDArray[np.float64] | None:  # noqa: ANN401 - of AnyFeatures
    """How much rows to learn from count: those of a mixture by their tokens, where there are any."""
    if rows.mixture is None or not isinstance(features, Passages):
        return rows.weights
    return rows.mixture.weights(token_counts(features), rows.frame, rows.weights)


def _examples(preparation: Preparation, parts: Sequence[Rows]) -> list[Examples]:
    """The features of each part, made once where one stands for two.

    Raises:
        TooLong: the recipe refuses long texts; tells of those of all parts.
    """
    made: dict[int, Examples] = {}
    refusals: list[TooLong] = []
    different = {id(rows): rows for rows in parts}
    for place, rows in different.items():
        try:
            features = preparation.transform(rows.frame)
        except TooLong as refusal:
            refusals.append(refusal)
        else:
            made[place] = Examples(features, rows.target, rows.further, rows.teacher)
    if refusals:
        num_texts = sum(rows.frame.height for rows in different.values())
        raise joined(refusals, num_texts=num_texts) from refusals[0]
    return [made[id(rows)] for rows in parts]
