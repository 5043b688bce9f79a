"""From a language candidate on a few rows to what is proven of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from trainwright.core.columns import Task
from trainwright.core.errors import DataError
from trainwright.core.language import Generation, GenerationSettings, Prompt
from trainwright.flow.generating import question_of
from trainwright.flow.proving.subjects import Tiny
from trainwright.models.fitted import FittedModel

if TYPE_CHECKING:
    from trainwright.data.language.preparation import LanguagePreparation
    from trainwright.models.language.proofs import LanguageSubject
    from trainwright.models.networks.plan import NetworkPlan

PROMPTS, CHARACTERS = 6, (8, 16, 24, 32, 40, 48)
WRITES = GenerationSettings(max_new_tokens=8)


def language_subject(tiny: Tiny) -> LanguageSubject:
    """What the checks of `models.language.proofs` work on."""
    from trainwright.models.language.proofs import LanguageSubject

    preparation = cast("LanguagePreparation", tiny.preparation)
    task = tiny.snapshot.target.task
    writes = tiny.plan().architecture.generates
    return LanguageSubject(
        plan=tiny.plan,
        passages=tiny.train.features,
        decode=preparation.decode,
        told_bytes=tiny.rows.target,
        prompts=_prompts(tiny, preparation),
        generate=(lambda plan, prompts: _written(tiny, plan, prompts)) if writes else None,
        has_template=preparation.template is not None,
        given=_given(tiny, preparation) if task is Task.TEXT_TO_TEXT else None,
        leaves_out=getattr(tiny.family, "over_long", "") == "drop",
    )


def _given(tiny: Tiny, preparation: LanguagePreparation) -> list[str] | None:
    """The texts that are to be answered, where a template writes them into what is read."""
    if preparation.template is None:
        return None
    return [text or "" for text in tiny.rows.frame[preparation.column.name]]


def _prompts(tiny: Tiny, preparation: LanguagePreparation) -> list[Prompt]:
    """Of the first rows that have any: a question, or the beginning of a document; of several lengths."""
    target, inputs = tiny.snapshot.target, tiny.snapshot.inputs
    found: list[Prompt] = []
    for values in tiny.rows.frame.iter_rows(named=True):
        prompt, _ = question_of(values, target=target, inputs=inputs)
        most = CHARACTERS[len(found)]
        if isinstance(prompt, str):
            prompt = prompt[:most]
        elif isinstance(prompt, tuple):
            prompt = tuple(replace(turn, content=turn.content[:most]) for turn in prompt)
        try:
            preparation.prompt_ids(prompt)
        except DataError:
            continue
        found.append(prompt)
        if len(found) == PROMPTS:
            break
    return found


def _written(tiny: Tiny, plan: NetworkPlan, prompts: Sequence[Prompt]) -> list[Generation]:
    from trainwright.models.networks.estimator import NetworkEstimator

    model = FittedModel(
        tiny.preparation,
        NetworkEstimator(plan.architecture, plan.module),
        tiny.snapshot.target,
        tiny.snapshot.inputs,
    )
    return model.generate(prompts, WRITES)
