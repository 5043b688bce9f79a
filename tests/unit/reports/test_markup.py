from __future__ import annotations

import pytest

from trainwright.reports.markup import duration, element, number, text


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "a'b&c", "</style>"]
)
def test_text_of_others_is_shown_and_never_parsed(hostile, read):
    page = read(element("p", text(hostile), title=hostile))
    assert page.tags == ["p"]
    assert page.attributes == [("p", "title", hostile)]
    assert page.text == hostile


def test_control_and_direction_characters_become_visible():
    assert text("a\u202eb\x00c\ud800d") == "a\ufffdb\ufffdc\ufffdd"
    assert text("a\ud800").encode() == "a\ufffd".encode()


def test_long_text_is_cut_before_it_is_escaped():
    assert text("&" * 500, limit=3) == "&amp;&amp;…"


def test_empty_shapes_close_themselves_and_empty_cells_do_not():
    assert element("rect", x=1.0, stroke_width=2) == '<rect x="1" stroke-width="2"/>'
    assert element("td", class_=None) == "<td></td>"
    assert element("img", src="data:,", alt="a") == '<img src="data:," alt="a"/>'


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (336776, "336,776"),
        (0.74123, "0.7412"),
        (0.009, "0.0090"),
        (0.00047, "0.00047"),
        (41234.56, "41,235"),
        (-12.345, "-12.35"),
        (1.5e12, "1.50e+12"),
        (4.4e-87, "4.40e-87"),
        (0.0, "0"),
        (-6.0, "-6"),
        (float("nan"), "–"),
        (None, "–"),
    ],
)
def test_numbers_are_written_as_a_person_reads_them(value, written):
    assert number(value) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0.42, "0.4 s"), (58.2, "58 s"), (60, "1 min"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_durations_are_written_in_their_own_unit(seconds, written):
    assert duration(seconds) == written
