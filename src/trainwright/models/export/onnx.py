"""Networks as ONNX graphs, traced by torch's exporter on `torch.export`; the older one is silently wrong.

A graph takes any number of rows, and of texts any number of tokens. Language models take `ids` and `mask`
(an encoder-decoder also `told`) and give logits; other networks take what their architecture names, in its
order, and give what their module gives.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from trainwright.core.leaving import Answers
from trainwright.models.export.hub import logits_of
from trainwright.models.networks.estimator import NetworkEstimator
from trainwright.training.feeding.loader import epoch_batches

OUTPUT = "answer"
_LENGTHS = {"ids": "tokens", "mask": "tokens", "told": "told_tokens"}  # inputs whose length is open


class _Logits(nn.Module):
    """A language model whose answer is its logits."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Shape (rows, tokens, vocabulary)."""
        return logits_of(self.module, ids, mask)


class _ToldLogits(_Logits):
    """The same of an encoder-decoder."""

    def forward(self, ids: Tensor, mask: Tensor, told: Tensor) -> Tensor:  # type: ignore[override]
        """Shape (rows, told, vocabulary)."""
        return logits_of(self.module, ids, mask, told)


class _Foreign(nn.Module):
    """A network in another runtime, in the place of a module."""

    def __init__(self, network: Answers, inputs: Sequence[str]) -> None:
        super().__init__()
        self._network = network
        self._inputs = tuple(inputs)

    def forward(self, *values: Tensor) -> Tensor:
        """The other runtime's answer."""
        batch = {name: value.numpy() for name, value in zip(self._inputs, values, strict=True)}
        return torch.from_numpy(self._network.answers(batch))


def write_language_onnx(module: nn.Module, path: Path) -> None:
    """Trace a language model of transformers."""
    is_pair = bool(getattr(module.config, "is_encoder_decoder", False))
    ids = torch.arange(14).reshape(2, 7) % 3
    mask = torch.ones(2, 7, dtype=torch.long)
    mask[0, 5:] = 0
    _write(
        (_ToldLogits if is_pair else _Logits)(module).eval(),
        {"ids": ids, "mask": mask} | ({"told": ids[:, :5].clone()} if is_pair else {}),
        path,
    )


def write_network_onnx(estimator: NetworkEstimator, features: Any, path: Path) -> None:  # noqa: ANN401 - of AnyFeatures
    """Trace a network of any other family, on its own samples.

    Args:
        estimator: The fitted network.
        features: At least two rows.
        path: Of the file.
    """
    source = estimator.architecture.source(features)
    batches = epoch_batches(source, seed=0, epoch=0, batch_size=2, shuffle=False, training=False)
    _, batch = next(iter(batches))
    _write(estimator.module, {name: batch[name] for name in estimator.architecture.inputs}, path)


def answered_by(estimator: NetworkEstimator, network: Answers) -> NetworkEstimator:
    """The same estimator, whose module is a network in another runtime."""
    return replace(estimator, module=_Foreign(network, estimator.architecture.inputs))


def _write(module: nn.Module, batch: Mapping[str, Tensor], path: Path) -> None:
    rows = torch.export.Dim("rows")
    tokens = {name: torch.export.Dim(name) for name in set(_LENGTHS.values())}
    lengths = {name: tokens[length] for name, length in _LENGTHS.items()}
    shapes = tuple({0: rows} | ({1: lengths[n]} if n in lengths else {}) for n in batch)
    with torch.no_grad(), _quiet():
        program = torch.onnx.export(
            module,
            tuple(batch.values()),
            dynamo=True,
            dynamic_shapes=_shapes(module, shapes),
            input_names=list(batch),
            output_names=[OUTPUT],
            external_data=False,
            verbose=False,
        )
        assert program is not None
        program.save(str(path), external_data=False)


def _shapes(module: nn.Module, shapes: tuple[dict[int, Any], ...]) -> Any:  # noqa: ANN401 - torch's tree
    """As torch wants them: a module that takes any number of inputs has one that is all of them."""
    import inspect

    kinds = [p.kind for p in inspect.signature(module.forward).parameters.values()]
    return (shapes,) if inspect.Parameter.VAR_POSITIONAL in kinds else shapes


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's remarks: what it does wrong is seen by the comparison."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
