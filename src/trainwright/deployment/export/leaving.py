"""An export takes its name only when its checks said yes; otherwise nothing is left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainwright.core.artifacts import Check
from trainwright.core.durable import (
    FILE_MODE,
    disk_fault,
    flush_file,
    flush_folder,
    place_folder,
    scratch_folder,
    write_json,
)
from trainwright.core.errors import CommandError, TrainwrightError, shorten
from trainwright.deployment.export.formats import Format, Quantization

RECORD = "export.json"


@dataclass(frozen=True, slots=True)
class Export:
    """What an export came to.

    Attributes:
        model: Which model.
        package: The hash of its package.
        format: Of `formats.Format`.
        quantization: None where weights are as they were.
        output: The folder or file; not there when a check said no.
        bytes: Its size.
        checks: Each with what it saw.
    """

    model: str
    package: str
    format: Format
    quantization: Quantization | None
    output: Path
    bytes: int
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """True when every check said yes: only then something was written."""
        return all(check.passed for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        """The contract of `export --json`."""
        return {
            "model": self.model,
            "package": self.package,
            "format": self.format,
            "quantization": self.quantization,
            "output": str(self.output),
            "bytes": self.bytes,
            "passed": self.passed,
            "checks": [check.to_json() for check in self.checks],
        }


def leave(
    output: Path,
    *,
    model: str,
    package: str,
    to: Format,
    quantization: Quantization | None,
    write: Callable[[Path], object],
    check: Callable[[Path], Iterable[Check]],
) -> Export:
    """Write aside, read again and compare, then give it its name.

    Args:
        output: A file for gguf, otherwise a folder; must not exist.
        model: Its name.
        package: The hash of its package.
        to: The format.
        quantization: Or None.
        write: Fills an empty folder; of gguf with one file.
        check: Reads what was written and compares it.

    Raises:
        CommandError: `output` exists.
        EnvironmentFault: the disk refuses.
    """
    if output.exists() or output.is_symlink():
        raise CommandError(
            "the output is there already", where=str(output), mend="name another one with -o"
        )
    with scratch_folder(output.absolute().parent, output.name) as aside:
        checks = tuple(_guarded(write, check, aside))
        size = sum(path.stat().st_size for path in aside.rglob("*") if path.is_file())
        export = Export(model, package, to, quantization, output, size, checks)
        if export.passed and to == "gguf":
            (made,) = aside.iterdir()
            _place_file(made, output)
        elif export.passed:
            record = export.to_json()
            del record["output"], record["bytes"]
            write_json(aside / RECORD, record)
            place_folder(aside, output)
    return export


def _guarded(
    write: Callable[[Path], object], check: Callable[[Path], Iterable[Check]], aside: Path
) -> Iterator[Check]:
    """The checks; an exporter that cannot write it, or a runtime that cannot read it, says no."""
    name = "is written"
    try:
        write(aside)
        name = "runs"
        yield from check(aside)
    except (TrainwrightError, OSError):
        raise
    except Exception as error:  # whatever a foreign library brings up
        what = str(error).strip().splitlines() or [""]
        yield Check(name, False, f"{type(error).__name__}: {shorten(what[0], 300)}")


def _place_file(made: Path, output: Path) -> None:
    try:
        made.chmod(FILE_MODE)
        flush_file(made)
        made.rename(output)
        flush_folder(output.absolute().parent)
    except OSError as error:
        raise disk_fault(error, output) from error
