"""What one bad input is: how it is made, how it is refused, and how the refusal says to mend it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import yaml

TABLE = "t.csv"
LEAST = "data: {source: t.csv, target: y}\n"
QUIET = "training: {budget: 8s, threads: 1}\ntracking: {kind: none}\n"
RECIPE = "r.yaml"


@dataclass(frozen=True, slots=True)
class Case:
    """One bad input given to the command line.

    Attributes:
        number: Its number in the list of bad inputs; several cases may share one.
        title: What is wrong, in a few words.
        status: The exit status.
        what: Words of the message; of a finding's message where `finding` is said.
        where: Words of the place.
        mend: Words of the mend; of the finding's remedy where `finding` is said.
        files: Name and bytes of each file beside the recipe; bytes may be made when needed.
        recipe: The recipe's text or bytes, for r.yaml; None for no file.
        command: The arguments; a word in braces is filled in, such as {package} and {run}.
        make: Called with the folder after the files are written.
        finding: The kind of the finding that tells it.
        pasted: The mend, pasted into the recipe, ends with exit status 0.
    """

    number: str
    title: str
    status: int
    what: str = ""
    where: str = ""
    mend: str = ""
    files: Mapping[str, bytes | Callable[[], bytes]] = field(default_factory=dict)
    recipe: str | bytes | None = LEAST
    command: tuple[str, ...] = ("prepare", RECIPE)
    make: Callable[[Path], object] | None = None
    finding: str = ""
    pasted: bool = False

    @property
    def id(self) -> str:
        """For pytest."""
        return f"{self.number} {self.title}"

    def write(self, folder: Path) -> None:
        """Make the bad input in `folder`."""
        for name, content in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content if isinstance(content, bytes) else content())
        if self.recipe is not None:
            text = self.recipe if isinstance(self.recipe, bytes) else self.recipe.encode()
            (folder / RECIPE).write_bytes(text)
        if self.make is not None:
            self.make(folder)


def settings_of(mend: str) -> dict:
    """The recipe settings that a mend says to paste: its first `section: {...}`."""
    start = mend.index(": {")
    start = mend.rfind(" ", 0, start) + 1
    depth = 0
    for end, letter in enumerate(mend[start:], start + 1):
        depth += (letter == "{") - (letter == "}")
        if letter == "}" and depth == 0:
            return yaml.safe_load(mend[start:end])
    raise ValueError(f"no settings in {mend!r}")


def merged(recipe: dict, settings: dict) -> dict:
    """A recipe with settings pasted into it."""
    both = dict(recipe)
    for key, value in settings.items():
        is_nested = isinstance(value, dict) and isinstance(both.get(key), dict)
        both[key] = merged(both[key], value) if is_nested else value
    return both


def rows(count: int = 240, **columns: Callable[[int], object]) -> bytes:
    """A sound CSV of `count` rows: a number `a`, a category `b`, a target `y` of two classes.

    A column given by name takes the place of the one of that name, or comes before the target; it is
    a function of the row's position from 0.
    """
    cells: dict[str, Callable[[int], object]] = {
        "a": lambda i: chance(i, "a", 10_000) / 100,
        "b": lambda i: ("red", "green", "blue")[chance(i, "b", 3)],
        **columns,
    }
    cells["y"] = cells.pop("y", None) or label
    return as_csv(count, cells)


def as_csv(count: int, cells: Mapping[str, Callable[[int], object]]) -> bytes:
    """A CSV of `count` rows; each cell is a function of the row's position."""
    lines = [",".join(str(cell(i)) for cell in cells.values()) for i in range(count)]
    return "\n".join([",".join(cells), *lines, ""]).encode()


def chance(position: int, name: str, sides: int) -> int:
    """A die with so many sides: always the same for a row and a name, and unlike any other."""
    return zlib.crc32(f"{name} {position} {name}".encode()) % sides


def label(position: int) -> str:
    """The usual target: two in five say yes."""
    return "yes" if chance(position, "y", 100) < 40 else "no"


SOUND = rows()

# What the package of the tests was learnt from, and one of its rows.
PEOPLE = as_csv(
    240,
    {
        "age": lambda i: 18 + chance(i, "age", 600) / 10,
        "city": lambda i: ("Bern", "Basel", "Chur")[chance(i, "city", 3)],
        "member": lambda i: ("true", "false")[chance(i, "member", 2)],
        "joined": lambda i: date(2019, 1, 1) + timedelta(days=chance(i, "joined", 700)),
        "churn": lambda i: "yes" if chance(i, "y", 600) < chance(i, "age", 600) else "no",
    },
)
PERSON = '{"age": 1, "city": "Bern", "member": true, "joined": "2020-09-13"}'
