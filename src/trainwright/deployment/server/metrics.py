"""What /metrics tells: counters and histograms, in Prometheus' text format.

A few lines of our own instead of a dependency. Everything happens on the event loop's thread, so no lock is
needed; paths are from a closed list, so callers cannot make up new series.

Source: Prometheus text exposition format 0.0.4.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter

from trainwright.core.language import Piece

BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)  # seconds
LONG_BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)  # seconds
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Histogram:
    """Seconds, counted up to each of some bounds."""

    def __init__(self, name: str, *, bounds: tuple[float, ...] = BOUNDS) -> None:
        self._name = name
        self._bounds = bounds
        self._buckets = [0] * (len(bounds) + 1)
        self._seconds = 0.0

    def observe(self, seconds: float) -> None:
        """One that took so long."""
        self._buckets[bisect_left(self._bounds, seconds)] += 1
        self._seconds += seconds

    def lines(self) -> list[str]:
        """Its series."""
        name, total = f"trainwright_{self._name}", 0
        lines = _head(self._name, "histogram")
        for bound, count in zip((*map(str, self._bounds), "+Inf"), self._buckets, strict=True):
            total += count
            lines.append(f'{name}_bucket{{le="{bound}"}} {total}')
        return [*lines, f"{name}_sum {self._seconds}", f"{name}_count {total}"]


class Writing:
    """Counts what a model that writes is asked for and writes.

    Attributes:
        in_work: Texts asked for and not ended.
        cancelled: Texts whose caller hung up.
    """

    def __init__(self) -> None:
        self.in_work = 0
        self.cancelled = 0
        self._first = Histogram("first_token_seconds", bounds=LONG_BOUNDS)
        self._whole = Histogram("generation_seconds", bounds=LONG_BOUNDS)
        self._begun: set[int] = set()
        self._texts: Counter[str] = Counter()
        self._prompt_tokens = 0
        self._tokens = 0

    def observe_piece(self, piece: Piece, *, seconds: float) -> None:
        """A piece of a text was written so long after the text was asked for."""
        if piece.request not in self._begun:
            self._begun.add(piece.request)
            self._first.observe(seconds)
        self._tokens += 1
        if piece.generation is not None:
            self._begun.discard(piece.request)
            self._whole.observe(seconds)
            self._texts[piece.generation.finish] += 1
            self._prompt_tokens += piece.generation.prompt_tokens

    def forget(self, request: int) -> None:
        """A text that was cancelled."""
        self._begun.discard(request)

    def lines(self) -> list[str]:
        """All series."""
        lines = _head("generations_total", "counter")
        for finish, count in sorted(self._texts.items()):
            lines.append(f'trainwright_generations_total{{finish="{finish}"}} {count}')
        for name, kind, value in (
            ("generated_tokens_total", "counter", self._tokens),
            ("prompt_tokens_total", "counter", self._prompt_tokens),
            ("generations_cancelled_total", "counter", self.cancelled),
            ("generations_in_work", "gauge", self.in_work),
            ("generations_waiting", "gauge", self.in_work - len(self._begun)),
        ):
            lines += [*_head(name, kind), f"trainwright_{name} {value}"]
        return [*lines, *self._first.lines(), *self._whole.lines()]


class Metrics:
    """Counts requests, rows and seconds.

    Attributes:
        writing: Of a model that writes texts; None of others.
    """

    def __init__(self, *, model: str, package: str) -> None:
        self._info = f'model="{_escaped(model)}",package="{package}"'
        self._requests: Counter[tuple[str, int]] = Counter()
        self._predictions = Histogram("prediction_seconds")
        self.writing: Writing | None = None
        self.rows = 0
        self.warnings = 0
        self.in_work = 0

    def observe(self, path: str, status: int) -> None:
        """One request was answered."""
        self._requests[path, status] += 1

    def observe_prediction(self, seconds: float, *, rows: int, warnings: int) -> None:
        """One prediction request was answered with 200."""
        self._predictions.observe(seconds)
        self.rows += rows
        self.warnings += warnings

    def text(self) -> str:
        """All series."""
        lines = [*_head("model_info", "gauge"), f"trainwright_model_info{{{self._info}}} 1"]
        lines += _head("requests_total", "counter")
        for (path, status), count in sorted(self._requests.items()):
            lines.append(f'trainwright_requests_total{{path="{path}",status="{status}"}} {count}')
        lines += self._predictions.lines()
        for name, kind, value in (
            ("rows_total", "counter", self.rows),
            ("warnings_total", "counter", self.warnings),
            ("requests_in_work", "gauge", self.in_work),
        ):
            lines += [*_head(name, kind), f"trainwright_{name} {value}"]
        lines += [] if self.writing is None else self.writing.lines()
        return "\n".join(lines) + "\n"


def _head(name: str, kind: str) -> list[str]:
    return [f"# TYPE trainwright_{name} {kind}"]


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
