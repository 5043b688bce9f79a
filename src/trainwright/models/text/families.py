"""The recipe's network for texts: how it is written; what it builds is imported when asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.errors import shorten
from trainwright.core.features import Examples, TextNeeds
from trainwright.core.parts import families
from trainwright.models.networks.family import NetworkFamily
from trainwright.models.networks.idle import check_heads, idle_adaptation, refuse_idle
from trainwright.recipe.sections import TrainingSettings

if TYPE_CHECKING:
    from trainwright.models.networks.plan import NetworkPlan

_TEXTS = (ColumnType.TEXT, ColumnType.WORDS)


@families.register
class TextEncoder(NetworkFamily):
    """A transformer encoder: pre-trained and adapted, or small and from scratch."""

    family: Literal["text-encoder"] = "text-encoder"
    """A transformer encoder of texts."""
    pretrained: str | None = None
    """A package of ours, a folder in Hub layout, a name of the Hub, or all-minilm-l6-v2."""
    adapt: Literal["full", "head", "lora"] = "full"
    """Of a pre-trained base: all weights, the head alone, or low-rank updates of the matrices."""
    max_length: int = Field(default=256, ge=8, le=8192)
    """Tokens of a text, special ones included."""
    over_long: Literal["truncate", "split", "drop", "error"] = "truncate"
    """Longer texts are cut off, split into pieces, left out of training, or refused."""
    layer_decay: float = Field(default=1.0, gt=0, le=1)
    """Factor of the learning rate from a layer to the one below it."""
    unfreeze: int | None = Field(default=None, ge=1)
    """Gradual unfreezing: epochs after which one more layer is trained, from the head downwards."""
    lora_rank: int = Field(default=8, ge=1, le=256)
    """Of the low-rank updates."""
    dropout: float | None = Field(default=None, ge=0, lt=1)
    """Share of the units that an update leaves out; the base's own, or 0.1, where not said."""
    pooling: Literal["mean", "cls"] | None = None
    """A text's vector: the mean of its tokens' or the first one's; as the base says, else the mean."""
    hidden: int = Field(default=128, ge=8)
    """From scratch: length of a token's vector."""
    layers: int = Field(default=2, ge=1, le=48)
    """From scratch: layers."""
    heads: int = Field(default=4, ge=1)
    """From scratch: attention heads a layer."""
    vocabulary: int = Field(default=8_000, ge=300, le=200_000)
    """From scratch: tokens of the tokenizer that is fitted on train rows."""

    @model_validator(mode="after")
    def _fits(self) -> TextEncoder:
        check_heads(hidden=self.hidden, heads=self.heads)
        fixed = "" if self.pretrained is None else f"the base {self.pretrained!r} has its own"
        refuse_idle(
            self,
            {
                **dict.fromkeys(("hidden", "layers", "heads", "vocabulary"), fixed),
                **idle_adaptation(pretrained=self.pretrained, adapt=self.adapt),
            },
        )
        return self

    @property
    def needs(self) -> TextNeeds:
        """Token ids: the base's, or those of a tokenizer fitted on train rows."""
        return TextNeeds(
            pretrained=self.pretrained,
            vocabulary=self.vocabulary,
            max_length=self.max_length,
            over_long=self.over_long,
        )

    @property
    def base_name(self) -> str | None:
        return self.pretrained

    @property
    def cost(self) -> int:
        """Far above what serves tables."""
        return 6

    @property
    def settings(self) -> frozenset[str]:
        """All, and batches by tokens."""
        return super().settings | {"tokens_per_batch"}

    def unfit(self, inputs: Sequence[Column], target: Target) -> str:
        """It reads one column of texts, and nothing beside it."""
        if target.task is Task.FORECASTING:
            return "it cannot learn forecasting"
        texts = [column for column in inputs if column.type in _TEXTS]
        if len(texts) == 1 and len(inputs) == 1:
            return ""
        other = next((column for column in inputs if column.type not in _TEXTS), None)
        told = (
            f"column {shorten(other.name, 30)} is of type {other.type.value}"
            if other is not None
            else f"there are {len(texts)}"
        )
        return f"it reads one column of texts, and {told}: data: {{inputs: {{text: COLUMN}}}}"

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
        from trainwright.models.text.planning import plan_text

        return plan_text(
            self,
            train,
            validation,
            target=target,
            objective=training.objective,
            seed=seed,
            base=base,
        )
