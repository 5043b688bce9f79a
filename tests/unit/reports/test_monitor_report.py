from __future__ import annotations

from trainwright.reports.monitor_report import monitor_report

HOSTILE = "<script>alert(1)</script>"


def column(name, psi, *, alarm):
    return {
        "column": name,
        "statistic": "psi of values",
        "value": psi,
        "threshold": 0.1,
        "p_value": 0.0001,
        "rows": 900,
        "alarm": alarm,
    }


RESULT = {
    "alarm": True,
    "verdict": "1 of 2 columns has drifted",
    "columns": [column(HOSTILE, 0.4, alarm=True), column("b", 0.01, alarm=False)],
    "counts": {
        HOSTILE: {"labels": ["x", HOSTILE, "missing"], "reference": [5, 5, 0], "live": [9, 1, 0]}
    },
    "quality": {
        "known": 900,
        "alarm": True,
        "message": "worse than the reference: accuracy",
        "metrics": {
            "accuracy": {
                "value": 0.6,
                "low": 0.58,
                "high": 0.62,
                "reference": {"value": 0.8, "low": 0.78, "high": 0.82},
                "alarm": True,
            }
        },
    },
}
QUIET = {
    "alarm": False,
    "verdict": "insufficient data: 1 rows, and at least 200 are needed",
    "columns": [],
    "counts": {},
    "quality": {"known": 0, "alarm": False, "message": "no targets came", "metrics": {}},
}


def test_a_drifted_column_is_named_with_its_distance_and_its_shares(read):
    page = read(monitor_report(result=RESULT, model="late-flights/3", rows=900))
    assert page.open == []
    assert "script" not in page.tags
    for words in (HOSTILE, "0.4000", "1 of 2 columns has drifted.", "0.8000 (0.7800 to 0.8200)"):
        assert words in page.text


def test_bins_that_are_empty_then_and_now_are_not_shown(read):
    assert "missing" not in read(monitor_report(result=RESULT, model="m", rows=900)).text


def test_too_few_rows_are_a_page_too(read):
    page = read(monitor_report(result=QUIET, model="m", rows=1))
    assert "Insufficient data: 1 rows" in page.text
    assert "No targets came" in page.text
