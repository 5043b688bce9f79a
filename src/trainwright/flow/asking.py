"""What an endpoint costs and is worth, for `estimate`: by the length of its prompts, or asked about a sample.

Of classes and numbers its loss stands beside those of the probes. Where texts are written the largest probe
of the best family writes for the same rows, and both are judged by 1 - chrF2: what the probe loses is the
most that the whole fit will, since that has learnt from more rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from trainwright.core.artifacts import Snapshot
from trainwright.core.clock import Unhurried
from trainwright.core.features import Examples
from trainwright.core.language import Generates, generator_of
from trainwright.core.protocols import AsksOutside, Estimator, Preparation, Workplace
from trainwright.core.seeds import derive_seed
from trainwright.data.fitting import fit_preparation
from trainwright.data.prompts import PromptPreparation
from trainwright.evaluation.choice import row_losses
from trainwright.evaluation.text_metrics import text_losses, text_metrics
from trainwright.flow.assessment import as_served
from trainwright.flow.generating import Written, question_of, write_for
from trainwright.flow.probing import Probed
from trainwright.flow.rows import Rows
from trainwright.flow.session import Session
from trainwright.models.fitted import FittedModel
from trainwright.summaries.intervals import Floats, Units, mean_by_unit
from trainwright.summaries.reckoning import Reckoned

if TYPE_CHECKING:
    from trainwright.models.api.family import Api

CHARACTERS_A_TOKEN = (4.0, 3.0, 6.0)  # usual, least, most, of what is only counted in characters
LABEL_TOKENS = 4
TIMED_ROWS = 8  # that a probe writes for, where the endpoint is not asked about any


@dataclass(frozen=True, slots=True)
class Asked:
    """What an endpoint costs and is worth.

    Attributes:
        cost: Of a thousand rows; None without prices.
        loss: On the sample; None where it was not asked.
        facts: JSON values.
        trained: Where texts are written, the most that a trained model loses on the same rows.
        row_seconds: Where texts are written, what one of them takes here.
    """

    cost: Reckoned | None
    loss: Reckoned | None
    facts: Mapping[str, Any]
    trained: Reckoned | None = None
    row_seconds: float | None = None


def ask_endpoint(
    part: Api,
    session: Session,
    snapshot: Snapshot,
    train: Rows,
    validation: Rows,
    *,
    best: Probed,
    now: Callable[[], float] = time.monotonic,
) -> Asked:
    """Tokens of the prompts by their length, or, where a sample may be asked about, as they are counted.

    Args:
        part: The endpoint.
        session: Its recipe says how many rows may be asked about.
        snapshot: Of the rows.
        train: All of them; an endpoint learns the shares of classes alone.
        validation: All of them.
        best: The family that it is weighed against.
        now: The clock, in seconds.

    Raises:
        EnvironmentFault: no key, or no answer.
    """
    inputs, target = snapshot.inputs, snapshot.target
    preparation = fit_preparation(train.frame, inputs, part.needs, base=session.base, target=target)
    assert isinstance(preparation, PromptPreparation)
    size = min(session.recipe.estimate.sample, validation.frame.height)
    if target.task.is_generated:
        return _texts(part, preparation, session, snapshot, train, validation, best=best, now=now)
    if not size:
        prompts = preparation.transform(validation.frame.head(1_000)).texts
        most = part.question().max_tokens
        read, wrote = _tokens(prompts), Reckoned(min(LABEL_TOKENS, most), 1, most)
        return _by_length(part, read, wrote)
    places = np.unique(np.linspace(0, validation.frame.height - 1, size).astype(np.int64))
    rows = validation.take(places)
    estimator = _estimator(part, preparation, session, snapshot, train, rows)
    prompts_asked = preparation.transform(rows.frame)
    output = as_served(
        estimator.predict(prompts_asked), rows, snapshot=snapshot, recipe=session.recipe
    )
    loss = _mean(row_losses(output, rows.target, target).ravel(), Units.of(rows.item_units))
    usage = cast("AsksOutside", estimator).usage(prompts_asked)
    return Asked(_counted(usage, len(places)), loss, {**usage, "loss": loss.value})


def _texts(
    part: Api,
    preparation: PromptPreparation,
    session: Session,
    snapshot: Snapshot,
    train: Rows,
    validation: Rows,
    *,
    best: Probed,
    now: Callable[[], float],
) -> Asked:
    """Where the task is to write: the endpoint's texts beside those of the best family's largest probe."""
    size = min(session.recipe.estimate.sample, validation.frame.height)

    def write(models: Sequence[Generates], limit: int) -> Written:
        return write_for(
            models,
            validation,
            target=snapshot.target,
            inputs=snapshot.inputs,
            pacer=Unhurried(),
            settings=session.recipe.evaluation.generation.settings(),
            limit=limit,
        )

    probe = generator_of(_model(best.candidate.preparation, best.candidate.fit.estimator, snapshot))
    started = now()
    own = None if probe is None else write([probe], size or TIMED_ROWS)
    row_seconds = None if own is None else (now() - started) / max(1, len(own.asked))
    if not size:
        read, wrote = _told(part, preparation, session, snapshot, validation)
        return _by_length(part, read, wrote, row_seconds=row_seconds)
    estimator = _estimator(part, preparation, session, snapshot, train, validation)
    theirs = write([_model(preparation, estimator, snapshot)], size)
    requests = [(preparation.turns(q.prompt), theirs.settings) for q in theirs.asked if q.prompt]
    usage = cast("AsksOutside", estimator).usage(requests)
    units = Units.of(theirs.units)
    losses, metrics = _judged(theirs, seed=derive_seed(session.recipe.training.seed, "intervals"))
    loss, trained = _mean(losses, units), None
    if own is not None:
        trained = _mean(text_losses(_said(own), _references(own)), units)
        if best.probes[-1].rows < best.rows:  # the whole fit learns from more
            trained = Reckoned(trained.value, 0.0, trained.high)
    facts = {**usage, "loss": loss.value, "texts": metrics}
    return Asked(_counted(usage, size), loss, facts, trained, row_seconds)


def _judged(written: Written, *, seed: int) -> tuple[Floats, dict[str, Any]]:
    """Losses of the rows, and metrics as JSON values."""
    texts, references = _said(written), _references(written)
    found = text_metrics(texts, references, units=written.units, seed=seed)
    return text_losses(texts, references), {name: one.to_json() for name, one in found.items()}


def _said(written: Written) -> list[str]:
    """What the one model wrote; nothing where it cannot take a prompt."""
    return ["" if text is None else text.text for text in written.texts[0]]


def _references(written: Written) -> list[str]:
    return [question.reference for question in written.asked]


def _model(preparation: Preparation, estimator: Estimator, snapshot: Snapshot) -> FittedModel:
    return FittedModel(preparation, estimator, snapshot.target, snapshot.inputs)


def _estimator(
    part: Api,
    preparation: PromptPreparation,
    session: Session,
    snapshot: Snapshot,
    train: Rows,
    rows: Rows,
) -> Estimator:
    """The endpoint as a candidate; its answers are kept, and not paid for twice."""
    return part.fit(
        Examples(preparation.transform(train.frame.head(0)), train.target),
        Examples(preparation.transform(rows.frame), rows.target),
        target=snapshot.target,
        training=session.recipe.training,
        seed=session.recipe.training.seed,
        pacer=Unhurried(),
        workplace=Workplace(
            session.base,
            progress=session.progress,
            answers=session.workspace.root / "answers" / snapshot.hash,
        ),
    ).estimator


def _told(
    part: Api,
    preparation: PromptPreparation,
    session: Session,
    snapshot: Snapshot,
    validation: Rows,
) -> tuple[Reckoned, Reckoned]:
    """Tokens that are read and written for a row, by the characters of its prompt and its reference."""
    rows = [
        question_of(values, target=snapshot.target, inputs=snapshot.inputs)
        for values in validation.frame.head(1_000).iter_rows(named=True)
    ]
    prompts = ["".join(turn.content for turn in preparation.turns(prompt)) for prompt, _ in rows]
    most = session.recipe.evaluation.generation.settings().max_new_tokens
    most = min(most, part.max_tokens or most)
    return _tokens(prompts), _tokens([text for _, text in rows]).at_most(most)


def _tokens(texts: Sequence[str]) -> Reckoned:
    """Of a mean text."""
    characters = float(np.mean([len(text) for text in texts]))
    usual, least, most = CHARACTERS_A_TOKEN
    return Reckoned(characters / usual, characters / most, characters / least)


def _by_length(
    part: Api, read: Reckoned, wrote: Reckoned, *, row_seconds: float | None = None
) -> Asked:
    """Nobody was asked."""
    cost = None
    if part.prices is not None:
        cost = read.times(part.prices.input / 1e3).plus(wrote.times(part.prices.output / 1e3))
    facts = {"rows": 0, "tokens_in_by_length": read.value}
    return Asked(cost, None, facts, row_seconds=row_seconds)


def _mean(losses: Floats, units: Units) -> Reckoned:
    """With two standard errors on either side."""
    mean = mean_by_unit(losses, units)
    half = 2 * mean.error if mean.units > 1 else float("inf")
    return Reckoned(mean.value, mean.value - half, mean.value + half)


def _counted(usage: Mapping[str, Any], rows: int) -> Reckoned | None:
    """A mean of prompts' costs: their lengths differ by about as much as they are long."""
    cost = usage["per_thousand_rows"]["cost"]
    if cost is None:
        return None
    half = 2 / rows**0.5
    return Reckoned(cost, cost * max(0.1, 1 - half), cost * (1 + half))
