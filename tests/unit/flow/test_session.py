from __future__ import annotations

from pathlib import Path

import pytest

from trainwright.flow.session import SecretWarning, Session


def test_a_secret_in_a_recipe_is_told_of_by_its_key_and_not_shown(tmp_path: Path) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text("data: {source: a.csv, target: y, card: {licence: AKIAIOSFODNN7EXAMPLQ}}\n")
    with pytest.warns(SecretWarning, match=r"at data\.card\.licence") as told:
        Session.open(recipe, workspace=tmp_path / "w")
    assert "AKIA" not in str(told[0].message)


def test_a_recipe_without_one_opens_without_a_word(tmp_path: Path, recwarn) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text("data: {source: a.csv, target: y, card: {licence: CC-BY 4.0}}\n")
    Session.open(recipe, workspace=tmp_path / "w")
    assert not recwarn.list
