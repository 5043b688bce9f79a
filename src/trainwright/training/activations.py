"""Activation checkpointing: activations are computed again in the backward pass, not kept.

A block is an entry of an outermost `nn.ModuleList` or `nn.Sequential`. Dropout draws the same
again, and running statistics are not moved a second time, so the numbers stay what they were. Cost:
about a third more time; gain: the memory of all activations but those between blocks. Source: Chen
et al. 2016, arXiv:1604.06174.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.utils.checkpoint import checkpoint


@contextmanager
def recomputed(model: nn.Module) -> Iterator[int]:
    """Blocks of `model` are checkpointed while the block runs; gives how many there are."""
    found = list(blocks(model))
    for block in found:
        block.forward = _again(block, block.forward)
    try:
        yield len(found)
    finally:
        for block in found:
            del block.forward  # the class's own again


def blocks(module: nn.Module) -> Iterator[nn.Module]:
    """Entries with parameters of the outermost lists of modules."""
    for child in module.children():
        if isinstance(child, nn.ModuleList | nn.Sequential):
            yield from (one for one in child if any(True for _ in one.parameters()))
        else:
            yield from blocks(child)


def _again(block: nn.Module, forward: Callable[..., Any]) -> Callable[..., Any]:
    def checkpointed(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - whatever it takes
        if not block.training:
            return forward(*arguments, **options)
        return checkpoint(
            forward, *arguments, use_reentrant=False, context_fn=lambda: _contexts(block), **options
        )

    return checkpointed


def _contexts(block: nn.Module) -> tuple[AbstractContextManager[Any], AbstractContextManager[Any]]:
    return nullcontext(), _statistics_stay(block)


@contextmanager
def _statistics_stay(block: nn.Module) -> Iterator[None]:
    """A share of 0 of the batch's statistics leaves the running ones as they are, bit for bit."""
    norms = [one for one in block.modules() if isinstance(one, _NormBase) and one.training]
    shares = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, share in zip(norms, shares, strict=True):
            norm.momentum = share
            if norm.num_batches_tracked is not None:
                norm.num_batches_tracked.sub_(1)
