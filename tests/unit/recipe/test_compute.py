from __future__ import annotations

import pytest

from trainwright.core.errors import RecipeError
from trainwright.recipe import parse_recipe

DATA = {"source": "a.csv", "target": "y"}


def test_a_word_says_which_kind() -> None:
    recipe = parse_recipe({"data": DATA, "compute": "ray"})
    assert recipe.compute.kind == "ray"
    assert recipe.compute.address is None
    assert parse_recipe({"data": DATA}).compute.kind == "local"


def test_where_work_runs_has_no_part_in_the_hash_and_stands_in_the_resolved_recipe() -> None:
    here = parse_recipe({"data": DATA})
    there = parse_recipe({"data": DATA, "compute": {"kind": "ray", "address": "10.0.0.7:6379"}})
    assert here.hash == there.hash
    assert there.resolved()["compute"]["address"] == "10.0.0.7:6379"
    assert "10.0.0.7" not in str(there.decisive())
    assert parse_recipe({"data": {**DATA, "target": "z"}}).hash != here.hash


@pytest.mark.parametrize("address", ["auto", "head:6379", "10.0.0.7:6379", "[::1]:6379"])
def test_a_running_cluster_is_named_by_host_and_port(address: str) -> None:
    recipe = parse_recipe({"data": DATA, "compute": {"kind": "ray", "address": address}})
    assert recipe.compute.address == address


@pytest.mark.parametrize(
    ("said", "what", "mend"),
    [
        ({"kind": "spark"}, "ray", ""),
        ({"kind": "ray", "address": "ray://head:10001"}, "address", ""),
        ({"kind": "ray", "address": "head"}, "address", ""),
        ({"kind": "ray", "cpus": 0}, "cpus", ""),
        ({"kind": "ray", "object_store": "1MB"}, "object_store", ""),
        ({"cpus": 2}, "says nothing of compute: local", "compute: {kind: ray}"),
        (
            {"kind": "ray", "address": "auto", "cpus": 2},
            "cpus is of a cluster that is started here",
            "remove cpus or address",
        ),
        ({"kind": "ray", "adress": "auto"}, "unknown key 'adress'", "did you mean 'address'?"),
    ],
)
def test_what_does_not_fit_is_refused(said: dict[str, object], what: str, mend: str) -> None:
    with pytest.raises(RecipeError, match=what) as refused:
        parse_recipe({"data": DATA, "compute": said})
    if mend:
        assert refused.value.mend == mend
