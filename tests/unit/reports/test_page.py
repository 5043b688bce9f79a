from __future__ import annotations

import pytest

from trainwright.core.errors import EnvironmentFault
from trainwright.reports.page import Page, Tile
from trainwright.reports.svg import Series, line_plot


@pytest.fixture
def page():
    found = Page("model <b>", "report", verdict="it is good", tone="good")
    found.top.tiles([Tile("AUC", "0.74", "0.73 to 0.75")])
    plot = line_plot("curve", [Series("a", [0, 1], [2, 3])], x_label="x", y_label="y")
    section = found.section("Part", lead="what it is").paragraph("words").figures(plot)
    section.callout("error", "bad", "why", mend="data: {drop: [a]}").facts({"hash": "c0ffee"})
    section.table(("a",), [], empty="none were kept").plain("x: 1", summary="The recipe")
    return found


def test_a_page_is_well_formed_and_says_all_it_was_given(page, read):
    parsed = read(page.render())
    assert parsed.open == []
    for words in (
        "model <b>",
        "it is good",
        "0.74",
        "words",
        "data: {drop: [a]}",
        "c0ffee",
        "none were kept",
    ):
        assert words in parsed.text


def test_a_page_needs_no_script_and_no_network(page, read):
    parsed = read(page.render())
    assert not {"script", "link", "iframe", "object", "embed", "base", "form", "img"} & set(
        parsed.tags
    )
    assert not [name for _, name, _ in parsed.attributes if name.startswith("on")]
    assert all(
        value.startswith("#") for _, name, value in parsed.attributes if name in ("href", "src")
    )
    assert "url(" not in page.render()


def test_a_page_forbids_all_that_it_does_not_need(page, read):
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert ("meta", "content", policy) in read(page.render()).attributes


def test_a_page_fits_phones_and_dark_screens(page):
    written = page.render()
    assert 'name="viewport" content="width=device-width' in written
    assert "prefers-color-scheme:dark" in written


def test_every_figure_has_its_numbers_beside_it(page, read):
    parsed = read(page.render())
    assert parsed.tags.count("figure") == 1
    after = parsed.tags[parsed.tags.index("figure") :]
    assert after.index("details") < after.index("table")


def test_the_contents_lead_to_every_section(page, read):
    attributes = read(page.render()).attributes
    links = {value[1:] for tag, name, value in attributes if (tag, name) == ("a", "href")}
    assert links == {value for tag, name, value in attributes if (tag, name) == ("section", "id")}


def test_a_page_is_written_whole_and_equal_pages_are_equal_bytes(page, tmp_path):
    page.write(tmp_path / "a.html")
    page.write(tmp_path / "b.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_a_page_that_cannot_be_written_is_a_fault_of_the_environment(page, tmp_path):
    with pytest.raises(EnvironmentFault, match="No such file"):
        page.write(tmp_path / "missing" / "a.html")
