"""Every error says what was wrong, where, and how to mend it; its class carries the exit status.

    TrainwrightError      70  a bug of ours, when raised as itself
    ├── RecipeError        2  the recipe is wrong          (also ValueError)
    ├── CommandError       2  the command line is wrong    (also ValueError)
    ├── DataError          3  the data are wrong           (also ValueError)
    ├── TrustError         4  a file is damaged or not trusted
    ├── EnvironmentFault   5  disk, permission, lock, missing extra (also OSError)
    ├── TrainingError      6  training failed: diverged, out of memory (also RuntimeError)
    └── Interrupted       75  stopped by a signal; can be resumed

The three parts are kept as attributes, so that the terminal, `--json` and the server print the
same facts.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from trainwright.core.artifacts import Finding


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. `where` is file:line, recipe key, column or step.

    `mend` works if pasted.
    """

    what: str
    where: str = ""
    mend: str = ""

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.mend:
            lines.append(f"  mend:  {self.mend}")
        return "\n".join(lines)


class TrainwrightError(Exception):
    """Base of all our errors.

    Args:
        what: What was wrong, with the value got and the one expected.
        where: Path and line, recipe key, table and column, or step number.
        mend: An action that mends it, ready to paste.
        others: Further faults found in the same pass; all are reported at once.
        findings: What stage 1 found, when the refusal comes from there.
    """

    status: ClassVar[int] = 70
    usual_mend: ClassVar[str] = ""  # where a raise knows no better one

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        mend: str = "",
        others: Sequence[Fault] = (),
        findings: Sequence[Finding] = (),
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.mend = mend or self.usual_mend
        self.others = tuple(others)
        self.findings = tuple(findings)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All faults, the first one first."""
        return (Fault(self.what, self.where, self.mend), *self.others)

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)

    @classmethod
    def of(cls, faults: Sequence[Fault], *, findings: Sequence[Finding] = ()) -> TrainwrightError:
        """One error that carries several faults; `faults` must not be empty."""
        first, *rest = faults
        return cls(first.what, where=first.where, mend=first.mend, others=rest, findings=findings)


class RecipeError(TrainwrightError, ValueError):
    """The recipe is wrong."""

    status = 2


class CommandError(TrainwrightError, ValueError):
    """The command line is wrong: an argument, a name that is not there."""

    status = 2


class DataError(TrainwrightError, ValueError):
    """The data are wrong."""

    status = 3


class TrustError(TrainwrightError):
    """A file is damaged, was changed, or is of a kind that is never loaded."""

    status = 4
    usual_mend = "restore it from a backup, or make it anew: trainwright run RECIPE --new"


class EnvironmentFault(TrainwrightError, OSError):
    """The environment: disk, permission, lock, a missing extra."""

    status = 5


class TrainingError(TrainwrightError, RuntimeError):
    """Training failed: it diverged or ran out of memory."""

    status = 6


class Interrupted(TrainwrightError):
    """Stopped by a signal; what was done is kept and can be resumed."""

    status = 75


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like `name`, or None when none is like it; case and blanks count least."""
    names = list(known)
    alike = [one for one in names if one.strip().casefold() == name.strip().casefold()]
    matches = alike or difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return matches[0] if matches else None


def with_article(noun: str) -> str:
    """The noun with a or an before it, by its first letter."""
    return f"{'an' if noun[:1].lower() in tuple('aeiou') else 'a'} {noun}"


def shorten(value: object, limit: int = 80) -> str:
    """`repr` of a value, cut to `limit` characters.

    Values of others go into messages bounded and escaped.
    """
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


_ONE = {"are": "is", "have": "has", "do": "does", "classes": "class"}


def counted(number: int, things: str) -> str:
    """A number of things, of which `things` is the plural, with a verb or without: 1 row has, 2 rows have."""
    noun, *words = things.split()
    one = _ONE.get(noun, noun.removesuffix("s"))
    said = [one if number == 1 else noun, *(verb(number, word) for word in words)]
    return f"{number} {' '.join(said)}"


def verb(number: int, word: str) -> str:
    """The verb of so many: has of 1, have of 2."""
    return _ONE.get(word, f"{word}s") if number == 1 else word


def bounded(text: str, limit: int = 240) -> str:
    """A message without unbroken runs of more than `limit` signs: what quotes a name or a value whole."""
    return re.sub(rf"\S{{{limit + 1},}}", lambda run: run[0][: limit - 1] + "…", text)
