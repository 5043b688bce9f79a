"""Parts that can be swapped are found by their kind, and only the room asked for is imported.

Two tables: `Registry` turns a recipe's mapping into a checked part; `load` brings a saved object
of a package back. Both know each kind's
home module by name, so that naming a kind imports one room and no more. Two parts of one kind are
an error that names both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from trainwright.core.counted import Counted
from trainwright.core.errors import Fault, TrustError, nearest

P = TypeVar("P", bound="Part")

# Saved objects of a package: kind -> "module:class with load(folder)".
SAVED = {
    "fitted-model": "trainwright.models.fitted:FittedModel",
    "preparation": "trainwright.data.preparation:TablePreparation",
    "baseline": "trainwright.models.tables.baseline:BaselineEstimator",
    "linear": "trainwright.models.tables.linear:LinearEstimator",
    "lightgbm": "trainwright.models.tables.lightgbm:LightGBMEstimator",
    "label-by-label": "trainwright.models.label_by_label:LabelEstimator",
    "network": "trainwright.models.networks.estimator:NetworkEstimator",
    "text-preparation": "trainwright.data.texts.preparation:TextPreparation",
    "image-preparation": "trainwright.data.images.preparation:ImagePreparation",
    "series-preparation": "trainwright.data.series.preparation:SeriesPreparation",
    "language-preparation": "trainwright.data.language.preparation:LanguagePreparation",
    "naive": "trainwright.models.sequences.naive:NaiveEstimator",
    "unigram": "trainwright.models.language.unigram:UnigramEstimator",
    "ngram": "trainwright.models.language.ngram:NgramEstimator",
    "api": "trainwright.models.api.estimator:ApiEstimator",
    "api-writer": "trainwright.models.api.writer:ApiWriter",
    "api-preparation": "trainwright.data.prompts:PromptPreparation",
    "name-tagger": "trainwright.models.text.names:TextNameTagger",
    "temperature": "trainwright.evaluation.calibration:TemperatureCalibrator",
    "prior": "trainwright.evaluation.calibration:PriorCalibrator",
    "isotonic": "trainwright.evaluation.calibration:IsotonicCalibrator",
    "by-label": "trainwright.evaluation.calibration:LabelCalibrator",
}


def load(kind: str, folder: Path) -> Any:  # noqa: ANN401 - whatever the kind's class is
    """Load a saved object; the caller has verified the folder's hashes.

    Raises:
        TrustError: no such kind.
    """
    if kind not in SAVED:
        raise TrustError(
            f"no saved object is of kind {kind!r}",
            where=str(folder),
            mend="the package is from a newer version or was changed",
        )
    module, name = SAVED[kind].split(":")
    return getattr(import_module(module), name).load(folder)


class Part(Counted):
    """A swappable part of a recipe: frozen, closed to unknown keys, its reads counted."""


class Registry:
    """The parts that may stand at one place of a recipe.

    Args:
        noun: What it holds, for messages: "model family".
        key: The recipe key that names the kind: "family".
        homes: Kind -> module that registers it.
    """

    def __init__(self, noun: str, *, key: str, homes: Mapping[str, str]) -> None:
        self.noun = noun
        self.key = key
        self._homes = dict(homes)
        self._parts: dict[str, type[Part]] = {}

    def register(self, part: type[P]) -> type[P]:
        """Class decorator: enter a part under the default of its key field."""
        kind = part.model_fields[self.key].default
        other = self._parts.get(kind)
        if other is not None and other is not part:
            raise TypeError(
                f"two parts are {self.key} {kind!r}: {other.__module__}.{other.__qualname__}"
                f" and {part.__module__}.{part.__qualname__}"
            )
        self._parts[kind] = part
        return part

    def __iter__(self) -> Iterator[str]:
        """The known kinds, sorted."""
        return iter(sorted({*self._homes, *self._parts}))

    def find(self, kind: str) -> type[Part]:
        """The class of a kind; imports its home.

        Raises:
            KeyError: no such kind.
        """
        if kind not in self._parts:
            import_module(self._homes[kind])
        return self._parts[kind]

    def parse(
        self, value: Mapping[str, Any], *, where: str
    ) -> Part | list[tuple[tuple[str, ...], Fault]]:
        """The checked part, or its faults, each with its path below `where`."""
        kind = value.get(self.key)
        if self.key not in value:
            what, mend = f"key {self.key!r} is missing", f"use one of: {', '.join(self)}"
            return [((self.key,), Fault(what, f"{where}.{self.key}", mend))]
        if not isinstance(kind, str) or kind not in set(self):
            near = nearest(str(kind), self)
            known = ", ".join(self)
            mend = f"use {near!r}" if near else f"use one of: {known}"
            return [
                (
                    (self.key,),
                    Fault(f"no {self.noun} is called {kind!r}", f"{where}.{self.key}", mend),
                )
            ]
        part = self.find(kind)
        try:
            return part.model_validate_json(json.dumps(value))
        except ValidationError as error:
            return faults_of(error, part, where=where)


def faults_of(
    error: ValidationError, model: type[BaseModel], *, where: str
) -> list[tuple[tuple[str, ...], Fault]]:
    """A pydantic error as faults, each with its path below `where`.

    An unknown key proposes the nearest known one.
    """
    found = []
    for detail in error.errors(include_url=False):
        path = tuple(str(step) for step in detail["loc"])
        place = ".".join((where, *path)) if where else ".".join(path)
        if detail["type"] == "extra_forbidden":
            known = list(_fields_at(model, path[:-1]))
            near = nearest(path[-1], known)
            mend = f"did you mean {near!r}?" if near else f"the keys here are: {', '.join(known)}"
            found.append((path, Fault(f"unknown key {path[-1]!r}", place, mend)))
        elif detail["type"] == "missing" and path[-1].isdigit():
            what = f"entry {int(path[-1]) + 1} is missing"
            found.append((path, Fault(what, place, "write as many entries as expected")))
        elif detail["type"] == "missing":
            found.append(
                (path, Fault(f"key {path[-1]!r} is missing", place, f"add it: {path[-1]}: ..."))
            )
        else:
            message = detail["msg"].removeprefix("Value error, ")
            what, _, mend = message.partition(" | mend: ")
            mend = mend or _mend(detail)
            what = f"{what[:1].lower()}{what[1:]}"
            if not isinstance(
                detail["input"], Mapping
            ):  # a whole section says no more, or too much
                what += f", got {json.dumps(detail['input'], default=str)[:80]}"
            found.append((path, Fault(what, place, mend)))
    return found


_TYPE_MENDS = {
    "int": "write a whole number, without quotes",
    "float": "write a number, without quotes",
    "bool": "write true or false",
    "string": "put it in quotes",
    "list": "write a list: [A, B]",
    "tuple": "write a list: [A, B]",
    "dict": "write a mapping: {KEY: VALUE}",
    "model": "write a mapping: {KEY: VALUE}",
    "greater": "write a larger number",
    "less": "write a smaller number",
    "finite": "write a finite number",
    "too": "write as many entries as expected",
}


_GROUPED = re.compile(r"[-+]?\d{1,3}([_,]\d{3})+")


def _mend(detail: Mapping[str, Any]) -> str:
    """What to write instead, from the kind of a pydantic error."""
    if detail["type"] in ("literal_error", "enum"):
        expected = str(detail["ctx"]["expected"])
        options = re.findall(r"'([^']*)'", expected) or re.split(r", | or ", expected)
        near = nearest(str(detail["input"]), options)
        return f"use {near!r}" if near else f"use one of: {', '.join(options)}"
    if detail["type"] == "string_pattern_mismatch":
        if "[a-z0-9" in str(detail["ctx"]["pattern"]):
            return "use a-z, 0-9, dot, dash and underscore only, at most 64 characters"
        return "see the recipe reference in the docs"
    if _GROUPED.fullmatch(str(detail["input"])):
        return f"write {re.sub('[_,]', '', detail['input'])}: digits without signs between them"
    return _TYPE_MENDS.get(detail["type"].split("_")[0], "see the recipe reference in the docs")


def _fields_at(model: type[BaseModel], path: tuple[str, ...]) -> Iterator[str]:
    """Field names of the model nested at `path`; empty when it cannot be told."""
    here: Any = model
    for step in path:
        field = here.model_fields.get(step) if hasattr(here, "model_fields") else None
        here = _model_in(field.annotation) if field is not None else here
        if here is None:
            return
    yield from here.model_fields


def _model_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - a type form
    """The first pydantic model named in a type annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        if (found := _model_in(argument)) is not None:
            return found
    return None


