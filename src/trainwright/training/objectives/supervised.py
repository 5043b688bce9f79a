"""The common shape of objectives that compare one output with one target.

A subclass gives the terms of the loss and, where they are not all worth 1, their weights. The sum is over
terms times weights, the count is the sum of the weights, and both can be taken over pieces of a batch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from trainwright.core.errors import RecipeError, nearest, with_article
from trainwright.training.objectives.refusals import explain_inputs
from trainwright.training.protocols import LossPart

if TYPE_CHECKING:
    from trainwright.training.protocols import Tensors

Reduction = Literal["none", "sum"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervised(ABC):
    """One output, one target, one part.

    Attributes:
        inputs: Tensors of the batch that the model is called with, in order.
        target: The tensor of the batch that the output is judged by.
        weight: The tensor of the batch with a weight a row, shape (rows,), or a term; None: all 1.
        output: The entry of the output to judge, where the model gives a mapping.
    """

    couples_rows: ClassVar[bool] = False
    name: ClassVar[str]
    # What a term times 1 / variance is, as a negative log-likelihood; half for a Gaussian's square.
    likelihood_factor: ClassVar[float] = 1.0

    inputs: tuple[str, ...] = ("inputs",)
    target: str = "target"
    weight: str | None = None
    output: str | None = None

    @abstractmethod
    def terms(self, output: Tensor, target: Tensor, *, reduction: Reduction) -> Tensor:
        """Losses in the shape of the weights, each times its own weight; or their sum, shape ()."""

    def weights(self, target: Tensor) -> Tensor | None:
        """What each term is worth, from the target alone; None: 1 each, as many as targets."""
        return None

    def goal(self, batch: Tensors) -> Tensor:
        """What the output is compared with."""
        return taken(batch, self.target)

    def explain(self, output: Tensor, target: Tensor) -> None:  # noqa: B027 - most know of nothing
        """Say in words why torch refused to compare them (DataError, RecipeError), where that is known."""

    def parts(self, model: nn.Module, batch: Tensors) -> Mapping[str, LossPart]:
        return {self.name: self.judge(called(model, self.inputs, batch), batch)}

    def counts(self, batch: Tensors) -> Mapping[str, Tensor]:
        return {self.name: self.count(batch)}

    def judge(self, output: object, batch: Tensors) -> LossPart:
        """The loss of an output that was computed already."""
        values, target = chosen(output, self.output), self.goal(batch)
        try:
            return LossPart(self._total(values, target, batch), self.count(batch))
        except (IndexError, RuntimeError, ValueError):
            self.explain(values, target)
            raise

    def _total(self, values: Tensor, target: Tensor, batch: Tensors) -> Tensor:
        if self.weight is None:
            return self.terms(values, target, reduction="sum")
        terms = self.terms(values, target, reduction="none")
        return (terms * spread(taken(batch, self.weight), terms)).sum()

    def count(self, batch: Tensors) -> Tensor:
        """What the sum is divided by; shape ()."""
        target = self.goal(batch)
        weights = self.weights(target)
        if self.weight is not None:
            weights = torch.ones_like(target, dtype=torch.float32) if weights is None else weights
            return (weights * spread(taken(batch, self.weight), weights)).sum()
        if weights is not None:  # of yes and no, count_nonzero takes half the time of a sum
            return torch.count_nonzero(weights) if weights.dtype == torch.bool else weights.sum()
        return torch.full((), target.numel(), dtype=torch.float32, device=target.device)


def called(model: nn.Module, inputs: Sequence[str], batch: Tensors) -> Any:  # noqa: ANN401 - as the model
    """What the model makes of the named tensors of a batch.

    Raises:
        RecipeError: the batch holds no tensor of such a name, or one of a shape that a layer does not take.
        DataError: a tensor is of a type that the model does not take, or holds ids beyond its embeddings.
    """
    given = [taken(batch, name) for name in inputs]
    try:
        return model(*given)
    except (IndexError, RuntimeError) as error:
        if type(error) in (IndexError, RuntimeError):  # torch's own, and no memory that ran out
            explain_inputs(error, model, dict(zip(inputs, given, strict=True)))
        raise


def taken(batch: Tensors, name: str) -> Tensor:
    """A tensor of the batch.

    Raises:
        RecipeError: there is none of that name.
    """
    if name not in batch:
        near = nearest(name, batch) or next(iter(batch), None)
        raise RecipeError(
            f"a batch holds {', '.join(batch)}, not {name!r}",
            where="objective",
            mend=f"name {near!r} in the objective, or {name!r} in the source",
        )
    return batch[name]


def chosen(output: object, key: str | None) -> Tensor:
    """The tensor to judge, in float32 at least.

    Raises:
        RecipeError: the model gives a mapping and no entry is named, or there is none of that name.
    """
    if isinstance(output, Mapping):
        if key not in output:
            raise RecipeError(
                f"the model gives {', '.join(map(str, output))}, not {key!r}",
                where="objective",
                mend=f"output={next(iter(output), None)!r}",
            )
        output = output[key]
    if not isinstance(output, Tensor):
        raise RecipeError(
            f"the model gives {with_article(type(output).__name__)}, not a tensor",
            where="objective",
            mend="return a tensor, or a mapping and say output=NAME",
        )
    return output.float() if output.dtype in (torch.bfloat16, torch.float16) else output


@lru_cache(maxsize=64)
def on_device(
    values: tuple[float, ...], device: torch.device, dtype: torch.dtype = torch.float32
) -> Tensor:
    """Settings as a tensor, made once a device; shape (values,).

    Never a tensor of inference mode, in which an evaluation may be the first to ask: training could
    not use it.
    """
    with torch.inference_mode(mode=False):
        return torch.tensor(values, device=device, dtype=dtype)


def spread(weight: Tensor, terms: Tensor) -> Tensor:
    """Weights a row, or a term, in a shape that multiplies `terms`.

    Raises:
        RecipeError: there are more dimensions than terms have.
    """
    if weight.ndim > terms.ndim:
        raise RecipeError(
            f"weights {tuple(weight.shape)} for losses {tuple(terms.shape)}",
            where="objective",
            mend="give one weight a row",
        )
    return weight.reshape(weight.shape + (1,) * (terms.ndim - weight.ndim))


def aligned(output: Tensor, target: Tensor) -> Tensor:
    """The output in the target's shape; a last dimension of 1 is dropped.

    Raises:
        RecipeError: the shapes differ; broadcasting would compare each row with all others.
    """
    if output.ndim == target.ndim + 1 and output.shape[-1] == 1:
        output = output.squeeze(-1)
    if output.shape != target.shape:
        raise RecipeError(
            f"the model gives {tuple(output.shape)}, the target is {tuple(target.shape)}",
            where="objective",
            mend="give the last layer as many units as a row has targets",
        )
    return output
