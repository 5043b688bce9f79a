"""Calibrators: maps from probabilities to better ones, monotone, clipped, saved as JSON.

Temperature (one number, any number of classes) cannot overfit and keeps the ranking; isotonic (binary)
mends any monotone distortion and needs rows; the prior (one number a class) is what weights and sampling
distort, and is tried where the recipe asked for them. Of several labels a row each has its own. Applying
one uses elementwise operations alone, so that a row's answer is the same bits in a batch of any size.
numpy suffices: the server loads this.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from trainwright.core.durable import canonical_json, read_json, write_bytes
from trainwright.core.errors import TrustError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

CLIP = 1e-7  # probabilities told stay in [CLIP, 1 - CLIP]
_FILE = "calibrator.json"
_LARGEST_TEMPERATURE = 20.0
_HALVINGS = 22  # the temperature to 2e-6 relative
_ROUNDS = 100
_LARGEST_SHIFT = 1e3
_FIT_CELLS = 200_000  # rows * classes that a temperature is fitted on; every k-th row beyond


@dataclass(frozen=True, slots=True)
class TemperatureCalibrator:
    """Logits divided by one temperature.

    Attributes:
        temperature: In [1/20, 20]; above 1 makes the model less sure.

    Source: Guo et al. 2017, arXiv:1706.04599, section 4.2.
    """

    kind: ClassVar[str] = "temperature"
    temperature: float

    @classmethod
    def fit(cls, probabilities: Floats, codes: Integers) -> TemperatureCalibrator:
        """The temperature of least log loss.

        The log loss is convex in 1/temperature: bisection of its slope, 22 halvings, no tolerance. Where
        the classes are parted without a mistake it falls without end; so rows are made surer only until
        one in rows + 2 is expected to be wrong (Laplace's rule of succession).

        Args:
            probabilities: Shape (rows, classes).
            codes: True classes, shape (rows,).
        """
        stride = -(-probabilities.size // _FIT_CELLS)
        logits = _logits(probabilities[::stride])
        kept = codes[::stride]
        true = logits[np.arange(len(kept)), kept]
        low, high = np.log(1 / _LARGEST_TEMPERATURE), np.log(_LARGEST_TEMPERATURE)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            expected = (_softmax(logits * np.exp(middle)) * logits).sum(axis=1)
            low, high = (middle, high) if np.mean(expected - true) < 0 else (low, middle)
        return cls(float(np.exp(-_not_too_sure(logits, (low + high) / 2))))

    def apply(self, probabilities: Floats) -> Floats:
        """Shape (rows, classes) in and out; rows sum to 1."""
        return _softmax(_logits(probabilities) / self.temperature)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"kind": self.kind, "temperature": self.temperature}

    def save(self, folder: Path) -> None:
        _save(folder, self.to_json())

    @classmethod
    def load(cls, folder: Path) -> TemperatureCalibrator:
        """From a folder of a package.

        Raises:
            TrustError: the file is not one that `save` writes.
        """
        return cls.from_json(_load(folder), folder)

    @classmethod
    def from_json(cls, value: object, folder: Path) -> TemperatureCalibrator:
        """The inverse of `to_json`; the folder is for the message."""
        temperature = _fields(value, folder, kind=cls.kind, keys={"temperature"})["temperature"]
        if not isinstance(temperature, int | float) or not 0 < temperature < 1e6:
            raise _distrust(folder)
        return cls(float(temperature))


@dataclass(frozen=True, slots=True)
class PriorCalibrator:
    """A number added to each class's logit: what weighing or sampling rows by class takes away.

    A fit in which class c counts w_c times estimates probabilities proportional to w_c p(c | x); taking
    log w_c off again gives p. What w_c came to is read off validation rows, which are never weighted.

    Attributes:
        shifts: One a class; their mean is 0.

    Source: Elkan 2001 (IJCAI), theorem 2; Saerens et al. 2002, Neural Computation 14(1), eq. 2.4.
    """

    kind: ClassVar[str] = "prior"
    shifts: tuple[float, ...]

    @classmethod
    def fit(cls, probabilities: Floats, codes: Integers) -> PriorCalibrator:
        """The shifts at which each class is told as often as it occurs: those of least log loss.

        The loss is convex. Each of 100 rounds scales every class to its share of the rows, in which one
        row is spread evenly over all, so that none is 0.

        Args:
            probabilities: Shape (rows, classes).
            codes: True classes, shape (rows,).
        """
        stride = -(-probabilities.size // _FIT_CELLS)
        logits = _logits(probabilities[::stride])
        num_classes = logits.shape[1]
        counts = np.bincount(codes[::stride], minlength=num_classes) + 1 / num_classes
        wanted = np.log(counts / counts.sum())
        shifts = np.zeros(num_classes)
        for _ in range(_ROUNDS):
            shifts += wanted - np.log(_softmax(logits + shifts).mean(axis=0))
            shifts -= shifts.mean()
        return cls(tuple(shifts.tolist()))

    def apply(self, probabilities: Floats) -> Floats:
        """Shape (rows, classes) in and out; rows sum to 1."""
        return _softmax(_logits(probabilities) + np.array(self.shifts))

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"kind": self.kind, "shifts": list(self.shifts)}

    def save(self, folder: Path) -> None:
        _save(folder, self.to_json())

    @classmethod
    def load(cls, folder: Path) -> PriorCalibrator:
        """From a folder of a package.

        Raises:
            TrustError: the file is not one that `save` writes.
        """
        return cls.from_json(_load(folder), folder)

    @classmethod
    def from_json(cls, value: object, folder: Path) -> PriorCalibrator:
        """The inverse of `to_json`; the folder is for the message."""
        fields = _fields(value, folder, kind=cls.kind, keys={"shifts"})
        shifts = _numbers(fields["shifts"], folder)
        if len(shifts) < 2 or not (np.abs(shifts) < _LARGEST_SHIFT).all():
            raise _distrust(folder)
        return cls(tuple(shifts.tolist()))


@dataclass(frozen=True, slots=True)
class IsotonicCalibrator:
    """A rising, piecewise linear map of the positive class's probability; two classes only.

    Attributes:
        inputs: Strictly rising; at least one.
        outputs: Not falling, in [CLIP, 1 - CLIP].

    Source: Zadrozny & Elkan 2002 (KDD); the fit is pool-adjacent-violators, Ayer et al. 1955.
    """

    kind: ClassVar[str] = "isotonic"
    inputs: tuple[float, ...]
    outputs: tuple[float, ...]

    @classmethod
    def fit(cls, probabilities: Floats, codes: Integers) -> IsotonicCalibrator:
        """Isotonic regression of the class on its probability.

        Blocks at the ends hold one class only; their 0 or 1 is drawn in to 1 / (rows + 2).

        Args:
            probabilities: Shape (rows, 2).
            codes: True classes, shape (rows,).
        """
        from scipy.optimize import isotonic_regression  # slow to import, and not for applying

        scores, place = np.unique(probabilities[:, 1], return_inverse=True)
        rows = np.bincount(place).astype(np.float64)
        hits = np.bincount(place[codes == 1], minlength=len(scores))
        edge = max(CLIP, 1 / (len(codes) + 2))
        pooled = isotonic_regression(hits / rows, weights=rows)
        fitted = np.clip(np.maximum.accumulate(pooled.x), edge, 1 - edge)
        ends = np.concatenate([pooled.blocks[:-1], pooled.blocks[1:] - 1])  # of each block
        keep = np.unique(ends)
        return cls(tuple(scores[keep].tolist()), tuple(fitted[keep].tolist()))

    def apply(self, probabilities: Floats) -> Floats:
        """Shape (rows, 2) in and out; rows sum to 1."""
        positive = np.interp(
            np.ascontiguousarray(probabilities[:, 1]), np.array(self.inputs), np.array(self.outputs)
        )
        return np.stack([1.0 - positive, positive], axis=1)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"kind": self.kind, "inputs": list(self.inputs), "outputs": list(self.outputs)}

    def save(self, folder: Path) -> None:
        _save(folder, self.to_json())

    @classmethod
    def load(cls, folder: Path) -> IsotonicCalibrator:
        """From a folder of a package.

        Raises:
            TrustError: the file is not one that `save` writes.
        """
        return cls.from_json(_load(folder), folder)

    @classmethod
    def from_json(cls, value: object, folder: Path) -> IsotonicCalibrator:
        """The inverse of `to_json`; the folder is for the message."""
        fields = _fields(value, folder, kind=cls.kind, keys={"inputs", "outputs"})
        inputs, outputs = (_numbers(fields[key], folder) for key in ("inputs", "outputs"))
        sound = (
            0 < len(inputs) == len(outputs)
            and bool((np.diff(inputs) > 0).all())
            and bool((np.diff(outputs) >= 0).all())
            and outputs[0] > 0
            and outputs[-1] < 1
        )
        if not sound:
            raise _distrust(folder)
        return cls(tuple(inputs.tolist()), tuple(outputs.tolist()))


@dataclass(frozen=True, slots=True)
class LabelCalibrator:
    """Of several labels a row: a calibrator of two classes, absent and present, for each label.

    Attributes:
        parts: One a label, in their order; None where nothing improves on the raw probability.
    """

    kind: ClassVar[str] = "by-label"
    parts: tuple[TemperatureCalibrator | IsotonicCalibrator | None, ...]

    def apply(self, probabilities: Floats) -> Floats:
        """How likely each label is; shape (rows, labels) in and out."""
        result = np.array(probabilities, dtype=np.float64)
        for label, part in enumerate(self.parts):
            if part is not None:
                result[:, label] = part.apply(of_two(probabilities[:, label]))[:, 1]
        return result

    def save(self, folder: Path) -> None:
        parts = [None if part is None else part.to_json() for part in self.parts]
        _save(folder, {"kind": self.kind, "parts": parts})

    @classmethod
    def load(cls, folder: Path) -> LabelCalibrator:
        """From a folder of a package.

        Raises:
            TrustError: the file is not one that `save` writes.
        """
        parts = _fields(_load(folder), folder, kind=cls.kind, keys={"parts"})["parts"]
        if not isinstance(parts, list) or not parts:
            raise _distrust(folder)
        return cls(tuple(_part(one, folder) for one in parts))


def of_two(present: Floats) -> Floats:
    """A label's probability as those of two classes, absent and present; shape (rows,) in, (rows, 2) out."""
    return np.stack([1.0 - present, present], axis=1)


def _part(value: object, folder: Path) -> TemperatureCalibrator | IsotonicCalibrator | None:
    if value is None:
        return None
    if isinstance(value, dict) and value.get("kind") == TemperatureCalibrator.kind:
        return TemperatureCalibrator.from_json(value, folder)
    return IsotonicCalibrator.from_json(value, folder)


def _logits(probabilities: Floats) -> Floats:
    return np.log(np.clip(np.ascontiguousarray(probabilities), CLIP, 1.0))


def _not_too_sure(logits: Floats, sharpness: float) -> float:
    """The log of 1 / temperature, no greater than leaves one mistake in rows + 2 to be expected."""

    def doubt(power: float) -> float:
        return float(np.mean(1 - _softmax(logits * np.exp(power)).max(axis=1)))

    least = 1 / (len(logits) + 2)
    if sharpness <= 0 or doubt(sharpness) >= least:
        return sharpness
    low, high = 0.0, sharpness
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if doubt(middle) >= least else (low, middle)
    return low


def _softmax(logits: Floats) -> Floats:
    """Rows to probabilities; classes are added one by one, so that no row depends on its batch."""
    top = logits[:, 0].copy()
    for column in range(1, logits.shape[1]):
        np.maximum(top, logits[:, column], out=top)
    raised = np.exp(logits - top[:, None])
    total = raised[:, 0].copy()
    for column in range(1, logits.shape[1]):
        total += raised[:, column]
    result: Floats = raised / total[:, None]
    return result


def _save(folder: Path, value: dict[str, Any]) -> None:
    write_bytes(folder / _FILE, canonical_json(value))


def _load(folder: Path) -> object:
    value: object = read_json(folder / _FILE)
    return value


def _fields(value: object, folder: Path, *, kind: str, keys: set[str]) -> dict[str, Any]:
    """A saved mapping with these keys beside its kind."""
    if not isinstance(value, dict) or set(value) != {"kind", *keys} or value["kind"] != kind:
        raise _distrust(folder)
    return value


def _numbers(value: object, folder: Path) -> Floats:
    if not isinstance(value, list) or not all(isinstance(x, int | float) for x in value):
        raise _distrust(folder)
    return np.array(value, dtype=np.float64)


def _distrust(folder: Path) -> TrustError:
    return TrustError(
        "this is not a calibrator as it was saved",
        where=str(folder / _FILE),
        mend="restore the package from the registry, or run the recipe again",
    )
