"""What columns are taken for, what is said of them, and what of the target."""

# ruff: noqa: E501 - tables of cases, one a line

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from trainwright.core.artifacts import ColumnType, Task
from trainwright.core.errors import DataError, RecipeError
from trainwright.data.reading import read_source, read_typed
from trainwright.data.types import infer_types
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


NUMBER, WORDS, BOOLEAN = ColumnType.NUMBER, ColumnType.CATEGORY, ColumnType.BOOLEAN
MOMENT, TEXT, IDENTIFIER = ColumnType.DATETIME, ColumnType.TEXT, ColumnType.IDENTIFIER
DAYS = [f"2013-{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 29)]


def turned(pattern: str, days: list[str]) -> list[str]:
    return [pl.Series([day]).str.to_date().dt.strftime(pattern)[0] for day in days]


@dataclass
class Typed:
    values: list[Any]
    type: ColumnType
    findings: list[str] = field(default_factory=list)
    first: Any = "-"
    name: str = "x"


TYPED = {
    "decimals": Typed(["1.5", "2", "-3e2"] * 10, NUMBER, first=1.5),
    "padded numbers": Typed([" 1", "2 ", " 3 "] * 10, NUMBER, first=1.0),
    "whole numbers": Typed(["5", "7", "5"] * 10, NUMBER, first=5.0),
    "distinct measurements": Typed([str(v) for v in np.random.default_rng(0).permutation(500)[:100]], NUMBER),
    "rows counted": Typed([str(v) for v in range(100, 160)], IDENTIFIER, ["identifier"], "100"),
    "years counted": Typed([str(v) for v in range(1900, 1960)], NUMBER, name="year"),
    "unique under the name id": Typed([str(v * 7 % 601) for v in range(600)], IDENTIFIER, ["identifier"], name="userId"),
    "repeating under the name id": Typed([str(v % 50) for v in range(600)], WORDS, ["type"], name="user_id"),
    "ids of which some are lists": Typed([str(v % 50) for v in range(600)] + ["4,5", "6,7,8"], WORDS, [], "0", "CountyIds"),
    "a name that only ends like id": Typed([str(v % 50) for v in range(600)], NUMBER, name="paid"),
    "leading zeros": Typed(["01234", "90210", "10001"] * 10, WORDS, ["type"], "01234"),
    "18 digits": Typed([f"1{i:017}" for i in range(50)], IDENTIFIER, ["type"]),
    "22 digits": Typed(["1" + "0" * 21, "7"] * 20, WORDS, ["type"]),
    "question marks": Typed(["1", "2", "?"] * 10, NUMBER, first=1.0),
    "an unknown mark": Typed(["1", "2", "^"] * 10, NUMBER, ["missing"], 1.0),
    "a rare word": Typed(["1.5"] * 99 + ["2.5"] * 99 + ["absent"] * 2, NUMBER, ["missing"]),
    "a level among few": Typed(["K", "1", "2", "3"] * 10, WORDS, [], "K"),
    "open-ended level": Typed(["0", "1", "5+"] * 10, WORDS, [], "0"),
    "numbers and a word": Typed(["1.5", "2.5"] * 50 + ["abc"], NUMBER, ["type"]),
    "numbers and words": Typed(["1.5", "a", "b", "c"] * 10, WORDS),
    "infinity": Typed(["1.5", "2.5"] * 20 + ["inf"], NUMBER, ["type"]),
    "beyond floats": Typed(["1.5", "2.5"] * 20 + ["1e400"], NUMBER, ["type"]),
    "several nulls": Typed(["1.5", "2.5", "", "NA", "null"] * 10, NUMBER, ["missing"]),
    "no values": Typed(["", "NA", ""] * 10, WORDS, ["na", "nulls", "missing"], None),
    "constant number": Typed(["3"] * 30, NUMBER, ["constant"]),
    "constant word": Typed(["blue"] * 30, WORDS, ["constant"]),
    "yes and no": Typed(["Yes", "no", "", " YES"] * 10, BOOLEAN, [], True),
    "true and false": Typed(["TRUE", "False"] * 10, BOOLEAN, [], True),
    "t and f": Typed(["t", "f"] * 10, BOOLEAN, [], True),
    "0 and 1": Typed(["0", "1"] * 10, NUMBER, [], 0.0),
    "F and N": Typed(["F", "N"] * 10, WORDS, [], "F"),
    "F and M": Typed(["F", "M"] * 10, WORDS, [], "F"),
    "two spellings of yes": Typed(["yes", "y", "no", "n"] * 10, WORDS, [], "yes"),
    "ISO days": Typed(DAYS, MOMENT),
    "ISO with T and zone": Typed([f"{day}T10:00:00Z" for day in DAYS], MOMENT),
    "ISO with seconds": Typed([f"{day} 10:00:00" for day in DAYS], MOMENT),
    "day first, proven": Typed(turned("%d/%m/%Y", DAYS), MOMENT),
    "month first, proven": Typed(turned("%m/%d/%Y", DAYS), MOMENT),
    "names of months": Typed(turned("%d-%b-%y", DAYS), MOMENT),
    "months": Typed(["Jan-95", "Feb-95", "Mar-95"] * 10, MOMENT),
    "ambiguous": Typed(["03/04/2013", "05/02/2013", "01/09/2013"] * 5, MOMENT, ["type"]),
    "ambiguous but in order": Typed([f"01/{month:02}/{year}" for year in (2012, 2013) for month in range(1, 13)], MOMENT, ["type"]),
    "31 February": Typed([*DAYS, "2013-02-31"], MOMENT, ["type"]),
    "two formats": Typed([*turned("%d/%m/%Y", DAYS), "12/31/2013"], MOMENT, ["type"]),
    "zeros for missing": Typed([*DAYS, "0000-00-00"], MOMENT),
    "a year of two digits": Typed([*DAYS, "13-02-03"], MOMENT, ["type"]),
    "free text": Typed([f"this is the note number {i} of many" for i in range(60)], TEXT),
    "hashes": Typed([f"a{i:x}f" for i in range(60)], IDENTIFIER),
    "colours": Typed(["red", "green", "blue"] * 20, WORDS),
    "many categories": Typed([f"town{i % 40}" for i in range(200)], WORDS),
    "countries with NA": Typed(["NA", "DE", "FR", "US", "ZA", "AO", "BR", "CN", "IN", "IT"] * 4, WORDS, ["na"], "NA"),
    "words with NA": Typed(["NA", "red", "green"] * 10, WORDS, ["na"], None),
    "money": Typed(["$1,200", "$3,400"] * 10, WORDS, ["type"]),
}  # fmt: skip


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
    assert finding.remedy == "data: {columns: {x: category}} keeps them"


def test_a_constant_whole_number_is_told_as_it_is_written(tmp_path: Path):
    _, _, (finding,) = one(tmp_path, ["20210113"] * 30)
    assert "always 20210113" in finding.message
    assert "." not in finding.message


REMEDIES = {
    "type": ["1.5", "2.5"] * 50 + ["abc"],
    "infinite": ["1.5", "2.5"] * 20 + ["inf"],
    "type": ["03/04/2013", "05/02/2013", "01/09/2013"] * 5,
    "type": [*DAYS, "2013-02-31"],
    "type": [*turned("%d/%m/%Y", DAYS), "12/31/2013"],
}


@pytest.mark.parametrize("kind", REMEDIES)
@pytest.mark.parametrize("name", ["x", "No", "a b: {c}, [d]"])
def test_the_remedy_of_an_error_can_be_pasted(kind: str, name: str, tmp_path: Path):
    from trainwright.recipe import parse_recipe
    from trainwright.recipe.document import parse_document

    _, _, (finding,) = one(tmp_path, REMEDIES[kind], name=name)
    assert finding.kind == kind
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


TARGETS = {
    "words": (["b", "a", ""] * 20, Task.CLASSIFICATION, ("a", "b"), "text"),
    "yes and no": (["Yes", "no"] * 20, Task.CLASSIFICATION, ("Yes", "no"), "text"),
    "True and False": (["True", "False"] * 20, Task.CLASSIFICATION, ("false", "true"), "boolean"),
    "1 and 2": (["1", "2"] * 20, Task.CLASSIFICATION, ("1", "2"), "integer"),
    "0.0 and 1.0": (["0.0", "1.0"] * 20, Task.CLASSIFICATION, ("0", "1"), "integer"),
    "-1 and 10 and 9": (["-1", "10", "9"] * 20, Task.CLASSIFICATION, ("-1", "9", "10"), "integer"),
    "leading zeros": (["01", "02"] * 20, Task.CLASSIFICATION, ("01", "02"), "text"),
    "halves": (["0.5", "1.5"] * 20, Task.CLASSIFICATION, ("0.5", "1.5"), "number"),
    "decimals": ([str(i / 7) for i in range(40)], Task.REGRESSION, (), "text"),
    "counted": ([str(i) for i in range(40)], Task.REGRESSION, (), "text"),
    "few rows": ([str(i % 9) for i in range(40)], Task.REGRESSION, (), "text"),
}


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
    assert "labels" in kinds
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
    assert (column.task, kinds) == (Task.CLASSIFICATION, ["labels"])
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
