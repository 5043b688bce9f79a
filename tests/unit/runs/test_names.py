"""A name is of an allow-list of characters or it is refused with the nearest known one."""

from __future__ import annotations

import pytest

from trainwright.core.errors import CommandError
from trainwright.runs.names import check_name, is_name, propose

HOSTILE = ["", ".", "..", "../x", "/etc", "a/b", "a\0b", "%2e%2e", "a b", "A", "é", "🚂", "$(x)", "`x`", "{{7*7}}", "-x", "a\n", "x" * 300]  # fmt: skip  # noqa: E501


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_is_refused(text):
    assert not is_name(text)
    with pytest.raises(CommandError, match="cannot be the name of a run") as caught:
        check_name(text, noun="run", known=[])
    assert len(str(caught.value)) < 300
    assert caught.value.mend


@pytest.mark.parametrize("text", ["a", "0", "late-flights", "a.b_c-1", "con", "x" * 128])
def test_a_plain_name_is_taken(text):
    assert check_name(text, noun="run", known=[]) == text


def test_the_nearest_known_name_is_proposed():
    assert propose("late-flihgts", ["other", "late-flights"]) == "did you mean late-flights?"
    assert propose("zzz", ["one", "two"]) == "there are: one, two"
    assert propose("zzz", []) == ""
