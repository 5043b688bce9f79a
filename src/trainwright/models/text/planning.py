"""The plan of a fit of a network for texts: encoder, adaptation, objective, samples and settings."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from trainwright.core.columns import Target, Task
from trainwright.core.errors import DataError, RecipeError
from trainwright.core.features import Examples, Tokens
from trainwright.core.parts import Part
from trainwright.core.pretrained import Base, locate
from trainwright.core.seeds import derive_seed
from trainwright.models.networks.adapting import freeze, thawing
from trainwright.models.networks.plan import Defaults, NetworkPlan
from trainwright.models.networks.tasks import TableTask
from trainwright.models.text.adapting import add_lora, groups_of, merge_lora
from trainwright.models.text.architecture import TextEncoderArchitecture
from trainwright.models.text.bert import bert_config
from trainwright.models.text.encoders import build_encoder, load_encoder, pooling_of
from trainwright.models.text.network import Pooling, TextNetwork
from trainwright.training.feeding.sources import subset
from trainwright.training.optimizers import AdamW
from trainwright.training.schedules import Linear

if TYPE_CHECKING:
    from trainwright.models.text.families import TextEncoder
    from trainwright.training.objectives.supervised import Supervised
    from trainwright.training.protocols import Source

_SCRATCH_DROPOUT = 0.1


def plan_text(
    family: TextEncoder,
    train: Examples,
    validation: Examples | None,
    *,
    target: Target,
    objective: Part | None,
    seed: int,
    base: Path,
) -> NetworkPlan:
    """What the fit of a text encoder is made of.

    Args:
        family: The recipe's `model` section.
        train: Rows to learn from.
        validation: Rows to stop by, or None.
        target: What is predicted.
        objective: The recipe's, or None.
        seed: Of the first weights.
        base: The recipe's folder, where the path of a pre-trained base starts.

    Raises:
        RecipeError: the base cannot be loaded, or the objective does not fit the target.
        DataError: every train text was left out as too long.
    """
    task = TableTask.of(target, train.target, objective)
    found = None if family.pretrained is None else locate(family.pretrained, base=base)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "weights"))
        architecture, network = _drawn(family, found, train.features, target, task, train.target)
        if family.adapt == "head":
            freeze(network.encoder)
        if family.adapt == "lora":
            add_lora(network, rank=family.lora_rank)
    plain = family.adapt != "full" or (family.layer_decay == 1 and family.unfreeze is None)
    groups = () if plain else groups_of(network, layer_decay=family.layer_decay)
    thaws = {} if family.unfreeze is None else thawing(groups, epochs=family.unfreeze)
    judged = partial(_judged, of_words=target.task is Task.TOKEN_CLASSIFICATION)
    return NetworkPlan(
        architecture=architecture,
        module=network,
        objective=judged(task.objective),
        judge=judged(task.judge),
        train=_train_source(architecture, train, drop=family.over_long == "drop"),
        validation=None
        if validation is None
        else architecture.source(validation.features, validation.target),
        defaults=_defaults(
            family, num_rows=len(train.features.ends), last_thaw=max(thaws, default=0)
        ),
        groups=groups,
        unfreeze=thaws,
        finish=merge_lora if family.adapt == "lora" else lambda module: module,
        origin={} if found is None else found.origin,
    )


def _drawn(
    family: TextEncoder,
    found: Base | None,
    tokens: Tokens,
    target: Target,
    task: TableTask,
    values: NDArray[np.float64],
) -> tuple[TextEncoderArchitecture, TextNetwork]:
    """The architecture, and the network with its first weights."""
    dropout = family.dropout
    if found is None:
        dropout = _SCRATCH_DROPOUT if dropout is None else dropout
        config = bert_config(
            vocabulary=tokens.vocabulary,
            max_length=family.max_length,
            hidden=family.hidden,
            layers=family.layers,
            heads=family.heads,
            dropout=dropout,
        )
        encoder = build_encoder(config)
    else:
        encoder, config = load_encoder(found, dropout=dropout)
        _check_vocabulary(found, tokens, config)
    of_words = target.task is Task.TOKEN_CLASSIFICATION
    architecture = TextEncoderArchitecture(
        config=config,
        num_classes=task.num_classes,
        pooling=None if of_words else _pooling(family, found),
        dropout=_SCRATCH_DROPOUT if dropout is None else dropout,
        link=task.link,
        shares=_shares(values, task.num_classes) if of_words else (),
        by_label=task.by_label,
    )
    return architecture, architecture.with_head(encoder)


def _pooling(family: TextEncoder, found: Base | None) -> Pooling:
    if family.pooling is not None:
        return family.pooling
    return "mean" if found is None else pooling_of(found)


def _shares(values: NDArray[np.float64], num_classes: int) -> tuple[float, ...]:
    """Of each class among the train words; none is 0."""
    counts = np.bincount(values[~np.isnan(values)].astype(np.int64), minlength=num_classes) + 1
    return tuple((counts / counts.sum()).tolist())


def _check_vocabulary(found: Base, tokens: Tokens, config: dict[str, Any]) -> None:
    if tokens.vocabulary > config["vocab_size"]:
        raise RecipeError(
            f"the tokenizer of {found.name!r} has {tokens.vocabulary} tokens, and its encoder knows"
            f" {config['vocab_size']}",
            where="model.pretrained",
            mend="name a folder whose tokenizer.json belongs to its weights",
        )


def _judged(objective: Supervised, *, of_words: bool) -> Supervised:
    """The objective over a text's tensors; each text counts once, or each word."""
    weight = None if of_words else "weight"
    return replace(objective, inputs=TextEncoderArchitecture.inputs, target="target", weight=weight)


def _train_source(architecture: TextEncoderArchitecture, train: Examples, *, drop: bool) -> Source:
    """Samples to learn from, without those of texts that were too long where these are dropped."""
    tokens = train.features
    source = architecture.source(tokens, train.target)
    if not drop or tokens.lost is None:
        return source
    kept = np.flatnonzero(tokens.lost[tokens.rows] == 0)
    if not len(kept):
        raise DataError(
            "every train text is too long, so that none is left to learn from",
            where="model.over_long",
            mend="over_long: truncate, or a larger max_length",
        )
    return subset(source, kept)


def _defaults(family: TextEncoder, *, num_rows: int, last_thaw: int) -> Defaults:
    """Three passes over a pre-trained encoder; more where less of it moves, or nothing is known yet.

    MiniLM on 500 e-mails of 64 tokens: a log loss of 0.1265 at 1e-4, 0.1285 at 5e-5, in the second pass.
    """
    if family.pretrained is None:
        rate, epochs, batch = 1e-3, 20, 16 if num_rows < 2_000 else 32
    elif family.adapt == "full":
        rate, epochs, batch = 1e-4, 3, 16 if num_rows < 2_000 else 32
    elif family.adapt == "lora":
        rate, epochs, batch = 5e-4, 4, 16 if num_rows < 2_000 else 32
    else:
        rate, epochs, batch = 3e-3, 10, 32
    return Defaults(
        epochs=epochs + last_thaw,
        batch_size=batch,
        optimizer=AdamW(learning_rate=rate),
        schedule=Linear(warmup=0.1),
        patience=3,
    )
