"""`trainwright predict` and `trainwright serve`: the package at work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from trainwright.core.artifacts import Column
from trainwright.core.errors import CommandError
from trainwright.core.protocols import Progress
from trainwright.data.reading import TypedBlock, read_typed
from trainwright.data.reading.typed import PATH
from trainwright.data.repair.apply import check_ready
from trainwright.data.series.live import read_series
from trainwright.data.types import parse_value
from trainwright.deployment.batch import predict_file
from trainwright.deployment.package import Package
from trainwright.deployment.server import serve as serve_package
from trainwright.flow.resolving import recipe_of, resolve_model
from trainwright.runs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class PredictionResult:
    """Attributes.

    model: Whose predictions.
    rows: How many.
    output: The file.
    seconds: Wall time of reading, predicting and writing.
    ignored: Columns of the data that the model does not use.
    """

    model: str
    rows: int
    output: Path
    seconds: float
    ignored: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The contract of `predict --json`."""
        return {
            "model": self.model,
            "rows": self.rows,
            "output": str(self.output),
            "seconds": round(self.seconds, 3),
            "rows_per_second": round(self.rows / self.seconds, 1) if self.seconds else 0.0,
            "ignored": list(self.ignored),
        }


def predict(
    model: str,
    data: Path,
    *,
    output: Path,
    workspace: Path | None = None,
    progress: Progress | None = None,
) -> PredictionResult:
    """Score a file, a block at a time.

    Args:
        model: MODEL.
        data: A file of any kind that is read, or a folder, with the model's input columns.
        output: .csv, .parquet or .jsonl; one line an input row, in order; of series one a series, in
            the order of their ids; of a folder of images or documents one a file, with its `path`.
        workspace: The workspace's folder.
        progress: Shows how far the work is.

    Raises:
        CommandError: no such model; the output's ending is not known.
        DataError: columns are missing, or a value cannot be read.
        TrustError: the package is damaged.
    """
    if output.exists() and data.exists() and output.samefile(data):
        raise CommandError(
            "the output is the input", where=str(output), mend="name another file with -o"
        )
    named = resolve_model(model, Workspace.open(workspace))
    package = named.load()
    check_ready(package.model.inputs)
    blocks = read_live(data, package, columns=package.model.inputs)
    ignored = _Ignored()
    result = predict_file(
        package.model,
        ignored.noted(blocks),
        output,
        key=PATH if data.is_dir() else None,
        source=data,
        model_hash=package.hash,
        progress=progress,
    )
    return PredictionResult(named.name, result.rows, result.output, result.seconds, ignored.columns)


def read_live(
    data: Path, package: Package, *, columns: Sequence[Column], optional: Sequence[str] = ()
) -> Iterator[TypedBlock]:
    """Rows of today, read as the recipe read those that the model learnt from.

    Raises:
        DataError: columns are missing, or a value cannot be read.
    """
    settings = recipe_of(package).data
    target = package.model.target
    if target.time is not None:
        return read_series(
            data,
            package.model.inputs,
            target,
            judged=bool(optional),
            encoding=settings.encoding,
            delimiter=settings.delimiter,
        )
    return read_typed(
        data,
        columns,
        optional=optional,
        ignored=(package.model.target.name,),
        encoding=settings.encoding,
        delimiter=settings.delimiter,
        sheet=settings.sheet,
        table=settings.table,
    )


class _Ignored:
    """Notes the columns that go unused while blocks pass by."""

    def __init__(self) -> None:
        self.columns: tuple[str, ...] = ()

    def noted(self, blocks: Iterable[TypedBlock]) -> Iterator[TypedBlock]:
        for block in blocks:
            self.columns = block.extra
            yield block


def serve(
    model: str,
    *,
    host: str,
    port: int,
    extra: Literal["refuse", "ignore"],
    workspace: Path | None = None,
    ready: Callable[[str, str], None],
) -> None:
    """Serve a package over HTTP until a signal says stop; what was accepted is answered first.

    Args:
        model: MODEL.
        host: Loopback, or any other with TRAINWRIGHT_TOKEN set.
        port: 0 for a free one.
        extra: "refuse" or "ignore" columns that the model does not know.
        workspace: The workspace's folder.
        ready: Told the model's name and the address once requests are answered.

    Raises:
        CommandError: no such model; a host that needs a token has none.
        TrustError: the package is damaged.
        EnvironmentFault: the port is taken.
    """
    named = resolve_model(model, Workspace.open(workspace))
    package = named.load()
    check_ready(package.model.inputs)
    serve_package(
        package,
        host=host,
        port=port,
        extra=extra,
        model_name=named.name,
        parse=parse_value,
        ready=lambda address: ready(named.name, address),
    )
