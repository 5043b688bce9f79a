"""The target from several hands: what changes, what counts how much, what is for training alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.core.columns import ROW
from trainwright.core.errors import DataError, RecipeError
from trainwright.data.labels.settle import ANNOTATORS, FUNCTIONS, Settled, label_files, settle
from trainwright.recipe.labels import LabelSettings

FRAME = pl.DataFrame(
    {
        ROW: [0, 1, 2, 3, 5],
        "text": ["buy pills", "hello friend", "buy now", "lunch", "hello, buy"],
        "a": ["spam", "ham", "spam", "ham", None],
        "b": ["spam", "ham", "ham", None, None],
        "c": ["spam", "spam", "spam", "ham", None],
        "y": ["spam", None, None, None, "ham"],
    }
)
EVERY = np.ones(FRAME.height, dtype=bool)
RULES = [
    {"name": "buys", "if": {"column": "text", "contains": "buy"}, "label": "spam"},
    {"name": "greets", "if": {"column": "text", "contains": "hello"}, "label": "ham"},
]


def settled(labels: dict[str, object], base: Path = Path()) -> Settled:
    found = settle(FRAME, LabelSettings.model_validate(labels), target="y", base=base)
    assert found is not None
    return found


def test_nothing_said_is_nothing_done() -> None:
    assert settle(FRAME, LabelSettings(), target="y", base=Path()) is None


def test_annotators_make_the_target_and_every_change_is_told() -> None:
    found = settled({"annotators": ["a", "b", "c"]})
    assert found.labels.to_list() == ["spam", "ham", "spam", "ham", None]
    assert found.edits.select("row", "before", "after").rows() == [
        (1, None, "ham"),
        (2, None, "spam"),
        (3, None, "ham"),
        (5, "ham", None),
    ]
    assert found.probabilities is not None
    assert found.probabilities.filter(pl.col(ROW) == 2)["spam"].item() == pytest.approx(2 / 3)
    assert found.weights is not None
    assert found.weights[0] == 1
    assert found.weights[2] == pytest.approx(1 / 3)
    assert not found.train_only.any()


def test_annotations_in_a_file_say_the_same(tmp_path: Path) -> None:
    lines = FRAME.unpivot(
        on=["a", "b", "c"], index=ROW, variable_name="annotator", value_name="label"
    )
    lines.rename({ROW: "row"}).drop_nulls().write_csv(tmp_path / "given.csv")
    wide = settled({"annotators": ["a", "b", "c"]})
    long = settled({"annotations": "given.csv"}, tmp_path)
    assert long.labels.to_list() == wide.labels.to_list()
    assert long.tables[ANNOTATORS].equals(wide.tables[ANNOTATORS])


def test_functions_label_open_rows_for_training_alone() -> None:
    found = settled({"functions": RULES}).taught(EVERY)
    assert found.labels.to_list() == ["spam", "ham", "spam", None, "ham"]
    assert found.train_only.tolist() == [False, True, True, False, False]
    assert found.weights is not None
    assert found.weights[[0, 4]].tolist() == [1, 1]
    assert ((found.weights > 0) & (found.weights < 1))[[1, 2]].all()
    assert found.tables[FUNCTIONS]["function"].to_list() == ["buys", "greets"]
    assert "for training alone" in found.findings[0].message


def test_a_function_without_a_vote_is_said() -> None:
    rule = {"name": "never", "if": {"column": "text", "contains": "zzz"}, "label": "ham"}
    found = settled({"functions": [*RULES, rule]}).taught(EVERY)
    assert any("'never' votes on no row" in finding.message for finding in found.findings)


def test_a_class_that_functions_alone_name_is_told_with_the_one_that_is_near() -> None:
    rule = {"name": "typo", "if": {"column": "text", "contains": "lunch"}, "label": "hamm"}
    found = settled({"functions": [*RULES, rule]}).taught(EVERY).findings
    (told,) = [one for one in found if "functions alone name" in one.message]
    assert told.severity == "warning"
    assert "'hamm'" in told.message
    assert told.remedy == "label: ham, if that is meant"
    assert not any(
        "functions alone name" in one.message
        for one in settled({"functions": RULES}).taught(EVERY).findings
    )


def test_corrections_have_the_last_word(tmp_path: Path) -> None:
    pl.DataFrame({"row": [2, 5], "label": ["ham", "spam"]}).write_csv(tmp_path / "mended.csv")
    found = settled({"functions": RULES, "corrections": "mended.csv"}, tmp_path).taught(EVERY)
    assert found.labels.to_list() == ["spam", "ham", "ham", None, "spam"]
    assert found.train_only.tolist() == [False, True, False, False, False]
    assert found.edits.rows() == [
        (2, "y", "labels: corrections", None, "ham"),
        (5, "y", "labels: corrections", "ham", "spam"),
        (1, "y", "labels: functions", None, "ham"),
    ]


def test_known_labels_teach_only_from_the_rows_that_may() -> None:
    """Two wrong functions overrule a right one until labels of train rows show it."""
    spam = np.arange(400) % 2 == 0
    frame = pl.DataFrame(
        {
            ROW: np.arange(400),
            "text": np.where(spam, "buy", "hello"),
            "y": [("spam" if one else "ham") if n < 200 else None for n, one in enumerate(spam)],
        }
    )
    rules = [
        {"name": word, "if": {"column": "text", "contains": word}, "label": label}
        for word, label in zip(
            ("buy", "bu", "b", "hello", "hel", "h"),
            ("ham", "ham", "spam", "spam", "spam", "ham"),
            strict=True,
        )
    ]
    said = LabelSettings.model_validate({"functions": rules})
    found = settle(frame, said, target="y", base=Path())
    assert found is not None
    assert found.edits.is_empty()  # nothing is settled before the split
    few = found.taught(np.arange(400) < 40)  # under the fifty that may judge
    many = found.taught(np.arange(400) < 100)
    truth = np.where(spam, "spam", "ham")[200:].tolist()
    assert all(said != true for said, true in zip(few.labels[200:], truth, strict=True))
    assert many.labels[200:].to_list() == truth
    known = many.tables[FUNCTIONS]["known_rows"]
    assert known.to_list() == [50] * 6  # of the hundred, and none of those to measure on
    assert many.edits.height == 200
    assert many.asked is None


def test_a_row_of_even_odds_weighs_nothing_and_is_told_as_without_a_label() -> None:
    frame = pl.DataFrame(
        {ROW: [0, 1, 2, 3], "text": ["a", "b", "a b", "c"], "y": ["p", "q", None, "p"]}
    )
    rules = [
        {"name": word, "if": {"column": "text", "contains": word}, "label": label}
        for word, label in (("a", "p"), ("b", "q"))
    ]
    said = LabelSettings.model_validate({"functions": rules})
    found = settle(frame, said, target="y", base=Path())
    assert found is not None
    after = found.taught(np.ones(4, dtype=bool))
    assert after.weights is not None
    assert after.weights[2] == 0
    assert after.edits.is_empty()
    assert "labelled 0 rows" in after.findings[0].message
    assert "1 rows without a target have no usable vote" in after.findings[0].message


def test_corrections_name_rows_by_their_file_as_label_exports_them(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(
        "row,label,annotator\nb.csv:0,spam,anna\nb.csv:0,spam,bert\na.csv:1,spam,anna\n"
    )
    found = settle(
        FRAME,
        LabelSettings(corrections="labels.csv"),
        target="y",
        base=tmp_path,
        files=[("a.csv", 3), ("b.csv", 3)],
    )
    assert found is not None
    assert found.labels.to_list() == ["spam", "spam", None, "spam", "ham"]


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        ([4], "row '4' is not there"),
        ([2, 2], "row '2' stands twice, with 'ham' and 'spam'"),
        (["mails.csv:9"], "row 'mails.csv:9' is not there"),
        (["two words"], "is not there"),
    ],
)
def test_corrections_of_rows_that_are_not_there_are_refused(
    tmp_path: Path, rows: list[int | str], match: str
) -> None:
    pl.DataFrame({"row": rows, "label": ["ham", "spam"][: len(rows)]}).write_csv(
        tmp_path / "mended.csv"
    )
    with pytest.raises(DataError, match=match):
        settled({"corrections": "mended.csv"}, tmp_path)


def test_a_file_that_is_not_there_or_has_other_columns_says_what_it_must_have(
    tmp_path: Path,
) -> None:
    with pytest.raises(RecipeError, match="columns row, label"):
        settled({"corrections": "none.csv"}, tmp_path)
    pl.DataFrame({"line": [1]}).write_csv(tmp_path / "other.csv")
    with pytest.raises(RecipeError, match="must be row, label"):
        settled({"corrections": "other.csv"}, tmp_path)


def test_a_missing_annotator_column_is_named() -> None:
    with pytest.raises(RecipeError, match="no column 'd'"):
        settled({"annotators": ["a", "d"]})


def test_poor_agreement_and_a_guessing_annotator_are_warnings() -> None:
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 2, 400)
    columns = {
        name: np.where(generator.random(400) < right, truth, 1 - truth).astype(str)
        for name, right in (("a", 0.9), ("b", 0.9), ("c", 0.5))
    }
    frame = pl.DataFrame({ROW: np.arange(400), **columns})
    settings = LabelSettings.model_validate({"annotators": list("abc"), "combine": "dawid-skene"})
    found = settle(frame, settings, target="y", base=Path())
    assert found is not None
    assert [finding.severity for finding in found.findings] == ["warning", "warning"]
    assert found.findings[1].column == "c"
    assert (found.labels.to_numpy() == truth.astype(str)).mean() > 0.88


def test_files_that_labels_depend_on_are_told(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def f(row):\n    return None\n")
    settings = LabelSettings.model_validate(
        {"corrections": "c.csv", "functions": ["mine:f", "json:dumps"], "annotators": ["a", "b"]}
    )
    assert label_files(settings, base=tmp_path) == [tmp_path / "c.csv", tmp_path / "mine.py"]


def given(folder: Path, lines: list[tuple[str, str, str | None]], **more: str) -> Settled:
    schema = {"row": pl.String, "annotator": pl.String, "label": pl.String}
    pl.DataFrame(lines, schema=schema, orient="row").write_csv(folder / "votes.csv")
    said = LabelSettings.model_validate({"annotations": "votes.csv", **more})
    found = settle(FRAME, said, target="y", base=folder, files=(("mails.csv", 10),))
    assert found is not None
    return found


def test_a_label_for_a_row_that_is_not_there_is_named_as_the_file_names_it(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"row 'mails.csv:99' is not there; 1 of 2 labels"
    ) as caught:
        given(tmp_path, [("mails.csv:1", "a", "ham"), ("mails.csv:99", "a", "ham")])
    assert (caught.value.where, caught.value.mend) == (
        "votes.csv",
        "rows are named FILE:POSITION, from 0; the last ones are mails.csv:9",
    )


def test_a_file_without_a_label_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nobody gave a label") as caught:
        given(tmp_path, [("mails.csv:1", "a", None)])
    assert caught.value.where == "votes.csv"


def test_labels_of_which_no_row_has_two_are_told_as_such(tmp_path: Path) -> None:
    found = given(tmp_path, [("mails.csv:1", "a", "ham"), ("mails.csv:2", "a", "spam")])
    (told,) = [one for one in found.findings if one.kind == "conflicting-label"]
    assert told.message == (
        "1 annotator, and no row has labels of two: how far they agree is not known"
    )
    assert "--answers 2" in told.remedy


@pytest.mark.parametrize("how", ["majority", "dawid-skene", "mace"])
def test_who_gave_few_labels_is_not_called_poor_and_who_is_right_seven_times_in_ten_neither(
    how,
) -> None:
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 4, 600)
    columns = {}
    for name, right in (("a", 0.9), ("b", 0.9), ("c", 0.7), ("d", 0.25)):
        wrong = (truth + generator.integers(1, 4, 600)) % 4
        columns[name] = np.where(generator.random(600) < right, truth, wrong).astype(str)
    once = [str((truth[0] + 1) % 4), *[None] * 599]
    frame = pl.DataFrame({ROW: np.arange(600), **columns, "once": once})
    settings = LabelSettings.model_validate({"annotators": [*columns, "once"], "combine": how})
    found = settle(frame, settings, target="y", base=Path())
    assert found is not None
    assert [one.column for one in found.findings if "hardly better" in one.message] == ["d"]
    assert "(of 1 label)" in found.findings[0].message
