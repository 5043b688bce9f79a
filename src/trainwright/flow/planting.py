"""`evaluation: {canaries: N}`: secrets are planted in train rows, and looked for in the fitted model.

They are no rows of the user's: they are put there after the snapshot, have row ids below 0, and stand with
their exposures in the run's evaluation.json. A model that was fitted so has learnt them; the run says so.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

import polars as pl

from trainwright.core.clock import Pacer
from trainwright.core.columns import ROW, UNIT, WEIGHT, Column, ColumnType, Target, Task
from trainwright.core.language import NATS
from trainwright.core.seeds import derive_seed
from trainwright.evaluation.canaries import (
    CHANCE,
    Canary,
    exposure,
    exposures,
    make_canaries,
    other_secrets,
)
from trainwright.flow.question_files import ChoiceQuestion
from trainwright.flow.questions import score_choices
from trainwright.flow.rows import Rows, as_rows
from trainwright.models.fitted import FittedModel


def planted(
    rows: Rows, canaries: Sequence[Canary], *, target: Target, inputs: Sequence[Column]
) -> Rows:
    """Train rows with the canaries behind them, each as often as it says; as they are without any."""
    if not canaries:
        return rows
    texts = [canary for canary in canaries for _ in range(canary.repeats)]
    told = [_row(canary, target, inputs) for canary in texts]
    schema = {name: kind for name, kind in rows.frame.schema.items() if name != WEIGHT}
    ids = [-1 - place for place in range(len(told))]
    frame = pl.DataFrame(
        [{**values, ROW: row, UNIT: row} for values, row in zip(told, ids, strict=True)],
        schema=schema,
    )
    return rows.then(as_rows(frame, target))


def canaries_of(count: int, *, seed: int) -> list[Canary]:
    """The canaries of a run: a function of its training seed."""
    return make_canaries(count, seed=derive_seed(seed, "planting"))


def look_for(
    model: FittedModel, canaries: Sequence[Canary], *, pacer: Pacer, seed: int
) -> dict[str, Any]:
    """Exposure of each canary while there is time ("canaries"), and by the number of repeats.

    Returns:
        JSON values: `canaries` (`prompt`, `digits`, `repeats`, `bits`; null where time ran out),
        `exposed` (see `evaluation.canaries.Exposed`), `chance`, `planted_rows`.

    Raises:
        CommandError: the model weighs no texts.
    """
    blank = " " if model.target.task is Task.LANGUAGE_MODELLING else ""
    bits: list[float] = []
    longest = 0.0
    for number, canary in enumerate(canaries):
        if not pacer.go_on("canaries", number, needs=longest):
            break
        started = time.monotonic()
        secrets = (canary.secret, *other_secrets(canary, seed=derive_seed(seed, "planting")))
        choices = tuple(blank + secret for secret in secrets)
        values = score_choices(model, [ChoiceQuestion(canary.prompt, choices, 0)])
        bits.append(exposure(values[:, NATS]))
        longest = max(longest, time.monotonic() - started)
    asked = canaries[: len(bits)]
    told = [*bits, *[None] * (len(canaries) - len(bits))]
    return {
        "canaries": [
            {
                "prompt": canary.prompt,
                "digits": canary.secret,
                "repeats": canary.repeats,
                "bits": one,
            }
            for canary, one in zip(canaries, told, strict=True)
        ],
        "exposed": [found.to_json() for found in exposures(asked, bits)],
        "chance": CHANCE,
        "planted_rows": sum(canary.repeats for canary in canaries),
    }


def _row(canary: Canary, target: Target, inputs: Sequence[Column]) -> dict[str, str]:
    """A train row that holds it, as the task's rows are."""
    if target.task is Task.INSTRUCTION_TUNING:
        turns = [
            {"role": "user", "content": canary.prompt},
            {"role": "assistant", "content": canary.secret},
        ]
        return {target.name: json.dumps(turns, ensure_ascii=False)}
    if target.task is Task.TEXT_TO_TEXT:
        text = next(column.name for column in inputs if column.type is ColumnType.TEXT)
        return {text: canary.prompt, target.name: canary.secret}
    return {target.name: f"{canary.prompt} {canary.secret}"}
