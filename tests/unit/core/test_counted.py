"""Only attribute access by a listened-to stage is a read."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from trainwright.core.counted import Counted, listening


class Settings(Counted):
    rate: float = 0.1
    name: str = "x"


def test_reads_are_told_inside_the_block_only():
    settings, heard = Settings(), []
    _ = settings.rate
    with listening(lambda owner, name: heard.append((owner is settings, name))):
        _ = settings.rate
    _ = settings.name
    assert heard == [(True, "rate")]


def test_dumping_copying_comparing_and_methods_are_no_reads():
    heard: list[str] = []
    with listening(lambda _, name: heard.append(name)):
        settings = Settings(rate=0.2)
        settings.model_dump(mode="json")
        assert settings == Settings(rate=0.2)
        assert settings.model_fields_set == {"rate"}
    assert heard == []


def test_settings_are_frozen_closed_and_strict():
    with pytest.raises(ValidationError, match="frozen"):
        Settings().rate = 1.0
    with pytest.raises(ValidationError, match="Extra inputs"):
        Settings(rat=1)
    with pytest.raises(ValidationError, match="valid number"):
        Settings(rate="1")
