"""`trainwright evaluate RUN [--split test]`, and of language models `--choices` and `--programs`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trainwright.cli import options
from trainwright.cli.output import print_result, table
from trainwright.core.artifacts import Split
from trainwright.core.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trainwright.core.artifacts import MetricValue


def add(app: typer.Typer) -> None:
    """Enter the verb."""
    app.command(
        "evaluate", help="Validation metrics; --split test opens the lockbox, and is recorded."
    )(evaluate)


def evaluate(
    run: options.Run,
    split: Annotated[str, typer.Option("--split", help="validation or test.")] = "validation",
    choices: Annotated[
        Path | None, typer.Option("--choices", help="Multiple choice: JSON lines.")
    ] = None,
    programs: Annotated[
        Path | None,
        typer.Option("--programs", help="Problems whose programs are RUN, confined: JSON lines."),
    ] = None,
    samples: Annotated[
        int, typer.Option("--samples", help="Programs a problem; several are drawn.")
    ] = 1,
    workspace: options.Workspace = None,
    as_json: options.Json = False,
    debug: options.Debug = False,  # noqa: ARG001 - read by main
) -> int:
    """Print the metrics of a run on one split, or on questions of a file."""
    if choices is not None or programs is not None:
        return _questions(run, split, choices, programs, samples, workspace, as_json=as_json)
    from trainwright.flow.evaluation import as_split
    from trainwright.flow.evaluation import evaluate as evaluate_run

    result = evaluate_run(run, split=as_split(split), workspace=workspace)
    rows = [
        [name, f"{v.value:.4f}", f"{v.low:.4f} to {v.high:.4f}"]
        for name, v in result.metrics.items()
    ]
    header = [result.split.value, "value", f"{100 * result.confidence:.4g} % interval"]
    if result.split is Split.TEST:
        header.append("plain 95 %")
        for row, name in zip(rows, result.metrics, strict=True):
            plain = result.plain[name]
            row.append(f"{plain.low:.4f} to {plain.high:.4f}")
    lines = [
        *table(rows, header=header),
        f"lockbox: opened {result.opened} times; {result.statement}",
    ]
    print_result(result.to_json(), lines, as_json=as_json)
    return 0


def _questions(
    run: str,
    split: str,
    choices: Path | None,
    programs: Path | None,
    samples: int,
    workspace: Path | None,
    *,
    as_json: bool,
) -> int:
    if (choices is not None and programs is not None) or split != "validation":
        raise CommandError(
            "one thing at a time: a split, --choices or --programs",
            where="evaluate",
            mend="call evaluate once for each",
        )
    if choices is not None:
        from trainwright.flow.questions import answer_choices

        answered = answer_choices(run, choices, workspace=workspace)
        lines = _lines(f"{len(answered.chosen)} questions", answered.metrics)
        lines.append(f"guessing: {answered.chance:.4f}")
        print_result(answered.to_json(), lines, as_json=as_json)
    if programs is not None:
        from trainwright.flow.programs import judge_programs

        judged = judge_programs(run, programs, samples=samples, workspace=workspace)
        found = [one for each in judged.outcomes.values() for one in each]
        lines = _lines(f"{len(judged.outcomes)} problems", judged.metrics)
        lines.append(
            f"{len(found)} programs: {found.count('passed')} passed, {found.count('failed')} failed,"
            f" {found.count('timeout')} ran out of time"
        )
        if judged.too_long:
            told = (
                f"{len(judged.too_long)} problems are longer than the model takes, and not passed"
            )
            lines.append(f"{told}: {', '.join(judged.too_long[:5])}")
        lines.append(f"they stand in {judged.written}")
        print_result(judged.to_json(), lines, as_json=as_json)
    return 0


def _lines(title: str, metrics: Mapping[str, MetricValue]) -> list[str]:
    rows = [
        [name.replace("_", " "), f"{v.value:.4f}", f"{v.low:.4f} to {v.high:.4f}"]
        for name, v in metrics.items()
    ]
    return table(rows, header=[title, "value", "95 % interval"])
