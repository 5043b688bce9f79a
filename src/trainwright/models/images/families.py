"""The recipe's networks for images: how they are written; what they build is imported when asked for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.errors import shorten
from trainwright.core.features import Examples, ImageNeeds
from trainwright.core.parts import families
from trainwright.models.networks.family import NetworkFamily
from trainwright.models.networks.idle import check_heads, idle_adaptation, refuse_idle
from trainwright.recipe.reads import Section
from trainwright.recipe.sections import TrainingSettings

if TYPE_CHECKING:
    from trainwright.models.images.augmentation import Changes
    from trainwright.models.networks.plan import NetworkPlan

LITE = "efficientnet-lite0"


class Augmentation(Section):
    """How train images are changed at random, each anew in each epoch."""

    flip: bool = False
    """Half are mirrored, left to right; for photos, not for digits or text."""
    shift: float = Field(default=0.08, ge=0, le=0.5)
    """By up to this share of the side, in either direction."""
    rotation: float = Field(default=10.0, ge=0, le=180)
    """By up to so many degrees, in either direction."""
    scale: float = Field(default=0.1, ge=0, lt=1)
    """Larger or smaller by up to this share."""
    colour: float = Field(default=0.1, ge=0, lt=1)
    """Brightness, contrast and saturation by up to this share."""


class ImageFamily(NetworkFamily):
    """What the families for images have in common."""

    scratch_rate: ClassVar[float]
    scratch_passes: ClassVar[int] = 1
    tuned_rate: ClassVar[float]

    pretrained: str | None = None
    """A package of ours, a folder in Hub layout, a name of the Hub, or efficientnet-lite0."""
    adapt: Literal["full", "head", "lora"] = "full"
    """Of a pre-trained base: all weights, the head alone, or low-rank updates of the matrices."""
    layer_decay: float = Field(default=1.0, gt=0, le=1)
    """Factor of the learning rate from a block to the one below it."""
    unfreeze: int | None = Field(default=None, ge=1)
    """Gradual unfreezing: epochs after which one more block is trained, from the head downwards."""
    lora_rank: int = Field(default=8, ge=1, le=256)
    """Of the low-rank updates."""
    size: int | None = Field(default=None, ge=4, le=1024)
    """Height and width that images are brought to; the base's own or the commonest where not said."""
    channels: Literal[1, 3] | None = None
    """1: grey, 3: colour; colour where any train image is where not said."""
    dropout: float = Field(default=0.1, ge=0, lt=1)
    """Share of the units before the head that an update leaves out."""
    augmentation: Augmentation | None = Augmentation()
    """How train images are changed at random; null: not at all."""

    @property
    def name(self) -> str:
        """Of the family."""
        return str(type(self).model_fields["family"].default)

    @property
    def base_name(self) -> str | None:
        return self.pretrained

    @property
    def settings(self) -> frozenset[str]:
        """All, and blended rows."""
        return super().settings | {"mixing"}

    @property
    def changes(self) -> Changes | None:
        """The augmentation as values; None where it changes nothing."""
        from trainwright.models.images.augmentation import Changes

        said = self.augmentation
        if said is None:
            return None
        made = Changes(said.flip, said.shift, said.rotation, said.scale, said.colour)
        return None if made == Changes() else made

    @property
    def drops_blocks(self) -> float:
        """Rate of stochastic depth; 0 where the family has none."""
        return 0.0

    @abstractmethod
    def scratch(self, shape: tuple[int, int, int]) -> dict[str, Any]:
        """JSON values of the trunk from scratch, for images of this shape."""

    def unfit(self, inputs: Sequence[Column], target: Target) -> str:
        """It reads one column of images, and nothing beside it."""
        if target.task not in (Task.CLASSIFICATION, Task.REGRESSION):
            return f"it cannot learn {target.task.value}"
        other = next((column for column in inputs if column.type is not ColumnType.IMAGE), None)
        if other is None and len(inputs) == 1:
            return ""
        told = (
            f"column {shorten(other.name, 30)} is of type {other.type.value}"
            if other is not None
            else f"there are {len(inputs)}"
        )
        return f"it reads one column of images, and {told}: data: {{inputs: {{image: COLUMN}}}}"

    def plan(
        self,
        train: Examples,
        validation: Examples | None,
        *,
        target: Target,
        training: TrainingSettings,
        seed: int,
        base: Path,
    ) -> NetworkPlan:
        from trainwright.models.images.planning import plan_images

        return plan_images(
            self,
            train,
            validation,
            target=target,
            objective=training.objective,
            seed=seed,
            base=base,
        )


