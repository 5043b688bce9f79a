from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from trainwright.cli.run import lines_of


def test_a_candidate_without_a_finite_loss_stands_in_the_table_all_the_same() -> None:
    told = {"iterations": 1, "stopped": "limit", "seconds": 0.1, "chosen": False}
    result = SimpleNamespace(
        run="r-1",
        task="regression",
        model={"family": "baseline", "verdict": "no signal", "reason": "why", "best": ""},
        rows=dict.fromkeys(("input", "train", "validation", "test", "dropped"), 3),
        tokens=None,
        validation={},
        candidates=[
            {"name": "baseline", "loss": 0.25, **told, "chosen": True},
            {"name": "mlp", "loss": None, **told},
        ],
        cross_validation=None,
        gates=[],
        package="/p",
        version="r/1",
        champion=True,
        run_dir=Path("/r"),
    )
    lines = list(lines_of(result))
    assert any(line.split()[:3] == ["*", "baseline", "0.25000"] for line in lines)
    assert any(line.split()[:3] == ["mlp", "not", "finite"] for line in lines)
