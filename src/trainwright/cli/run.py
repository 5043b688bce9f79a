"""`trainwright run RECIPE`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trainwright.cli import options
from trainwright.cli.output import check_line, finding_line, print_note, print_result, table
from trainwright.cli.progress import TerminalProgress

if TYPE_CHECKING:
    from trainwright.flow.run_result import RunResult

_TEXTS = ("bleu", "chrf", "rouge_l", "exact_match", "token_f1")


def add(app: typer.Typer) -> None:
    """Enter the verb."""
    app.command("run", help="Every stage, up to a registered package.")(run)


def run(
    recipe: options.RecipeFile,
    new: Annotated[
        bool, typer.Option("--new", help="Do not go on with an unfinished run.")
    ] = False,
    settings: options.Set = None,
    workspace: options.Workspace = None,
    as_json: options.Json = False,
    debug: options.Debug = False,  # noqa: ARG001 - read by main
) -> int:
    """Run a recipe and print what came of it."""
    from trainwright.flow.run import run as run_recipe

    with TerminalProgress() as progress:
        result = run_recipe(
            recipe, workspace=workspace, overrides=settings or (), new=new, progress=progress
        )
    print_remarks(result)
    print_result(result.to_json(), lines_of(result), as_json=as_json)
    return 0 if result.passed else 1


def print_remarks(result: RunResult) -> None:
    """Findings and warnings, on standard error."""
    for finding in result.findings:
        if finding.severity != "info":
            print_note(finding_line(finding))
    for warning in result.warnings:
        print_note(f"  warning: {warning}")


def lines_of(result: RunResult) -> Iterator[str]:
    """What came of it, in lines."""
    rows = result.rows
    yield f"run {result.run}: {result.task}, {result.model['family']} ({result.model['verdict']})"
    yield (
        f"rows: {rows['input']} = {rows['train']} train + {rows['validation']} validation"
        f" + {rows['test']} test + {rows['dropped']} dropped"
    )
    if result.tokens is not None:
        from trainwright.flow.counting import token_lines

        yield from token_lines(result.tokens)
    yield from table(
        [
            [name, f"{v.value:.4f}", f"{v.low:.4f} to {v.high:.4f}"]
            for name, v in result.validation.items()
        ],
        header=("validation", "value", "95 % interval"),
    )
    yield from table(
        [
            [
                ("* " if row["chosen"] else "  ") + row["name"],
                "not finite" if row["loss"] is None else f"{row['loss']:.5f}",
                str(row["iterations"]),
                row["stopped"],
                f"{row['seconds']:.1f}",
            ]
            for row in result.candidates
        ],
        header=("  candidate", "loss", "iterations", "stopped", "seconds"),
    )
    writers = [row for row in result.candidates if row.get("texts")]
    if writers:
        names = [name for name in _TEXTS if any(name in row["texts"] for row in writers)]
        yield from table(
            [[row["name"], *(_value(row["texts"].get(name)) for name in names)] for row in writers],
            header=("  texts of", *names),
        )
    for row in result.candidates:
        if "usage" in row:
            yield _usage_line(row["name"], row["usage"])
    if result.cross_validation is not None:
        done = result.cross_validation
        yield f"compared by {done['folds']} folds over train and validation, {done['repeats']} times"
    yield result.model["reason"]
    yield from (check_line(gate) for gate in result.gates)
    if result.model["best"]:
        yield str(result.model["best"])
    state = "champion" if result.champion else "not champion"
    known = f" = {result.version} ({state})" if result.version else ", not registered"
    yield f"package: {result.package}{known}"
    yield f"report:  {result.run_dir / 'report.html'}"


def _value(metric: Mapping[str, Any] | None) -> str:
    return "–" if metric is None else f"{metric['value']:.4g}"


def _usage_line(name: str, usage: Mapping[str, Any]) -> str:
    """What the answers of an endpoint took."""
    per = usage["per_thousand_rows"]
    cost = "" if per["cost"] is None else f", cost {per['cost']:.4g}"
    return (
        f"{name}: {usage['latency_p50_seconds']:.2f} s a row ({usage['latency_p95_seconds']:.2f} s at"
        f" 95 %), {usage['unreadable']} of {usage['rows']} answers unreadable; a thousand rows:"
        f" {per['tokens_in']:.0f} tokens in, {per['tokens_out']:.0f} out{cost}"
    )
