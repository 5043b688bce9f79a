"""What a target must have: too few values are refused, and why they are none is said."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from trainwright.core.errors import DataError
from trainwright.data.classes import check_target
from trainwright.data.staging.rows import FrameRows
from trainwright.data.types.case import Context
from trainwright.data.types.messages import type_messages


def test_conversations_that_teach_nothing_are_no_target_and_the_reason_is_said() -> None:
    asked = json.dumps([{"role": "user", "content": "hi"}])
    typed = type_messages(pl.Series("talks", [asked] * 60), Context())
    rows = FrameRows(pl.DataFrame([typed.values]))
    with pytest.raises(DataError, match=r"0 of 60 rows .* have no turn of the assistant"):
        check_target(rows, "talks", row=np.arange(60), known=typed.findings)


def test_conversations_that_are_none_are_told_with_what_to_write() -> None:
    typed = type_messages(pl.Series("talks", ["hello"] * 60), Context())
    rows = FrameRows(pl.DataFrame([typed.values]))
    with pytest.raises(DataError, match="60 rows are no conversations; the first at") as caught:
        check_target(rows, "talks", row=np.arange(60), known=typed.findings, tells_itself=True)
    assert "0 of 60 rows have something to learn from" in caught.value.what
    assert '"role"' in caught.value.mend


@pytest.mark.parametrize(
    ("is_one", "what"), [(True, "nothing to learn from"), (False, "no target")]
)
def test_a_document_is_not_called_a_target(is_one: bool, what: str) -> None:
    rows = FrameRows(pl.DataFrame({"text": ["a cat"] * 60 + [None] * 3}))
    gone, (found,) = check_target(rows, "text", row=np.arange(63), tells_itself=is_one)
    assert gone.tolist() == [60, 61, 62]
    assert found.message == f"3 of 63 rows have {what}: left out"
