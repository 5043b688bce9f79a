from __future__ import annotations

import json

import numpy as np
import pytest

from trainwright.core.artifacts import Check, CurvePoint, Finding, Prediction, Split
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.evaluation.evaluate import evaluate
from trainwright.reports.run_report import run_report

HOSTILE = "</title><script>alert(1)</script><img src=x onerror=alert(1)>\"'&"


def evaluation_of(task=Task.CLASSIFICATION, *, classes=("no", "yes"), rows=400):
    """A real evaluation of made-up predictions, as the run writes it down."""
    random = np.random.default_rng(5)
    spec = Target(
        Column("y", ColumnType.CATEGORY), task, classes if task is Task.CLASSIFICATION else ()
    )
    if task is Task.CLASSIFICATION:
        scores = random.dirichlet(np.ones(len(classes)), rows)
        target = np.array([random.choice(len(classes), p=row) for row in scores], dtype=np.float64)
        prediction = Prediction(scores.argmax(axis=1), scores)
    else:
        target = random.normal(size=rows)
        prediction = Prediction(target + random.normal(size=rows))
    found = evaluate(
        prediction,
        target,
        spec=spec,
        units=np.arange(rows),
        split=Split.VALIDATION,
        threshold=None,
        slices={"carrier": random.choice(np.array(["UA", HOSTILE], dtype=object), rows)},
        curve=[CurvePoint(i, 1 / (i + 1), 1.1 / (i + 1)) for i in range(20)],
    ).to_json()
    found["importance"] = {HOSTILE: {"increase": 0.1, "standard_error": 0.01}}
    return json.loads(json.dumps(found, allow_nan=False))


def candidate(name, loss, *, chosen=False):
    family = "baseline" if name == "baseline" else "lightgbm"
    return {
        "name": name,
        "family": family,
        "loss": loss,
        "standard_error": None if loss is None else 0.01,
        "difference": None if loss is None else loss - 0.5,
        "iterations": 7,
        "stopped": "early",
        "seconds": 1.5,
        "chosen": chosen,
    }


CANDIDATES = [
    candidate("lightgbm", 0.5, chosen=True),
    candidate("baseline", 0.7),
    candidate("x", None),
]
SNAPSHOT = {
    "hash": "c0ffee",
    "target": Target(Column(HOSTILE, ColumnType.CATEGORY), Task.CLASSIFICATION).to_json(),
    "inputs": [],
    "left_out": {HOSTILE: "leakage"},
    "rows": {"input": 1000, "train": 700, "validation": 150, "test": 140, "dropped": 10},
    "split": {"by": "random"},
}


def report(**changes):
    given = {
        "run": {"run": "r1", "name": "late-flights", "seconds": 58.2, "budget": 60.0},
        "snapshot": SNAPSHOT,
        "evaluation": evaluation_of(),
        "candidates": CANDIDATES,
        "findings": [
            Finding("leakage", "error", HOSTILE, column=HOSTILE, remedy=HOSTILE).to_json()
        ],
    }
    return run_report(**{**given, **changes})


def test_strings_from_data_are_inert(read):
    page = read(report(run={"name": HOSTILE, "recipe": {"x": HOSTILE}, "provenance": HOSTILE}))
    assert page.open == []
    assert not {"script", "img"} & set(page.tags)
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert HOSTILE in page.text


def test_the_first_screen_says_what_came_out(read):
    words = read(report()).text
    verdict = words[: words.index("Candidates against the baseline")]
    for part in (
        "lightgbm was chosen: ROC AUC 0.",
        "29% less loss than the baseline",
        "58 s",
        "1,000",
    ):
        assert part in verdict
    assert "1,000 rows in = 700 train + 150 validation + 140 test + 10 dropped" in verdict


def test_without_signal_the_verdict_says_so(read):
    candidates = [candidate("lightgbm", 0.7), candidate("baseline", 0.7, chosen=True)]
    assert "No signal" in read(report(candidates=candidates)).text


def test_a_gate_that_said_no_is_in_the_verdict(read):
    gates = [Check("roc_auc >= 0.9", False, "the worse bound is 0.7").to_json()]
    words = read(report(run={"name": "m", "gates": gates})).text
    assert "It is not champion: roc_auc >= 0.9 said no." in words
    assert "the worse bound is 0.7" in words


@pytest.mark.parametrize(
    ("evaluation", "figures"),
    [
        (
            evaluation_of(),
            ["Learning curve", "ROC curve", "Precision and recall", "Calibration", "Confusion"],
        ),
        (evaluation_of(classes=("a", "b", "c")), ["Calibration", "Confusion"]),
        (evaluation_of(Task.REGRESSION), ["Residuals", "Predicted against actual"]),
    ],
    ids=["two classes", "three classes", "regression"],
)
def test_every_plot_of_a_real_evaluation_is_drawn(evaluation, figures, read):
    words = read(report(evaluation=evaluation)).text
    for name in figures:
        assert name in words


def test_the_reason_of_the_choice_is_told_and_the_best_candidate_stands_first(read):
    run = {"name": "m", "model": {"reason": "lightgbm is best"}}
    words = read(report(run=run, candidates=CANDIDATES[::-1])).text
    assert "lightgbm is best." in words
    table = words[words.index("standard error difference") :]
    assert table.index("lightgbm") < table.index("baseline") < table.index(" x ")


