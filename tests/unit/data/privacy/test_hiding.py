from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.core.columns import Column, ColumnType, Repair
from trainwright.core.errors import DataError, Fault
from trainwright.data.findings import finding
from trainwright.data.privacy.hiding import (
    declared_columns,
    hidden_columns,
    unquoted,
    without_pieces,
    without_quotes,
    without_values,
)
from trainwright.data.reading.typed import read_typed
from trainwright.data.types import parse_value
from trainwright.recipe.data import DataSettings
from trainwright.summaries.profile import profile_frame

MAIL, OTHER = "jane.doe@example.org", "urgent"
FOUND = finding("personal-data", "warning", "column 'note' holds personal data", column="note")


def test_values_of_a_hidden_column_become_their_shapes_and_names_of_columns_stay() -> None:
    told = finding(
        "type", "warning", f"column 'note': 'Jane Doe Str… and {MAIL} are not 'kind'", column="note"
    )
    quoted = finding("outlier", "info", "'note': 'Jane' stands beside \"it's 12\"", column="note")
    other = finding("type", "info", "column 'kind': 'Jane' is one", column="kind")
    found = without_quotes([FOUND, told, quoted, other], ["note", "kind"])
    assert found[0] == FOUND
    assert MAIL not in found[1].message
    assert found[2].message == "'note': 'xxxx' stands beside \"xx'x 99\""
    assert found[3] == other


def test_what_is_pasted_holds_no_piece_either() -> None:
    remedy = f'data: {{columns: {{note: {{nulls: ["{MAIL}"]}}}}}}'
    told = finding("type", "warning", "some", column="note", remedy=remedy)
    (_, found) = without_quotes([FOUND, told], ["note"])
    assert "jane" not in found.remedy
    assert found.remedy.startswith("data: {columns: {note: {nulls:")


def test_where_nothing_was_found_all_is_told_as_it_is() -> None:
    told = finding("type", "warning", f"column 'note': {MAIL!r}", column="note")
    assert without_quotes([told], ["note"]) == [told]
    assert hidden_columns([told]) == frozenset()


def profiled(kind: ColumnType, values: pl.Series) -> object:
    column = Column("note", kind)
    frame = without_pieces(values.alias("note").to_frame(), [column])
    return without_values(profile_frame(frame, [column]), {"note"})["note"]


def test_common_values_that_hold_a_piece_are_counted_and_not_named() -> None:
    values = pl.Series([MAIL] * 40 + [OTHER] * 20 + [None] * 5)
    part = profiled(ColumnType.CATEGORY, values)
    assert part.top == {OTHER: 20}
    assert (part.rest, part.nulls, part.count) == (40, 5, 65)


def test_words_are_those_without_the_pieces() -> None:
    values = pl.Series([f"write to {MAIL} about parcels"] * 30)
    assert set(profiled(ColumnType.TEXT, values).top) == {"write", "to", "about", "parcels"}


def test_lists_of_words_name_none() -> None:
    values = pl.Series([["mail", MAIL]] * 30)
    assert profiled(ColumnType.WORDS, values).top == {}


def test_numbers_are_kept_to_three_digits() -> None:
    cards = pl.Series([4111111111111111.0, 5500005555555559.0, None] * 30)
    part = profiled(ColumnType.NUMBER, cards)
    assert (part.min, part.max, part.nulls) == (4.11e15, 5.50e15, 30)


def test_a_snapshot_and_its_report_hold_no_piece_but_in_the_rows(tmp_path: Path) -> None:
    from trainwright.flow.preparation import prepare

    rng = np.random.default_rng(0)
    rows = 300
    mails = np.array([f"jane{number}.doe@example.org" for number in range(6)])
    contact = np.where(rng.random(rows) < 0.2, mails[rng.integers(0, 6, rows)], "none given")
    contact[::50] = [" Jane1.Doe@example.org", *mails[:5]]
    pl.DataFrame(
        {
            "contact": contact,
            "note": [f"asked by {mails[k % 6]} for row {k} again" for k in range(rows)],
            "weight": rng.gamma(2, 2, rows).round(2),
            "late": rng.choice(["yes", "no"], rows),
        }
    ).write_csv(tmp_path / "t.csv")
    (tmp_path / "r.yaml").write_text("data: {source: t.csv, target: late}\n")
    snapshot, report = prepare(tmp_path / "r.yaml", workspace=tmp_path / "w")
    hidden = hidden_columns(snapshot.findings)
    assert hidden == {"contact", "note"}
    assert "example.org" not in report.read_text()
    assert "example.org" not in json.dumps([one.to_json() for one in snapshot.findings])
    for name in ("profile.json", "manifest.json", "receipts.json"):
        assert "example" not in (snapshot.folder / name).read_text(), name
    profile = json.loads((snapshot.folder / "profile.json").read_text())
    assert dict(profile["columns"])["contact"]["top"]["none given"] > 100


