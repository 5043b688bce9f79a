"""`trainwright evaluate RUN --programs FILE`: programs that a model writes, run against their tests.

Code of a model is run here: only where a person asks for it by this option, and only confined (see
`evaluation.sandbox`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trainwright.core.artifacts import MetricValue
from trainwright.core.columns import Task
from trainwright.core.errors import CommandError
from trainwright.core.language import (
    Generates,
    GenerationSettings,
    Message,
    Prompt,
    PromptTooLong,
    generator_of,
)
from trainwright.core.seeds import derive_seed
from trainwright.evaluation.pass_at_k import pass_at_k
from trainwright.evaluation.sandbox import Limits, Outcome, check_sandbox, run_programs
from trainwright.flow.question_files import ProgramQuestion, read_programs
from trainwright.flow.resolving import fitted_model_of, require_package
from trainwright.runs.workspace import Workspace

DRAWN = GenerationSettings(max_new_tokens=512, temperature=0.8, top_p=0.95)
FILE = "programs.json"
STOPS = ("\nclass ", "\ndef ", "\n#", "\nif __name__", "\nprint(", "\n```")  # a function has ended
_FENCED = re.compile(r"```[A-Za-z]*\n(.*?)(?:\n```|\Z)", re.DOTALL)
_DEFINES = re.compile(r"^(?:async def|def|class) ", re.MULTILINE)
_IMPORT = re.compile(r"^(?:import|from) .*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ProgramsResult:
    """What came of a file of problems.

    Attributes:
        run: Whose model.
        outcomes: By problem, what came of each program.
        metrics: pass@1, and pass@N where several were drawn.
        written: The file of the run that holds every program with what came of it.
        too_long: Problems that the model has no room for: none of their programs passed.
    """

    run: str
    outcomes: Mapping[str, tuple[Outcome, ...]]
    metrics: Mapping[str, MetricValue]
    written: Path
    too_long: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The contract of `evaluate --programs --json`."""
        return {
            "run": self.run,
            "confidence": 0.95,
            "metrics": {name: value.to_json() for name, value in self.metrics.items()},
            "outcomes": {name: list(found) for name, found in self.outcomes.items()},
            "too_long": list(self.too_long),
            "programs": str(self.written),
        }


def judge_programs(
    run: str,
    file: Path,
    *,
    samples: int = 1,
    limits: Limits | None = None,
    workspace: Path | None = None,
) -> ProgramsResult:
    """Let the model of a run write programs, and run them.

    Args:
        run: Id, prefix, name or `latest`.
        file: JSON lines (see `flow.question_files`).
        samples: Programs a problem; one is written greedily, several are drawn.
        limits: Of each program.
        workspace: The workspace's folder.

    Raises:
        CommandError: no such run or file, a model that writes no texts, or fewer than one sample.
        DataError: lines are wrong.
        EnvironmentFault: this machine cannot confine programs.
    """
    if samples < 1:
        raise CommandError(
            f"{samples} programs a problem", where="--samples", mend="--samples 1, or more"
        )
    problems = read_programs(file)
    check_sandbox()
    folder = Workspace.open(workspace).find_run(run)
    require_package(folder)
    model = fitted_model_of(folder)
    writer = generator_of(model)
    if writer is None:
        chosen = folder.read_json("run.json")["model"]
        raise CommandError(
            f"the model writes no texts: the run chose family {chosen['family']} ({chosen['reason']})",
            where="--programs",
            mend="name a run that chose causal-lm or seq2seq-lm",
        )
    programs = write_programs(writer, problems, task=model.target.task, samples=samples)
    outcomes = iter(run_programs([one for each in programs for one in each], limits=limits))
    failed: Outcome = "failed"
    unwritten = tuple(failed for _ in range(samples))
    grouped = [tuple(next(outcomes) for _ in each) or unwritten for each in programs]
    passed = [[one == "passed" for one in each] for each in grouped]
    told = {
        problem.name: [
            {"program": program, "outcome": outcome}
            for program, outcome in zip(texts or [""] * samples, each, strict=True)
        ]
        for problem, texts, each in zip(problems, programs, grouped, strict=True)
    }
    with folder.hold():
        folder.write_json(FILE, told)
    return ProgramsResult(
        run=folder.id,
        written=folder.path / FILE,
        outcomes={problem.name: each for problem, each in zip(problems, grouped, strict=True)},
        metrics={f"pass@{k}": pass_at_k(passed, k=k) for k in sorted({1, samples})},
        too_long=tuple(
            problem.name for problem, texts in zip(problems, programs, strict=True) if not texts
        ),
    )


def write_programs(
    model: Generates, problems: Sequence[ProgramQuestion], *, task: Task, samples: int
) -> list[list[str]]:
    """Programs with their tests behind them, `samples` a problem; none where its prompt is too long.

    A document goes on after the last letter of its prompt: the blanks behind it make one token with what
    follows, so a model that was given them could not write that token.
    """
    settings = DRAWN if samples > 1 else replace(DRAWN, temperature=0.0, top_p=1.0)
    if task is Task.LANGUAGE_MODELLING:
        settings = replace(settings, stop=STOPS)
    prompts: list[Prompt] = [
        (Message("user", one.prompt),) if task is Task.INSTRUCTION_TUNING else one.prompt.rstrip()
        for one in problems
    ]
    found: list[list[str]] = [[] for _ in problems]
    places: Sequence[int] = range(len(problems))
    for sample in range(samples):
        seeded = replace(settings, seed=derive_seed(0, "programs", sample))
        try:
            written = model.generate([prompts[at] for at in places], seeded)
        except PromptTooLong:
            places = [at for at in places if _has_room(model, prompts[at], seeded)]
            written = model.generate([prompts[at] for at in places], seeded)
        for at, one in zip(places, written, strict=True):
            goes_on = task is Task.LANGUAGE_MODELLING
            found[at].append(program_of(problems[at], one.text, goes_on=goes_on))
    return found


def _has_room(model: Generates, prompt: Prompt, settings: GenerationSettings) -> bool:
    table = model.decoding()
    try:
        table.cancel(table.add(prompt, settings))
    except PromptTooLong:
        return False
    return True


def program_of(problem: ProgramQuestion, text: str, *, goes_on: bool) -> str:
    """A program and its tests, from what a model wrote.

    Args:
        problem: Its prompt may hold the beginning of the program.
        text: What the model wrote; of several blocks of code the first.
        goes_on: It goes on where the prompt ends. Otherwise a text that defines something stands alone,
            with what the prompt imports before it.
    """
    fenced = _FENCED.search(text)
    code = fenced[1] if fenced else text
    if goes_on:
        whole = problem.prompt.rstrip() + code
    elif not _DEFINES.search(code):
        whole = problem.prompt + code
    else:
        whole = "\n".join([*_IMPORT.findall(problem.prompt), code])
    return f"{whole}\n\n{problem.tests}\n"
