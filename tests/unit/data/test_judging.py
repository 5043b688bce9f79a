from __future__ import annotations

import pytest

from trainwright.core.artifacts import Finding
from trainwright.core.errors import DataError, bounded
from trainwright.data.judging import judge


def test_no_message_quotes_a_huge_name_or_value_whole():
    huge = "k" * 4_000
    found = [
        Finding("bias", "info", f"{huge} has a rate"),
        Finding("type", "error", "wrong", column=huge),
    ]
    with pytest.raises(DataError) as caught:
        judge(found, ())
    assert len(caught.value.findings[0].message) < 300
    assert len(caught.value.where) < 100
    (idle,) = judge([], (f"type:{huge}",))
    assert len(idle.message) < 200


def test_a_message_of_ordinary_words_stays_as_it_is_however_long():
    message = "the first at some/folder/of/data.csv:12 and more words " * 40
    assert bounded(message) == message
    assert bounded(f"a {'x' * 500} b") == f"a {'x' * 239}… b"