@families.register
class CNN(ImageFamily):
    """A convolutional network: a small ResNet from scratch, or a pre-trained base."""

    scratch_rate = 2e-3
    tuned_rate = 5e-4

    family: Literal["cnn"] = "cnn"
    """A convolutional network for images."""
    architecture: Literal["resnet", "efficientnet-lite0"] | None = None
    """From scratch: a small ResNet where not said, or EfficientNet-Lite0."""
    widths: tuple[int, ...] = Field(default=(32, 64, 128), min_length=1, max_length=6)
    """Of the ResNet: channels of each stage; a stage halves height and width."""
    blocks: int = Field(default=1, ge=1, le=16)
    """Of the ResNet: blocks of two convolutions in each stage."""
    stochastic_depth: float = Field(default=0.0, ge=0, lt=1)
    """Rate at which an update leaves out the last block of a row; less for those before it."""

    @model_validator(mode="after")
    def _fits(self) -> CNN:
        if any(not 4 <= width <= 4096 for width in self.widths):
            raise ValueError("a stage has from 4 to 4096 channels | mend: widths: [32, 64, 128]")
        fixed = "" if self.pretrained is None else f"the base {self.pretrained!r} has its own"
        stages = f"they are of the ResNet, not of {LITE}" if self.architecture == LITE else ""
        refuse_idle(
            self,
            {
                **idle_adaptation(pretrained=self.pretrained, adapt=self.adapt),
                "architecture": fixed,
                "channels": f"{LITE} reads colours" if self.pretrained == LITE else "",
                "widths": fixed or stages,
                "blocks": fixed or stages,
                "stochastic_depth": self._undropped(),
            },
        )
        return self

    def _undropped(self) -> str:
        """Why no update can leave out a block; "" where one can."""
        if self.pretrained not in (None, LITE):
            return (
                f"the base {self.pretrained!r} is no network of ours, whose blocks can be left out"
            )
        return "adapt: head trains no block" if self.adapt == "head" else ""

    @property
    def needs(self) -> ImageNeeds:
        """A pre-trained base's own size and channels, unless the recipe says others."""
        if self.pretrained == LITE:
            return ImageNeeds(size=self.size or 224, channels=3)
        return ImageNeeds(size=self.size, channels=self.channels, pretrained=self.pretrained)

    @property
    def cost(self) -> int:
        """Far above what serves tables."""
        return 5

    @property
    def drops_blocks(self) -> float:
        return self.stochastic_depth

    def scratch(self, shape: tuple[int, int, int]) -> dict[str, Any]:
        if self.architecture == LITE:
            return {"kind": LITE, "stochastic_depth": self.stochastic_depth}
        return {
            "kind": "resnet",
            "widths": list(self.widths),
            "blocks": self.blocks,
            "stochastic_depth": self.stochastic_depth,
        }


@families.register
class ViT(ImageFamily):
    """A vision transformer: small and from scratch, or a pre-trained base."""

    scratch_rate = 1e-3
    scratch_passes = 2
    tuned_rate = 1e-4

    family: Literal["vit"] = "vit"
    """A vision transformer."""
    patch: int | None = Field(default=None, ge=1, le=64)
    """From scratch: side of the squares that are read as tokens; about an eighth of the image's."""
    hidden: int = Field(default=96, ge=8)
    """From scratch: length of a token's vector."""
    layers: int = Field(default=4, ge=1, le=48)
    """From scratch: layers."""
    heads: int = Field(default=4, ge=1)
    """From scratch: attention heads a layer."""

    @model_validator(mode="after")
    def _fits(self) -> ViT:
        check_heads(hidden=self.hidden, heads=self.heads)
        if self.pretrained == LITE:
            raise ValueError(f"{LITE} is no vision transformer | mend: family: cnn")
        fixed = "" if self.pretrained is None else f"the base {self.pretrained!r} has its own"
        refuse_idle(
            self,
            {
                **idle_adaptation(pretrained=self.pretrained, adapt=self.adapt),
                **dict.fromkeys(("patch", "hidden", "layers", "heads", "size"), fixed),
            },
        )
        return self

    @property
    def needs(self) -> ImageNeeds:
        """A pre-trained base's own size and channels."""
        return ImageNeeds(size=self.size, channels=self.channels, pretrained=self.pretrained)

    @property
    def cost(self) -> int:
        """As much as a network for texts."""
        return 6

    def scratch(self, shape: tuple[int, int, int]) -> dict[str, Any]:
        from trainwright.models.images.hub import vit_config

        patch = self.patch or max(2, min(16, -(-max(shape[1:]) // 8)))
        config = vit_config(
            shape,
            patch=patch,
            hidden=self.hidden,
            layers=self.layers,
            heads=self.heads,
            dropout=self.dropout,
        )
        return {"kind": "hub", "config": config}
