"""The trunk of a network that was trained here, as the base of another: its weights, without the head.

A folder of `estimator.json` (the architecture) and `weights.safetensors` (the trunk's weights under the
part's name, `trunk.stem.0.weight`): what a package has at `model/estimator`, and what a pre-training writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from trainwright.core.errors import RecipeError
from trainwright.core.pretrained import Base
from trainwright.models.networks.estimator import WEIGHTS, write_network
from trainwright.models.networks.weights import completed


def save_part(
    module: nn.Module, folder: Path, *, part: str, architecture: Mapping[str, Any]
) -> None:
    """Write a trunk that later networks can start from; the head that trained it is left out.

    Args:
        module: With its weights.
        folder: Must be there.
        part: What the networks of this architecture call it: trunk or encoder.
        architecture: With its kind; what builds the part again.

    Raises:
        EnvironmentFault: the disk refuses.
    """
    state = {f"{part}.{name}": tensor for name, tensor in module.state_dict().items()}
    write_network(folder, state, architecture=architecture)


def architecture_of(base: Base, *, family: str) -> Mapping[str, Any]:
    """What the network's estimator.json says.

    Raises:
        RecipeError: it is of another family.
    """
    architecture = base.architecture or {}
    kind = architecture.get("kind")
    if kind != family:
        raise RecipeError(
            f"the pre-trained base {base.name!r} is of kind {kind!r}, and the family is {family!r}",
            where="model.pretrained",
            mend=f"family: {kind}",
        )
    return architecture


def load_part(module: nn.Module, base: Base, *, part: str, mend: str = "") -> None:
    """Put the weights of a network that was trained here into the same part of another.

    Args:
        module: Of the architecture that `base` tells of.
        base: Where the weights are.
        part: What the network calls it.
        mend: What else may be wrong where the weights do not fit.

    Raises:
        RecipeError: there are no weights, or they do not fit.
    """
    try:
        stored = load_file(base.folder / WEIGHTS)
    except (OSError, SafetensorError) as error:
        raise unusable(base, str(error)) from error
    named = {
        name.removeprefix(f"{part}."): tensor
        for name, tensor in stored.items()
        if name.startswith(f"{part}.")
    }
    weights = completed(module, named)
    unlike = _unlike(module.state_dict(), weights)
    if unlike:
        raise unusable(base, unlike, mend=mend)
    module.load_state_dict(weights)


def unusable(base: Base, why: str, *, mend: str = "") -> RecipeError:
    """A base that cannot be loaded; the mend is another folder where nothing better is known."""
    return RecipeError(
        f"the pre-trained base {base.name!r} cannot be loaded: {why[:160]}",
        where="model.pretrained",
        mend=mend or f"name a folder whose {WEIGHTS} belong to its estimator.json",
    )


def _unlike(wanted: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> str:
    """The first weight that is missing, unknown or of another shape; empty where all fit."""
    for name in sorted({*wanted, *given}):
        if name not in given:
            return f"the weight {name} is missing"
        if name not in wanted:
            return f"the weight {name} has no place"
        if wanted[name].shape != given[name].shape:
            shapes = tuple(given[name].shape), tuple(wanted[name].shape)
            return f"the weight {name} has shape {shapes[0]}, and {shapes[1]} is needed"
    return ""
