"""`trainwright estimate`: what a recipe will take, measured by short probes on this machine.

The snapshot is prepared (a run of the recipe will find it there), every candidate is fitted on growing parts
of the train rows, and what was measured is carried on with intervals. Beside it stands what an endpoint
would cost; the endpoint is asked only where the recipe names a sample.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from trainwright.core.artifacts import Snapshot
from trainwright.core.protocols import Progress
from trainwright.core.seeds import derive_seed
from trainwright.flow.asking import Asked, ask_endpoint
from trainwright.flow.folds import FOLD_COST, FOLDS, REPEATS, is_small
from trainwright.flow.probing import Probed, gain_of_twice, probe_family
from trainwright.flow.rows import Rows, load_both
from trainwright.flow.selection import FIT_FRACTION, UNASKED_FOLDS
from trainwright.flow.session import Session
from trainwright.flow.weighing import Sides, Weighed, weigh
from trainwright.models.auto import baseline_of, candidates
from trainwright.summaries.reckoning import Reckoned, exact

if TYPE_CHECKING:
    from trainwright.models.api.family import Api

AROUND_A_RUN_SECONDS = (2.0, 0.5, 8.0)  # judging, explaining, packaging, the report
AROUND_A_RUN_BYTES = (2e6, 3e5, 6e6)  # report, records, reference
HOURS_A_MONTH = 730.5
UNSEEN_MEMORY = 1.3  # what folds, judging and the report may take beside
SERVED_ALONE = 30.0  # times the cost of a row among many, at most


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a recipe will take.

    Attributes:
        rows: Of the snapshot.
        prepare_seconds: Measured; near 0 where the snapshot was there.
        train_seconds: From the snapshot to the package.
        memory_bytes: At the peak.
        disk_bytes: Snapshot, run and package.
        families: One a candidate.
        twice: What twice the labels would take off the loss of the best one; None where not known.
        costs: By name: labels, compute of training, a machine that is always on, and of a thousand rows
            served here or answered by the endpoint; None where a price is missing.
        asked: What asking the endpoint brought; None where it was not asked.
        weighed: Training against the endpoint.
        seconds: What the estimate itself took.
    """

    rows: Mapping[str, int]
    prepare_seconds: float
    train_seconds: Reckoned
    memory_bytes: Reckoned
    disk_bytes: Reckoned
    families: tuple[Probed, ...]
    twice: Reckoned | None
    costs: Mapping[str, Reckoned | None]
    asked: Mapping[str, Any] | None
    weighed: Weighed
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """The contract of `estimate --json`."""
        return {
            "confidence": 0.95,
            "rows": dict(self.rows),
            "prepare_seconds": round(self.prepare_seconds, 3),
            "train_seconds": self.train_seconds.to_json(),
            "memory_bytes": self.memory_bytes.to_json(),
            "disk_bytes": self.disk_bytes.to_json(),
            "families": [family.to_json() for family in self.families],
            "gain_of_twice_the_labels": None if self.twice is None else self.twice.to_json(),
            "costs": {
                name: None if cost is None else cost.to_json() for name, cost in self.costs.items()
            },
            "api": self.asked,
            **self.weighed.to_json(),
            "seconds": round(self.seconds, 3),
        }


def estimate(
    recipe: Path,
    *,
    workspace: Path | None = None,
    overrides: Sequence[str] = (),
    progress: Progress | None = None,
    now: Callable[[], float] = time.monotonic,
) -> Estimate:
    """Measure, carry on, and weigh.

    Args:
        recipe: The recipe's file; its section `estimate` has prices and volume.
        workspace: The workspace's folder.
        overrides: `section.key=value` each.
        progress: Shows how far the work is.
        now: The clock, in seconds.

    Raises:
        RecipeError, DataError, EnvironmentFault, TrainingError: as their names say.
    """
    started = now()
    session = Session.open(recipe, workspace=workspace, overrides=overrides, progress=progress)
    snapshot = session.prepare()
    prepared = now() - started
    session.progress.stage("probe")
    settings = session.recipe.estimate
    train, validation = load_both(snapshot, further=session.recipe.data.further_targets)
    every = candidates(session.recipe.model, inputs=snapshot.inputs, target=snapshot.target)
    endpoints = [family for family in every if family.family == "api"]
    families = [family for family in every if family.family != "api"]
    probed = tuple(
        probe_family(
            family,
            train,
            validation,
            snapshot=snapshot,
            recipe=session.recipe,
            base=session.base,
            seconds=settings.probe / len(families),
            now=now,
        )
        for family in families
    )
    own = [one for one in probed if one.family != baseline_of(snapshot.target)] or list(probed)
    best = min(own, key=lambda one: one.probes[-1].loss)
    chosen = settings.api or (endpoints[0] if endpoints else None)
    asked = None
    if chosen is not None:
        session.progress.stage("endpoint")
        asked = ask_endpoint(
            cast("Api", chosen), session, snapshot, train, validation, best=best, now=now
        )
    seconds = _train_seconds(session, snapshot, validation, probed)
    costs = _costs(session, snapshot, best, seconds.plus(exact(prepared)), asked)
    sides = Sides(
        once=_once(costs),
        here=_a_row(costs["serving_per_thousand"]),
        elsewhere=_a_row(costs["api_per_thousand"]),
        rows=None if settings.rows_per_month is None else settings.rows_per_month * settings.months,
        trained=best.loss if asked is None or asked.trained is None else asked.trained,
        asked=None if asked is None else asked.loss,
        unpriced=0 if settings.label is not None else _labelled(snapshot),
    )
    return Estimate(
        snapshot.rows,
        prepared,
        seconds,
        _memory(probed),
        _disk(own, snapshot),
        probed,
        gain_of_twice(best.probes, snapshot.rows["train"]),
        costs,
        None if asked is None else asked.facts,
        weigh(sides, seed=derive_seed(session.recipe.training.seed, "estimate")),
        now() - started,
    )


