"""What leaves takes its name only after the checks."""

from __future__ import annotations

import pytest

from trainwright.core.artifacts import Check
from trainwright.core.errors import CommandError
from trainwright.deployment.export.leaving import leave


def left(output, *, to="onnx", check=lambda _: [Check("parity", True, "")]):
    def write(folder):
        (folder / "weights.bin").write_bytes(b"1234")

    return leave(
        output,
        model="m/1",
        package="0" * 64,
        to=to,
        quantization=None,
        write=write,
        check=check,
    )


def test_a_folder_holds_the_checks_beside_what_was_written(tmp_path):
    made = left(tmp_path / "out")
    assert made.passed
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["export.json", "weights.bin"]
    assert made.to_json()["bytes"] == 4


def test_gguf_is_one_file(tmp_path):
    left(tmp_path / "out.gguf", to="gguf")
    assert (tmp_path / "out.gguf").read_bytes() == b"1234"
    assert [p.name for p in tmp_path.iterdir()] == ["out.gguf"]


@pytest.mark.parametrize("to", ["onnx", "gguf"])
def test_one_check_that_says_no_leaves_nothing(tmp_path, to):
    checks = [Check("a", True, ""), Check("b", False, "")]
    made = left(tmp_path / "out", to=to, check=lambda _: checks)
    assert not made.passed
    assert list(tmp_path.iterdir()) == []


def test_what_its_runtime_cannot_read_is_refused(tmp_path):
    def check(folder):
        raise ValueError("no graph")

    made = left(tmp_path / "out", check=check)
    assert not made.passed
    assert "no graph" in made.checks[0].detail
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_never_overwritten(tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(CommandError, match="there already"):
        left(tmp_path / "out")
