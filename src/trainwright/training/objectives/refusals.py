"""What torch refuses of a batch, in words: class ids that no class has, types and shapes that do not fit.

Nothing is looked at until torch has refused, since looking is a wait for the device: a sound step pays
nothing. What is not understood here goes on as torch said it.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from trainwright.core.errors import DataError, RecipeError
from trainwright.training.objectives import IGNORED

_OF_SHAPES = ("shape", "size", "dimension", "channels", "multiplied")


def as_ids(target: Tensor) -> Tensor:
    """Class ids as int64, which torch's losses take; distributions, of floats, as they are."""
    if target.dtype == torch.int64 or target.is_floating_point():
        return target
    return target.long()


def explain_ids(
    target: Tensor,
    *,
    name: str,
    num_classes: int,
    mend: str,
    weights: int | None = None,
    ignored: int | None = IGNORED,
) -> None:
    """Say what is wrong with a target of classes, where something is.

    Args:
        target: Class ids (...), or distributions (..., C); any type.
        name: Of the tensor in the batch.
        num_classes: C: the units of the model's last layer.
        mend: What to do about an id that is none of the classes.
        weights: Number of class weights; None: there are none.
        ignored: The id of what has no class; None: all must have one.

    Raises:
        DataError: an id is none of the classes, or distributions are of another number of classes.
        RecipeError: there are more or fewer weights than classes.
    """
    if weights not in (None, num_classes):
        raise RecipeError(
            f"{weights} class weights, where the model gives {num_classes} classes",
            where="objective.class_weights",
            mend=f"give {num_classes} weights",
        )
    kind, shape = _named(target.dtype), tuple(target.shape)
    if target.is_floating_point():
        if shape[-1:] != (num_classes,):
            raise DataError(
                f"the target is {kind} of shape {shape}: neither class ids, which are whole numbers,"
                f" nor distributions over {num_classes} classes",
                where=name,
                mend=f"{name} = {name}.astype('int64')",
            )
        return
    there = target if ignored is None else target[target != ignored]
    odd = there[(there < 0) | (there >= num_classes)]
    if odd.numel():
        shown = ", ".join(map(str, sorted(set(odd.tolist()))[:5]))
        raise DataError(
            f"nothing has the id {shown}: there are {num_classes} classes, so ids go from 0 to"
            f" {num_classes - 1}{'' if ignored is None else f' ({ignored}: none)'}",
            where=f"{name}: {odd.numel()} of the {target.numel()} targets of a batch",
            mend=mend,
        )


def explain_inputs(error: Exception, model: nn.Module, given: Mapping[str, Tensor]) -> None:
    """Say why a model refused its inputs, where that can be told from the tensors.

    Args:
        error: What torch said.
        model: Called with `given`.
        given: Its inputs by their names.

    Raises:
        DataError: ids beyond an embedding, or a type that the first layer does not take.
        RecipeError: a shape that a layer does not take.
    """
    said = str(error).strip().splitlines()[0][:200] if str(error).strip() else ""
    rows = [module.num_embeddings for module in model.modules() if isinstance(module, nn.Embedding)]
    weights = [p.dtype for p in model.parameters() if p.is_floating_point()]
    for name, tensor in given.items():
        if rows and not tensor.is_floating_point() and tensor.numel():
            _check_ids_of_embedding(tensor, name, max(rows))
        wanted = "int64" if "indices" in said else _named(weights[0]) if weights else ""
        if ("type" in said or "indices" in said) and wanted not in ("", _named(tensor.dtype)):
            raise DataError(
                f"the model does not take {_named(tensor.dtype)}: {said}",
                where=name,
                mend=f"{name} = {name}.astype({wanted!r})",
            ) from error
    if any(word in said for word in _OF_SHAPES):
        shapes = ", ".join(f"{name} {tuple(tensor.shape)}" for name, tensor in given.items())
        raise RecipeError(
            f"the model does not take {shapes}: {said}",
            where="model",
            mend="give its first layer as many inputs as a sample has numbers",
        ) from error


def _check_ids_of_embedding(ids: Tensor, name: str, rows: int) -> None:
    low, high = int(ids.min()), int(ids.max())
    if low < 0 or high >= rows:
        raise DataError(
            f"ids go from {low} to {high}, and the largest embedding has {rows} rows",
            where=name,
            mend=f"ids from 0 to {rows - 1}, or nn.Embedding({max(high, 0) + 1}, ...)",
        )


def _named(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
