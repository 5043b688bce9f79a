"""The mode that a module trains in, and what rows of a batch may see of each other.

A norm with running statistics whose own weights are all frozen stays in evaluation mode: else a
frozen base would drift without a gradient.
"""

from __future__ import annotations

import warnings

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from trainwright.core.errors import Fault, RecipeError
from trainwright.training.protocols import Objective


class TrainingWarning(UserWarning):
    """A setting does not do what one could expect of it."""


def training_mode(model: nn.Module) -> None:
    """Training mode, but for norms that are frozen."""
    model.train()
    for module in model.modules():
        if isinstance(module, _BatchNorm) and module.affine and not _learns(module):
            module.eval()


def check_accumulation(model: nn.Module, objective: Objective, *, accumulate: int) -> None:
    """Refuse to cut a batch whose rows depend on each other.

    Args:
        model: In training mode.
        objective: What a step minimises.
        accumulate: Pieces of a batch.

    Raises:
        RecipeError: the objective or a module `couples_rows`.
    """
    if accumulate == 1:
        return
    coupling = [one for one in model.modules() if getattr(one, "couples_rows", False)]
    if objective.couples_rows or coupling:
        name = type(objective if objective.couples_rows else coupling[0]).__name__
        raise RecipeError(
            f"{name} lets the rows of a batch see each other, so {accumulate} pieces are not the batch",
            where="training.accumulate",
            mend="accumulate: 1, with the largest batch_size that memory takes",
        )
    norms = [m for m in model.modules() if isinstance(m, _BatchNorm) and m.training]
    if norms:
        fault = Fault(
            f"{len(norms)} batch norms see pieces of a batch, not the whole: the numbers differ from"
            " those of one piece",
            "training.accumulate",
            "accumulate: 1, or GroupNorm in place of BatchNorm",
        )
        warnings.warn(str(fault), TrainingWarning, stacklevel=3)


def _learns(module: nn.Module) -> bool:
    return any(parameter.requires_grad for parameter in module.parameters(recurse=False))
