"""What a run keeps of each finished candidate, so that a stopped run goes on behind it.

Only fits are kept: preparation and judgement are cheap and are done again. A damaged checkpoint is
refused by its hashes, and the candidate is fitted anew. When the run is through, its package holds
the winner and the checkpoints go.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from trainwright.core.artifacts import CurvePoint
from trainwright.core.durable import (
    make_folder,
    read_json,
    remove_folder,
    staged_folder,
    write_json,
)
from trainwright.core.errors import TrustError
from trainwright.core.parts import load
from trainwright.core.protocols import Fit, Progress, Workplace
from trainwright.deployment import manifest as manifests
from trainwright.recipe import Reads
from trainwright.runs.history import from_json, to_json


class Checkpoints:
    """Finished fits of one run.

    Args:
        folder: `checkpoints/` of the run.
        decisions: What the clock decided; a recalled fit brings its own back.
        reads: Which keys of the recipe were read; a recalled fit brings its own back.
        progress: Shows how far a fit is.
        record: Told each record of a training loop, with the candidate's name.
        answers: Where answers of an endpoint are kept; they stay when the checkpoints go.
    """

    def __init__(
        self,
        folder: Path,
        decisions: dict[str, int],
        *,
        reads: Reads,
        progress: Progress,
        record: Callable[[str, Mapping[str, float]], object],
        answers: Path | None = None,
    ) -> None:
        self._folder = folder
        self._decisions = decisions
        self._reads = reads
        self._progress = progress
        self._record = record
        self.answers = answers

    def workplace(self, name: str, *, base: Path) -> Workplace:
        """Where the fit of this candidate happens: a network keeps its own checkpoints there."""
        return Workplace(
            base=base,
            folder=self._folder / f"{name}.training",
            progress=self._progress,
            record=lambda values: self._record(name, values),
            answers=self.answers,
        )

    def keep(self, name: str, fit: Fit) -> None:
        """Write down a finished fit."""
        if (self._folder / name).exists():  # a damaged one that was fitted anew
            shutil.rmtree(self._folder / name)
        with staged_folder(self._folder / name) as aside:
            make_folder(aside / "estimator")
            fit.estimator.save(aside / "estimator")
            document = {
                "kind": fit.estimator.kind,
                "iterations": fit.iterations,
                "stopped": fit.stopped,
                "curve": [asdict(point) for point in fit.curve],
                "decisions": dict(self._decisions),
                "history": [to_json(record) for record in fit.history],
                "best": fit.best,
                "reads": [*self._reads.of("model"), *self._reads.of("training")],
            }
            write_json(aside / "fit.json", document)
            manifest = manifests.manifest_of(aside, kind=fit.estimator.kind)
            write_json(aside / manifests.NAME, manifest)
        shutil.rmtree(self._folder / f"{name}.training", ignore_errors=True)

    def recall(self, name: str) -> Fit | None:
        """The fit that an earlier process finished, or None."""
        folder = self._folder / name
        if not folder.is_dir():
            return None
        try:
            manifest = manifests.read_manifest(folder)
            manifests.check_list(folder, manifest, manifests.list_files(folder))
            manifests.check_hashes(folder, manifest)
            document = read_json(folder / "fit.json")
            estimator = load(document["kind"], folder / "estimator")
        except TrustError:
            return None
        self._decisions.update(document["decisions"])
        self._reads.restore(document["reads"])
        return Fit(
            estimator,
            document["iterations"],
            document["stopped"],
            curve=tuple(CurvePoint(**point) for point in document["curve"]),
            history=tuple(map(from_json, document["history"])),
            best=document["best"],
        )


def drop(folder: Path) -> None:
    """Remove the checkpoints of a run that is through; its package holds what became of them."""
    if folder.exists():
        remove_folder(folder)


class NoCheckpoints:
    """Nothing is kept: for replays, and for the small fits of a cross-validation.

    Args:
        answers: Where answers of an endpoint were kept; None: nowhere.
    """

    def __init__(self, answers: Path | None = None) -> None:
        self.answers = answers

    def workplace(self, name: str, *, base: Path) -> Workplace:
        """Without a folder."""
        return Workplace(base, answers=self.answers)

    def keep(self, name: str, fit: Fit) -> None:
        """Nothing."""

    def recall(self, name: str) -> Fit | None:
        """None."""
        return None
