"""Parts are found by kind, refused with the nearest known one, and two of one kind are an error."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import Field

from trainwright.core.errors import TrustError
from trainwright.core.parts import Part, Registry, families, load


@pytest.fixture
def colours() -> Registry:
    registry = Registry("colour", key="kind", homes={})

    @registry.register
    class Red(Part):
        kind: Literal["red"] = "red"
        depth: int = 1
        channels: Literal[1, 3] = 1
        place: str = Field(default="cpu", pattern="^(cpu|cuda)$")
        mode: Literal["matt", "shiny"] = "matt"

    return registry


def test_a_part_is_parsed_by_its_kind(colours):
    part = colours.parse({"kind": "red", "depth": 3}, where="colour")
    assert (part.kind, part.depth) == ("red", 3)


@pytest.mark.parametrize(
    ("value", "path", "what", "mend"),
    [
        ({"kind": "rad"}, ("kind",), "no colour is called 'rad'", "use 'red'"),
        ({"kind": "blue"}, ("kind",), "no colour is called 'blue'", "use one of: red"),
        ({"kind": 3}, ("kind",), "no colour is called 3", "use one of: red"),
        ({}, ("kind",), "key 'kind' is missing", "use one of: red"),
        ({"kind": "red", "dept": 3}, ("dept",), "unknown key 'dept'", "did you mean 'depth'?"),
        (
            {"kind": "red", "zz": 3},
            ("zz",),
            "unknown key 'zz'",
            "kind, depth, channels, place, mode",
        ),
        ({"kind": "red", "depth": "3"}, ("depth",), 'got "3"', "without quotes"),
        ({"kind": "red", "depth": True}, ("depth",), "got true", "whole number"),
        ({"kind": "red", "channels": 2}, ("channels",), "got 2", "use one of: 1, 3"),
        ({"kind": "red", "place": "tpu"}, ("place",), "tpu", "see the recipe reference"),
        ({"kind": "red", "mode": "shinny"}, ("mode",), "shinny", "use 'shiny'"),
    ],
)
def test_a_wrong_part_is_told_with_its_key_and_mend(colours, value, path, what, mend):
    [(found, fault)] = colours.parse(value, where="colour")
    assert found == path
    assert fault.where == f"colour.{path[0]}"
    assert what in fault.what
    assert mend in fault.mend


def test_all_faults_of_a_part_are_told_at_once(colours):
    assert len(colours.parse({"kind": "red", "depth": "3", "mode": 1, "x": 1}, where="colour")) == 3


def test_two_parts_of_one_kind_are_named_both(colours):
    class Other(Part):
        kind: Literal["red"] = "red"

    with pytest.raises(TypeError, match=r"two parts are kind 'red': .*Red and .*Other"):
        colours.register(Other)


def test_every_family_that_is_named_is_there():
    for kind in families:
        assert families.find(kind).model_fields["family"].default == kind


def test_a_saved_object_of_an_unknown_kind_is_not_trusted(tmp_path):
    with pytest.raises(TrustError, match="from a newer version or was changed"):
        load("os:system", tmp_path)
