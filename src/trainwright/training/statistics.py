"""Running statistics of averaged weights, taken anew from the data: no step trained with such weights.

Source: Izmailov et al. 2018, arXiv:1803.05407, sect. 3.2. Cost: a pass over the training samples,
without gradients, where the module has norms with running statistics; none otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from trainwright.training.protocols import Objective

if TYPE_CHECKING:
    from trainwright.training.loop import Batch


def refresh_statistics(model: nn.Module, objective: Objective, batches: Iterator[Batch]) -> None:
    """Set the running statistics of norms in training mode to the plain mean over `batches`.

    Args:
        model: In its training mode; left in it.
        objective: Calls the model.
        batches: On the model's device; not touched where there is no such norm.
    """
    norms = [
        module
        for module in model.modules()
        if isinstance(module, _NormBase) and module.training and module.running_mean is not None
    ]
    if not norms:
        return
    modes = [(module, module.training) for module in model.modules()]
    shares = [norm.momentum for norm in norms]
    model.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the cumulative mean
        norm.training = True
    try:
        with torch.no_grad():
            for _rows, tensors in batches:
                objective.parts(model, tensors)
    finally:
        for norm, share in zip(norms, shares, strict=True):
            norm.momentum = share
        for module, mode in modes:
            module.training = mode
