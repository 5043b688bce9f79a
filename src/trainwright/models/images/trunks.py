"""Where the trunk of a network for images comes from: drawn, published, of the Hub, or trained here before.

With it comes the scale of the pixels that it was made for. What is trained here without labels is kept by
`save_trunk`, and a recipe starts from it by `model: {pretrained: FOLDER}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainwright.core.durable import make_folder
from trainwright.core.errors import RecipeError
from trainwright.core.features import Images
from trainwright.core.pretrained import Base
from trainwright.models.images import efficientnet_lite
from trainwright.models.images.architecture import build_trunk
from trainwright.models.images.lite_weights import lite_weights
from trainwright.models.images.network import Trunk
from trainwright.models.images.source import channel_statistics
from trainwright.models.networks.trained import architecture_of, load_part, save_part, unusable

if TYPE_CHECKING:
    from trainwright.models.images.families import ImageFamily

_PART = "trunk"


@dataclass(frozen=True, slots=True)
class ScaledTrunk:
    """A trunk with its weights.

    Attributes:
        module: Gives vectors.
        values: What builds it again.
        mean: Taken off each channel, on the scale of 0 to 255.
        std: What each channel is divided by then.
    """

    module: Trunk
    values: Mapping[str, Any]
    mean: tuple[float, ...]
    std: tuple[float, ...]


def draw_trunk(family: ImageFamily, images: Images) -> ScaledTrunk:
    """From scratch, its weights drawn from torch's generator; pixels are scaled by these images."""
    values = family.scratch(images.shape)
    mean, std = channel_statistics(images)
    module = build_trunk(values, shape=images.shape)
    return ScaledTrunk(module, values, tuple(mean.tolist()), tuple(std.tolist()))


def load_trunk(family: ImageFamily, found: Base, images: Images) -> ScaledTrunk:
    """With the weights of a pre-trained base, and scaled as it was trained.

    Raises:
        RecipeError: the base cannot be loaded, or does not fit the family or the images.
        TrustError: the weights of a base are not those that were published.
    """
    if found.name == "efficientnet-lite0":
        return _published(found, images, stochastic_depth=family.drops_blocks)
    if found.architecture is not None:
        return _trained_here(found, images, family=family.name)
    from trainwright.models.images.hub import load_trunk, scales_of

    module, config = load_trunk(found, shape=images.shape)
    mean, std = scales_of(found, channels=images.shape[0])
    return ScaledTrunk(module, {"kind": "hub", "config": config}, mean, std)


def save_trunk(
    trunk: ScaledTrunk, folder: Path, *, family: str, shape: tuple[int, int, int]
) -> None:
    """Write a trunk that was trained without a head of classes, for `model: {pretrained: FOLDER}`.

    Args:
        trunk: With its weights.
        folder: Made where it is not there; what was in it before is replaced.
        family: cnn or vit.
        shape: Channels, height, width of the images that it was trained on.

    Raises:
        EnvironmentFault: the disk refuses.
    """
    make_folder(folder)
    architecture = {
        "kind": family,
        "trunk": dict(trunk.values),
        "shape": list(shape),
        "mean": list(trunk.mean),
        "std": list(trunk.std),
    }
    save_part(trunk.module, folder, part=_PART, architecture=architecture)


def _published(found: Base, images: Images, *, stochastic_depth: float) -> ScaledTrunk:
    """EfficientNet-Lite0 with its ImageNet weights."""
    values = {"kind": "efficientnet-lite0", "stochastic_depth": stochastic_depth}
    module = build_trunk(values, shape=images.shape)
    weights = lite_weights(found)
    module.load_state_dict(
        {name: one for name, one in weights.items() if not name.startswith("head.")}
    )
    channels = images.shape[0]
    mean, std = (efficientnet_lite.MEAN,) * channels, (efficientnet_lite.STD,) * channels
    return ScaledTrunk(module, values, mean, std)


def _trained_here(found: Base, images: Images, *, family: str) -> ScaledTrunk:
    """Built as its architecture says, for images of the same channels."""
    architecture = architecture_of(found, family=family)
    try:
        mean, std = (tuple(map(float, architecture[key])) for key in ("mean", "std"))
        values = dict(architecture["trunk"])
        module = build_trunk(values, shape=images.shape)
        side = int(architecture["shape"][1])
    except (KeyError, IndexError, TypeError, ValueError, RuntimeError) as error:
        raise unusable(found, f"{error!r}") from error
    if len(mean) != images.shape[0]:
        raise RecipeError(
            f"the pre-trained base {found.name!r} takes images of {len(mean)} channels,"
            f" not {images.shape[0]}",
            where="model.pretrained",
            mend=f"channels: {len(mean)}",
        )
    is_resized = side not in images.shape[1:]
    load_part(module, found, part=_PART, mend=f"size: {side}" if is_resized else "")
    return ScaledTrunk(module, values, mean, std)
