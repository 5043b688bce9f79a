"""The balance of classes in train rows: class weights, over- and under-sampling, as the recipe asks.

Class weights give class c the weight rows / (classes * rows of c), whose mean is 1. Oversampling gives
rows of the rarer classes whole-number weights, so that every class counts as the commonest: a weight of 3
is three copies in every loss, and costs no time. Undersampling leaves train rows of the commoner classes out,
down to the rarest. Which rows weigh one more, or stay, is drawn by a hash of position and seed. Validation
and test rows are as they came: a metric is never weighted.

Cost: probabilities of such a fit are those of balanced classes; calibration on validation brings them
back (`evaluation.calibration.PriorCalibrator`).
Source: King & Zeng 2001, Political Analysis 9(2), eq. 8 (weights); Elkan 2001 (IJCAI).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import Split
from trainwright.core.columns import ROW, Task
from trainwright.core.errors import RecipeError
from trainwright.core.seeds import derive_seed
from trainwright.data.detection import LeftOut
from trainwright.data.findings import finding
from trainwright.data.hashing import mix
from trainwright.data.view import View
from trainwright.data.weights import Weights

Integers = NDArray[np.int64]


def weigh(view: View) -> Weights | None:
    """What each train row counts, where the recipe asks for class weights or oversampling."""
    kind = view.settings.balance
    if kind not in ("class-weights", "oversample"):
        return None
    rows, codes, counts = _classes(view, kind)
    if kind == "class-weights":
        of_class = len(rows) / (len(counts) * counts)
        weights = of_class[codes]
    else:
        weights = _copies(rows, codes, counts, seed=_seed(view)).astype(np.float64)
    told = ", ".join(
        f"{name} ({count:,} rows) {mean:.3g}"
        for name, count, mean in zip(
            view.target.classes, counts, np.bincount(codes, weights) / counts, strict=True
        )
    )
    said = finding(
        "imbalance",
        "info",
        f"{kind}: a train row counts, in the mean of its class: {told}. Probabilities are brought back to"
        " the true shares by calibration on validation rows, which count alike",
        column=view.target.name,
    )
    return Weights(rows, weights, (said,))


def leave_out(view: View) -> LeftOut:
    """Train rows of the commoner classes, down to as many as the rarest has."""
    nothing = LeftOut(np.empty(0, dtype=np.int64), ())
    if view.settings.balance != "undersample":
        return nothing
    rows, codes, counts = _classes(view, "undersample")
    least = int(counts.min())
    gone = _places(rows, codes, counts, seed=_seed(view)) >= least
    reason = f"undersampling to {least} rows a class"
    said = finding(
        "imbalance",
        "info",
        f"undersampling: {int(gone.sum()):,} train rows are left out, so that each class has {least:,}",
        column=view.target.name,
        rows=rows[gone],
    )
    return LeftOut(rows[gone], [reason] * int(gone.sum()), (said,))


def _classes(view: View, kind: str) -> tuple[Integers, Integers, Integers]:
    """Positions and class codes of the train rows, and the rows of each class."""
    target = view.target
    if target.task is not Task.CLASSIFICATION:
        raise RecipeError(
            f"{kind} is for classes, and {target.name!r} is a target of {target.task.value}",
            where="data.balance",
            mend="balance: none",
        )
    codes_of = {label: code for code, label in enumerate(target.classes)}
    rows, codes = [], []
    for block in view.blocks([target.name], split=Split.TRAIN):
        rows.append(block[ROW].to_numpy())
        codes.append(block[target.name].replace_strict(codes_of).to_numpy().astype(np.int64))
    all_codes = np.concatenate(codes)
    return np.concatenate(rows), all_codes, np.bincount(all_codes, minlength=len(codes_of))


def _copies(rows: Integers, codes: Integers, counts: Integers, *, seed: int) -> Integers:
    """How often each row counts, so that each class has the commonest one's rows."""
    most = int(counts.max())
    whole, rest = np.divmod(most, counts)
    return whole[codes] + (_places(rows, codes, counts, seed=seed) < rest[codes])


def _places(rows: Integers, codes: Integers, counts: Integers, *, seed: int) -> Integers:
    """The place of each row in a shuffle of its class, from 0."""
    drawn = mix(mix(rows.astype(np.uint64)) ^ np.uint64(seed))
    order = np.lexsort((rows, drawn, codes))
    places = np.empty(len(rows), dtype=np.int64)
    starts = np.cumsum(counts) - counts
    places[order] = np.arange(len(rows)) - starts[codes[order]]
    return places


def _seed(view: View) -> int:
    return derive_seed(view.settings.split.seed, "balance")
