"""What can be refused before anything is computed: settings that do not fit together.

Small named checks, each giving faults; all are told at once (exit 2).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trainwright.core.artifacts import Snapshot
from trainwright.core.columns import ColumnType, Task
from trainwright.core.errors import Fault, RecipeError, nearest
from trainwright.core.language import LanguageNeeds
from trainwright.evaluation.metrics import METRICS, metric_names
from trainwright.models.auto import SEVERAL_TARGETS, Auto, candidates, settings_of
from trainwright.models.tables.networks.families import TableNetworkFamily
from trainwright.recipe.schema import Recipe
from trainwright.training.objectives.classification import CrossEntropyPart, FocalPart


def check_recipe(recipe: Recipe) -> None:
    """Refuse a recipe that asks for what does not exist, before data are touched.

    Raises:
        RecipeError: with every fault.
    """
    _refuse(
        _metrics_exist(recipe, task=recipe.task),
        _settings_are_used(recipe),
        _batches_have_one_size(recipe),
        _weights_have_tasks(recipe),
        _task_has_its_data(recipe),
        _labels_are_alone(recipe, task=recipe.task),
        _folds_can_be_cut(recipe, task=recipe.task),
        _endpoint_is_judged_by_texts(recipe),
        _classes_are_weighed_once(recipe),
        _groups_are_named(recipe),
        _students_are_not_mixed(recipe),
        _cluster_has_work(recipe),
        _text_is_written(recipe),
    )


def check_with_snapshot(recipe: Recipe, snapshot: Snapshot) -> None:
    """Refuse what can only be judged once the columns and the task are known.

    Raises:
        RecipeError: with every fault.
    """
    _refuse(
        _metrics_exist(recipe, task=snapshot.target.task),
        _labels_are_alone(recipe, task=snapshot.target.task),
        _folds_can_be_cut(recipe, task=snapshot.target.task),
        _slices_exist(recipe, snapshot),
        _families_fit(recipe, snapshot),
        _objective_fits(recipe, snapshot),
        _canaries_can_be_looked_for(recipe, snapshot),
        _threshold_can_be_limited(recipe, snapshot),
    )


def _metrics_exist(recipe: Recipe, *, task: Task | None) -> Iterator[Fault]:
    known = list(METRICS) if task is None else metric_names(task)
    wanted = [("evaluation.metric", recipe.evaluation.metric)] if recipe.evaluation.metric else []
    wanted += [(f"deployment.gate.{name}", name) for name in recipe.deployment.gate]
    for where, name in wanted:
        if name not in known:
            near = nearest(name, known)
            kind = f" for {task.value}" if task else ""
            yield Fault(
                f"there is no metric {name!r}{kind}",
                where,
                f"use {near!r}" if near else f"use one of: {', '.join(known)}",
            )


_OF = {
    "tokens": "language models",
    "tokens_per_batch": "networks for texts and series",
    "mixing": "networks for images",
}


def _settings_are_used(recipe: Recipe) -> Iterator[Fault]:
    """A key of `training` that no candidate can use would have no effect."""
    usable = settings_of(recipe.model)
    name = type(recipe.model).model_fields["family"].default
    for key in sorted(recipe.training.model_fields_set - usable):
        yield Fault(
            f"family {name!r} cannot use this setting: it is of {_OF.get(key, 'networks')}",
            f"training.{key}",
            f"remove {key}; what this family can use: {', '.join(sorted(usable))}",
        )


def _batches_have_one_size(recipe: Recipe) -> Iterator[Fault]:
    """A batch is counted in rows or in tokens."""
    training = recipe.training
    if training.tokens_per_batch is not None and training.batch_size is not None:
        yield Fault(
            f"batch_size: {training.batch_size} cannot be used: tokens_per_batch stands in its place",
            "training.batch_size",
            "remove batch_size, or tokens_per_batch",
        )


def _weights_have_tasks(recipe: Recipe) -> Iterator[Fault]:
    """One target needs no weight."""
    part = recipe.model
    if not isinstance(part, TableNetworkFamily) or recipe.data.further_targets:
        return
    if part.task_weights != "fixed":
        yield Fault(
            f"task_weights: {part.task_weights} cannot be used: there is one target alone",
            "model.task_weights",
            "remove task_weights, or name others: data: {further_targets: [COLUMN]}",
        )


def _task_has_its_data(recipe: Recipe) -> Iterator[Fault]:
    """A forecast needs a series and a horizon; words need a text."""
    data, task = recipe.data, recipe.task
    if task is Task.FORECASTING:
        if data.series is None:
            yield Fault(
                "a forecast needs series",
                "data.series",
                "data: {series: {id: COLUMN, time: COLUMN}}",
            )
        if data.horizon is None:
            yield Fault("a forecast needs a horizon", "data.horizon", "data: {horizon: 24}")
    elif data.horizon is not None:
        yield Fault("only a forecast has a horizon", "data.horizon", "task: forecasting")
    if task is Task.TEXT_TO_TEXT and (data.inputs is None or data.inputs.text is None):
        yield Fault(
            "a text is told for a text, and none is named",
            "data.inputs",
            "data: {inputs: {text: COLUMN}, target: COLUMN}",
        )
    if task is not None and task.is_language:
        yield from _language_has_its_data(recipe)
    if task is Task.TOKEN_CLASSIFICATION and (data.inputs is None or data.inputs.text is None):
        yield Fault(
            "words are classified in a column of texts",
            "data.inputs",
            "data: {inputs: {text: COLUMN}}",
        )


def _language_has_its_data(recipe: Recipe) -> Iterator[Fault]:
    """What is for classes and numbers alone."""
    data = recipe.data
    for key, said in {
        "balance": data.balance != "none",
        "further_targets": bool(data.further_targets),
        "series": data.series is not None,
        "protected": bool(data.protected),
    }.items():
        if said:
            what = f"{recipe.task.value if recipe.task else 'language'} cannot use {key}"
            yield Fault(what, f"data.{key}", f"remove {key}")
    if recipe.task is Task.TEXT_TO_TEXT and data.inputs and data.inputs.text == data.target:
        yield Fault(
            "the text that is read is the one that is told",
            "data.target",
            "task: language-modelling, or another target",
        )


def _labels_are_alone(recipe: Recipe, *, task: Task | None) -> Iterator[Fault]:
    """Of several labels a row: what is for one answer a row, and what is for labels alone."""
    data, of_labels = recipe.data, task is Task.MULTI_LABEL
    for name, said in data.columns.items():
        fits = of_labels and name == data.target
        if said.separator is not None and not fits:
            yield Fault(
                "a separator parts the labels of a target",
                f"data.columns.{name}.separator",
                "task: multi-label, or remove separator",
            )
        if said.type is ColumnType.LABELS and not fits:
            yield Fault(
                "labels are a target",
                f"data.columns.{name}.type",
                "task: multi-label, or type: text",
            )
    if not of_labels:
        return
    labels = data.labels
    for key, used in {
        "balance": data.balance != "none",
        "further_targets": bool(data.further_targets),
        "protected": bool(data.protected),
        "labels.also": bool(labels.also),
        "labels.annotators": bool(labels.annotators),
        "labels.annotations": labels.annotations is not None,
        "labels.functions": bool(labels.functions),
        "labels.corrections": labels.corrections is not None,
    }.items():
        if used:
            yield Fault(f"multi-label cannot use {key}", f"data.{key}", f"remove {key}")
    if labels.errors == "drop":
        yield Fault(
            "a row is not left out for one label of several",
            "data.labels.errors",
            "labels: {errors: find}",
        )


def _groups_are_named(recipe: Recipe) -> Iterator[Fault]:
    """A limit on differences between groups needs groups."""
    if recipe.evaluation.fairness.at_most and not recipe.data.protected:
        yield Fault(
            "there are no groups whose differences could be limited",
            "evaluation.fairness",
            "data: {protected: [COLUMN]}, or remove fairness",
        )


def _threshold_can_be_limited(recipe: Recipe, snapshot: Snapshot) -> Iterator[Fault]:
    """Only two classes are told apart by a threshold."""
    target = snapshot.target
    two = target.task is Task.CLASSIFICATION and len(target.classes) == 2
    if recipe.evaluation.fairness.at_most and not two:
        yield Fault(
            "limits on differences between groups choose a threshold, and only two classes have one",
            "evaluation.fairness",
            "remove fairness",
        )


def _folds_can_be_cut(recipe: Recipe, *, task: Task | None) -> Iterator[Fault]:
    """Rows that overlap are not cut into folds, nor rows that a teacher has learnt from."""
    if recipe.evaluation.cross_validation is None:
        return
    why = ""
    if task is not None and (
        task in (Task.FORECASTING, Task.MULTI_LABEL, Task.TOKEN_CLASSIFICATION) or task.is_language
    ):
        why = f"{task.value} is not compared by folds"
    elif recipe.training.distillation is not None:
        why = "a student is not compared by folds: its teacher has learnt from the rows of each"
    elif _asks_outside(recipe):
        why = "an endpoint is not compared by folds: every row would be asked about, and paid for"
    if why:
        yield Fault(why, "evaluation.cross_validation", "remove cross_validation")


def _asks_outside(recipe: Recipe) -> bool:
    """Is an endpoint among the candidates?"""
    if isinstance(recipe.model, Auto):
        return recipe.model.api is not None
    return bool(type(recipe.model).model_fields["family"].default == "api")


def _endpoint_is_judged_by_texts(recipe: Recipe) -> Iterator[Fault]:
    """An endpoint that writes has no metrics of likelihood."""
    metric = recipe.evaluation.metric
    writes = recipe.task is not None and recipe.task.is_generated
    if writes and metric in ("bits_per_byte", "perplexity") and _asks_outside(recipe):
        yield Fault(
            f"an endpoint has no {metric}: it does not say how likely a text is",
            "evaluation.metric",
            "metric: chrf",
        )


def _classes_are_weighed_once(recipe: Recipe) -> Iterator[Fault]:
    """Balanced rows and a balanced objective would weigh each class twice."""
    objective = recipe.training.objective
    if not isinstance(objective, CrossEntropyPart | FocalPart) or objective.class_weights is None:
        return
    if recipe.data.balance in ("class-weights", "oversample", "undersample"):
        yield Fault(
            f"classes are weighed twice: by data.balance {recipe.data.balance!r} and by the objective",
            "training.objective.class_weights",
            "class_weights: null",
        )


def _students_are_not_mixed(recipe: Recipe) -> Iterator[Fault]:
    """A teacher speaks of rows as they are, and what it says is not blended with them."""
    mixing, distillation = recipe.training.mixing, recipe.training.distillation
    if mixing is not None and distillation is not None:
        yield Fault(
            f"{mixing.kind} blends rows, and the teacher {distillation.teacher!r} speaks of rows as they are",
            "training.mixing",
            "remove mixing, or distillation",
        )


def _canaries_can_be_looked_for(recipe: Recipe, snapshot: Snapshot) -> Iterator[Fault]:
    """Secrets are found by how likely a model says that they follow."""
    if recipe.evaluation.canaries is None:
        return
    task = snapshot.target.task
    needs = [
        one.needs
        for one in candidates(recipe.model, inputs=snapshot.inputs, target=snapshot.target)
    ]
    why = "" if task.is_language else f"{task.value} tells no texts"
    if task is Task.LANGUAGE_MODELLING and any(
        isinstance(one, LanguageNeeds) and one.form not in ("causal", "bytes") for one in needs
    ):
        why = "a model that fills gaps does not say how likely a text goes on"
    elif task.is_language and not all(isinstance(one, LanguageNeeds) for one in needs):
        why = "an endpoint learns from no train row"
    if why:
        what = f"canaries cannot be looked for: {why}"
        yield Fault(what, "evaluation.canaries", "remove canaries")


def _families_fit(recipe: Recipe, snapshot: Snapshot) -> Iterator[Fault]:
    """A family that is named must be able to learn from these columns."""
    auto = isinstance(recipe.model, Auto)
    found = candidates(recipe.model, inputs=snapshot.inputs, target=snapshot.target)
    if recipe.data.further_targets and not any(one.family in SEVERAL_TARGETS for one in found):
        yield Fault(
            "no candidate learns further targets",
            "data.further_targets",
            f"model: {{family: {SEVERAL_TARGETS[0]}}}, or remove further_targets",
        )
    target = snapshot.target
    if auto and target.task is Task.MULTI_LABEL and [one.family for one in found] == ["baseline"]:
        kinds = ", ".join(sorted({column.type.value for column in snapshot.inputs}))
        yield Fault(
            f"no family but the baseline learns several labels from columns of type {kinds}",
            "model.families",
            "bring columns of numbers, categories or texts, or model: {family: baseline}",
        )
    for family in found:
        why = family.unfit(snapshot.inputs, snapshot.target)
        if why:
            yield Fault(
                f"family {family.family!r}: {why}",
                "model.families" if auto else "model.family",
                "model: {family: auto} takes those that fit",
            )


def _objective_fits(recipe: Recipe, snapshot: Snapshot) -> Iterator[Fault]:
    """An objective of numbers learns no classes: told before the first fit, whatever comes after it."""
    stated, classes = recipe.training.objective, snapshot.target.classes
    if stated is None or snapshot.target.task.is_language:
        return
    if snapshot.target.task is Task.MULTI_LABEL:
        yield Fault(
            f"several labels are learned by the log loss of each, not by {stated.kind!r}",
            "training.objective",
            "remove objective",
        )
        return
    tried: Any = (
        stated.model_copy()
    )  # whose keys may be read: the fit has to read those of `stated`
    try:
        tried.build(num_classes=len(classes), class_counts=[1] * len(classes))
    except RecipeError as error:
        yield from error.faults


def _slices_exist(recipe: Recipe, snapshot: Snapshot) -> Iterator[Fault]:
    names = [column.name for column in snapshot.inputs]
    mixture = recipe.data.mixture
    names += [mixture.column] if mixture is not None and mixture.column is not None else []
    for name in recipe.evaluation.slices:
        if name not in names:
            near = nearest(name, names)
            yield Fault(
                f"there is no column {name!r} to slice by",
                "evaluation.slices",
                f"use {near!r}" if near else f"the columns are: {', '.join(names)[:300]}",
            )


def _cluster_has_work(recipe: Recipe) -> Iterator[Fault]:
    """A cluster that nothing is asked of would have no effect."""
    if recipe.compute.kind != "local" and recipe.data.series is not None:
        yield Fault(
            f"compute: {recipe.compute.kind} has no work: steps of series are prepared here, whole",
            "compute",
            "compute: local",
        )


def _text_is_written(recipe: Recipe) -> Iterator[Fault]:
    """How text is written has no effect where none is."""
    task = recipe.task
    if "generation" in recipe.evaluation.model_fields_set and not (task and task.is_language):
        yield Fault(
            "nothing is written: the task is not one of language",
            "evaluation.generation",
            "remove generation, or name the task: language-modelling, instruction-tuning, text-to-text",
        )


def _refuse(*checks: Iterator[Fault]) -> None:
    faults = [fault for check in checks for fault in check]
    if faults:
        raise RecipeError.of(faults)
