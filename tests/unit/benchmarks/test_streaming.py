"""Memory stays flat while a CSV file grows: the benchmark's own figures say so."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "streaming.py"


@pytest.fixture(scope="module")
def streaming() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_streaming", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_equal_sizes_give_equal_files_with_copies_and_gaps(
    streaming: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "BLOCK_ROWS", 2_000)
    for name in ("one.csv", "two.csv"):
        streaming.write_rows(tmp_path / name, num_bytes=300_000)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    frame = pl.read_csv(tmp_path / "one.csv", try_parse_dates=True)
    assert frame.height % 2_000 == 0
    assert frame["gaps"].null_count() > 0
    assert frame.is_duplicated().any()


def test_memory_is_told_of_a_process_that_runs(streaming: ModuleType) -> None:
    found = streaming.memory_of("self")
    assert 0 < found["RssAnon"] <= found["VmHWM"]
    assert streaming.memory_of(2**22 + 1) == {}


@pytest.mark.slow
def test_ten_times_the_rows_take_the_same_memory(streaming: ModuleType, tmp_path: Path) -> None:
    peaks = []
    for size in (200_000_000, 2_000_000_000):
        streaming.write_rows(tmp_path / "rows.csv", num_bytes=size)
        peaks.append(streaming.prepared_alone(tmp_path / "rows.csv")["own_mb"])
    assert max(peaks) < 1_000
    assert peaks[1] < 1.25 * peaks[0] + 50
