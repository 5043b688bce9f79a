"""A key that was set and that nothing read is found at the end."""

from __future__ import annotations

import pytest

from trainwright.recipe import Reads, parse_recipe

VALUES = {
    "data": {
        "source": "a.csv",
        "target": "y",
        "split": {"by": "time", "column": "when"},
        "columns": {"a": {"type": "number"}},
    },
    "model": {"family": "linear"},
    "training": {"seed": 3},
    "evaluation": {"slices": ["a"]},
}


@pytest.fixture
def recipe():
    return parse_recipe(VALUES)


def test_a_set_key_that_nothing_read_is_unread(recipe):
    reads = Reads(recipe)
    with reads.by("training", "evaluation"):
        _ = recipe.training.seed
    assert reads.unread(["training", "evaluation"]) == ("evaluation.slices",)


def test_a_default_is_never_unread(recipe):
    assert "training.budget" not in Reads(recipe).unread(["training"])


def test_only_the_owning_section_counts(recipe):
    reads = Reads(recipe)
    with reads.by("data"):
        _ = recipe.training.seed
    assert reads.unread(["training"]) == ("training.seed",)
    _ = recipe.training.seed
    assert reads.unread(["training"]) == ("training.seed",)


def test_dumping_hashing_and_validating_do_not_count(recipe):
    reads = Reads(recipe)
    with reads.by("data", "model", "training", "evaluation"):
        recipe.resolved()
        _ = recipe.hash
        parse_recipe(VALUES)
    assert set(reads.unread(["training", "evaluation"])) == {"training.seed", "evaluation.slices"}


def test_nested_keys_count_one_by_one(recipe):
    reads = Reads(recipe)
    with reads.by("data"):
        _ = recipe.data.split.by, recipe.data.columns["a"].type
    assert set(reads.unread(["data"])) == {"data.source", "data.target", "data.split.column"}
    assert "data.columns.a.type" in reads.of("data")


def test_sections_that_did_not_run_are_not_judged(recipe):
    assert Reads(recipe).unread([]) == ()


def test_reads_of_an_earlier_run_are_restored(recipe):
    earlier, later = Reads(recipe), Reads(recipe)
    with earlier.by("data"):
        _ = recipe.data.source, recipe.data.target
    later.restore(earlier.of("data"))
    assert "data.source" not in later.unread(["data"])
