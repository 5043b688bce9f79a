"""Nested state as tensors and JSON: safetensors, and values with a name in each tensor's place.

The writer streams: it hashes what it means to write, not what the disk gives back, needs no second
copy of the tensors, and lets other threads run while it hashes and writes (the library's own holds
them up).

Format: https://huggingface.co/docs/safetensors, "Format". Parity: tests/unit/training/test_tensors.py.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from trainwright.core.errors import with_article

_CODES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
    torch.complex64: "C64",
}
_BLOCK = 1 << 22


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> tuple[str, int]:
    """Write CPU tensors as a safetensors file.

    Args:
        path: Written from its beginning.
        tensors: On the CPU; a type that the format has.

    Returns:
        SHA-256 and size in bytes of what was to be written.
    """
    ordered = dict(sorted(tensors.items(), key=lambda item: -item[1].element_size()))  # aligned so
    header, end = {}, 0
    for name, tensor in ordered.items():
        start, end = end, end + tensor.numel() * tensor.element_size()
        code = _CODES[tensor.dtype]
        header[name] = {"dtype": code, "shape": list(tensor.shape), "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    head = memoryview(len(text).to_bytes(8, "little") + text)
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as file:
        for block in (head, *map(_bytes_of, ordered.values())):
            for start in range(0, len(block), _BLOCK):
                part = block[start : start + _BLOCK]
                digest.update(part)
                file.write(part)
                size += len(part)
    return digest.hexdigest(), size


def _bytes_of(tensor: Tensor) -> memoryview:
    flat = tensor.detach().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().data if flat.numel() else memoryview(b"")


def detached(value: Any, memo: dict[tuple[Any, ...], Tensor] | None = None) -> Any:  # noqa: ANN401
    """The same nested value with each tensor copied to the CPU; tensors that share memory still do."""
    memo = {} if memo is None else memo
    if isinstance(value, Tensor):
        key = (value.device, value.data_ptr(), value.shape, value.stride(), value.dtype)
        if key not in memo or not value.numel():
            memo[key] = value.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
        return memo[key]
    if isinstance(value, Mapping):
        return {name: detached(one, memo) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(detached(one, memo) for one in value)
    return value


def num_bytes(value: Any) -> int:  # noqa: ANN401 - nested as for `pack`
    """Bytes of the tensors in a nested value, each once."""
    found = {id(one): one for one in _tensors_in(value)}
    return sum(one.numel() * one.element_size() for one in found.values())


def _tensors_in(value: Any) -> Iterator[Tensor]:  # noqa: ANN401
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _tensors_in(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _tensors_in(one)


def pack(value: Any, *, at: str = "") -> tuple[Any, dict[str, Tensor]]:  # noqa: ANN401
    """A nested value as JSON values, and its tensors by their place in it, each once.

    Args:
        value: Mappings, lists, tuples, text, numbers, None and tensors.
        at: Put before every place.

    Raises:
        TypeError: it holds something else.
    """
    tensors: dict[str, Tensor] = {}
    return _pack(value, tensors, {}, at), tensors


def _pack(value: Any, tensors: dict[str, Tensor], names: dict[int, str], at: str) -> Any:  # noqa: ANN401
    if isinstance(value, Tensor):
        name = names.setdefault(id(value), at)
        tensors[name] = value
        return {"$tensor": name}
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$number": repr(value)}
    below = f"{at}." if at else ""
    if isinstance(value, Mapping):
        items = [[key, _pack(one, tensors, names, f"{below}{key}")] for key, one in value.items()]
        plain = all(isinstance(key, str) and not key.startswith("$") for key in value)
        return dict(items) if plain else {"$items": items}
    if isinstance(value, list | tuple):
        packed = [_pack(one, tensors, names, f"{below}{i}") for i, one in enumerate(value)]
        return packed if isinstance(value, list) else {"$tuple": packed}
    raise TypeError(f"{at}: {with_article(type(value).__name__)} is no state that can be saved")


def unpack(value: Any, tensors: Mapping[str, Tensor]) -> Any:  # noqa: ANN401
    """Inverse of `pack`."""
    if isinstance(value, list):
        return [unpack(one, tensors) for one in value]
    if not isinstance(value, dict):
        return value
    if "$tensor" in value:
        return tensors[value["$tensor"]]
    if "$number" in value:
        return float(value["$number"])
    if "$items" in value:
        return {key: unpack(one, tensors) for key, one in value["$items"]}
    if "$tuple" in value:
        return tuple(unpack(one, tensors) for one in value["$tuple"])
    return {key: unpack(one, tensors) for key, one in value.items()}
