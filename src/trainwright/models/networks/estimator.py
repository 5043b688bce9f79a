"""A fitted network: its architecture as JSON, its weights as safetensors, and one way to ask it.

Samples go through in batches of like length, in evaluation mode and without gradients, on one thread for
a single row. A row's answer depends on it alone, up to the rounding of sums whose order a batch's size
can change: golden rows hold it to 1e-5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save
from torch import Tensor, nn

from trainwright.core.durable import read_json, write_bytes, write_json
from trainwright.core.errors import TrustError
from trainwright.models.networks.architecture import Architecture, load_architecture
from trainwright.models.networks.weights import load_weights, written_once
from trainwright.training.feeding.loader import epoch_batches

_FILE = "estimator.json"
WEIGHTS = "weights.safetensors"


@dataclass(frozen=True, slots=True)
class NetworkEstimator:
    """A network that answers (`core.protocols.Estimator`).

    Attributes:
        architecture: How it reads and answers.
        module: In evaluation mode, on the CPU, fp32.
        origin: Name and SHA-256 of the pre-trained base, where there was one.
    """

    architecture: Architecture
    module: nn.Module
    origin: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Its name in `core.parts.SAVED`."""
        return "network"

    @property
    def generates(self) -> bool:
        """True for a language model that writes texts."""
        return self.architecture.generates

    def predict(self, features: Any) -> NDArray[np.float64]:  # noqa: ANN401 - of AnyFeatures
        """Probabilities (rows, classes), values (rows,) or forecasts (rows, horizon)."""
        source = self.architecture.source(features)
        found: dict[int, NDArray[np.float64]] = {}
        with torch.inference_mode():
            for rows, batch in epoch_batches(
                source,
                seed=0,
                epoch=0,
                batch_size=self.architecture.rows_at_once,
                shuffle=False,
                training=False,
            ):
                outputs = self.module(*(batch[name] for name in self.architecture.inputs))
                answers = self.architecture.answer(outputs, batch)
                _enter(found, rows, answers, batch)
        return self.architecture.combine(_in_order(found), features)

    def save(self, folder: Path) -> None:
        architecture = {"kind": self.architecture.kind, **self.architecture.to_json()}
        write_network(
            folder, self.module.state_dict(), architecture=architecture, origin=self.origin
        )

    @classmethod
    def load(cls, folder: Path) -> NetworkEstimator:
        """From a folder whose hashes the caller has verified.

        Raises:
            TrustError: the weights are not those of the architecture.
        """
        document = read_json(folder / _FILE)
        architecture = load_architecture(document["architecture"])
        with torch.random.fork_rng(devices=[]):
            module = architecture.build()
        try:
            load_weights(module, load_file(folder / WEIGHTS))
        except (RuntimeError, ValueError, OSError) as error:
            raise TrustError(
                f"the weights are not those of the architecture: {str(error)[:200]}",
                where=str(folder / WEIGHTS),
            ) from error
        return cls(architecture, module.eval(), document["origin"])


def write_network(
    folder: Path,
    state: Mapping[str, Tensor],
    *,
    architecture: Mapping[str, Any],
    origin: Mapping[str, str] | None = None,
) -> None:
    """Write weights and architecture (with its kind) as `NetworkEstimator.load` reads them."""
    write_bytes(folder / WEIGHTS, save(written_once(state)))
    write_json(folder / _FILE, {"architecture": dict(architecture), "origin": dict(origin or {})})


def _enter(
    found: dict[int, NDArray[np.float64]],
    rows: NDArray[np.int64],
    answers: NDArray[np.float64],
    batch: Mapping[str, Any],
) -> None:
    """Note each sample's answer; where a sample is several words, `row_words` says how many."""
    if "row_words" not in batch:
        found.update(zip(rows.tolist(), answers[:, None], strict=True))
        return
    ends = np.cumsum(batch["row_words"].numpy())
    found.update(zip(rows.tolist(), np.split(answers, ends[:-1]), strict=True))


def _in_order(found: Mapping[int, NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.concatenate([found[row] for row in range(len(found))])
