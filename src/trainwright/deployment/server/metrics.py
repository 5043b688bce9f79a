"""What /metrics tells: counters and one histogram, in Prometheus' text format.

Forty lines of our own instead of a dependency. Everything happens on the event loop's thread, so no lock is
needed; paths are from a closed list, so callers cannot make up new series.

Source: Prometheus text exposition format 0.0.4.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter

BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)  # seconds
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counts requests, rows and seconds."""

    def __init__(self, *, model: str, package: str) -> None:
        self._info = f'model="{_escaped(model)}",package="{package}"'
        self._requests: Counter[tuple[str, int]] = Counter()
        self._buckets = [0] * (len(BOUNDS) + 1)
        self._seconds = 0.0
        self.rows = 0
        self.warnings = 0
        self.in_work = 0

    def observe(self, path: str, status: int) -> None:
        """One request was answered."""
        self._requests[path, status] += 1

    def observe_prediction(self, seconds: float, *, rows: int, warnings: int) -> None:
        """One prediction request was answered with 200."""
        self._buckets[bisect_left(BOUNDS, seconds)] += 1
        self._seconds += seconds
        self.rows += rows
        self.warnings += warnings

    def text(self) -> str:
        """All series."""
        lines = [*_head("model_info", "gauge"), f"trainwright_model_info{{{self._info}}} 1"]
        lines += _head("requests_total", "counter")
        for (path, status), count in sorted(self._requests.items()):
            lines.append(f'trainwright_requests_total{{path="{path}",status="{status}"}} {count}')
        lines += _head("prediction_seconds", "histogram")
        total = 0
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), self._buckets, strict=True):
            total += count
            lines.append(f'trainwright_prediction_seconds_bucket{{le="{bound}"}} {total}')
        lines.append(f"trainwright_prediction_seconds_sum {self._seconds}")
        lines.append(f"trainwright_prediction_seconds_count {total}")
        for name, kind, value in (
            ("rows_total", "counter", self.rows),
            ("warnings_total", "counter", self.warnings),
            ("requests_in_work", "gauge", self.in_work),
        ):
            lines += [*_head(name, kind), f"trainwright_{name} {value}"]
        return "\n".join(lines) + "\n"


def _head(name: str, kind: str) -> list[str]:
    return [f"# TYPE trainwright_{name} {kind}"]


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