@pytest.mark.parametrize("action", ["redact", "keep"])
def test_what_the_recipe_keeps_is_hidden_and_what_it_redacts_is_not_there(
    tmp_path: Path, action: str
) -> None:
    from trainwright.flow.preparation import prepare

    rows = 200
    pl.DataFrame(
        {
            "note": [f"asked by jane{k % 9}@example.org for row {k} again" for k in range(rows)],
            "weight": np.arange(rows) % 17,
            "late": ["yes", "no"] * (rows // 2),
        }
    ).write_csv(tmp_path / "t.csv")
    recipe = f"data: {{source: t.csv, target: late, personal_data: {{note: {action}}}}}\n"
    (tmp_path / "r.yaml").write_text(recipe)
    snapshot, report = prepare(tmp_path / "r.yaml", workspace=tmp_path / "w")
    assert "jane" not in report.read_text()
    assert "jane" not in (snapshot.folder / "profile.json").read_text()


def test_what_is_raised_quotes_no_value_of_a_hidden_column_and_stays_what_it_is() -> None:
    of_hidden = Fault(
        "2 values of 'born' are none: 'Jane 31.02.'", "column 'born'", 'nulls: ["Jane 31.02."]'
    )
    of_other = Fault(f"'red' in column 'kind' beside {MAIL}", "a.csv:3", "correct it")
    with pytest.raises(DataError) as caught, unquoted({"born"}, ["born", "kind"]):
        raise DataError.of([of_hidden, of_other])
    first, second = caught.value.faults
    assert first.what == "2 values of 'born' are none: 'xxxx 99.99.'"
    assert (first.where, first.mend) == ("column 'born'", 'nulls: ["xxxx 99.99."]')
    assert second.what == "'red' in column 'kind' beside xxxx.xxx@xxxxxxx.xxx"
    assert "Jane" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_what_tells_of_nobody_is_raised_as_it_was() -> None:
    plain = DataError("the target 'y' has one value: 'up'", where="column 'y'", mend="look")
    with pytest.raises(DataError) as caught, unquoted({"born"}, ["y"]):
        raise plain
    assert caught.value is plain


def test_columns_that_the_recipe_hides_are_those_that_it_does_not_keep() -> None:
    said = {"a": "redact", "b": "hash", "c": "drop", "d": "keep"}
    settings = DataSettings(source="x.csv", target="y", personal_data=said, hash_key="env:K")
    assert declared_columns(settings) == {"a", "b", "c"}
    told = finding("type", "warning", "column 'c': 'Jane' is no number", column="c")
    (found,) = without_quotes([told], ["c"], declared={"c"})
    assert found.message == "column 'c': 'xxxx' is no number"


CODE = Column("code", ColumnType.CATEGORY, integer=True, repair=Repair(("redact-whole",)))


def test_the_server_and_predict_name_no_value_of_a_redacted_column_that_they_refuse(
    tmp_path: Path,
) -> None:
    with pytest.raises(ValueError, match=r"^'xxxx 99' is no category$") as refused:
        parse_value(CODE, "Jane 31")
    assert refused.value.__cause__ is None
    (tmp_path / "today.csv").write_text("code\n17\nJane 31\n")
    with pytest.raises(DataError) as caught:
        list(read_typed(tmp_path / "today.csv", [CODE]))
    assert "'xxxx 99' in column 'code' is no whole number" in str(caught.value)
    assert "today.csv:3" in str(caught.value)
    assert "Jane" not in str(caught.value)
