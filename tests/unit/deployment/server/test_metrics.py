"""What /metrics tells is what happened."""

from __future__ import annotations

import re

from trainwright.deployment.server.metrics import BOUNDS, Metrics


def series(text):
    """Prometheus' text as name -> value; a line that is not of the format fails."""
    found = {}
    for line in text.splitlines():
        if not line.startswith("# TYPE "):
            name, value = re.fullmatch(r"([a-z_]+(?:\{.*\})?) (\S+)", line).groups()
            assert name not in found
            found[name] = float(value)
    return found


def test_requests_rows_and_warnings_are_counted(serving, package, row):
    with serving(package) as caller:
        caller.predict(row, {**row, "age": None})
        caller.predict({"age": 1})
        caller.send("GET", "/anything")
        caller.send("GET", "/anything/else")
        found = series(caller.send("GET", "/metrics").body.decode())
    assert found['trainwright_requests_total{path="/predict",status="200"}'] == 1
    assert found['trainwright_requests_total{path="/predict",status="422"}'] == 1
    assert found['trainwright_requests_total{path="other",status="404"}'] == 2
    assert found["trainwright_rows_total"] == 2
    assert found["trainwright_warnings_total"] == 1
    assert found["trainwright_prediction_seconds_count"] == 1
    assert found["trainwright_requests_in_work"] == 1
    info = f'trainwright_model_info{{model="churn/3",package="{package.hash}"}}'
    assert found[info] == 1


def test_the_histogram_is_cumulative_and_its_bounds_belong_to_it():
    metrics = Metrics(model="m", package="p")
    for seconds in (0.0, BOUNDS[0], 0.0007, 0.3, 99.0):
        metrics.observe_prediction(seconds, rows=1, warnings=0)
    found = series(metrics.text())
    buckets = [value for name, value in found.items() if "bucket" in name]
    assert buckets == sorted(buckets)
    assert found['trainwright_prediction_seconds_bucket{le="0.0005"}'] == 2
    assert found['trainwright_prediction_seconds_bucket{le="0.001"}'] == 3
    assert found['trainwright_prediction_seconds_bucket{le="5.0"}'] == 4
    assert found['trainwright_prediction_seconds_bucket{le="+Inf"}'] == 5


def test_a_name_cannot_forge_a_series():
    text = Metrics(model='x"} 1\nevil 2\\', package="p").text()
    assert "\nevil" not in text
    assert 'model="x\\"} 1\\nevil 2\\\\"' in text
