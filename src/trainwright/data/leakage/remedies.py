"""The split to paste in place of one that leaks."""

from __future__ import annotations

from trainwright.data.types.case import yaml_word
from trainwright.data.view import View


def split_by(view: View, split: str, *, read: str = "") -> str:
    """A remedy; where the split was given, by its column or by files, that is out of the way.

    Args:
        view: Whose settings say how it is split now.
        split: In YAML, as `{by: group, column: site}`.
        read: Further keys of the data section, each with a comma and a blank behind it.
    """
    settings = view.settings
    marked = settings.split.column if settings.split.by == "given" else None
    drop = f", drop: [{yaml_word(marked)}]" if marked is not None else ""
    files = settings.validation is not None or settings.test is not None
    note = "  # with the rows of validation and test among those of source" if files else ""
    return f"data: {{{read}split: {split}{drop}}}{note}"
