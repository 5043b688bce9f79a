"""A first look: what `trainwright init` proposes."""

# ruff: noqa: E501 - tables of cases, one a line

from pathlib import Path

import pytest

from trainwright.core.columns import ColumnType, Task
from trainwright.core.errors import CommandError
from trainwright.data.look import look


def table(folder: Path) -> Path:
    path = folder / "t.csv"
    rows = [
        f"{i},{i % 25},2020-{i % 12 + 1:02}-{i % 28 + 1:02},{i * 0.37 % 5:.2f},{'red' if i % 3 else ''},{i % 2}"
        for i in range(100)
    ]
    path.write_text("row_id,customer_id,day,amount,colour,churn\n" + "\n".join(rows) + "\n")
    return path


def test_a_look_tells_types_examples_shares_and_a_proposal(tmp_path: Path):
    seen = look(table(tmp_path), target=None)
    by_name = {one.column.name: one for one in seen.columns}
    assert (seen.num_rows, seen.target, seen.proposed, seen.task) == (
        100,
        "churn",
        True,
        Task.CLASSIFICATION,
    )
    assert (seen.time, seen.groups) == ("day", ("customer_id",))
    assert by_name["row_id"].column.type is ColumnType.IDENTIFIER
    assert by_name["colour"].null_fraction == 0.34
    assert by_name["colour"].examples == ("red",)
    assert by_name["customer_id"].num_distinct == 25


def test_the_target_asked_for_is_taken(tmp_path: Path):
    seen = look(table(tmp_path), target="amount")
    assert (seen.target, seen.proposed, seen.task) == ("amount", False, Task.REGRESSION)


def test_a_target_that_is_not_there_is_refused_with_the_nearest(tmp_path: Path):
    with pytest.raises(CommandError, match="no column 'churned'") as caught:
        look(table(tmp_path), target="churned")
    assert caught.value.mend == "use 'churn'"


def test_without_a_usual_name_the_last_column_that_can_be_learned_is_proposed(tmp_path: Path):
    (tmp_path / "t.csv").write_text("a,b,c\n" + "1,2,3\n2,5,3\n" * 20)
    assert look(tmp_path / "t.csv", target=None).target == "b"


def test_a_folder_of_documents_by_class_is_seen_as_one(tmp_path: Path):
    for i in range(60):
        document = tmp_path / "mail" / ("ham", "spam")[i % 2] / f"{i}.txt"
        document.parent.mkdir(parents=True, exist_ok=True)
        document.write_text(f"message number {i} of some words")
    seen = look(tmp_path / "mail", target=None)
    assert (seen.documents, seen.target, seen.num_rows) == (True, "label", 60)
    (tmp_path / "mail" / "notes.csv").write_text("a,y\n" + "1,2\n" * 60)
    assert not look(tmp_path / "mail", target=None).documents


def test_of_very_many_rows_the_first_are_looked_at_and_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(f"{number},{'yes' if number % 3 else 'no'}\n" for number in range(900_000))
    (tmp_path / "t.csv").write_text(f"x,y\n{rows}")
    monkeypatch.setattr("trainwright.data.look.MOST_BYTES", 1_000)
    seen = look(tmp_path / "t.csv", target="y")
    assert seen.num_rows < 900_000
    assert any(f"the first {seen.num_rows} rows" in one.message for one in seen.findings)
    monkeypatch.undo()
    seen = look(tmp_path / "t.csv", target="y")
    assert seen.num_rows == 900_000
    assert not any("the first" in one.message for one in seen.findings)
