"""Every kind of error is raised somewhere and has its own exit status."""

from __future__ import annotations

import re
from pathlib import Path

from trainwright.core import errors

SOURCE = Path(__file__).parents[2] / "src" / "trainwright"
STATUS = {
    "RecipeError": 2, "CommandError": 2, "DataError": 3, "TrustError": 4,
    "EnvironmentFault": 5, "TrainingError": 6, "Interrupted": 75, "TrainwrightError": 70,
}  # fmt: skip


def kinds() -> dict[str, int]:
    return {
        name: kind.status
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.TrainwrightError)
    }


def test_each_kind_has_the_promised_exit_status():
    assert kinds() == STATUS


def test_each_kind_is_raised_somewhere():
    text = "".join(path.read_text() for path in SOURCE.rglob("*.py") if path.name != "errors.py")
    assert [name for name in kinds() if f"{name}(" not in text and f"{name}.of(" not in text] == []


def test_an_error_says_what_where_and_how_to_mend_it():
    error = errors.DataError(
        "row 3 has 2 fields, expected 3",
        where="a.csv:4",
        mend="quote the field",
        others=[errors.Fault("row 9 has 4 fields, expected 3", "a.csv:10")],
    )
    assert str(error) == (
        "row 3 has 2 fields, expected 3\n  where: a.csv:4\n  mend:  quote the field\n"
        "row 9 has 4 fields, expected 3\n  where: a.csv:10"
    )


def test_no_message_has_an_article_before_what_is_filled_in():
    """`a {kind}` becomes "a image": `with_article(kind)`, or "of type {kind}"."""
    known = r"mark\}|NAMES\[|PurePosixPath"  # of files and signs, none of which begins with a vowel
    found = [
        f"{path.relative_to(SOURCE)}: {line.strip()}"
        for path in SOURCE.rglob("*.py")
        for line in path.read_text().splitlines()
        if re.search(rf"(?<![$\w])[Aa]n? \{{(?!{known})", line)
    ]
    assert found == []
