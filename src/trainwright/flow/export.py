"""`trainwright export`: a package in a format of others, refused unless it answers as the package does.

What is compared are the package's golden rows, and validation rows where the run that made it is here.
"""

from __future__ import annotations

from pathlib import Path

from trainwright.core.artifacts import Split
from trainwright.core.columns import Task
from trainwright.core.durable import read_json
from trainwright.core.errors import CommandError
from trainwright.core.extras import require
from trainwright.core.protocols import Progress, Silent
from trainwright.data.snapshot import read_split
from trainwright.deployment.export.formats import parse_format, parse_quantization
from trainwright.deployment.export.leaving import Export, leave
from trainwright.deployment.package import Package
from trainwright.flow.leaving import Asked, LanguageLeaving, Leaving, NetworkLeaving
from trainwright.flow.resolving import NamedPackage, resolve_model, snapshot_of
from trainwright.models.fitted import FittedModel
from trainwright.runs.workspace import Workspace

ROWS = 64  # validation rows that are compared


def export(
    model: str,
    *,
    to: str,
    output: Path,
    quantize: str | None = None,
    workspace: Path | None = None,
    progress: Progress | None = None,
) -> Export:
    """Write a package's network in a format of others.

    Args:
        model: MODEL.
        to: safetensors, gguf or onnx.
        output: The file of gguf, the folder of the others; must not exist.
        quantize: f16, int8, int4, q8_0 or q4_0, where the format has it.
        workspace: The workspace's folder.
        progress: Shows how far the work is.

    Returns:
        What was written, with the checks; where one said no nothing was.

    Raises:
        CommandError: no such model, format or quantisation; the family does not leave in this format.
        EnvironmentFault: an extra is missing, or the disk refuses.
        TrustError: the package is damaged.
    """
    kind = parse_format(to)
    quantization = parse_quantization(quantize, to=kind)
    progress = progress or Silent()
    store = Workspace.open(workspace)
    named = resolve_model(model, store)
    package = named.load()
    fitted = _network_of(package)
    if kind != "safetensors":
        require("export", what=f"--to {kind}")
    progress.stage("export")
    asked = _asked(named, package, store)
    is_language = fitted.target.task.is_language
    leaving: Leaving = (LanguageLeaving if is_language else NetworkLeaving)(
        fitted, asked, to=kind, quantization=quantization, name=named.name
    )
    return leave(
        output,
        model=named.name,
        package=package.hash,
        to=kind,
        quantization=quantization,
        write=leaving.write,
        check=leaving.check,
    )


def _asked(named: NamedPackage, package: Package, workspace: Workspace) -> Asked:
    """The rows by which package and export are compared."""
    golden = read_json(package.folder / "golden.json")["rows"]
    if named.run is None:
        return Asked(golden, None)
    frame = read_split(snapshot_of(named.run, workspace), Split.VALIDATION)
    return Asked(golden, frame.gather_every(max(1, frame.height // ROWS)).head(ROWS))


def _network_of(package: Package) -> FittedModel:
    """The package's model, where it is a network.

    Raises:
        CommandError: it is of a family that has a format of its own.
    """
    model = package.model
    kind = model.estimator.kind if isinstance(model, FittedModel) else model.kind
    if not isinstance(model, FittedModel) or kind != "network":
        raise CommandError(
            f"only networks are exported, and this model is of family {package.facts['family']!r}",
            where=str(package.folder),
            mend="use the package itself: trainwright serve MODEL, or trainwright.load_model",
        )
    if model.target.task is Task.MULTI_LABEL:
        raise CommandError(
            "a network that tells several labels is not exported: the thresholds would stay behind",
            where=str(package.folder),
            mend="use the package itself: trainwright serve MODEL, or trainwright.load_model",
        )
    return model
