"""Checkpoints: a folder a moment, there whole or not at all, refused when a byte of it changed.

    FOLDER/step-00000050/   weights.safetensors  state.safetensors  state.json  manifest.json

A checkpoint is written aside, flushed and renamed, its manifest (size and SHA-256 of each file)
last; only then are older ones removed. Which one is the newest is computed from what is there: no
pointer can lead its target. One that does not hash is put aside with a warning, and the one before
it is used. Each stands alone, the best weights so far included, so that losing one loses no more
than the steps since the one before.

Cost: the weights, the optimiser's state and, where they are others, the best weights: for AdamW
four times the weights at most.
"""

from __future__ import annotations

import os
import re
import shutil
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load as parse_tensors
from torch import Tensor

from trainwright.core.durable import (
    canonical_json,
    disk_fault,
    make_folder,
    open_regular,
    parse_json,
    remove_folder,
    sha256_bytes,
    staged_folder,
)
from trainwright.core.errors import EnvironmentFault, Fault, TrustError
from trainwright.training.protocols import Progress
from trainwright.training.state import TrainingState
from trainwright.training.tensors import pack, unpack, write_tensors

FORMAT = 1
WEIGHTS, STATE, VALUES, MANIFEST = (
    "weights.safetensors",
    "state.safetensors",
    "state.json",
    "manifest.json",
)
MARGIN = 1.2  # of the room that a checkpoint takes
_NAME = re.compile(r"step-(\d{8,})(?:-(\d+))?")
_MOST_BYTES = {MANIFEST: 1 << 20}


class CheckpointWarning(UserWarning):
    """A checkpoint could not be used."""


class Checkpoints:
    """The checkpoints of one training.

    Args:
        folder: Where they are.
        keep_last: Newest ones that stay.
        keep_best: Ones of least validation loss that stay, beside those.
    """

    def __init__(self, folder: Path, *, keep_last: int = 2, keep_best: int = 1) -> None:
        self._folder = folder
        self._keep_last = keep_last
        self._keep_best = keep_best

    def save(self, state: TrainingState) -> Path:
        """Write one, then remove those that retention does not keep.

        Raises:
            EnvironmentFault: the disk is full or refuses; what was there before is there still.
        """
        values, tensors = pack({k: v for k, v in state.parts.items() if k != "model"})
        model, weights = pack(state.parts["model"])
        self._check_room(weights, tensors)
        path = self._free_name(state.progress.step)
        with staged_folder(path) as aside:
            files = {
                WEIGHTS: write_tensors(aside / WEIGHTS, weights),
                STATE: write_tensors(aside / STATE, tensors),
                VALUES: _write(
                    aside / VALUES,
                    {
                        "progress": asdict(state.progress),
                        "settings": dict(state.settings),
                        "model": model,
                        "parts": values,
                    },
                ),
            }
            body = {
                "format": FORMAT,
                "step": state.progress.step,
                "loss": state.loss,
                "files": {n: {"sha256": h, "bytes": size} for n, (h, size) in files.items()},
            }
            _write(aside / MANIFEST, {**body, "sha256": sha256_bytes(canonical_json(body))})
        self._retire()
        return path

    def newest(self) -> TrainingState | None:
        """The newest one that is sound; None where there is none.

        Damaged ones are renamed to `damaged-...`, with a `CheckpointWarning`.

        Raises:
            TrustError: a newer version wrote it.
        """
        damaged: list[tuple[Path, Exception]] = []
        found: tuple[Path, TrainingState] | None = None
        for path in reversed(self.paths()):
            try:
                found = path, read(path)
                break
            except NewerFormatError:
                raise
            except (TrustError, EnvironmentFault) as error:
                damaged.append((path, error))
        for path, fault in damaged:
            self._put_aside(path, fault, used=None if found is None else found[0])
        return None if found is None else found[1]

    def paths(self) -> list[Path]:
        """All that are there, oldest first; not looked into.

        Raises:
            EnvironmentFault: the disk refuses.
        """
        if not self._folder.is_dir():
            return []
        try:
            named = [(_order(path.name), path) for path in self._folder.iterdir()]
        except OSError as error:
            raise disk_fault(error, self._folder) from error
        return [path for order, path in sorted((o, p) for o, p in named if o is not None)]

    def _free_name(self, step: int) -> Path:
        """A checkpoint is never overwritten: a second one of the same step has a number."""
        path, number = self._folder / f"step-{step:08d}", 1
        while path.exists():
            number += 1
            path = path.with_name(f"step-{step:08d}-{number}")
        return path

    def _check_room(self, *tensors: dict[str, Tensor]) -> None:
        needed = int(
            MARGIN * sum(t.numel() * t.element_size() for group in tensors for t in group.values())
        )
        make_folder(self._folder)
        free = shutil.disk_usage(self._folder).free
        if free < needed:
            raise EnvironmentFault(
                f"a checkpoint needs {needed / 1e6:.0f} MB and {free / 1e6:.0f} MB are free",
                where=str(self._folder),
                mend="make room; then the run can be gone on with",
            )

    def _retire(self) -> None:
        paths = self.paths()
        stay = set(paths[-self._keep_last :])
        judged = [(loss, path) for path in paths if (loss := _loss_of(path)) is not None]
        stay |= {path for _, path in sorted(judged)[: self._keep_best]}
        for path in paths:
            if path not in stay:
                remove_folder(path)

    def _put_aside(self, path: Path, error: Exception, *, used: Path | None) -> None:
        fault = Fault(
            f"the checkpoint {path.name} is damaged: {str(error).splitlines()[0]}",
            str(path),
            f"nothing: {used.name} is used" if used else "nothing: training begins anew",
        )
        try:
            path.rename(path.with_name(f"damaged-{path.name}-{os.urandom(4).hex()}"))
        except OSError as refusal:
            raise disk_fault(refusal, path) from refusal
        warnings.warn(str(fault), CheckpointWarning, stacklevel=4)


