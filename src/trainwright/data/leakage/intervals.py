"""The interval of what one column alone tells, at 95 %: DeLong's for two classes, else a bootstrap."""

from __future__ import annotations

import numpy as np

from trainwright.core.artifacts import MetricValue
from trainwright.core.columns import Task
from trainwright.core.seeds import derive_seed
from trainwright.data.leakage.scores import Answer, Values, column_answers
from trainwright.summaries.intervals import Units, auc_influence, delong_error, logit_interval

CONFIDENCE = 0.95
_REPLICATES = 100
_BOOTSTRAP_ROWS = 5_000


def score_interval(values: Values, answer: Answer, *, ordered: bool) -> MetricValue:
    """Of `column_score`, for the same arguments."""
    return answers_interval(column_answers(values, answer, ordered=ordered), answer)


def answers_interval(told: Values, answer: Answer) -> MetricValue:
    """Of `answer.score(told)`; `told` is out of fold, shape (rows, k) as `answer.columns`."""
    score = answer.score(told)
    if answer.task is Task.CLASSIFICATION and answer.columns.shape[1] == 1:
        positive = answer.columns[:, 0] > 0
        found = auc_influence(told[:, 0], positive)
        if found is None:
            return MetricValue(score, 0.0, 1.0)
        units = Units.of(np.arange(len(positive)))
        error = delong_error(found, positive, units)
        count = min(found.num_positive, found.num_negative)
        return logit_interval(found.value, error, confidence=CONFIDENCE, count=count)
    stride = -(-len(told) // _BOOTSTRAP_ROWS)
    few, wanted, folds = told[::stride], answer.columns[::stride], answer.folds[::stride]
    random = np.random.default_rng(derive_seed(0, "leakage", "interval"))
    scores = []
    for _ in range(_REPLICATES):
        drawn = random.integers(0, len(few), len(few))
        again = Answer(answer.task, wanted[drawn], folds[drawn], answer.num_folds)
        scores.append(again.score(few[drawn]))
    half = 1.96 * float(np.std(scores, ddof=1)) / np.sqrt(stride)
    return MetricValue(score, max(0.0, score - half), min(1.0, score + half))
