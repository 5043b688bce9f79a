from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.core.columns import Column, ColumnType, Repair
from trainwright.data.repair.apply import repair_series, repair_value
from trainwright.data.repair.texts import (
    TEXT_STEPS,
    mend_texts,
    plain_blanks,
    step,
    without_html,
    without_mojibake,
)

PIECES = [
    *(
        "Ã©",
        "â€™",
        "é",
        "e\u0301",
        "&amp;",
        "&#39;",
        "<br>",
        "<p class='x'>",
        "</b>",
        "a < b",
        "\u00a0",
    ),
    *("\u200b", "  ", "\n", "\r\n", "x", " ", "Ω", "日本", "\x85", "&nope;", "<!-- c -->"),
    *("<script>1</script>", "@", "jane@example.org"),
]
texts = st.one_of(st.text(max_size=30), st.lists(st.sampled_from(PIECES), max_size=8).map("".join))


@pytest.mark.parametrize(
    ("broken", "right"),
    [
        ("SÃ£o Paulo", "São Paulo"),
        ("MÃ¼nchen", "München"),
        ("donâ€™t", "don’t"),
        ("ÐŸÑ€Ð¸Ð²ÐµÑ‚", "Привет"),
        ("voilÃ ", "voilà"),
    ],
)
def test_mojibake_is_undone(broken, right):
    assert without_mojibake(broken).strip() == right


@pytest.mark.parametrize(
    "right", ["naïve café", "Привет мир", "日本語", "£5 or €4", "Ærøskøbing", "plain"]
)
def test_what_is_no_mojibake_stays(right):
    assert without_mojibake(right) == right


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("<b>bold</b> word", "bold word"),
        ("one<br/>two", "one two"),
        ("Fox &amp; Friends&#39;", "Fox & Friends'"),
        ("a &lt;b&gt; c", "a <b> c"),
        ("x < y and y > z", "x < y and y > z"),
        ("<jane@example.org>", "<jane@example.org>"),
        ("a<script>alert(1)</script>b", "a b"),
        ("a<!-- gone -->b", "a b"),
        ("a <script> never closed", "a   never closed"),
        ("R&D; &nothing;", "R&D; &nothing;"),
    ],
)
def test_only_known_html_is_taken_out(text, right):
    assert without_html(text) == right


def test_many_open_tags_take_linear_time():
    once = "<script><style><!--" * 50_000
    assert len(without_html(once)) > 100_000


def test_blanks_are_plain_and_line_ends_stay():
    assert plain_blanks(" a\u00a0 b\t\tc \r\n d\u200b\n\n\n\ne ") == "a b c\nd\n\ne"
    assert (
        plain_blanks("mi\u200cravam \U0001f468\u200d\U0001f469")
        == "mi\u200cravam \U0001f468\u200d\U0001f469"
    )


@settings(deadline=None)
@given(texts)
def test_a_text_that_the_pattern_passes_over_is_left_alone_by_the_step(text):
    names = (*TEXT_STEPS, "redact")
    for name in names:
        if not pl.Series([text]).str.contains(step(name).suspicious)[0]:
            assert mend_texts((step(name),), [text]) == [text or None]


@settings(deadline=None)
@given(st.lists(texts.filter(bool), max_size=6), st.permutations([*TEXT_STEPS, "redact"]))
def test_a_column_and_its_single_values_are_mended_alike(values, steps):
    column = Column(
        "c", ColumnType.TEXT, nulls=("gone",), repair=Repair(tuple(steps), (("é", "E"),))
    )
    whole = repair_series(column, pl.Series("c", [*values, None], dtype=pl.String))
    assert whole.to_list() == [repair_value(column, value) for value in [*values, None]]


@given(
    st.lists(st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)), max_size=6),
    st.sampled_from([(0.0, 5.0), (None, 5.0), (-1.5, None)]),
    st.sampled_from(["clip", "missing"]),
)
def test_numbers_keep_their_limits_alike_in_a_column_and_alone(values, limits, beyond):
    repair = Repair(low=limits[0], high=limits[1], beyond=beyond)
    column = Column("c", ColumnType.NUMBER, repair=repair)
    whole = repair_series(column, pl.Series("c", values, dtype=pl.Float64)).to_list()
    assert whole == [repair_value(column, value) for value in values]
    low, high = limits
    assert all(
        (low is None or v >= low) and (high is None or v <= high) for v in whole if v is not None
    )


def test_the_series_that_is_mended_is_not_the_one_that_was_given():
    values = pl.Series("c", ["Ã©", "b"])
    repair_series(Column("c", ColumnType.TEXT, repair=Repair(("mojibake",))), values)
    assert values.to_list() == ["Ã©", "b"]


def test_a_mended_text_that_means_missing_is_missing():
    column = Column("c", ColumnType.CATEGORY, nulls=("N/A",), repair=Repair(("whitespace", "html")))
    assert repair_value(column, "N/A\u200b") is None
    assert repair_value(column, "<br>") == " "
    assert repair_series(column, pl.Series(["N/A\u200b", "a"])).to_list() == [None, "a"]