class NewerFormatError(TrustError):
    """A newer version wrote the checkpoint: going back behind it would lose work in silence."""


def read(path: Path) -> TrainingState:
    """One checkpoint, hashed before any of it is parsed.

    Raises:
        TrustError: a file is missing, changed or not ours.
        EnvironmentFault: the disk refuses.
    """
    manifest = _manifest(path)
    files = manifest["files"]
    try:
        there = {entry.name for entry in path.iterdir()} - {MANIFEST}
    except OSError as error:
        raise disk_fault(error, path) from error
    if there != set(files) or set(files) != {WEIGHTS, STATE, VALUES}:
        raise TrustError("its files are not those of its manifest", where=str(path))
    data = {name: _bytes_of(path / name, files[name]) for name in files}
    values = parse_json(data[VALUES], where=str(path / VALUES))
    try:
        weights, tensors = parse_tensors(data[WEIGHTS]), parse_tensors(data[STATE])
    except SafetensorError as error:
        raise TrustError(f"not a safetensors file: {error}", where=str(path)) from error
    parts = unpack(values["parts"], tensors)
    parts["model"] = unpack(values["model"], weights)
    return TrainingState(
        Progress(**values["progress"]), values["settings"], manifest["loss"], parts
    )


def _manifest(path: Path) -> dict[str, Any]:
    where = path / MANIFEST
    data = _bytes_of(where, None)
    document = parse_json(data, where=str(where))
    if not isinstance(document, dict) or data != canonical_json(document):
        raise TrustError("the manifest is not one of ours", where=str(where))
    body = {key: value for key, value in document.items() if key != "sha256"}
    if document.get("sha256") != sha256_bytes(canonical_json(body)):
        raise TrustError("the manifest was changed", where=str(where))
    if body["format"] > FORMAT:
        raise NewerFormatError(
            f"the checkpoint is of format {body['format']}; this trainwright reads up to {FORMAT}",
            where=str(path),
            mend="pip install -U trainwright",
        )
    order = _order(path.name)
    if order is not None and order[0] != body["step"]:
        raise TrustError(f"it is of step {body['step']}, not what its name says", where=str(path))
    return body


def _bytes_of(path: Path, expected: dict[str, Any] | None) -> bytes:
    """The bytes of a file; as the manifest says where it says something."""
    try:
        with open_regular(path) as handle:
            size = os.fstat(handle).st_size
            limit = _MOST_BYTES[MANIFEST] if expected is None else expected["bytes"]
            if size > limit or (expected is not None and size != limit):
                raise TrustError(f"{path.name} has {size} bytes, not {limit}", where=str(path))
            blocks = []
            while block := os.read(handle, 1 << 24):
                blocks.append(block)
    except FileNotFoundError as error:
        raise TrustError(f"{path.name} is missing", where=str(path)) from error
    except OSError as error:
        if isinstance(error, EnvironmentFault):
            raise
        raise disk_fault(error, path) from error
    data = b"".join(blocks)
    if expected is not None and sha256_bytes(data) != expected["sha256"]:
        raise TrustError(f"{path.name} was changed: its SHA-256 is another", where=str(path))
    return data


def _write(path: Path, value: object) -> tuple[str, int]:
    data = canonical_json(value)
    path.write_bytes(data)
    return sha256_bytes(data), len(data)


def _order(name: str) -> tuple[int, int] | None:
    match = _NAME.fullmatch(name)
    return None if match is None else (int(match[1]), int(match[2] or 1))


def _loss_of(path: Path) -> float | None:
    """The validation loss in a manifest; None where there is none or it cannot be read."""
    try:
        loss: float | None = _manifest(path)["loss"]
    except (TrustError, EnvironmentFault):
        return None
    return loss
