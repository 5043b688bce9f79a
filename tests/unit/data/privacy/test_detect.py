from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from trainwright.core.clock import Deadline
from trainwright.core.columns import Column, ColumnType
from trainwright.data.privacy import detect
from trainwright.data.privacy.kinds import KINDS
from trainwright.data.view import TableView

DEADLINE = Deadline(600)


def found_in(view: TableView, kind: str = "personal-data"):
    return [one for one in detect.find(view, deadline=DEADLINE) if one.kind == kind]


def test_personal_data_are_told_by_kind_and_shape_and_never_shown(view_of):
    frame = pl.DataFrame(
        {"c": ["nothing at all"] * 8 + ["mail jane.doe@example.org", "from 84.17.49.12"]}
    )
    (found,) = found_in(view_of(frame, text=True))
    assert (found.severity, found.rows) == ("warning", (1_008, 1_009))
    assert "e-mail address in 1 row (10.0%, as xxxx.xxx@xxxxxxx.xxx)" in found.message
    assert "IP address in 1 row" in found.message
    assert "jane" not in found.message + found.remedy
    assert found.remedy.startswith("data: {personal_data: {c: redact}}")


@pytest.mark.parametrize("said", ["keep", "redact", "hash"])
def test_what_the_recipe_speaks_of_is_a_note(view_of, said):
    frame = pl.DataFrame({"c": ["a@example.org"] * 10})
    key = {"hash_key": "env:A_KEY"} if said == "hash" else {}
    (found,) = found_in(view_of(frame, personal_data={"c": said}, **key))
    assert found.severity == "info"


def test_a_column_that_is_dropped_is_not_looked_at(view_of):
    frame = pl.DataFrame({"c": ["a@example.org"] * 10})
    assert found_in(view_of(frame, personal_data={"c": "drop"})) == []


def test_other_long_numbers_are_no_cards_though_some_pass_the_check(view_of):
    rng = np.random.default_rng(0)
    ids = [f"4{number:015d}" for number in rng.integers(0, 10**15, 500)]
    assert found_in(view_of(pl.DataFrame({"id": ids}))) == []


def test_a_national_phone_number_counts_where_the_column_says_so(view_of):
    numbers = [f"0171 {number}" for number in range(1_234_567, 1_234_587)]
    assert found_in(view_of(pl.DataFrame({"part_no": numbers}))) == []
    assert (
        "national phone number"
        in found_in(view_of(pl.DataFrame({"telephone": numbers})))[0].message
    )


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("mobil", True), ("Telefon", True), ("cell_no", True), ("телефон", True), ("contact no", True),
     ("mobility", False), ("excellent", False), ("cell_type", True), ("telemetry", False),
     ("cancelled", False)],
)  # fmt: skip
def test_which_names_say_that_a_column_holds_phone_numbers(name, is_one):
    (kind,) = [kind for kind in KINDS if kind.name == "national phone number"]
    assert pl.Series([name]).str.contains(kind.named)[0] is is_one


@pytest.mark.parametrize(
    "text", ["Tel. 030 901820, thanks", "please call me on 07700 900123", "phone: 01 42 68 53 00"]
)
def test_a_national_phone_number_counts_behind_the_word_for_one(view_of, text):
    frame = pl.DataFrame({"c": ["about order 0170 1234567 of the shop"] * 9 + [text]})
    (found,) = found_in(view_of(frame, text=True))
    assert "national phone number in 1 row" in found.message
    assert found.rows == (1_009,)


def test_cards_as_whole_numbers_are_found_in_a_column_of_numbers(view_of):
    from trainwright.data.privacy.checksums import is_luhn

    cards = [float(n) for n in range(4111111111111000, 4111111111112000) if is_luhn(str(n))][:50]
    view = view_of(pl.DataFrame({"n": cards}))
    column = Column("n", ColumnType.NUMBER, integer=True)
    whole = TableView.of_frame(
        view.rows.frame, (column,), view.inputs, view.target, view.settings, view.probe
    )
    (found,) = found_in(whole)
    assert "card number in 50 rows" in found.message
    assert "personal_data: {n: drop}" in found.remedy


def test_secrets_are_a_finding_of_their_own(view_of):
    frame = pl.DataFrame({"c": ["nothing at all"] * 9 + ["use password=correct7horse here"]})
    (found,) = found_in(view_of(frame, text=True), "secret")
    assert found.rows == (1_009,)
    assert "correct7horse" not in found.message + found.remedy


def test_other_numbers_written_as_a_social_security_number_are_none(view_of):
    rng = np.random.default_rng(0)
    parts = [
        f"{a:03d}-{b:02d}-{c:04d}" for a, b, c in rng.integers(0, (1_000, 100, 10_000), (300, 3))
    ]
    assert found_in(view_of(pl.DataFrame({"part": parts}))) == []
    given = [
        f"{a:03d}-{b:02d}-{c:04d}" for a, b, c in rng.integers(1, (600, 100, 10_000), (300, 3))
    ]
    assert "security" in found_in(view_of(pl.DataFrame({"part": given})))[0].message


def test_coordinates_are_no_phone_numbers(view_of):
    rng = np.random.default_rng(0)
    places = [f"{a:+.5f}{b:+.5f}/" for a, b in rng.uniform((0, -180), (90, 180), (300, 2))]
    assert found_in(view_of(pl.DataFrame({"at": places}))) == []


def test_digits_within_accounts_do_not_hide_a_card(view_of):
    frame = pl.DataFrame(
        {
            "c": [f"from DE89 3704 0044 0532 0130 00, row {row}" for row in range(40)]
            + [f"by {CARD}"]
        }
    )
    (found,) = found_in(view_of(frame, text=True))
    assert "IBAN in 40 rows" in found.message
    assert "card number in 1 row" in found.message


CARD = "4111 1111 1111 1111"


def test_where_not_all_texts_were_judged_the_number_is_a_least_one(view_of, monkeypatch):
    monkeypatch.setattr(detect, "MOST_JUDGED", 5)
    frame = pl.DataFrame({"c": [f"write to a{row}@example.org today" for row in range(9)]})
    (found,) = found_in(view_of(frame, text=True))
    assert "e-mail address in at least 5 rows" in found.message


def test_a_national_insurance_number_has_no_check_and_counts_where_it_is_named(view_of):
    codes = [f"JG{number}A" for number in range(103_759, 103_790)]
    assert found_in(view_of(pl.DataFrame({"part": codes}))) == []
    assert "insurance" in found_in(view_of(pl.DataFrame({"NI number": codes})))[0].message
    frame = pl.DataFrame({"c": ["part JG103759A came"] * 9 + ["her NINO: JG103759A"]})
    assert found_in(view_of(frame, text=True))[0].rows == (1_009,)
