from __future__ import annotations

from trainwright.reports.markup import text
from trainwright.reports.tables import Mark, Shade, confusion_table, table


def test_numbers_stand_right_and_words_left(read):
    page = read(table(("a", "b"), [("x", 1.5)]))
    assert ("td", "class", "number") in page.attributes
    assert page.text == "a b x 1.500"


def test_a_long_table_says_what_it_leaves_out(read):
    page = read(table(("a",), [(row,) for row in range(1000)]))
    assert page.tags.count("tr") == 151
    assert "850 more rows" in page.text


def test_shade_is_never_so_deep_that_the_figures_cannot_be_read():
    assert "rgba(38,116,186,0.600)" in table(("a",), [(Shade(1, 7.0),)])


def test_a_mark_is_markup_of_ours_and_nothing_else_is():
    assert "<td><b></td>" not in table(("a",), [("<b>",)])
    assert "<td>x</td>" in table(("a",), [(Mark(text("x")),)])


def test_a_confusion_table_counts_rows_of_the_truth():
    figure = confusion_table("t", ["no", "yes"], [[8, 2], [1, 9]])
    assert figure.rows == (
        ("no", "no", 8, 0.8),
        ("no", "yes", 2, 0.2),
        ("yes", "no", 1, 0.1),
        ("yes", "yes", 9, 0.9),
    )


def test_of_many_classes_those_with_the_most_mistakes_are_shown():
    counts = [[0] * 20 for _ in range(20)]
    for place in range(20):
        counts[place][place], counts[place][(place + 1) % 20] = 10, place
    figure = confusion_table("t", [f"c{place}" for place in range(20)], counts)
    assert {row[0] for row in figure.rows} == {f"c{place}" for place in range(8, 20)}
    assert "12 of 20" in figure.caption
