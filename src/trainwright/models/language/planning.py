"""The plan of a language model's fit: model, adaptation, samples, and settings where the recipe has none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trainwright.core.columns import Target, Task
from trainwright.core.errors import DataError, RecipeError
from trainwright.core.features import Examples
from trainwright.core.language import Passages
from trainwright.core.parts import Part, objectives
from trainwright.core.pretrained import Base, locate
from trainwright.core.seeds import derive_seed
from trainwright.models.language.adapting import adapted
from trainwright.models.language.architecture import (
    ARCHITECTURES,
    LanguageArchitecture,
)
from trainwright.models.language.bases import loaded
from trainwright.models.language.families import CausalLM, LanguageFamily
from trainwright.models.language.network import CausalNetwork, LanguageNetwork, isolates
from trainwright.models.language.samples import NOISE, chosen, with_something_told
from trainwright.models.language.work import work_of
from trainwright.models.networks.plan import Defaults, NetworkPlan
from trainwright.recipe.sections import TrainingSettings
from trainwright.training.objectives.language import TokenNats
from trainwright.training.optimizers import AdamW
from trainwright.training.schedules import Cosine

_RELATIVE = ("t5", "mt5", "umt5")  # places are relative there: any length can be read
TOKENS_AN_UPDATE, UPDATES_AN_EPOCH, LEAST_ROWS = 8_192, 50, 4


def plan_language(
    family: LanguageFamily,
    train: Examples,
    validation: Examples | None,
    *,
    target: Target,
    training: TrainingSettings,
    seed: int,
    base: Path,
) -> NetworkPlan:
    """What the fit of a language model is made of.

    Args:
        family: The recipe's `model` section.
        train: Rows to learn from.
        validation: Rows to stop by, or None.
        target: What is told.
        training: `objective` is read here.
        seed: Of the first weights, and of what is drawn.
        base: The recipe's folder, where the path of a pre-trained base starts.

    Raises:
        RecipeError: the base cannot be loaded, or the objective is not the family's.
        DataError: there is nothing to learn from.
    """
    objective = _objective(family, training.objective, target)
    passages, weights = _to_learn_from(family, train)
    found = None if family.pretrained is None else locate(family.pretrained, base=base)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "weights"))
        architecture, network = first_weights(family, found, passages, objective)
        tuned = adapted(network, family)
    if isinstance(network, CausalNetwork) and isinstance(family, CausalLM):
        network.neftune = family.neftune or 0.0
        if family.packing and found is not None and not isolates(network):
            raise RecipeError(
                f"in the base {found.name!r} passages of one row see each other",
                where="model.packing",
                mend="packing: false",
            )
    source = architecture.taught(
        passages, family, weights=weights, seed=derive_seed(seed, "samples")
    )
    noisy = isinstance(network, CausalNetwork) and network.neftune > 0
    inputs = architecture.inputs
    return NetworkPlan(
        architecture=architecture,
        module=network,
        objective=TokenNats(inputs=(*inputs, NOISE) if noisy else inputs),
        judge=TokenNats(inputs=inputs),
        train=source,
        validation=_to_judge_by(architecture, validation),
        defaults=_defaults(family, num_samples=len(source)),
        groups=tuned.groups,
        finish=tuned.finish,
        origin={} if found is None else found.origin,
        work=work_of(network, passages, num_samples=len(source)),
    )


def _objective(family: LanguageFamily, stated: Part | None, target: Target) -> Part:
    """The family's own, with the recipe's settings where it has any."""
    if stated is None:
        return objectives.find(family.form)()
    kind = getattr(stated, "kind", None)
    if kind != family.form:
        raise RecipeError(
            f"family {family.family!r} cannot learn by the objective {kind!r}",
            where="training.objective",
            mend=f"objective: {family.form}",
        )
    if target.task is Task.TEXT_TO_TEXT and family.form == "span":
        raise RecipeError(
            "a text for a text hides no spans: what is told is the other text",
            where="training.objective",
            mend="remove objective",
        )
    return stated


def _to_learn_from(
    family: LanguageFamily, train: Examples
) -> tuple[Passages, NDArray[np.float64] | None]:
    """Passages with something to tell, and how often each comes."""
    passages: Passages = train.features
    if family.over_long == "drop" and passages.lost is not None:
        passages = chosen(passages, (passages.lost[passages.rows] == 0).nonzero()[0])
    passages = with_something_told(passages)
    if not len(passages.ends):
        raise DataError(
            "no train row has a token to learn from: each is empty, too long, or its template tells"
            " nothing of the assistant",
            where="model.max_length",
            mend="trainwright prepare RECIPE --show 3; over_long: truncate, or a larger max_length",
        )
    return passages, None if train.weights is None else train.weights[passages.rows]


def _to_judge_by(architecture: LanguageArchitecture, rows: Examples | None) -> Any:  # noqa: ANN401
    if rows is None:
        return None
    passages = with_something_told(rows.features)
    return architecture.source(passages) if len(passages.ends) else None


def first_weights(
    family: LanguageFamily, found: Base | None, passages: Passages, objective: Part
) -> tuple[LanguageArchitecture, LanguageNetwork]:
    """The architecture, and the network with its first weights."""
    kind = ARCHITECTURES[family.family]
    if found is None:
        architecture = kind.of(kind.small(family, passages), objective, passages)
        return architecture, architecture.build()
    cut = family.layers if "layers" in family.model_fields_set else None  # `prove` sets it
    model, config = loaded(found, family.family, dropout=family.dropout, layers=cut)
    if passages.vocabulary > config["vocab_size"]:
        raise RecipeError(
            f"the tokenizer of {found.name!r} has {passages.vocabulary} tokens, and its model knows"
            f" {config['vocab_size']}",
            where="model.pretrained",
            mend="name a folder whose tokenizer.json belongs to its weights",
        )
    places = config.get("max_position_embeddings", config.get("n_positions"))
    longest = int(np.diff(passages.ends, prepend=0).max())
    if config["model_type"] not in _RELATIVE and places is not None and longest > places:
        raise RecipeError(
            f"the base {found.name!r} has {places} places, and a passage has {longest} tokens",
            where="model.max_length",
            mend=f"max_length: {places}",
        )
    architecture = kind.of(config, objective, passages)
    return architecture, architecture.around(model)


def _defaults(family: LanguageFamily, *, num_samples: int) -> Defaults:
    """Four passes at most over a corpus, from which more is hardly learnt; fewer where a base is adapted.

    Batches of 8,192 tokens, or as few rows as make 50 updates an epoch, and four at least.

    Source: Muennighoff et al. 2023, arXiv:2305.16264, sect. 6 (four epochs are nearly as good as new text).
    """
    most = max(1, TOKENS_AN_UPDATE // family.max_length)
    rows = min(most, max(LEAST_ROWS, num_samples // UPDATES_AN_EPOCH))
    if family.pretrained is None:
        rate = min(3e-3, max(3e-4, 0.5 / family.hidden))
        optimizer = AdamW(learning_rate=rate, betas=(0.9, 0.95), weight_decay=0.1)
    else:
        optimizer = AdamW(learning_rate=5e-5 if family.adapt == "full" else 2e-4)
    return Defaults(
        epochs=4 if family.pretrained is None else 3,
        batch_size=rows,
        optimizer=optimizer,
        schedule=Cosine(warmup=0.05, final=0.1),
        patience=2,
    )
