"""Short fits on growing parts of the train rows: what a family takes, and how it learns.

A family is fitted on a sixteenth, an eighth ... of the train rows while the next fit is expected to end
within its share of the time; times are carried on as a power of the rows, losses as a power law. Of
networks the updates of the whole fit are counted, not guessed: the plan of the whole fit is made for that,
which costs what preparing its rows costs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from trainwright.core.artifacts import Snapshot
from trainwright.core.clock import Deadline
from trainwright.core.errors import DataError, TrainingError
from trainwright.core.protocols import Family
from trainwright.core.seeds import derive_seed
from trainwright.data.labels.learning_curve import expected_gain
from trainwright.evaluation.choice import row_losses
from trainwright.flow.checkpoints import NoCheckpoints
from trainwright.flow.fitting import Bench, Candidate, fit_candidate
from trainwright.flow.proving.memory import peak_bytes
from trainwright.flow.rows import Rows
from trainwright.models.networks.family import NetworkFamily
from trainwright.recipe.schema import Recipe
from trainwright.summaries.intervals import Units, mean_by_unit
from trainwright.summaries.reckoning import Reckoned, extrapolated

PARTS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
FEWEST_ROWS = 48
JUDGED_ROWS = 2_000
WARM_SHARE = 0.1  # of the time: a first fit that takes less is made once more
LIMIT = 3.0  # a probe that takes so many times its share of the time is ended


@dataclass(frozen=True, slots=True)
class Probe:
    """One fit on some of the rows.

    Attributes:
        rows: Train rows.
        seconds: Of the fit with its predictions.
        loss: On validation rows.
        loss_error: Its standard error.
        row_seconds: Of a predicted row, many at once.
        package_bytes: Of preparation and estimator.
        peak_bytes: Of this process.
    """

    rows: int
    seconds: float
    loss: float
    loss_error: float
    row_seconds: float
    package_bytes: int
    peak_bytes: int

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "rows": self.rows,
            "seconds": round(self.seconds, 4),
            "loss": round(self.loss, 6),
            "loss_error": round(self.loss_error, 6),
        }


@dataclass(frozen=True, slots=True)
class Counts:
    """What is counted of a network's whole fit.

    Attributes:
        epochs: Passes, at most.
        steps: Updates, at most.
        parameters: Weights that are trained.
        tokens: That are read in all passes; None where they are not counted.
        flops: Operations of all passes; None where they are not counted.
    """

    epochs: int
    steps: int
    parameters: int
    tokens: float | None
    flops: float | None


@dataclass(frozen=True, slots=True)
class Probed:
    """What was found out about one family.

    Attributes:
        family: Its name.
        rows: Train rows of the whole fit.
        probes: The fits.
        seconds: Of a fit on all train rows.
        loss: There, on validation rows; None where three probes were too many.
        counts: Of a network.
        candidate: The largest of the fits.
    """

    family: str
    rows: int
    probes: tuple[Probe, ...]
    seconds: Reckoned
    loss: Reckoned | None
    counts: Counts | None
    candidate: Candidate

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        counts = self.counts
        return {
            "family": self.family,
            "probes": [probe.to_json() for probe in self.probes],
            "seconds": self.seconds.to_json(),
            "loss": None if self.loss is None else self.loss.to_json(),
            "row_seconds": self.probes[-1].row_seconds,
            "counts": None
            if counts is None
            else {name: getattr(counts, name) for name in counts.__slots__},
        }


def probe_family(
    family: Family,
    train: Rows,
    validation: Rows,
    *,
    snapshot: Snapshot,
    recipe: Recipe,
    base: Path,
    seconds: float,
    now: Callable[[], float] = time.monotonic,
) -> Probed:
    """Fit a family on growing parts of the train rows.

    Args:
        family: Not one that asks an endpoint.
        train: All of them.
        validation: All of them; the first are judged on.
        snapshot: Of the rows.
        recipe: Its training section is read.
        base: The recipe's folder.
        seconds: This family's share of the time.
        now: The clock, in seconds.
    """
    judged = validation.take(np.arange(min(JUDGED_ROWS, validation.frame.height)))
    order = np.random.default_rng(derive_seed(recipe.training.seed, "estimate")).permutation(
        train.frame.height
    )
    found: list[Probe] = []
    kept: list[Candidate] = []
    ends = now() + seconds

    def fitted(size: int) -> Probe | None:
        """A fit on so many rows; None where they are too few to learn from."""
        part = train.take(np.sort(order[:size]))
        bench = Bench(part, stop=judged, inputs=snapshot.inputs, base=base, target=snapshot.target)
        pacer = Deadline(max(1.0, LIMIT * seconds), now=now)
        try:
            probe, candidate = _probe(
                bench, family, size, snapshot=snapshot, recipe=recipe, pacer=pacer, now=now
            )
            kept[:] = [candidate]
            return probe
        except (DataError, TrainingError):
            if size == train.frame.height:
                raise
            return None

    for size in sizes_of(train.frame.height):
        if found and now() + _expected(found, size) > ends:
            break
        probe = fitted(size)
        if probe is not None and not found and probe.seconds < WARM_SHARE * seconds:
            probe = fitted(size)  # the first fit of a process imports what the others have
        found += [] if probe is None else [probe]
    rows = train.frame.height
    return Probed(
        family.family,
        rows,
        tuple(found),
        extrapolated([p.rows for p in found], [p.seconds for p in found], at=rows),
        loss_at(found, rows),
        _counts(family, train, judged, snapshot=snapshot, recipe=recipe, base=base),
        kept[0],
    )


def sizes_of(rows: int) -> list[int]:
    """Rows of the probes, growing; all rows are the last."""
    return sorted({min(rows, max(FEWEST_ROWS, round(part * rows))) for part in PARTS})


def loss_at(probes: Sequence[Probe], rows: int) -> Reckoned | None:
    """Loss after a fit on so many rows; measured where there is such a probe.

    The interval holds the error of the validation rows as well as that of the curve.
    """
    last = probes[-1]
    half = 2 * last.loss_error
    if last.rows >= rows:
        return Reckoned(last.loss, last.loss - half, last.loss + half)
    if len({probe.rows for probe in probes}) < 3:
        return None
    gain = _gain(probes, rows - last.rows)
    return Reckoned(
        last.loss - gain.value, last.loss - gain.high - half, last.loss - gain.low + half
    )


def gain_of_twice(probes: Sequence[Probe], rows: int) -> Reckoned | None:
    """How much lower the loss would be with twice the labels; None with fewer than three probes."""
    if len({probe.rows for probe in probes}) < 3:
        return None
    to, now = _gain(probes, 2 * rows - probes[-1].rows), _gain(probes, rows - probes[-1].rows)
    parts = ((to.value, now.value), (to.low, now.low), (to.high, now.high))
    return Reckoned(*(max(0.0, far - near) for far, near in parts))


def _gain(probes: Sequence[Probe], more: int) -> Reckoned:
    """How much lower the loss is with so many rows more than the largest probe had."""
    sizes = np.array([probe.rows for probe in probes], dtype=np.int64)
    losses = np.array([probe.loss for probe in probes])
    errors = np.array([max(probe.loss_error, 1e-9) for probe in probes])
    scale = max(float(np.abs(losses).max()), 1e-12)  # the curve's prior is of losses near 1
    found = expected_gain(sizes, losses / scale, errors / scale, more=max(0, more), confidence=0.95)
    return Reckoned(found.value, found.low, found.high).times(scale)


def _probe(
    bench: Bench,
    family: Family,
    rows: int,
    *,
    snapshot: Snapshot,
    recipe: Recipe,
    pacer: Deadline,
    now: Callable[[], float],
) -> tuple[Probe, Candidate]:
    made: list[Candidate] = []
    started = now()
    peak = peak_bytes(
        lambda: made.append(
            fit_candidate(
                bench,
                family,
                name=family.family,
                target=snapshot.target,
                training=recipe.training,
                seed=derive_seed(recipe.training.seed, "estimate", family.family),
                pacer=pacer,
                checkpoints=NoCheckpoints(),
            )
        )
    )
    seconds = max(1e-6, now() - started)
    candidate = made[0]
    losses = row_losses(candidate.output, bench.judge.target, snapshot.target).ravel()
    mean = mean_by_unit(losses, Units.of(bench.judge.item_units))
    probe = Probe(
        rows,
        seconds,
        mean.value,
        0.0 if np.isnan(mean.error) else mean.error,
        candidate.row_seconds,
        _size(candidate),
        peak,
    )
    return probe, candidate


def _expected(probes: Sequence[Probe], rows: int) -> float:
    return extrapolated([p.rows for p in probes], [p.seconds for p in probes], at=rows).value


def _size(candidate: Candidate) -> int:
    with TemporaryDirectory(prefix="trainwright-estimate-") as scratch:
        for name, part in (("p", candidate.preparation), ("e", candidate.fit.estimator)):
            folder = Path(scratch) / name
            folder.mkdir()
            part.save(folder)
        return sum(path.stat().st_size for path in Path(scratch).rglob("*") if path.is_file())


def _counts(
    family: Family,
    train: Rows,
    judged: Rows,
    *,
    snapshot: Snapshot,
    recipe: Recipe,
    base: Path,
) -> Counts | None:
    """Of networks: the plan of the whole fit is made, and its updates are counted."""
    if not isinstance(family, NetworkFamily):
        return None
    from trainwright.models.networks.fitting import length_of
    from trainwright.training.feeding.batching import num_batches

    bench = Bench(train, stop=judged, inputs=snapshot.inputs, base=base, target=snapshot.target)
    _, examples, stop, _ = bench.prepared(family.needs)
    training, seed = recipe.training, recipe.training.seed
    plan = family.planned(
        examples, stop, target=snapshot.target, training=training, seed=seed, base=base
    )
    length = length_of(plan, training, seed=seed)
    size = training.batch_size or plan.defaults.batch_size
    epoch = num_batches(
        plan.train,
        seed=seed,
        epoch=0,
        batch_size=plan.defaults.batch_size if size == "auto" else size,
        tokens_per_batch=training.tokens_per_batch or plan.defaults.tokens_per_batch,
    )
    steps = length.epochs * epoch if length.steps is None else length.steps
    samples = steps / epoch * len(plan.train)
    work = plan.work
    return Counts(
        length.epochs,
        steps,
        sum(p.numel() for p in plan.module.parameters() if p.requires_grad),
        None if work is None else samples * work.tokens,
        None if work is None else samples * work.flops,
    )
