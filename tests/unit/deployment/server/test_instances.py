"""Instances whose column is a conversation."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from trainwright.core.columns import Column, ColumnType
from trainwright.data.types.cells import parse_value
from trainwright.deployment.server.instances import Contract, schema_of
from trainwright.deployment.server.limits import Limits
from trainwright.deployment.server.refusal import Refusal

COLUMN = Column("messages", ColumnType.MESSAGES)
ASKED = [{"role": "user", "content": "hi"}]


def contract() -> Contract:
    model = SimpleNamespace(inputs=(COLUMN,))
    return Contract(model, parse=parse_value, extra="refuse", limits=Limits())  # type: ignore[arg-type]


def test_a_conversation_is_sent_as_a_list_of_messages() -> None:
    checked = contract().check({"instances": [{"messages": ASKED}]})
    assert checked.rows == [{"messages": '[{"content":"hi","role":"user"}]'}]
    schema = schema_of([COLUMN])["properties"]["messages"]
    assert schema == {"type": ["array", "null"], "items": {"type": "object"}}


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ([{"role": "usr", "content": "hi"}], "the role 'usr'"),
        ("hi", "no JSON"),
        ([], "without messages"),
        ([{"role": "user", "content": "\ud800"}], "half a character"),
    ],
)
def test_what_is_no_conversation_is_refused_with_what_to_send(value: object, what: str) -> None:
    with pytest.raises(Refusal, match=what) as caught:
        contract().check({"instances": [{"messages": value}]})
    (fault,) = caught.value.faults
    assert fault.where == "/instances/0/messages"
    assert '[{"role": "user", "content": "..."}]' in fault.mend
