"""Over- and underfitting in words, with the numbers they rest on and what to do next.

Losses are read against the baseline's: what a model gains over it on train rows, and how much of that is
left on validation rows. The thresholds are conventions, not tests.
"""

from __future__ import annotations

from collections.abc import Sequence

from trainwright.core.artifacts import CurvePoint, Diagnosis

KEPT_FRACTION = 0.5  # less of the train gain left on validation: overfitting
SMALL_GAIN = 0.05  # of the baseline's loss, gained on train: underfitting
FALLING = 0.02  # of the whole gain, gained in the last tenth of the curve: stopped too soon


def diagnose(
    *,
    train_loss: float,
    validation_loss: float,
    baseline_loss: float,
    curve: Sequence[CurvePoint],
    verdict: str,
) -> Diagnosis:
    """Judge a fit.

    Args:
        train_loss: Mean proper loss on train rows.
        validation_loss: On validation rows.
        baseline_loss: The baseline's, on validation rows.
        curve: Loss after each iteration.
        verdict: Of the choice: "signal" or "no signal".
    """
    numbers = (
        f"loss {train_loss:.4g} on train, {validation_loss:.4g} on validation,"
        f" {baseline_loss:.4g} for the baseline"
    )
    if verdict == "no signal":
        return Diagnosis(
            "no signal",
            f"nothing beats the baseline ({numbers}): the columns do not tell the target; look for"
            " columns that do, for more rows, or for a mistake in the target",
        )
    gain, kept = baseline_loss - train_loss, baseline_loss - validation_loss
    if gain > 0 and kept < KEPT_FRACTION * gain:
        return Diagnosis(
            "overfitting",
            f"of what it gains on train, {100 * max(0.0, kept / gain):.0f} % is left on validation"
            f" ({numbers}{_turned(curve)}): more rows, fewer columns, or a simpler family would help",
        )
    if _still_falling(curve):
        return Diagnosis(
            "underfitting",
            f"the validation loss was still falling when the fit ended ({numbers}): give it more"
            " time, `--set training.budget=30m`, or more iterations",
        )
    if gain < SMALL_GAIN * abs(baseline_loss):
        return Diagnosis(
            "underfitting",
            f"even train rows are told little better than by the baseline ({numbers}): bring columns"
            " that tell more, or a richer family",
        )
    return Diagnosis(
        "balanced", f"what it learnt on train holds on validation ({numbers}{_turned(curve)})"
    )


def _still_falling(curve: Sequence[CurvePoint]) -> bool:
    losses = _validation(curve)
    if len(losses) < 10:
        return False
    tenth = max(1, len(losses) // 10)
    gain = losses[0] - losses[-1]
    return gain > 0 and losses[-1 - tenth] - losses[-1] > FALLING * gain


def _turned(curve: Sequence[CurvePoint]) -> str:
    """Where the validation loss was least, when it rose again after."""
    losses = _validation(curve)
    if len(losses) < 2:
        return ""
    least = min(range(len(losses)), key=losses.__getitem__)
    rose = losses[-1] - losses[least] > 1e-3 * abs(losses[least])
    return f"; validation was best at iteration {curve[least].iteration}" if rose else ""


def _validation(curve: Sequence[CurvePoint]) -> list[float]:
    """Validation losses, or none where one is not known."""
    known = [point.validation for point in curve if point.validation is not None]
    return known if len(known) == len(curve) else []
