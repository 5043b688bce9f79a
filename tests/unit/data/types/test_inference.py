"""What columns are taken for, what is said of them, and what of the target."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from column_cases import BOOLEAN, DAYS, MOMENT, NUMBER, TARGETS, TYPED, WORDS, Typed, turned
from trainwright.core.columns import ColumnType, Task
from trainwright.core.errors import DataError, RecipeError
from trainwright.data.reading import read_source, read_typed
from trainwright.data.types import infer_types, parse_value
from trainwright.recipe.data import ColumnSettings, DataSettings


def infer(
    folder: Path,
    data: dict[str, list[Any]],
    /,
    *,
    task: Task | None = None,
    text: bool = True,
    **settings,
):
    if "y" not in data:
        data = {**data, "y": [i % 7 + 0.5 for i in range(len(next(iter(data.values()))))]}
    frame = pl.DataFrame(data, strict=False)
    name = "t.csv" if text else "t.parquet"
    (frame.write_csv if text else frame.write_parquet)(folder / name)
    told = DataSettings(source=name, target="y", **settings)
    return infer_types(read_source(told, base=folder), told, task=task)


def one(
    folder: Path, values: list[Any], *, name: str = "x", said: ColumnSettings | None = None, **more
):
    """The column `x` typed: its contract, values and findings."""
    if said is not None:
        more["columns"] = {name: said}
    table = infer(folder, {name: values}, **more)
    return (
        table.columns[0],
        table.frame[name].to_list(),
        [f for f in table.findings if f.column == name],
    )


@pytest.mark.parametrize("case", TYPED.values(), ids=TYPED.keys())
def test_a_column_is_typed_by_all_its_values(case: Typed, tmp_path: Path):
    column, values, findings = one(tmp_path, case.values, name=case.name)
    assert column.type is case.type
    assert [finding.kind for finding in findings] == case.findings
    assert all(finding.remedy for finding in findings if finding.severity != "info")
    if case.first != "-":
        assert values[0] == case.first
    if case.type is ColumnType.NUMBER:
        assert all(value is None or np.isfinite(value) for value in values)


def test_the_first_cell_that_does_not_fit_is_named_by_its_line(tmp_path: Path):
    _, values, (finding,) = one(tmp_path, ["1.5", "2.5"] * 50 + ["abc", "abd"])
    assert finding.severity == "error"
    assert finding.rows == (100, 101)
    assert "t.csv:102" in finding.message
    assert "'abc'" in finding.message
    assert values[100] is None


def test_what_a_sample_does_not_show_is_still_seen(tmp_path: Path):
    values = ["1.5", "2.5"] * 20_000
    values[12_345] = "x"
    _, _, (finding,) = one(tmp_path, values)
    assert finding.rows == (12_345,)


def test_fractions_of_a_second_that_no_sampled_row_has_are_still_read(tmp_path: Path):
    days = [f"{day} 10:00:00" for day in DAYS] * 20
    days[12] += ".5"  # the sample of 3,000 of 6,720 rows takes rows 11 and 13
    column, values, findings = one(tmp_path, days)
    assert (column.format, findings) == ("%Y-%m-%d %H:%M:%S%.f", [])
    assert values[12].microsecond == 500_000


def test_more_odd_words_than_can_be_read_are_kept_by_the_remedy(tmp_path: Path):
    words = [f"w{chr(97 + i)}" for i in range(26)]
    _, _, (finding,) = one(tmp_path, ["1.5", "2.5"] * 500 + words)
    assert finding.kind == "type"
    assert finding.remedy == (
        'data: {accept: ["type:x"]} reads them as missing; data: {columns: {x: category}} keeps them'
    )


def test_a_value_too_long_to_paste_is_neither_quoted_whole_nor_put_into_the_remedy(tmp_path: Path):
    _, _, (finding,) = one(tmp_path, ["1.5", "2.5"] * 500 + ["w" * 900])
    assert len(finding.message) < 200
    assert 'data: {accept: ["type:x"]} reads them as missing' in finding.remedy


def test_a_remedy_keeps_the_marks_that_were_read_as_missing_before(tmp_path: Path):
    _, _, findings = one(tmp_path, ["1.5", "2.5"] * 500 + ["NA"] * 9 + ["seven", "1O"])
    (error,) = [found for found in findings if found.severity == "error"]
    assert '{type: number, nulls: ["NA", "seven", "1O"]}' in error.remedy


def test_a_constant_whole_number_is_told_as_it_is_written(tmp_path: Path):
    _, _, (finding,) = one(tmp_path, ["20210113"] * 30)
    assert "always 20210113" in finding.message
    assert "." not in finding.message


REMEDIES = {
    "a word": ["1.5", "2.5"] * 50 + ["abc"],
    "infinity": ["1.5", "2.5"] * 20 + ["inf"],
    "an ambiguous date": ["03/04/2013", "05/02/2013", "01/09/2013"] * 5,
    "no such date": [*DAYS, "2013-02-31"],
    "another format": [*turned("%d/%m/%Y", DAYS), "12/31/2013"],
}


@pytest.mark.parametrize("case", REMEDIES)
@pytest.mark.parametrize("name", ["x", "No", "a b: {c}, [d]"])
def test_the_remedy_of_an_error_can_be_pasted(case: str, name: str, tmp_path: Path):
    from trainwright.recipe import parse_recipe
    from trainwright.recipe.document import parse_document

    _, _, (finding,) = one(tmp_path, REMEDIES[case], name=name)
    assert (finding.kind, finding.severity) == ("type", "error")
    pasted = finding.remedy.split(" reads them")[0]
    told = parse_document(pasted.encode(), path="remedy").values["data"]
    recipe = parse_recipe({"data": {"source": "t.csv", "target": "y", **told}})
    table = infer_types(read_source(recipe.data, base=tmp_path), recipe.data, task=None)
    assert [f for f in table.findings if f.severity == "error"] == []


def test_what_the_recipe_says_of_a_column_decides(tmp_path: Path):
    column, values, _ = one(tmp_path, ["01", "2"] * 20, said=ColumnSettings(type=NUMBER))
    assert (column.type, values[:2]) == (NUMBER, [1.0, 2.0])
    column, values, _ = one(tmp_path, ["1", "2"] * 20, said=ColumnSettings(type=WORDS))
    assert (column.type, values[:2]) == (WORDS, ["1", "2"])
    _, values, _ = one(tmp_path, ["NA", "red"] * 20, said=ColumnSettings(nulls=("",)))
    assert values[0] == "NA"
    _, values, _ = one(
        tmp_path, ["-999", "3", "4"] * 20, said=ColumnSettings(type=NUMBER, nulls=("-999",))
    )
    assert values[:2] == [None, 3.0]
    _, values, _ = one(tmp_path, ["1", "0"] * 20, said=ColumnSettings(type=BOOLEAN))
    assert values[:2] == [True, False]
    column, _, _ = one(tmp_path, ["1", "0"] * 20, said=ColumnSettings(required=True, closed=True))
    assert column.required
    assert column.closed


def test_a_format_that_we_do_not_know_is_a_fault_of_the_recipe(tmp_path: Path):
    with pytest.raises(RecipeError, match="'%Q' in the format") as caught:
        one(tmp_path, DAYS, said=ColumnSettings(type=MOMENT, format="%Q"))
    assert "%Y-%m-%d" in caught.value.mend


def test_a_decimal_comma_is_read_where_a_semicolon_separates(tmp_path: Path):
    (tmp_path / "t.csv").write_text("x;z;y\n" + "1,5;a,b;2\n2,5;c;3\n" * 10)
    told = DataSettings(source="t.csv", target="y")
    table = infer_types(read_source(told, base=tmp_path), told, task=None)
    assert table.frame["x"].to_list()[:2] == [1.5, 2.5]
    assert table.columns[0].decimal == ","
    assert table.frame["z"][0] == "a,b"


def test_names_that_the_data_lack_are_told_all_at_once_with_the_nearest(tmp_path: Path):
    with pytest.raises(RecipeError) as caught:
        infer(
            tmp_path,
            {"colour": ["a", "b"]},
            drop=("color",),
            known_after=("q",),
            columns={"colours": ColumnSettings()},
        )
    assert [fault.where for fault in caught.value.faults] == [
        "data.drop",
        "data.known_after",
        "data.columns",
    ]
    assert caught.value.faults[0].mend == "use 'colour'"
    assert caught.value.faults[1].mend.startswith("the columns are 'colour'")
    (tmp_path / "t.csv").write_text("a,price\n1,2\n")
    told = DataSettings(source="t.csv", target="prices")
    with pytest.raises(RecipeError, match="there is no column 'prices'") as caught:
        infer_types(read_source(told, base=tmp_path), told, task=None)
    assert caught.value.mend == "use 'price'"


def test_columns_that_are_left_out_raise_no_findings(tmp_path: Path):
    table = infer(tmp_path, {"x": ["1.5", "2.5"] * 50 + ["abc"]}, drop=("x",))
    assert [f for f in table.findings if f.column == "x"] == []


def target(folder: Path, values: list[Any], **more):
    table = infer(folder, {"x": list(range(len(values))), "y": values}, **more)
    return (
        table.target,
        table.frame["y"].to_list(),
        [f.kind for f in table.findings if f.column == "y"],
    )


@pytest.mark.parametrize("case", TARGETS.values(), ids=TARGETS.keys())
def test_the_target_tells_the_task_and_the_classes(case, tmp_path: Path):
    values, task, classes, kind = case
    got, labels, _ = target(tmp_path, values)
    assert (got.task, got.classes, got.class_kind) == (task, classes, kind)
    if task is Task.CLASSIFICATION:
        assert {label for label in labels if label is not None} == set(classes)
        assert got.column.type is ColumnType.CATEGORY
    else:
        assert all(isinstance(value, float) for value in labels)


def test_labels_1_and_2_are_mapped_and_that_is_noted(tmp_path: Path):
    got, _, kinds = target(tmp_path, ["1", "2"] * 20)
    assert "type" in kinds
    assert got.label(0) == 1


def test_the_target_is_read_again_in_the_same_spelling(tmp_path: Path):
    for values in (["0.0", "1.0"] * 20, ["Yes", "no"] * 20, ["1", " 2"] * 20):
        got, labels, _ = target(tmp_path, values)
        (block,) = read_typed(tmp_path / "t.csv", [got.column])
        assert block.frame["y"].to_list() == labels


def test_native_labels_are_spelled_like_those_of_text(tmp_path: Path):
    assert target(tmp_path, [1, 2] * 20, text=False)[0].classes == ("1", "2")
    assert target(tmp_path, [True, False] * 20, text=False)[0].classes == ("false", "true")
    assert target(tmp_path, [1.0, 2.0] * 20, text=False)[0].classes == ("1", "2")


REFUSED = {
    "constant": (["3"] * 40, None, "is always 3"),
    "constant word": (["a"] * 40, None, "is always 'a'"),
    "no values": (["", "NA"] * 20, None, "has no values in all 40 rows"),
    "mixed spellings": (
        ["0", "1", "true", "yes"] * 10,
        None,
        "mixes spellings of true and false: 0, 1, true, yes",
    ),
    "a date": (DAYS[:40], None, "is a date-time"),
    "huge": ([f"{i}e200" for i in range(1, 41)], None, "of a size that cannot be squared"),
    "tiny": ([f"{i}e-200" for i in range(1, 41)], None, "of a size that cannot be squared"),
    "every row a class": ([f"w{i}" for i in range(40)], None, "40 classes in 40 rows"),
    "numbers as classes": (
        [str(i / 7) for i in range(40)],
        Task.CLASSIFICATION,
        "40 classes in 40 rows",
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_a_target_that_cannot_be_learned_is_refused(case, tmp_path: Path):
    values, task, what = case
    with pytest.raises(DataError, match=what) as caught:
        target(tmp_path, values, task=task)
    assert caught.value.mend
    assert "y" in caught.value.where


def test_a_target_of_numbers_and_some_words_asks_whether_a_number_was_meant(tmp_path: Path):
    ratings = [str(50 + i % 40) for i in range(400)] + ["79+2", "81-1"] * 40
    column, _, kinds = target(tmp_path, ratings)
    assert (column.task, kinds) == (Task.CLASSIFICATION, ["type"])
    assert target(tmp_path, ratings, task=Task.CLASSIFICATION)[2] == []
    assert target(tmp_path, ["K", "1", "2", "3"] * 20)[2] == []


def test_infinity_in_the_target_is_an_error_finding(tmp_path: Path):
    _, _, kinds = target(tmp_path, [str(i / 7) for i in range(40)] + ["inf"])
    assert kinds == ["type"]


def test_heavy_tails_are_told_from_ordinary_ones():
    from trainwright.data.types.target import is_heavy_tailed

    rng = np.random.default_rng(3)
    for ordinary in (
        rng.normal(size=5000),
        rng.uniform(size=5000),
        rng.exponential(size=5000),
        rng.lognormal(sigma=0.4, size=5000),
        np.r_[np.zeros(3500), rng.lognormal(sigma=1.5, size=1500)],  # mostly one value
    ):
        assert not is_heavy_tailed(ordinary)
    for heavy in (
        rng.standard_cauchy(size=5000),
        rng.lognormal(sigma=1.5, size=5000),
        np.r_[np.zeros(2000), rng.lognormal(sigma=1.5, size=3000)],
    ):
        assert is_heavy_tailed(heavy)


def test_integers_beyond_2_to_the_53_of_a_parquet_file_stay_text(tmp_path: Path):
    table = infer(tmp_path, {"x": [2**60 + i * 3 for i in range(30)]}, text=False)
    assert table.columns[0].type is ColumnType.IDENTIFIER
    assert table.frame["x"][0] == str(2**60)


@pytest.mark.parametrize(
    ("true", "false"), [("WAAR", "onwaar"), ("tak", "Nie"), ("Да", "нет"), ("是", "否"), ("✓", "✗")]
)
def test_yes_and_no_of_other_languages_are_true_and_false(
    true: str, false: str, tmp_path: Path
) -> None:
    column, values, findings = one(tmp_path, [true, false, "", true] * 20)
    assert column.type is BOOLEAN
    assert values[:4] == [True, False, None, True]
    assert not findings
    assert [parse_value(column, text) for text in (true, false)] == [True, False]
