"""Few labels: of 5,000 handwritten digits 3,400 without labels, 100 to learn from, 1,000 and 500 to judge by.

`labelled.csv` has image, digit and part: train (10 of each digit), validation (100), test (50). The images of
`digits/unlabelled` are what `pretrain.py` looks at; none of them is in the table.
"""

from __future__ import annotations

import csv
import runpy
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).parent
PARTS = {"train": 10, "validation": 100, "test": 50}  # of each digit


def main() -> None:
    """Write the images and the table, unless they are there."""
    table = HERE / "labelled.csv"
    if table.exists():
        return
    digits = list(runpy.run_path(str(HERE.parent / "digits" / "data.py"))["read"]())
    rng = np.random.default_rng(0)
    (HERE / "digits" / "unlabelled").mkdir(parents=True, exist_ok=True)
    rows = []
    for digit in range(10):
        numbers = rng.permutation([n for n, (label, _) in enumerate(digits) if label == digit])
        parts = [part for part, count in PARTS.items() for _ in range(count)]
        for place, number in enumerate(numbers):
            is_labelled = place < len(parts)
            file = f"digits/{'' if is_labelled else 'unlabelled/'}{number:04d}.png"
            Image.fromarray(digits[number][1]).save(HERE / file)
            if is_labelled:
                rows.append((file, digit, parts[place]))
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([("image", "digit", "part"), *sorted(rows)])


if __name__ == "__main__":
    main()
