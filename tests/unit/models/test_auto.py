"""Which families are candidates, for which data."""

from __future__ import annotations

import pytest

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.models import auto
from trainwright.models.auto import Auto, candidates, settings_of
from trainwright.models.tables.lightgbm import LightGBM

CLASSES = Target(Column("y", ColumnType.CATEGORY), Task.CLASSIFICATION, ("a", "b"))
WORDS = Target(Column("y", ColumnType.WORDS), Task.TOKEN_CLASSIFICATION, ("O", "B-X"))
FUTURE = Target(Column("y", ColumnType.SERIES), Task.FORECASTING, horizon=4)


def names(part, kind=ColumnType.NUMBER, target=CLASSES):
    return [family.family for family in candidates(part, inputs=[Column("x", kind)], target=target)]


@pytest.mark.parametrize(
    ("kind", "target", "expected"),
    [
        (ColumnType.NUMBER, CLASSES, ["baseline", "linear", "lightgbm", "mlp", "tabm"]),
        (ColumnType.TEXT, CLASSES, ["baseline", "linear", "lightgbm", "text-encoder"]),
        (ColumnType.IMAGE, CLASSES, ["baseline", "cnn"]),
        (ColumnType.SERIES, CLASSES, ["baseline", "gru", "tcn"]),
        (ColumnType.WORDS, WORDS, ["baseline", "text-encoder"]),
        (ColumnType.SERIES, FUTURE, ["seasonal-naive", "naive", "gru", "tcn"]),
    ],
)
def test_auto_tries_what_fits_the_baseline_first(kind, target, expected):
    found = names(Auto(), kind, target)
    assert found[0] == expected[0]
    assert sorted(found) == sorted(expected)


def test_without_the_extra_no_network_is_tried(monkeypatch):
    monkeypatch.setattr(auto, "is_installed", lambda extra: False)
    assert names(Auto()) == ["baseline", "linear", "lightgbm"]
    assert "optimizer" not in settings_of(Auto())


def test_a_family_is_compared_with_the_baseline_and_keeps_its_settings():
    found = candidates(
        LightGBM(num_leaves=5), inputs=[Column("x", ColumnType.NUMBER)], target=CLASSES
    )
    assert [family.family for family in found] == ["baseline", "lightgbm"]
    assert found[1].num_leaves == 5


def test_the_baseline_alone_stands_once():
    assert names(Auto(families=("baseline",))) == ["baseline"]


def test_only_networks_can_be_told_how_to_be_optimised():
    assert "optimizer" not in settings_of(Auto(families=("linear", "lightgbm")))
    assert "optimizer" in settings_of(Auto(families=("linear", "mlp")))
