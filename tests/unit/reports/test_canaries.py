from __future__ import annotations

from trainwright.reports.canaries import add_canaries
from trainwright.reports.page import Page


def shown(read, *p_values):
    exposed = [
        {"repeats": repeats, "canaries": 4, "bits": {"value": 3, "low": 2, "high": 4}, "p_value": p}
        for repeats, p in zip((1, 4, 16), p_values, strict=True)
    ]
    page = Page("t")
    add_canaries(page, {"exposed": exposed, "chance": 1.4427, "planted_rows": 84})
    return read(page.render()).text


def test_the_fewest_repeats_that_are_remembered_are_named(read):
    words = shown(read, 0.4, 0.001, 1e-9)
    assert "The model remembers" in words
    assert "What stands 4 times or more" in words
    assert "What stands once or more" in shown(read, 0.001, 0.5, 0.5)


def test_no_memory_is_said_too(read):
    words = shown(read, 0.4, 0.2, 0.02)
    assert "No memory beyond chance was seen" in words
    assert "84 rows" in words
    assert "1.443 bits" in words


def test_without_canaries_there_is_no_section(read):
    page = Page("t")
    add_canaries(page, None)
    assert "Memory" not in read(page.render()).text
    add_canaries(page, {"exposed": [], "chance": 1.4, "planted_rows": 3})
    assert "time ran out" in read(page.render()).text
