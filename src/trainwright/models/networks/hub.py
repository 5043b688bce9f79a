"""Networks of the Hub: their configs, their weights, and where their layers are.

A config is what the Hub calls config.json, without what has no part in the numbers: a path, a version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from trainwright.core.errors import RecipeError
from trainwright.core.pretrained import Base

IDLE = (
    "_name_or_path",
    "transformers_version",
    "torch_dtype",
    "dtype",
    "architectures",
    "auto_map",
)


def drawn(config: Mapping[str, Any]) -> nn.Module:
    """The network of a config, its weights drawn from torch's generator."""
    from transformers import AutoModel

    made: nn.Module = AutoModel.from_config(_known(config))  # type: ignore[no-untyped-call]
    return made


def loaded(base: Base, config: Mapping[str, Any]) -> nn.Module:
    """The network of a config with the weights of a base, in fp32.

    Args:
        base: A folder in the layout of the Hub.
        config: The base's own, without `IDLE`.

    Raises:
        RecipeError: the folder holds no such model, or weights are missing.
    """
    from transformers import AutoModel

    try:
        model, report = AutoModel.from_pretrained(
            base.folder,
            config=_known(config),
            local_files_only=True,
            use_safetensors=True,
            output_loading_info=True,
        )
    except Exception as error:  # whatever a foreign folder brings up
        raise unusable(base, str(error)) from error
    lacking = sorted(name for name in report["missing_keys"] if "pooler" not in name)
    if lacking:
        raise unusable(base, f"weights are missing: {', '.join(lacking[:3])}")
    found: nn.Module = model.float()
    return found


def unusable(base: Base, why: str) -> RecipeError:
    """The refusal of a base whose weights are not those of its config."""
    return RecipeError(
        f"the pre-trained base {base.name!r} cannot be loaded: {why.splitlines()[0][:160]}",
        where="model.pretrained",
        mend="name a folder whose model.safetensors holds the network that its config.json tells of",
    )


def largest_list(model: nn.Module) -> nn.ModuleList | None:
    """The list of modules that holds most weights: the layers; None where there is none."""
    lists = [part for part in model.modules() if isinstance(part, nn.ModuleList)]
    return max(lists, key=lambda one: sum(p.numel() for p in one.parameters()), default=None)


def beside(model: nn.Module, layers: nn.ModuleList) -> list[nn.Module]:
    """The largest parts that hold neither the layers nor any weight of theirs."""
    inside = {id(weight) for weight in layers.parameters()}
    return [
        part
        for part in _without(model, layers)
        if not any(id(weight) in inside for weight in part.parameters())
    ]


def _without(model: nn.Module, layers: nn.ModuleList) -> list[nn.Module]:
    """The largest parts that do not hold the list of layers."""
    found = []
    for child in model.children():
        if child is layers:
            continue
        holds = any(part is layers for part in child.modules())
        found += _without(child, layers) if holds else [child]
    return found


def _known(config: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a config of transformers
    from transformers import AutoConfig

    values = {key: value for key, value in config.items() if key != "model_type"}
    return AutoConfig.for_model(config["model_type"], **values)
