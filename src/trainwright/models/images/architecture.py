"""The architecture of a network for images: its trunk, how pixels are scaled, and how an answer is read off.

The trunk is told by JSON values that say all it is, so that a package is built again without the base
that it came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray

from trainwright.core.features import Images
from trainwright.models.images.augmentation import Changes
from trainwright.models.images.efficientnet_lite import EfficientNetLite
from trainwright.models.images.network import ImageNetwork, Trunk
from trainwright.models.images.resnet import ResNet
from trainwright.models.images.source import ImageSource
from trainwright.models.links import Link
from trainwright.models.networks.architecture import Architecture
from trainwright.models.networks.tasks import learnt_target

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class ImageArchitecture(Architecture):
    """How a network for images reads and answers.

    Attributes:
        family: cnn or vit.
        trunk: {"kind": "resnet" | "efficientnet-lite0" | "hub"} with what that kind needs.
        shape: Channels, height, width of the images.
        num_classes: 0 for regression.
        mean: Taken off each channel, on the scale of 0 to 255.
        std: What each channel is divided by then.
        dropout: Before the head.
        changes: Augmentation in training; None for none.
        link: From the learnt scale to the target's.
    """

    rows_at_once: ClassVar[int] = 64

    family: str
    trunk: Mapping[str, Any]
    shape: tuple[int, int, int]
    num_classes: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    dropout: float
    changes: Changes | None = None
    link: Link = field(default_factory=Link)

    @property
    def kind(self) -> str:
        return self.family

    def to_json(self) -> dict[str, Any]:
        return {
            "family": self.family,
            "trunk": dict(self.trunk),
            "shape": list(self.shape),
            "num_classes": self.num_classes,
            "mean": list(self.mean),
            "std": list(self.std),
            "dropout": self.dropout,
            "changes": None if self.changes is None else asdict(self.changes),
            "link": self.link.to_json(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        channels, height, width = value["shape"]
        rest = {
            "shape": (channels, height, width),
            "mean": tuple(value["mean"]),
            "std": tuple(value["std"]),
            "changes": None if value["changes"] is None else Changes(**value["changes"]),
            "link": Link.from_json(value["link"]),
        }
        return cls(**{**value, **rest})

    def build(self) -> nn.Module:
        return self.with_head(build_trunk(self.trunk, shape=self.shape))

    def with_head(self, trunk: Trunk) -> ImageNetwork:
        """The network around a trunk that is there already."""
        return ImageNetwork(trunk, num_outputs=self.num_classes or 1, dropout=self.dropout)

    def source(
        self,
        features: Images,
        target: NDArray[np.float64] | None = None,
        *,
        seed: int = 0,
    ) -> ImageSource:
        learnt = None
        if target is not None:
            learnt = torch.from_numpy(learnt_target(target, self.num_classes, self.link))
        return ImageSource(
            features, learnt, mean=self.mean, std=self.std, changes=self.changes, seed=seed
        )

    def answer(self, outputs: Tensor, batch: Mapping[str, Tensor]) -> NDArray[np.float64]:
        if self.num_classes:
            probabilities: NDArray[np.float64] = outputs.double().softmax(-1).numpy()
            return probabilities
        return self.link.inverse(outputs.double().squeeze(-1).numpy())


def build_trunk(values: Mapping[str, Any], *, shape: tuple[int, int, int]) -> Trunk:
    """The trunk that these values tell of, its weights drawn from torch's generator.

    Raises:
        ValueError: no such kind.
    """
    rest = {key: value for key, value in values.items() if key != "kind"}
    match values["kind"]:
        case "resnet":
            return ResNet(shape, **rest)
        case "efficientnet-lite0":
            return EfficientNetLite(channels=shape[0], **rest)
        case "hub":
            from trainwright.models.images.hub import HubTrunk

            return HubTrunk(rest["config"])
        case kind:
            raise ValueError(f"no trunk is of kind {kind!r}")
