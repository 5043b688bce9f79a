from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster_work import doubled, summed
from trainwright.compute.workers import HERE, workers_of
from trainwright.core import extras
from trainwright.core.errors import EnvironmentFault
from trainwright.recipe.compute import ComputeSettings


def test_here_work_is_done_when_its_result_is_asked_for(tmp_path: Path) -> None:
    asked = []

    def items() -> Iterator[int]:
        for number in range(3):
            asked.append(number)
            yield number

    results = HERE.map(doubled, items(), folder=tmp_path)
    assert asked == []
    assert next(results) == 0
    assert asked == [0]
    assert list(results) == [2, 4]


def test_here_one_share_has_all_items(tmp_path: Path) -> None:
    assert list(HERE.map(summed, range(5), folder=tmp_path)) == [10]


def test_a_recipe_that_says_nothing_works_here() -> None:
    with workers_of(ComputeSettings()) as workers:
        assert workers is HERE


def test_without_the_extra_a_cluster_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(EnvironmentFault, match=r"compute: ray needs ray") as refused:
        workers_of(ComputeSettings(kind="ray"))
    assert refused.value.mend == "pip install 'trainwright[ray]'"
    assert refused.value.status == 5
