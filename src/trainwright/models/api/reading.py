"""What an answer says: probabilities of classes, or a number.

Of a class: where the endpoint gives log probabilities of the first token, each likely token counts for
the one class that it begins; what is left is spread evenly. Otherwise the class that the text names has
`SURE` and the others the rest evenly; how sure that ought to be is for the calibrator, which is fitted out
of fold. A text that names no class, or several, is as good as none: it counts for the shares of the classes
among train rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainwright.models.api.answers import Answer

SURE = 0.9
_NUMBER = re.compile(r"[-+−]?\d+(?:[ ,_']\d{3})*(?:\.\d+)?(?:[eE][-+]?\d+)?|[-+−]?\.\d+")
_DECIMAL_COMMA = re.compile(r",\d")  # 3,5 may be 3.5 or two numbers: not guessed
_EDGES = " \t\r\n\"'`*_.,:;!?()[]{}<>"


@dataclass(frozen=True, slots=True)
class ClassReading:
    """Texts as probabilities of classes.

    Attributes:
        classes: Labels.
        shares: Of the classes among train rows, each above 0.
    """

    classes: tuple[str, ...]
    shares: tuple[float, ...]

    def read(self, answer: Answer) -> NDArray[np.float64] | None:
        """Probabilities, shape (classes,); None where the text names no class."""
        code = self.code(answer.text)
        if code is None:
            return None
        found = self._by_tokens(answer)
        if found is None or int(found.argmax()) != code:
            found = np.full(len(self.classes), (1 - SURE) / max(1, len(self.classes) - 1))
            found[code] = SURE
        whole: NDArray[np.float64] = found / found.sum()
        return whole

    def unknown(self) -> NDArray[np.float64]:
        """What a row has whose answer says nothing."""
        return np.asarray(self.shares, dtype=np.float64)

    def code(self, text: str) -> int | None:
        """The class that a text names: is, begins with (the longest), or holds as the only one."""
        said = _plain(text)
        labels = [_plain(label) for label in self.classes]
        if labels.count(said) == 1:
            return labels.index(said)
        begun = [k for k, label in enumerate(labels) if label and _begins(said, label)]
        if begun:
            return max(begun, key=lambda k: len(labels[k]))
        held = [k for k, label in enumerate(labels) if label and _holds(said, label)]
        return held[0] if len(held) == 1 else None

    def _by_tokens(self, answer: Answer) -> NDArray[np.float64] | None:
        """The mass of each class; None where no likely token belongs to one alone."""
        labels = [_plain(label) for label in self.classes]
        mass = np.zeros(len(labels))
        for token, log in answer.top:
            part = _plain(token)
            begun = [k for k, label in enumerate(labels) if part and label.startswith(part)]
            if len(begun) == 1:
                mass[begun[0]] += np.exp(log)
        if not mass.any():
            return None
        spread: NDArray[np.float64] = mass + max(0.0, 1.0 - mass.sum()) / len(mass)
        return spread

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"classes": list(self.classes), "shares": list(self.shares)}


@dataclass(frozen=True, slots=True)
class NumberReading:
    """Texts as numbers.

    Attributes:
        middle: Of the train rows; what a row has whose answer holds no number.
    """

    middle: float

    def read(self, answer: Answer) -> NDArray[np.float64] | None:
        """The first number, shape (); None where there is none."""
        found = _NUMBER.search(answer.text)
        if found is None or _DECIMAL_COMMA.match(answer.text, found.end()):
            return None
        value = float(re.sub(r"[ ,_']", "", found[0]).replace("−", "-"))
        return np.asarray(value) if np.isfinite(value) else None

    def unknown(self) -> NDArray[np.float64]:
        """What a row has whose answer says nothing."""
        return np.asarray(self.middle)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"middle": self.middle}


Reading = ClassReading | NumberReading


def reading_from_json(value: dict[str, Any]) -> Reading:
    """Inverse of `to_json`."""
    if "classes" in value:
        return ClassReading(tuple(value["classes"]), tuple(value["shares"]))
    return NumberReading(value["middle"])


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).strip(_EDGES)


def _begins(said: str, label: str) -> bool:
    return said.startswith(label) and not said[len(label) : len(label) + 1].isalnum()


def _holds(said: str, label: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(label)}(?!\w)", said) is not None