# The places of a recipe where a part stands.
families = Registry(
    "model family",
    key="family",
    homes={
        "auto": "trainwright.models.auto",
        "baseline": "trainwright.models.tables.baseline",
        "linear": "trainwright.models.tables.linear",
        "lightgbm": "trainwright.models.tables.lightgbm",
        "mlp": "trainwright.models.tables.networks.families",
        "tabm": "trainwright.models.tables.networks.families",
        "text-encoder": "trainwright.models.text.families",
        "cnn": "trainwright.models.images.families",
        "vit": "trainwright.models.images.families",
        "naive": "trainwright.models.sequences.naive",
        "seasonal-naive": "trainwright.models.sequences.naive",
        "lstm": "trainwright.models.sequences.families",
        "gru": "trainwright.models.sequences.families",
        "tcn": "trainwright.models.sequences.families",
        "series-transformer": "trainwright.models.sequences.families",
        "unigram": "trainwright.models.language.unigram",
        "causal-lm": "trainwright.models.language.families",
        "masked-lm": "trainwright.models.language.families",
        "seq2seq-lm": "trainwright.models.language.families",
        "ngram": "trainwright.models.language.ngram",
        "api": "trainwright.models.api.family",
    },
)
optimizers = Registry(
    "optimizer",
    key="kind",
    homes=dict.fromkeys(("sgd", "adamw", "adafactor", "muon"), "trainwright.training.optimizers"),
)
schedules = Registry(
    "learning-rate schedule",
    key="kind",
    homes=dict.fromkeys(
        (
            "constant",
            "linear",
            "cosine",
            "warmup-stable-decay",
            "one-cycle",
            "reduce-on-plateau",
        ),
        "trainwright.training.schedules",
    ),
)
objectives = Registry(
    "objective",
    key="kind",
    homes={
        "causal": "trainwright.models.language.objectives",
        "masked": "trainwright.models.language.objectives",
        "span": "trainwright.models.language.objectives",
        "cross-entropy": "trainwright.training.objectives.classification",
        "focal": "trainwright.training.objectives.classification",
        "mse": "trainwright.training.objectives.regression",
        "mae": "trainwright.training.objectives.regression",
        "huber": "trainwright.training.objectives.regression",
        "quantile": "trainwright.training.objectives.regression",
    },
)
