"""A run that failed is told with what to do, its curves, and nothing that it did not write down."""

from __future__ import annotations

import math

from trainwright.reports.failure_report import failure_report

FAULT = {
    "what": "the loss is <nan> at step 3",
    "where": "step 3: rows 7, 9",
    "mend": "clip_norm: 1.0",
}
SNAPSHOT = {"hash": "c0ffee", "rows": {"input": 10, "train": 6, "validation": 2, "test": 2}}


def page(**changes):
    given = {"run": {"name": "late"}, "faults": [FAULT], "snapshot": SNAPSHOT, "findings": []}
    return failure_report(**{**given, **changes})


def test_the_verdict_is_the_error_and_the_mend_can_be_pasted():
    found = page(faults=[FAULT, {"what": "another", "where": "", "mend": ""}])
    assert "The run failed: the loss is &lt;nan&gt; at step 3." in found
    assert "step 3: rows 7, 9" in found
    assert "<code>clip_norm: 1.0</code>" in found
    assert "another" in found
    assert "<script" not in found


def test_the_newest_curves_stand_first_and_say_where_they_burst():
    sound = [{"step": step, "epoch": 0, "loss": 1 / step} for step in (1, 2, 3)]
    burst = [*sound[:2], {"step": 3, "epoch": 0, "loss": math.nan}]
    found = page(history={"mlp": sound, "ft-transformer": burst}, candidates=["mlp: 0.4"])
    assert found.index("ft-transformer") < found.index(">mlp<")
    assert "At step 3, loss was no finite number." in found
    assert found.count("<h3>Loss</h3>") == 2
    assert "mlp: 0.4" in found


def test_a_run_without_a_network_has_no_curves():
    assert "How the networks learned" not in page()
