"""The package: preparation, weights, signature, golden rows and card in one folder, with no pickle in it.

    model/            what `Model.save` writes
    signature.json    inputs with types and contract, target, classes
    golden.json       synthetic rows and the model's answers
    reference.json    what monitoring compares live data with (null where there is nothing)
    facts.json        snapshot, recipe, decisions, libraries: whence it came
    card.md           the model card
    manifest.json     written last: format, kind, SHA-256 and size of each file

Its bytes are a function of what `write_package` is given. It is loaded in one order, each step before the
next: names, sizes, hashes, first bytes, our own documents, the parser of the weights, golden rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainwright.core import parts
from trainwright.core.artifacts import Check
from trainwright.core.durable import make_folder, read_json, staged_folder, write_json, write_text
from trainwright.core.errors import TrainwrightError, TrustError, shorten, with_article
from trainwright.core.language import GenerationSettings
from trainwright.core.protocols import Model
from trainwright.deployment import manifest as manifests
from trainwright.deployment.golden import check_golden, draw_golden
from trainwright.deployment.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Package:
    """A package that was verified and loaded.

    Attributes:
        folder: Where it lies.
        model: Ready to predict.
        manifest: Its files.
        signature: Inputs and target, as JSON values.
        facts: Whence it came.
        reference: What monitoring compares live data with, or None.
        hash: SHA-256 of its manifest: equal hashes, equal packages.
    """

    folder: Path
    model: Model
    manifest: Manifest
    signature: Mapping[str, Any]
    facts: Mapping[str, Any]
    reference: Mapping[str, Any] | None
    hash: str


def generation_of(package: Package) -> GenerationSettings:
    """How a model that writes does so unless it is told otherwise: as its recipe said."""
    said = package.facts.get("generation")
    return GenerationSettings() if said is None else GenerationSettings.from_json(said)


def write_package(
    folder: Path,
    *,
    model: Model,
    card: str,
    facts: Mapping[str, Any],
    reference: Mapping[str, Any] | None,
    golden_rows: Sequence[Mapping[str, Any]],
    tolerance: float,
) -> None:
    """Write a package; `folder` appears whole or not at all.

    Args:
        folder: Must not exist.
        model: Saved below model/.
        card: The model card, Markdown; begins with a heading ("# ").
        facts: JSON values; nothing of time, host, path or run belongs in them.
        reference: JSON values for monitoring, or None.
        golden_rows: Synthetic rows, JSON values as `Preparation.transform_rows` takes them.
        tolerance: How far a replayed answer may be off, relative to max(1, |answer|); 0 for trees.

    Raises:
        EnvironmentFault: `folder` exists, or the disk refuses.
        TrainingError: the model answers a golden row with NaN or infinity.
    """
    golden = draw_golden(model, golden_rows, tolerance=tolerance)
    with staged_folder(folder) as aside:
        make_folder(aside / "model")
        model.save(aside / "model")
        write_json(aside / "signature.json", signature_of(model))
        write_json(aside / "golden.json", golden.to_json())
        write_json(aside / "reference.json", None if reference is None else dict(reference))
        write_json(aside / "facts.json", dict(facts))
        write_text(aside / "card.md", card)
        manifest = manifests.manifest_of(aside, kind=model.kind)
        write_json(aside / manifests.NAME, manifest)


def load_package(folder: Path) -> Package:
    """Verify a package and load its model; no parser sees a byte before its hash was right.

    Raises:
        TrustError: it is damaged, was changed, holds a format that is not allowed, is of a newer
            format, or its model no longer gives the golden answers.
    """
    manifest = _verified(folder)
    signature = read_json(folder / "signature.json")
    facts = read_json(folder / "facts.json")
    reference = read_json(folder / "reference.json")
    golden = read_json(folder / "golden.json")
    model = _parsed(folder, manifest)
    if signature_of(model) != signature:
        raise TrustError("the signature is not the model's", where=str(folder / "signature.json"))
    check_golden(model, golden, where=str(folder / "golden.json"))
    return Package(folder, model, manifest, signature, facts, reference, manifest.hash)


def verify_package(folder: Path) -> list[Check]:
    """The same steps as checks, for `audit`; after one that says no, the others are not judged."""
    steps: tuple[tuple[str, Callable[[], str]], ...] = (
        ("no pickle", lambda: _formats(folder)),
        ("package files", lambda: _list(folder)),
        ("package hashes", lambda: _hashes(folder)),
        ("golden rows", lambda: _golden(folder)),
    )
    checks: list[Check] = []
    for name, step in steps:
        if all(check.passed for check in checks):
            checks.append(_check(name, step))
        else:
            checks.append(Check(name, False, f"not judged: {checks[-1].name} said no"))
    return checks


def signature_of(model: Model) -> dict[str, Any]:
    """What a caller must send and what comes back, as JSON values."""
    return {
        "inputs": [column.to_json() for column in model.inputs],
        "target": model.target.to_json(),
    }


def _verified(folder: Path) -> Manifest:
    """Everything that is checked before a parser runs, in order."""
    names = manifests.list_files(folder)
    manifests.check_formats(folder, names)
    manifest = manifests.read_manifest(folder)
    manifests.check_list(folder, manifest, names)
    manifests.check_hashes(folder, manifest)
    manifests.check_heads(folder, manifest)
    return manifest


def _parsed(folder: Path, manifest: Manifest) -> Model:
    try:
        model = parts.load(manifest.kind, folder / "model")
    except TrainwrightError:
        raise
    except Exception as error:  # any parser's own error: the file is not what its manifest says
        raise TrustError(
            f"the model cannot be read: {type(error).__name__}: {shorten(str(error))}",
            where=str(folder / "model"),
            mend="run the recipe again with this installation",
        ) from error
    if not isinstance(model, Model):
        raise TrustError(
            f"{with_article(manifest.kind)} is not a model", where=str(folder / manifests.NAME)
        )
    return model


def _check(name: str, step: Callable[[], str]) -> Check:
    try:
        return Check(name, True, step())
    except TrainwrightError as error:
        return Check(
            name, False, "; ".join(f"{fault.what} ({fault.where})" for fault in error.faults)
        )


def _formats(folder: Path) -> str:
    names = manifests.list_files(folder)
    manifests.check_formats(folder, names)
    return f"{len(names)} files, all of {', '.join(manifests.FORMATS)}"


def _list(folder: Path) -> str:
    manifest = manifests.read_manifest(folder)
    manifests.check_list(folder, manifest, manifests.list_files(folder))
    return f"{len(manifest.files)} files, as the manifest says"


def _hashes(folder: Path) -> str:
    manifest = _verified(folder)
    return f"{len(manifest.files)} files hashed; package {manifest.hash[:16]}"


def _golden(folder: Path) -> str:
    package = load_package(folder)
    return check_golden(
        package.model, read_json(folder / "golden.json"), where=str(folder / "golden.json")
    )
