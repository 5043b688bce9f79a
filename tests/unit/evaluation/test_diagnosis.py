from __future__ import annotations

import pytest

from trainwright.core.artifacts import CurvePoint
from trainwright.evaluation.diagnosis import diagnose


def told(*, train=0.5, validation=0.55, baseline=0.9, curve=(), verdict="signal"):
    return diagnose(
        train_loss=train,
        validation_loss=validation,
        baseline_loss=baseline,
        curve=curve,
        verdict=verdict,
    )


def falling(losses):
    return [CurvePoint(k, None, loss) for k, loss in enumerate(losses, start=1)]


@pytest.mark.parametrize(
    ("case", "verdict", "advice"),
    [
        ({}, "balanced", "holds on validation"),
        ({"train": 0.01, "validation": 0.8}, "overfitting", "11 % is left on validation"),
        ({"train": 0.01, "validation": 1.2}, "overfitting", "0 % is left"),
        ({"train": 0.88, "validation": 0.88}, "underfitting", "columns that tell more"),
        ({"verdict": "no signal"}, "no signal", "mistake in the target"),
        (
            {"curve": falling([1 - 0.01 * k for k in range(50)])},
            "underfitting",
            "training.budget",
        ),
        ({"curve": falling([0.9**k for k in range(100)])}, "balanced", "holds"),
        (
            {"curve": falling([1, 0.6, 0.5, *[0.5 + 0.01 * k for k in range(1, 30)]])},
            "balanced",
            "best at iteration 3",
        ),
    ],
)
def test_each_case_has_its_word_its_numbers_and_its_advice(case, verdict, advice):
    diagnosis = told(**case)
    assert diagnosis.verdict == verdict
    assert advice in diagnosis.message
    assert "for the baseline" in diagnosis.message
