"""Metrics are the same number for any batch size, order of merging, and order of rows."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.core.columns import Task
from trainwright.evaluation.metrics import METRICS
from trainwright.summaries.statistics import ClassStatistics, ExactSum, RegressionStatistics

finite = st.floats(-1e100, 1e100, allow_nan=False)


@given(st.lists(finite, max_size=50), st.data())
def test_an_exact_sum_is_the_sum_of_fractions_however_it_is_cut(values, data):
    cut = data.draw(st.integers(0, len(values)))
    merged = ExactSum.of(values[cut:]).merge(ExactSum.of(values[:cut]))
    assert merged == ExactSum.of(values)
    assert merged.fraction == sum(map(Fraction, values), Fraction(0))
    assert merged.value == math.fsum(values)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 4), st.integers(1, 60), st.integers(1, 7), st.integers(0, 2**31))
def test_class_metrics_do_not_depend_on_batch_size(num_classes, rows, batch, seed):
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.ones(num_classes), rows).round(2)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    codes = generator.integers(0, num_classes, rows)
    decided = probabilities.argmax(axis=1)
    whole = ClassStatistics.of(probabilities, codes, decided)
    parts = [
        ClassStatistics.of(
            probabilities[k : k + batch], codes[k : k + batch], decided[k : k + batch]
        )
        for k in range(0, rows, batch)
    ]
    merged = parts[-1]
    for part in parts[:-1]:
        merged = part.merge(merged)
    for metric in METRICS.values():
        if metric.task is Task.CLASSIFICATION and not (metric.binary_only and num_classes > 2):
            assert metric.value(merged) == metric.value(whole), metric.name


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.integers(1, 7), st.floats(-1e6, 1e6), st.integers(0, 2**31))
def test_regression_metrics_do_not_depend_on_batch_size(rows, batch, offset, seed):
    generator = np.random.default_rng(seed)
    target = generator.normal(size=rows) + offset
    predicted = target + generator.standard_cauchy(rows)
    whole = RegressionStatistics.of(predicted, target)
    shuffled = generator.permutation(rows)
    merged = None
    for k in range(0, rows, batch):
        taken = shuffled[k : k + batch]
        part = RegressionStatistics.of(predicted[taken], target[taken])
        merged = part if merged is None else merged.merge(part)
    assert merged == whole


@given(st.integers(0, 2**31))
def test_r2_keeps_its_digits_far_from_zero(seed):
    generator = np.random.default_rng(seed)
    target = generator.integers(0, 1000, 50).astype(float)
    predicted = target + generator.integers(-3, 4, 50)
    near = METRICS["r2"].value(RegressionStatistics.of(predicted, target))
    far = METRICS["r2"].value(RegressionStatistics.of(predicted + 2.0**50, target + 2.0**50))
    assert near == far
