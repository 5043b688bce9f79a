"""What the architectures for series have in common: how they read, and how they answer."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray

from trainwright.core.columns import Task
from trainwright.core.features import Series
from trainwright.models.networks.architecture import Architecture
from trainwright.models.sequences.heads import Forecast, PooledAnswer
from trainwright.models.sequences.source import SeriesSource

if TYPE_CHECKING:
    from torch import Tensor, nn

    from trainwright.training.protocols import Source, Tensors


@dataclass(frozen=True, kw_only=True)
class SeriesArchitecture(Architecture):
    """Base of the architectures for series.

    Attributes:
        task: What is answered.
        channels: Of the series.
        outputs: Classes; 1 for a number; steps ahead of a forecast.
        hidden: Width of the states.
        layers: Of the trunk.
        dropout: Between layers and before the head.
        patch: Steps a token.
        context: Forecasting: steps of a window.
        season: Forecasting: where the linear map begins.
        target_centre: Taken off the target while it is learned.
        target_scale: What it is divided by.
    """

    task: str
    channels: int
    outputs: int
    hidden: int
    layers: int
    dropout: float
    patch: int
    context: int = 0
    season: int = 1
    target_centre: float = 0.0
    target_scale: float = 1.0

    inputs: ClassVar[tuple[str, ...]] = ("series", "mask")

    @abstractmethod
    def trunk(self) -> tuple[nn.Module, int]:
        """What reads the series, and the width of its states."""

    @property
    def read_tokens(self) -> int:
        """How many of the last states a forecast is read from."""
        return 1

    def build(self) -> nn.Module:
        trunk, width = self.trunk()
        if self.task == Task.FORECASTING:
            return Forecast(
                trunk,
                width=width,
                tokens=self.read_tokens,
                context=self.context,
                horizon=self.outputs,
                season=self.season,
                dropout=self.dropout,
            )
        return PooledAnswer(trunk, width=width, outputs=self.outputs, dropout=self.dropout)

    def source(
        self, features: Series, target: NDArray[np.float64] | None = None, *, seed: int = 0
    ) -> Source:
        return SeriesSource(features, multiple=self.patch, target=self._scaled(target))

    def answer(self, outputs: Tensor, batch: Tensors) -> NDArray[np.float64]:
        if self.task == Task.CLASSIFICATION:
            return torch.softmax(outputs.double(), dim=1).numpy()
        values = outputs.double().numpy() * self.target_scale + self.target_centre
        return values if self.task == Task.FORECASTING else values[:, 0]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(**value)

    def _scaled(self, target: NDArray[np.float64] | None) -> NDArray[np.generic] | None:
        """As the objectives want it: class ids as int64, numbers as float32 (rows,) or (rows, horizon)."""
        if target is None:
            return None
        if self.task == Task.CLASSIFICATION:
            return target.astype(np.int64)
        return ((target - self.target_centre) / self.target_scale).astype(np.float32)
