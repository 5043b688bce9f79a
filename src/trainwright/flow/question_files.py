"""Files of questions: JSON lines with a prompt and choices, or with a prompt and tests.

All that is wrong with a file is told at once, by line. Keys of the usual sets are read as they stand there:
`question` for `prompt`; `test` and `entry_point` as HumanEval has them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from trainwright.core.durable import parse_json
from trainwright.core.errors import CommandError, DataError, Fault, TrainwrightError

T = TypeVar("T")

_LIMIT_BYTES = 256 << 20
_LIMIT_FAULTS = 5


@dataclass(frozen=True, slots=True)
class ChoiceQuestion:
    """A prompt, and texts of which one goes on rightly.

    Attributes:
        prompt: What stands before.
        choices: Two or more; for a model of documents each with the blank that goes before it.
        answer: The right one, counted from 0.
    """

    prompt: str
    choices: tuple[str, ...]
    answer: int


@dataclass(frozen=True, slots=True)
class ProgramQuestion:
    """A prompt for a program, and what proves it.

    Attributes:
        name: As the file names it, or its line.
        prompt: What the model reads.
        tests: Python that stands behind the program and raises where it is wrong.
    """

    name: str
    prompt: str
    tests: str


def read_choices(path: Path) -> list[ChoiceQuestion]:
    """Lines with `prompt` (or `question`), `choices`, and `answer`: its number from 0, or its text.

    Raises:
        CommandError: there is no such file.
        DataError: lines are wrong; all of them are named.
    """
    return _read(
        path, _choice_question, '{"prompt": "2 + 2 =", "choices": [" 4", " 5"], "answer": 0}'
    )


def read_programs(path: Path) -> list[ProgramQuestion]:
    """Lines with `prompt` and `tests`; or with `test` and `entry_point`, as HumanEval has them.

    Raises:
        CommandError: there is no such file.
        DataError: lines are wrong; all of them are named.
    """
    found = _read(path, _program_question, '{"prompt": "def f():", "tests": "assert f() == 1"}')
    times = Counter(problem.name for problem in found)
    twice = [name for name, count in times.items() if count > 1]
    if twice:
        raise DataError(
            f"{len(twice)} names stand at several problems: {', '.join(twice[:5])}",
            where=str(path),
            mend="give each problem a task_id of its own, or none",
        )
    return found


def _read(path: Path, build: Callable[[Mapping[str, Any], int], T], example: str) -> list[T]:
    found: list[T] = []
    faults: list[Fault] = []
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        try:
            found.append(build(_object(line), number))
        except (ValueError, TrainwrightError) as error:
            what = error.what if isinstance(error, TrainwrightError) else str(error)
            faults.append(Fault(what, f"{path}, line {number}", f"write as: {example}"))
    if not found and not faults:
        faults.append(Fault("there are no questions", str(path), f"write one a line: {example}"))
    if faults:
        first, *others = faults
        more = f" (and {len(others)} lines more)" if others else ""
        raise DataError(
            first.what + more,
            where=first.where,
            mend=first.mend,
            others=others[: _LIMIT_FAULTS - 1],
        )
    return found


def _lines(path: Path) -> Sequence[bytes]:
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT_BYTES + 1)
    except (OSError, ValueError) as error:
        raise CommandError(
            f"the file of questions cannot be read: {error}",
            where=str(path),
            mend="name a file of JSON lines",
        ) from error
    if len(data) > _LIMIT_BYTES:
        raise DataError(
            f"more than {_LIMIT_BYTES >> 20} MB of questions",
            where=str(path),
            mend="split the file",
        )
    return data.removeprefix(b"\xef\xbb\xbf").splitlines()


def _object(line: bytes) -> Mapping[str, Any]:
    value = parse_json(line, where="")
    if isinstance(value, Mapping):
        return value
    raise ValueError("a line is no object")


def _choice_question(value: Mapping[str, Any], number: int) -> ChoiceQuestion:  # noqa: ARG001
    prompt = _text(value, "prompt", "question")
    choices = value.get("choices")
    if not isinstance(choices, list) or len(choices) < 2:
        raise ValueError("choices must be a list of two texts or more")
    if not all(isinstance(choice, str) and choice for choice in choices):
        raise ValueError("a choice is no text, or an empty one")
    answer = value.get("answer")
    if isinstance(answer, str) and answer in choices:
        answer = choices.index(answer)
    if not isinstance(answer, int) or isinstance(answer, bool) or not 0 <= answer < len(choices):
        raise ValueError(
            f"answer {str(answer)[:40]!r} is neither a choice nor a number from 0 to"
            f" {len(choices) - 1}"
        )
    return ChoiceQuestion(prompt, tuple(choices), answer)


def _program_question(value: Mapping[str, Any], number: int) -> ProgramQuestion:
    prompt = _text(value, "prompt", "question")
    tests = _text(value, "tests", "test")
    entry = value.get("entry_point")
    if isinstance(entry, str):
        if not entry.isidentifier():
            raise ValueError(f"entry_point {entry[:40]!r} is no name of a function")
        tests += f"\n\ncheck({entry})\n"
    return ProgramQuestion(str(value.get("task_id", f"line {number}")), prompt, tests)


def _text(value: Mapping[str, Any], *names: str) -> str:
    found = next((value[name] for name in names if name in value), None)
    if not isinstance(found, str) or not found.strip():
        raise ValueError(f"{names[0]!r} is missing or empty")
    return found
