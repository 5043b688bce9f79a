"""`trainwright predict` and `trainwright serve`: the package at work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from trainwright.core.columns import Column
from trainwright.core.errors import CommandError
from trainwright.core.protocols import Progress
from trainwright.data.reading import TypedBlock
from trainwright.data.reading.live import is_address, live_sources, read_all
from trainwright.data.reading.typed import PATH
from trainwright.data.repair.apply import check_ready
from trainwright.data.series.live import read_series
from trainwright.data.types import parse_value
from trainwright.deployment.batch import predict_file
from trainwright.deployment.package import Package, generation_of
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
    data: Path | str,
    *,
    output: Path,
    workspace: Path | None = None,
    progress: Progress | None = None,
) -> PredictionResult:
    """Score rows, a block at a time.

    Args:
        model: MODEL.
        data: What `data.source` may be, with the model's input columns: a file, a folder, a pattern, or
            an address (see `data.reading.live`).
        output: .csv, .parquet or .jsonl; one line an input row, in order; of series one a series, in
            the order of their ids; of a folder of images or documents one a file, with its `path`.
        workspace: The workspace's folder.
        progress: Shows how far the work is.

    Raises:
        CommandError: no such model; the output's ending is not known.
        DataError: columns are missing, or a value cannot be read.
        TrustError: the package is damaged.
    """
    path = None if is_address(data) else Path(data)
    if path is not None and output.exists() and path.exists() and output.samefile(path):
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
        key=PATH if path is not None and path.is_dir() else None,
        source=path,
        model_hash=package.hash,
        settings=generation_of(package),
        progress=progress,
    )
    return PredictionResult(named.name, result.rows, result.output, result.seconds, ignored.columns)


def read_live(
    data: Path | str, package: Package, *, columns: Sequence[Column], optional: Sequence[str] = ()
) -> Iterator[TypedBlock]:
    """Rows of today, read as the recipe read those that the model learnt from.

    Raises:
        CommandError: an address is malformed.
        DataError: columns are missing, or a value cannot be read.
    """
    settings = recipe_of(package).data
    target = package.model.target
    sources = live_sources(data, settings)
    how = {
        "encoding": settings.encoding,
        "delimiter": settings.delimiter,
        "sheet": settings.sheet,
        "table": settings.table,
    }
    if target.time is not None:
        inputs = package.model.inputs
        return read_series(sources, inputs, target, judged=bool(optional), **how)
    return read_all(sources, columns, optional=optional, ignored=(target.name,), **how)


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
