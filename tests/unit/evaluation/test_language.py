from __future__ import annotations

import math

import numpy as np
import pytest

from trainwright.core.artifacts import MetricValue, Prediction
from trainwright.core.columns import Task
from trainwright.evaluation.judged import Judged
from trainwright.evaluation.metrics import METRICS, metric_names
from trainwright.summaries.intervals import Units


def measured(values: np.ndarray, *, seed: int = 0) -> dict[str, MetricValue]:
    """The metrics that are defined for predictions of documents."""
    units = Units.of(np.arange(len(values)))
    judged = Judged(Prediction(values), values[:, 2], units=units, seed=seed, told=True)
    found = {}
    for name in metric_names(Task.LANGUAGE_MODELLING):
        value = METRICS[name].value(judged.statistics)
        if value is not None:
            found[name] = METRICS[name].interval(judged, value, 0.95)
    return found


def test_bits_per_byte_and_perplexity_are_ratios_of_sums():
    found = measured(np.array([[10.0, 5, 20], [30.0, 10, 30], [8.0, 5, 22]]))
    assert found["bits_per_byte"].value == pytest.approx(48 / math.log(2) / 72)
    assert found["perplexity"].value == pytest.approx(math.exp(48 / 20))
    assert all(metric.low < metric.value < metric.high for metric in found.values())


def test_the_interval_of_bits_per_byte_covers_the_truth():
    generator = np.random.default_rng(5)
    hits = 0
    for seed in range(100):
        size = generator.integers(20, 200, 80).astype(float)
        nats = size * math.log(2) * generator.gamma(4, 0.5, 80)  # two bits a byte
        found = measured(np.stack([nats, size / 4, size], axis=1), seed=seed)["bits_per_byte"]
        hits += found.low <= 2 <= found.high
    assert hits >= 88


def test_one_unit_has_an_interval_that_can_be_written():
    same = measured(np.array([[10.0, 5, 20]]))
    for metric in same.values():
        assert metric.low < metric.value < metric.high < math.inf
    rows = measured(np.array([[10.0, 5, 20]] * 50))
    assert rows["bits_per_byte"].high < same["bits_per_byte"].high


def test_what_is_not_defined_is_left_out():
    assert measured(np.zeros((2, 3))) == {}
    endless = measured(np.array([[1e9, 1, 4], [1e9, 1, 5]]))
    assert list(endless) == ["bits_per_byte"]
