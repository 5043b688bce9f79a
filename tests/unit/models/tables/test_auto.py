from __future__ import annotations

from trainwright.models.tables.auto import Auto, candidates
from trainwright.models.tables.lightgbm import LightGBM


def names(part):
    return [family.family for family in candidates(part)]


def test_auto_tries_all_families_the_cheapest_first():
    assert names(Auto()) == ["baseline", "linear", "lightgbm"]
    assert names(Auto(families=("lightgbm", "linear"))) == ["baseline", "linear", "lightgbm"]


def test_a_family_is_compared_with_the_baseline_and_keeps_its_settings():
    found = candidates(LightGBM(num_leaves=5))
    assert [family.family for family in found] == ["baseline", "lightgbm"]
    assert found[1].num_leaves == 5


def test_the_baseline_alone_stands_once():
    assert names(Auto(families=("baseline",))) == ["baseline"]
