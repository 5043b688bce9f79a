"""What a run tells of its tokens."""

from __future__ import annotations

from trainwright.flow.counting import token_lines


def test_tokens_are_told_in_lines_for_people() -> None:
    source = {
        "name": "wiki",
        "rows": 3,
        "tokens": 900,
        "asked": 0.5,
        "share": 0.502,
        "epochs": 1.254,
    }
    train = {"total": 1200, "taught": 1000, "read": 300, "lost": 4000}
    told = list(token_lines({"train": train, "validation": train, "sources": [source]}))
    assert told == [
        "tokens: 1,000 taught of 1,500 in train, 4,000 cut off",
        "  wiki: 50.2% of the taught tokens (asked for 50.0%), 1.25 times an epoch",
    ]
    whole = list(token_lines({"train": {**train, "lost": 0, "read": 0}, "sources": []}))
    assert whole == ["tokens: 1,000 taught of 1,200 in train"]
