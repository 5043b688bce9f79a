"""ONNX files: their weights quantised, and ONNX Runtime as one more way to ask a network.

int8 keeps weights as bytes with a scale a matrix and computes with activations quantised on the way
(`quantize_dynamic`); int4 keeps matrices in blocks of 32 with a scale each and computes in fp32. Shapes that
the exporter noted are dropped before: ONNX Runtime infers its own, and refuses where the two differ.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainwright.deployment.export.formats import Quantization

FILE = "model.onnx"
_BLOCK = 32


class OnnxNetwork:
    """A file in ONNX Runtime (`core.leaving.Answers`), on one thread."""

    def __init__(self, path: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self.inputs = tuple(one.name for one in self._session.get_inputs())

    def answers(self, batch: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """The first output."""
        found = self._session.run(None, {name: batch[name] for name in self.inputs})[0]
        return np.asarray(found)


def quantize_onnx(path: Path, quantization: Quantization) -> None:
    """Replace a file by one with int8 or int4 weights."""
    import onnx

    model = onnx.load(path)
    del model.graph.value_info[:]
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)  # a remark that advises what was done just now
    try:
        _quantize(model, path, quantization)
    finally:
        logging.disable(before)


def _quantize(model: Any, path: Path, quantization: Quantization) -> None:  # noqa: ANN401 - an onnx.ModelProto
    if quantization == "int4":
        import onnx
        from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

        maker = MatMulNBitsQuantizer(model, bits=4, block_size=_BLOCK, is_symmetric=True)
        maker.process()
        onnx.save(maker.model.model, path)
        return
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(model, path, weight_type=QuantType.QInt8, per_channel=True)
