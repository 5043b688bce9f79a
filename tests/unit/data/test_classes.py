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
