"""Summaries by their authors: Debian's packages, their description and the line above it.

Descriptions of 40 to 90 words whose line has 4 words or more, each text once, one package of those that
share a name's first word (libfoo, libfoo-dev: near-copies). Writes packages.jsonl: messages.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import debian  # noqa: E402 - beside this folder

ROWS = 1_000
ASK = "Describe this software package in one short line.\n\n"


def main() -> None:
    """Write packages.jsonl unless it is there."""
    path = HERE / "packages.jsonl"
    if path.exists():
        return
    lists = debian.fetch(HERE / "apt", ["en"])
    rows: dict[str, tuple[str, str]] = {}
    for found in debian.read(lists["en"]):
        text = " ".join(found.paragraphs)
        if 40 <= len(text.split()) <= 90 and len(found.line.split()) >= 4:
            rows.setdefault(re.split(r"[-0-9.+]", found.package)[0], (text, found.line))
    texts = sorted(set(rows.values()), key=lambda pair: hashlib.sha256(pair[0].encode()).digest())
    with path.open("w") as file:
        for text, line in texts[:ROWS]:
            asked, told = {"role": "user", "content": ASK + text}, {"role": "assistant"}
            file.write(json.dumps({"messages": [asked, {**told, "content": line}]}) + "\n")
    print(f"{min(ROWS, len(texts))} of {len(texts)} descriptions")


if __name__ == "__main__":
    main()