def test_the_lockbox_is_told_only_where_it_was_opened(read):
    assert "No number on this page comes from the sealed test rows" in read(report()).text
    metrics = {"roc_auc": {"value": 0.7, "low": 0.6, "high": 0.8}}
    look = {"opened": 2, "confidence": 0.9875, "metrics": metrics, "plain": metrics}
    words = read(report(lockbox=look)).text
    assert "looked at 2 times" in words
    assert "low, at 0.9875" in words
    assert "no correction holds for a model that was changed after a look" in words


def test_a_report_of_almost_nothing_is_still_a_page(read):
    page = run_report(run={}, snapshot={}, evaluation={}, candidates=[], findings=[])
    assert read(page).open == []


def test_a_report_stays_under_a_megabyte_whatever_comes_in():
    many = 20_000
    evaluation = evaluation_of()
    evaluation["curve"] = [{"iteration": i, "train": 1.0, "validation": 2.0} for i in range(many)]
    evaluation["importance"] = {
        f"c{i}": {"increase": 1.0, "standard_error": 0.1} for i in range(many)
    }
    evaluation["slices"] = evaluation["slices"] * many
    snapshot = {**SNAPSHOT, "left_out": {f"{'x' * 2000}{i}": "y" * 2000 for i in range(many)}}
    finding = Finding(
        "leakage", "error", "m" * 9000, column="c" * 9000, remedy="r" * 9000
    ).to_json()
    page = report(
        run={"name": "n" * 9000, "recipe": {"x": "y" * 10**7}, "provenance": "z" * 10**7},
        evaluation=evaluation,
        snapshot=snapshot,
        findings=[finding] * many,
    )
    assert len(page.encode()) < 1_000_000


def test_equal_records_give_equal_pages():
    assert report() == report()


def test_it_says_on_which_rows_the_candidates_were_compared():
    by_folds = report(run={"cross_validation": {"folds": 5}, "metric": "accuracy"})
    assert "log loss on 5 folds of train and validation" in by_folds
    assert "Chosen on 5 folds of train and validation by accuracy, as asked." in by_folds
    plain = report(run={})
    assert "log loss on validation" in plain
    assert "folds" not in plain


def trained(name, *, chosen=False, best="the weights are those of step 100 (epoch 2) of 200"):
    return {**candidate(name, 0.5, chosen=chosen), "iterations": 100, "best": best}


def records_of(num=20):
    return [
        {
            "step": 10 * k,
            "epoch": k // 5,
            "loss": 1 / k,
            "learning_rate": 1e-3 / k,
            "gradient_norm": 1 / k,
            "samples_per_second": 1234.5,
            **({"validation_loss": 1.1 / k} if k % 5 == 0 else {}),
        }
        for k in range(1, num + 1)
    ]


def network_report(candidates, history):
    return run_report(
        run={"name": "n"},
        snapshot=SNAPSHOT,
        evaluation=evaluation_of(),
        candidates=candidates,
        findings=[],
        history=history,
    )


def test_each_network_shows_its_curves_the_chosen_one_first(read):
    candidates = [trained("mlp"), trained("tabm", chosen=True), candidate("baseline", 0.7)]
    page = read(network_report(candidates, {"mlp": records_of(), "tabm": records_of()}))
    assert "How the networks learned" in page.text
    assert page.words.index("tabm, chosen") < max(
        place for place, words in enumerate(page.words) if words == "mlp"
    )
    assert page.text.count("The weights are those of step 100 (epoch 2) of 200.") == 2
    assert page.text.count("Gradient norm") == 2
    assert "Learning curve" not in page.text, "the winner's curve was drawn already"


def test_without_networks_there_is_no_such_section_and_the_learning_curve_is_there(read):
    page = read(network_report([candidate("lightgbm", 0.5, chosen=True)], {}))
    assert "How the networks learned" not in page.text
    assert "Learning curve" in page.text


def test_a_loss_that_burst_is_said_beside_the_curves(read):
    records = records_of()
    records[3]["loss"] = float("nan")
    page = read(network_report([trained("mlp", chosen=True)], {"mlp": records}))
    assert "At step 40, loss was no finite number." in page.text


def test_a_report_of_many_long_trainings_stays_under_a_megabyte(read):
    names = [f"network-{place}" for place in range(14)]
    candidates = [trained(name, chosen=name == "network-13") for name in names]
    long = records_of(20_000)
    page = network_report(candidates, dict.fromkeys(names, long))
    assert len(page.encode()) < 1_000_000
    assert "The curves of network-9, network-10" in page


def test_names_of_recorded_values_are_shown_and_never_run(read):
    records = [{**one, f"loss_{HOSTILE}": 1.0} for one in records_of()]
    page = read(network_report([trained("mlp", chosen=True)], {"mlp": records}))
    assert "script" not in page.tags


def test_generated_texts_stand_beside_their_references(read):
    metric = {"value": 41.5, "low": 38.0, "high": 44.0}
    sample = {"row": 3, "prompt": HOSTILE, "reference": "yes", "generated": HOSTILE}
    texts = {"rows": 12, "metrics": {"bleu": metric}, "samples": [sample]}
    evaluation = {**evaluation_of(), "plots": {"generated": texts}}
    page = read(report(evaluation=evaluation))
    assert "Generated texts" in page.text
    assert "BLEU" in page.text
