"""57 dirty columns: most are read right, none silently wrong, and each has its receipt."""

from collections import Counter

import pytest

from dirty.dirty_columns import DirtyColumn, dirty_columns, write_files
from dirty.judging import Verdict, verdict
from trainwright.core.artifacts import Finding
from trainwright.core.columns import ColumnType
from trainwright.core.errors import DataError
from trainwright.data.reading import read_source
from trainwright.data.types import TypedColumn
from trainwright.data.types.inference import type_columns
from trainwright.recipe.data import DataSettings

REFUSED = {"day", "town", "inhabitants", "room"}  # what no one can know, each with a mend to paste


@pytest.fixture(scope="module")
def read(
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, tuple[DirtyColumn, Verdict, TypedColumn | None]]:
    """What we make of each, by its name."""
    folder = tmp_path_factory.mktemp("dirty")
    columns = write_files(folder)
    found = {}
    for file in dict.fromkeys(column.file for column in columns):
        settings = DataSettings(source=file, target="-")
        try:
            raw = read_source(settings, base=folder)
        except DataError:
            for column in columns:
                if column.file == file:
                    said = verdict(column.values, column.texts, None, told=True)
                    found[column.name] = (column, said, None)
            continue
        typed = {one.column.name: one for one in type_columns(raw, settings)}
        warned_of_file = any(_is_told(finding) for finding in raw.findings)
        for column in columns:
            if column.file == file:
                one = typed.get(column.name)
                told = warned_of_file or (one is not None and any(map(_is_told, one.findings)))
                stops = one is None or any(f.severity == "error" for f in one.findings)
                got = None if one is None or stops else one.values.to_list()
                said = verdict(column.values, column.texts, got, told=told)
                found[column.name] = (column, said, one)
    return found


def _is_told(finding: Finding) -> bool:
    return finding.severity in ("warning", "error")


def test_there_are_57_columns_in_19_files() -> None:
    columns = dirty_columns()
    assert len(columns) == len({column.name for column in columns}) == 57
    assert len({column.file for column in columns}) == 19


def test_none_is_silently_wrong(
    read: dict[str, tuple[DirtyColumn, Verdict, TypedColumn | None]],
) -> None:
    assert [name for name, (_, said, _) in read.items() if said == "wrong"] == []
    assert [name for name, (_, said, _) in read.items() if said == "text"] == []


def test_all_but_those_that_nobody_can_know_are_right(
    read: dict[str, tuple[DirtyColumn, Verdict, TypedColumn | None]],
) -> None:
    assert {name for name, (_, said, _) in read.items() if said != "right"} == REFUSED
    assert Counter(said for _, said, _ in read.values()) == {"right": 53, "told": 4}


def test_each_column_has_a_receipt_that_adds_up(
    read: dict[str, tuple[DirtyColumn, Verdict, TypedColumn | None]],
) -> None:
    for name, (column, _, one) in read.items():
        if one is None:
            continue  # its file was refused
        receipt = one.receipt
        assert receipt is not None
        gone = sum(receipt.missing.values()) + receipt.misfits
        assert receipt.values + gone == receipt.rows == len(column.values), name
        for rule, cells in receipt.changed.items():
            assert rule
            assert 0 < cells <= receipt.rows
        if one.column.written is not None:
            assert receipt.changed, name


def test_one_cell_is_read_as_its_column_is(
    read: dict[str, tuple[DirtyColumn, Verdict, TypedColumn | None]],
) -> None:
    from trainwright.data.types import parse_value

    for name, (column, said, one) in read.items():
        if said != "right" or one is None or one.column.type is not ColumnType.NUMBER:
            continue
        if one.column.written is None and one.column.decimal == ".":
            continue  # a server takes such numbers as JSON numbers only
        for text, value in list(zip(column.texts, one.values, strict=True))[:20]:
            assert parse_value(one.column, text) == value, (name, text)
        number = next(v for v in one.values if v is not None)
        assert parse_value(one.column, number) == number


def test_the_judge_can_say_each_verdict() -> None:
    assert verdict([1.5, None], ["1.5", ""], [1.5, None], told=False) == "right"
    assert verdict([1.5, None], ["1.5", "-9"], [1.5, -9.0], told=False) == "wrong"
    assert verdict([1.5, None], ["1.5", "-9"], [1.5, -9.0], told=True) == "told"
    assert verdict([1.5], ["1,5"], ["1,5"], told=False) == "text"
    assert verdict([True], ["yes"], [1], told=False) == "wrong"
    assert verdict(["NA"], ["NA"], None, told=True) == "told"
    assert verdict(["7"], ["7"], [7], told=False) == "right"
    assert verdict(["07"], ["07"], [7], told=False) == "wrong"
