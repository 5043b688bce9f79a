"""How much of a language model is trained: all of it, or low-rank updates that are merged at the end.

LoRA (Hu et al. 2021, arXiv:2106.09685, eq. 3) and DoRA (Liu et al. 2024, arXiv:2402.09353, eq. 5) go beside
every matrix but the head; the token table stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from torch import nn

from trainwright.models.language.network import LanguageNetwork
from trainwright.models.networks.adapting import merged, with_updates
from trainwright.training.optimizers import ParameterGroup

if TYPE_CHECKING:
    from trainwright.models.language.families import LanguageFamily


@dataclass(frozen=True, slots=True)
class Adapted:
    """What is trained.

    Attributes:
        groups: Of parameters; empty: all that are trainable, as one.
        finish: Makes of the trained network one that its architecture can hold.
    """

    groups: tuple[ParameterGroup, ...] = ()
    finish: Callable[[nn.Module], nn.Module] = lambda network: network


def adapted(network: LanguageNetwork, family: LanguageFamily) -> Adapted:
    """Say what of a network is trained; with low-rank updates it is changed in place.

    Raises:
        EnvironmentFault: PEFT is not installed.
    """
    if family.adapt == "full":
        return Adapted(groups_of(network))
    head = network.model.get_output_embeddings()
    matrices = [
        name
        for name, part in network.model.named_modules()
        if isinstance(part, nn.Linear) and part is not head
    ]
    tuned = with_updates(
        network.model,
        matrices,
        rank=family.lora_rank,
        alpha=family.lora_alpha,
        decomposed=family.adapt == "dora",
    )

    def finish(module: nn.Module) -> nn.Module:
        cast("LanguageNetwork", module).model = merged(tuned)
        return module

    return Adapted(finish=finish)


def groups_of(network: LanguageNetwork) -> tuple[ParameterGroup, ...]:
    """Token tables and heads, and the layers between them."""
    outer = {
        id(weight)
        for part in (network.model.get_input_embeddings(), network.model.get_output_embeddings())
        for weight in part.parameters()
    }
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    return (
        ParameterGroup("tables", tuple(w for w in weights if id(w) in outer), hidden=False),
        ParameterGroup("layers", tuple(w for w in weights if id(w) not in outer)),
    )
