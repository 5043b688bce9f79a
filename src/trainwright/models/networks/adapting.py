"""What adaptations of pre-trained bases share: nothing trained, low-rank updates, gradual unfreezing.

Low-rank updates (Hu et al. 2021, arXiv:2106.09685, eq. 3) go beside matrices and are merged at the end, so
that what is packaged is a plain network.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, cast

from torch import nn

from trainwright.core.extras import require
from trainwright.training.optimizers import ParameterGroup

HEAD = "head"  # the block that stands on the base


def freeze(base: nn.Module) -> None:
    """Nothing of it is trained."""
    for weight in base.parameters():
        weight.requires_grad_(False)


def with_updates(
    base: nn.Module,
    names: Sequence[str],
    *,
    rank: int,
    alpha: float | None = None,
    decomposed: bool = False,
) -> nn.Module:
    """The base frozen, with low-rank updates beside the parts named; `base` is changed in place.

    Updates begin at zero; their first weights are drawn from torch's generator.

    Args:
        base: Whose parts.
        names: Of the matrices.
        rank: Of the updates.
        alpha: They are scaled by alpha / rank; twice the rank where not said.
        decomposed: A column's length is trained apart from its direction (DoRA).

    Raises:
        EnvironmentFault: PEFT is not installed.
    """
    require("lora", what="adapt: lora")
    from peft import LoraConfig, get_peft_model

    scale: Any = 2 * rank if alpha is None else alpha  # PEFT divides it by the rank
    settings = LoraConfig(
        r=rank,
        lora_alpha=scale,
        lora_dropout=0.0,
        target_modules=list(names),
        use_dora=decomposed,
    )
    with warnings.catch_warnings():  # it asks transformers by a name that is going away
        warnings.simplefilter("ignore", FutureWarning)
        return get_peft_model(cast("Any", base), settings)


def merged(base: nn.Module) -> nn.Module:
    """The base that `with_updates` gave, its updates merged into its own weights."""
    found: nn.Module = cast("Any", base).merge_and_unload()
    return found


def thawing(groups: tuple[ParameterGroup, ...], *, epochs: int) -> Mapping[int, tuple[str, ...]]:
    """Gradual unfreezing: the head first, then a group further down after every `epochs` epochs.

    Source: Howard & Ruder 2018, arXiv:1801.06146, sect. 3.3.
    """
    below = [group.name for group in reversed(groups) if group.name != HEAD]
    return {epochs * (place + 1): (name,) for place, name in enumerate(below)}