def _train_seconds(
    session: Session, snapshot: Snapshot, validation: Rows, probed: Sequence[Probed]
) -> Reckoned:
    """Fits, folds where validation is small, and what stands around; never more than the budget."""
    budget = session.recipe.training.budget
    fits = exact(0.0)
    for one in probed:
        fits = fits.plus(one.seconds)
    is_cut = fits.high > FIT_FRACTION * budget  # then judging and packaging use up the rest
    fits = fits.at_most(FIT_FRACTION * budget)
    if is_small(validation, target=snapshot.target):
        most = fits.times(FOLDS * FOLD_COST * REPEATS).at_most(
            UNASKED_FOLDS * FIT_FRACTION * budget
        )
        fits = fits.plus(Reckoned(most.value / 2, 0.0, most.high))
    whole = fits.plus(Reckoned(*AROUND_A_RUN_SECONDS)).at_most(budget)
    return Reckoned(whole.value, whole.low, budget) if is_cut else whole


def _costs(
    session: Session,
    snapshot: Snapshot,
    best: Probed,
    seconds: Reckoned,
    asked: Asked | None,
) -> dict[str, Reckoned | None]:
    settings = session.recipe.estimate
    hour = settings.compute_per_hour
    row = best.probes[-1].row_seconds
    if asked is not None and asked.row_seconds is not None:
        row = asked.row_seconds
    row *= 1000 / 3600
    return {
        "labels": None if settings.label is None else exact(settings.label * _labelled(snapshot)),
        "compute": None if hour is None else seconds.times(hour / 3600),
        "always_on": None
        if hour is None or settings.serving == "batch"
        else exact(hour * HOURS_A_MONTH * settings.months),
        "serving_per_thousand": None
        if hour is None
        else Reckoned(3 * row * hour, row * hour, SERVED_ALONE * row * hour),
        "api_per_thousand": None if asked is None else asked.cost,
    }


def _labelled(snapshot: Snapshot) -> int:
    return sum(snapshot.rows[split] for split in ("train", "validation", "test"))


def _once(costs: Mapping[str, Reckoned | None]) -> Reckoned | None:
    """What is paid whatever the volume."""
    compute = costs["compute"]
    if compute is None:
        return None
    return compute.plus(costs["labels"] or exact(0.0)).plus(costs["always_on"] or exact(0.0))


def _a_row(thousand: Reckoned | None) -> Reckoned | None:
    return None if thousand is None else thousand.times(1e-3)


def _memory(probed: Sequence[Probed]) -> Reckoned:
    """The largest peak, carried on along the line through a family's first and last probe."""
    value = low = high = 0.0
    for one in probed:
        first, last = one.probes[0], one.probes[-1]
        grown = 0.0
        if last.rows > first.rows:
            a_row = max(0, last.peak_bytes - first.peak_bytes) / (last.rows - first.rows)
            grown = a_row * (one.rows - last.rows)
        low = max(low, float(last.peak_bytes))
        value = max(value, last.peak_bytes + grown)
        high = max(high, UNSEEN_MEMORY * (last.peak_bytes + 2 * grown))
    return Reckoned(value, low, high)


def _disk(own: Sequence[Probed], snapshot: Snapshot) -> Reckoned:
    """The snapshot as it is, and the largest package carried on: at most in proportion to the rows."""
    held = sum(path.stat().st_size for path in snapshot.folder.rglob("*") if path.is_file())
    largest = max(own, key=lambda one: one.probes[-1].package_bytes).probes[-1]
    growth = snapshot.rows["train"] / largest.rows
    package = Reckoned(
        largest.package_bytes * growth**0.5, largest.package_bytes, largest.package_bytes * growth
    )
    return exact(float(held)).plus(package).plus(Reckoned(*AROUND_A_RUN_BYTES))
