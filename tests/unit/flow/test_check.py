"""Settings that do not fit together are refused before data are touched, all at once."""

from __future__ import annotations

import pytest

from trainwright.core.errors import RecipeError
from trainwright.flow.check import check_recipe
from trainwright.recipe import parse_recipe

DATA = {"source": "absent.csv", "target": "y"}


def test_metrics_that_do_not_exist_are_all_named_with_the_nearest_ones():
    recipe = parse_recipe(
        {
            "data": DATA,
            "evaluation": {"metric": "roc_acu"},
            "deployment": {"gate": {"accuracyy": ">= 0.5", "log_loss": "<= 1"}},
        }
    )
    with pytest.raises(RecipeError, match="roc_acu") as caught:
        check_recipe(recipe)
    assert [fault.mend for fault in caught.value.faults] == ["use 'roc_auc'", "use 'accuracy'"]
    assert caught.value.faults[1].where == "deployment.gate.accuracyy"


def test_a_metric_of_the_other_task_is_refused_where_the_task_is_said():
    recipe = parse_recipe({"data": DATA, "task": "regression", "evaluation": {"metric": "roc_auc"}})
    with pytest.raises(RecipeError, match="for regression"):
        check_recipe(recipe)
    check_recipe(parse_recipe({"data": DATA, "evaluation": {"metric": "roc_auc"}}))
