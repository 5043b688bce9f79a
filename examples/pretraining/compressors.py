"""What gzip and xz need for the documents that the models are judged by, in bits a byte.

Each document alone, as the models see it, and all in one stream, where later ones profit from those before.
Run it after `python examples/run.py pretraining`.
"""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path

import polars as pl

HERE = Path(__file__).parent


def main() -> None:
    """Print the table."""
    (path,) = HERE.glob("workspace/snapshots/*/validation.parquet")
    texts = [text.encode() for text in pl.read_parquet(path)["text"] if text]
    size = sum(map(len, texts))
    print(f"{len(texts)} documents, {size:,} bytes")
    for name, compress in (
        ("gzip -9", lambda data: gzip.compress(data, 9)),
        ("xz -9e", lambda data: lzma.compress(data, preset=9 | lzma.PRESET_EXTREME)),
    ):
        alone = 8 * sum(len(compress(text)) for text in texts) / size
        together = 8 * len(compress(b"".join(texts))) / size
        print(f"  {name:8} {alone:.3f} alone, {together:.3f} together")


if __name__ == "__main__":
    main()
