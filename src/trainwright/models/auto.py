"""`family: auto`: every family that fits the data is a candidate, within `training.budget`.

Networks are among them where their extra is installed; what was left out, and why, is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.extras import is_installed
from trainwright.core.parts import Part, families
from trainwright.core.protocols import Family
from trainwright.models.label_by_label import LabelByLabel
from trainwright.models.networks.family import NetworkFamily
from trainwright.models.tables.family import TABLE_SETTINGS, TableFamily
from trainwright.recipe.estimate import ApiPart
from trainwright.recipe.sections import TrainingSettings

Name = Literal[
    "baseline", "linear", "lightgbm", "mlp", "tabm", "text-encoder", "cnn", "vit",
    "naive", "seasonal-naive", "lstm", "gru", "tcn", "series-transformer",
    "unigram", "ngram", "causal-lm", "masked-lm", "seq2seq-lm",
]  # fmt: skip

_TABLES: tuple[Name, ...] = ("baseline", "linear", "lightgbm", "mlp", "tabm")
_TEXTS: tuple[Name, ...] = ("baseline", "linear", "lightgbm", "text-encoder")
_IMAGES: tuple[Name, ...] = ("baseline", "cnn")
_SERIES: tuple[Name, ...] = ("baseline", "gru", "tcn")
_FORECASTS: tuple[Name, ...] = ("seasonal-naive", "naive", "gru", "tcn")
_DOCUMENTS: tuple[Name, ...] = ("unigram", "ngram", "causal-lm")
_ANSWERS: tuple[Name, ...] = ("unigram", "causal-lm")
SEVERAL_TARGETS = ("mlp", "tabm")  # families that learn further targets beside their own
_NEED_NETWORKS = (
    "mlp", "tabm", "text-encoder", "cnn", "vit", "lstm", "gru", "tcn", "series-transformer",
    "causal-lm", "masked-lm", "seq2seq-lm",
)  # fmt: skip


@families.register
class Auto(Part):
    """Try each family with its defaults; the evaluation chooses."""

    family: Literal["auto"] = "auto"
    """Every family that fits, within the budget."""
    families: tuple[Name, ...] | None = None
    """Which are tried; those that fit the data where not said. The baseline always is."""
    api: ApiPart | None = None
    """{endpoint: https://..., model: NAME, ...}: a model behind an endpoint is one more candidate."""

    def members(self, names: Sequence[Name]) -> list[Family]:
        """These families with their defaults, and the endpoint where there is one."""
        found = [cast("Family", families.find(name)()) for name in names]
        return found if self.api is None else [*found, cast("Family", self.api)]


def candidates(part: Part, *, inputs: Sequence[Column], target: Target) -> tuple[Family, ...]:
    """The families to fit, the cheapest first; the baseline is always among them, to compare with.

    Args:
        part: The recipe's `model` section.
        inputs: The columns to learn from.
        target: What is predicted.
    """
    if isinstance(part, Auto):
        names = part.families or _usual(inputs, target)
        named = [_suited(one, target) for one in part.members(names)]
        if part.families is None:
            api = None if part.api is None else part.api.family
            named = [one for one in named if one.family == api or not one.unfit(inputs, target)]
    else:
        named = [_suited(cast("Family", part), target)]
    found = {family.family: family for family in named}
    baseline = baseline_of(target)
    found.setdefault(baseline, _suited(cast("Family", families.find(baseline)()), target))
    return tuple(
        sorted(found.values(), key=lambda family: (family.family != baseline, family.cost))
    )


def settings_of(part: Part) -> frozenset[str]:
    """The keys of `training` that one of the candidates can use."""
    if not isinstance(part, Auto):
        return cast("Family", part).settings
    if part.families is None:
        everything = frozenset(TrainingSettings.model_fields)
        return everything if is_installed("networks") else TABLE_SETTINGS
    return frozenset().union(*(member.settings for member in part.members(part.families)))


def baseline_of(target: Target) -> str:
    """The family that the others must beat."""
    if target.task.is_language:
        return "unigram"
    return "seasonal-naive" if target.horizon else "baseline"


def _suited(family: Family, target: Target) -> Family:
    """Where a row has several labels, trees and lines learn them one by one, a network all at once."""
    if target.task is not Task.MULTI_LABEL or isinstance(family, NetworkFamily):
        return family
    return LabelByLabel(family) if isinstance(family, TableFamily) else family


def _usual(inputs: Sequence[Column], target: Target) -> tuple[Name, ...]:
    kinds = {column.type for column in inputs}
    if target.task.is_language:
        names = _DOCUMENTS if target.task is Task.LANGUAGE_MODELLING else _ANSWERS
    elif target.horizon:
        names = _FORECASTS
    elif ColumnType.SERIES in kinds:
        names = _SERIES
    elif ColumnType.IMAGE in kinds:
        names = _IMAGES
    elif kinds <= {ColumnType.TEXT, ColumnType.WORDS}:
        names = _TEXTS
    else:
        names = _TABLES
    return tuple(name for name in names if name not in _NEED_NETWORKS or is_installed("networks"))
