"""Real parallel text: Debian's package descriptions in English and German, as volunteers translated them.

Line by line and paragraph by paragraph; segments of 3 to 20 words, each once. Writes pairs.jsonl.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import debian  # noqa: E402 - beside this folder

ROWS = 20_000


def main() -> None:
    """Write pairs.jsonl unless it is there."""
    path = HERE / "pairs.jsonl"
    if path.exists():
        return
    lists = debian.fetch(HERE / "apt", ["en", "de"])
    english = {found.key: found for found in debian.read(lists["en"])}
    pairs: dict[str, str] = {}
    for german in debian.read(lists["de"]):
        other = english.get(german.key)
        if other is None or len(other.paragraphs) != len(german.paragraphs):
            continue
        segments = zip(
            (other.line, *other.paragraphs), (german.line, *german.paragraphs), strict=True
        )
        for text, told in segments:
            if 3 <= len(text.split()) <= 20 and 3 <= len(told.split()) <= 24 and text != told:
                pairs.setdefault(text, told)
    order = sorted(pairs, key=lambda text: hashlib.sha256(text.encode()).digest())
    with path.open("w") as file:
        for text in order[:ROWS]:
            file.write(json.dumps({"english": text, "german": pairs[text]}) + "\n")
    print(f"{min(ROWS, len(pairs))} of {len(pairs)} pairs")


if __name__ == "__main__":
    main()
