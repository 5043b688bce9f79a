"""The command `trainwright`: its verbs, and how an error becomes a few lines and an exit status."""

from __future__ import annotations

import io
import sys
import traceback
import warnings
from typing import TextIO

import typer

from trainwright.cli import (
    audit,
    chat,
    compare,
    doctor,
    estimate,
    evaluate,
    export,
    init,
    label,
    lineage,
    models,
    monitor,
    predict,
    prepare,
    prove,
    reproduce,
    run,
    runs,
    serve,
    signals,
    train,
)
from trainwright.cli.output import print_error, print_note
from trainwright.core.errors import CommandError, EnvironmentFault, Interrupted, TrainwrightError

app = typer.Typer(
    name="trainwright",
    help="The training system that proves its own numbers: raw data to a model to trust.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for verb in (
    init,
    prove,
    estimate,
    run,
    prepare,
    train,
    evaluate,
    compare,
    audit,
    reproduce,
    export,
    predict,
    serve,
    chat,
    monitor,
    label,
    runs,
    models,
    lineage,
    doctor,
):
    verb.add(app)


def main() -> None:
    """Run the command line and exit with its status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name of bytes that are no text is told escaped
            stream.reconfigure(errors="backslashreplace")
    warnings.showwarning = _show
    signals.handle()
    try:
        status = status_of(sys.argv[1:])
    except Interrupted as error:  # one more, while the first was being told
        status = error.status
    signals.ignore()
    sys.exit(status)


def status_of(arguments: list[str]) -> int:
    """Run one command.

    Returns:
        The exit status: 0 done, 1 a check said no, 2 to 6 as `core.errors`, 70 a bug, 75 stopped.
    """
    signals.forget()
    _shown.clear()
    as_json, debug = "--json" in arguments, "--debug" in arguments
    if not arguments:
        return status_of(["--help"]) or CommandError.status
    try:
        status = typer.main.get_command(app).main(
            [argument for argument in arguments if argument != "--debug"],
            prog_name="trainwright",
            standalone_mode=False,
        )
        return status if isinstance(status, int) else 0
    except _UsageError as error:
        return _refuse_usage(error, as_json=as_json)
    except TrainwrightError as error:
        if debug:
            traceback.print_exc()
        return print_error(error, as_json=as_json)
    except BrokenPipeError:
        return 0
    except MemoryError as error:
        if debug:
            traceback.print_exc()
        fault = EnvironmentFault(
            "memory ran out",
            where=_last_place(error),
            mend="give it more memory, or less to hold: fewer rows, a smaller training.batch_size",
        )
        return print_error(fault, as_json=as_json)
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != _PANIC:
            raise
        if debug:
            traceback.print_exc()
        if signals.came():  # a library made another error of it
            return print_error(signals.stopped(), as_json=as_json)
        bug = TrainwrightError(
            f"a bug of ours: {type(error).__name__}: {str(error)[:300]}",
            where=_last_place(error),
            mend="run it again with --debug and report what it prints",
        )
        return print_error(bug, as_json=as_json)


_PANIC = "PanicException"  # what Polars raises where it gives up: no Exception to Python
# Base of all that the parser of the command line raises; typer names only its descendants.
_UsageError: type[typer.BadParameter] = typer.BadParameter.__mro__[2]


def _refuse_usage(error: typer.BadParameter, *, as_json: bool) -> int:
    """What the parser refused, as a refusal of ours."""
    verb = error.ctx.info_name if error.ctx is not None and error.ctx.parent is not None else None
    usage = CommandError(
        error.format_message()[:300],
        where=f"trainwright {verb}" if verb else "trainwright",
        mend=f"see `trainwright {verb} --help`" if verb else "see `trainwright --help`",
    )
    return print_error(usage, as_json=as_json)


def _show(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Warnings of ours as other remarks, once though each fold gives them; of libraries as Python shows."""
    if category.__module__.split(".")[0] == "trainwright":
        if str(message) not in _shown:
            _shown.add(str(message))
            print_note(f"  warning: {message}")
    else:
        _show_plainly(message, category, filename, lineno, file, line)


_show_plainly = warnings.showwarning
_shown: set[str] = set()


def _last_place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return (
        f"{frames[-1].filename.split('site-packages/')[-1]}:{frames[-1].lineno}" if frames else ""
    )
