"""`data.personal_data`, `hash_key` and `name_model`: what becomes of columns that hold personal data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

# redact: a word for its kind; hash: the same with a keyed hash; drop: the column is left out; keep.
PersonalData = Literal["redact", "hash", "drop", "keep"]
HashKey = Annotated[str, Field(pattern=r"^env:[A-Za-z_][A-Za-z0-9_]{0,127}$")]
NameModel = Annotated[str, Field(min_length=1, max_length=4096)]
