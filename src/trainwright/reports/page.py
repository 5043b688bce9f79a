"""One HTML file that can be mailed, kept, and read without a network or JavaScript.

A `Page` is a list of sections; a section takes words, tables, tiles, callouts and figures, and each
is escaped where it becomes markup. The content security policy in the head forbids scripts and
loads, should anything slip through all the same. Cost: no zooming into a plot; its numbers stand
below it instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from trainwright.core.durable import write_text
from trainwright.reports.markup import Markup, element, join, text
from trainwright.reports.style import STYLE
from trainwright.reports.svg import Figure, Row
from trainwright.reports.tables import cell_text, table

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
LIMIT_PLAIN = 60_000  # characters of one preformatted block

Tone = Literal["good", "warning", "error", "note"]
_SIGNS: Mapping[Tone, str] = {"good": "✓", "warning": "!", "error": "✕", "note": "i"}


@dataclass(frozen=True, slots=True)
class Tile:
    """A key figure: its name, its value, and a line below."""

    label: str
    value: str
    note: str = ""


class Section:
    """A part of the page under its heading. Its methods give itself back, to be chained."""

    def __init__(self, heading: str, *, name: str, lead: str = "") -> None:
        self.heading = heading
        self.name = name
        self._parts: list[Markup] = []
        if lead:
            self._parts.append(element("p", text(lead, limit=2_000), class_="lead"))

    def paragraph(self, words: str) -> Self:
        """A paragraph of plain text."""
        return self._add(element("p", text(words, limit=4_000)))

    def tiles(self, tiles: Sequence[Tile]) -> Self:
        """Key figures side by side."""
        return self._add(element("div", *map(_tile, tiles), class_="tiles"))

    def table(
        self, header: Sequence[str], rows: Sequence[Row], *, empty: str = "nothing to list"
    ) -> Self:
        """A table; numbers stand right. A cell that is a `Mark` is markup of ours."""
        if not rows:
            return self._add(element("p", text(empty), class_="muted"))
        return self._add(table(header, rows))

    def folded(self, summary: str, header: Sequence[str], rows: Sequence[Row]) -> Self:
        """A table, folded away."""
        return self._add(element("details", element("summary", text(summary)), table(header, rows)))

    def facts(self, facts: Mapping[str, object]) -> Self:
        """Names and values, one a line."""
        pairs = [
            join(element("dt", text(name)), element("dd", cell_text(value)))
            for name, value in facts.items()
        ]
        return self._add(element("dl", *pairs))

    def callout(self, tone: Tone, title: str, words: str, *, mend: str = "") -> Self:
        """A remark that stands out; `mend` is shown as code, to be pasted."""
        parts = [element("p", element("strong", text(title)))]
        if words:
            parts.append(element("p", text(words, limit=2_000)))
        if mend:
            parts.append(element("pre", element("code", text(mend, limit=2_000))))
        sign = element("span", text(_SIGNS[tone]), class_="sign", aria_label=tone)
        return self._add(element("div", sign, element("div", *parts), class_=f"callout {tone}"))

    def figures(self, *figures: Figure) -> Self:
        """Plots side by side where there is room, each with its numbers."""
        return self._add(element("div", *map(_figure, figures), class_="figures"))

    def plain(self, words: str, *, summary: str) -> Self:
        """Preformatted text, folded away."""
        shown = element("pre", element("code", text(words, limit=LIMIT_PLAIN)))
        return self._add(element("details", element("summary", text(summary)), shown))

    def markup(self) -> Markup:
        """The section as HTML."""
        heading = element("h2", text(self.heading))
        return element("section", heading, *self._parts, id=self.name)

    def _add(self, part: Markup) -> Self:
        self._parts.append(part)
        return self


class Page:
    """A report: a head with the verdict, then sections.

    Args:
        title: What it is about, e.g. the model's name.
        subtitle: The kind of report.
        verdict: One sentence that says what came out.
        tone: How the verdict is meant.
    """

    def __init__(
        self, title: str, subtitle: str = "", *, verdict: str = "", tone: Tone = "note"
    ) -> None:
        self.title = title
        self.subtitle = subtitle
        self.verdict = verdict
        self.tone = tone
        self._top = Section("", name="top")
        self._sections: list[Section] = []

    @property
    def top(self) -> Section:
        """What stands on the first screen, below the verdict."""
        return self._top

    def section(self, heading: str, *, lead: str = "") -> Section:
        """A new section at the end."""
        found = Section(heading, name=f"part-{len(self._sections) + 1}", lead=lead)
        self._sections.append(found)
        return found

    def render(self) -> str:
        """The whole file."""
        head = element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", http_equiv="Content-Security-Policy", content=POLICY),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="color-scheme", content="light dark"),
            element("meta", name="referrer", content="no-referrer"),
            element("title", text(f"{self.title} · {self.subtitle or 'Trainwright'}")),
            element("style", STYLE),
        )
        sections = [section.markup() for section in self._sections]
        body = element(
            "body",
            self._header(),
            element("main", *self._top._parts, self._contents(), *sections),
            element("footer", element("p", text("Made by Trainwright. Offline, without scripts."))),
        )
        return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"

    def write(self, path: Path) -> None:
        """Write the file so that it is there whole or not at all.

        Raises:
            EnvironmentFault: the disk refuses.
        """
        write_text(path, self.render())

    def _header(self) -> Markup:
        parts = [
            element("p", text(self.subtitle or "report"), class_="kicker"),
            element("h1", text(self.title)),
        ]
        if self.verdict:
            words = text(self.verdict, limit=1_000)
            parts.append(element("p", words, class_=f"verdict {self.tone}"))
        return element("header", *parts)

    def _contents(self) -> Markup:
        links = [
            element("a", text(section.heading), href=f"#{section.name}")
            for section in self._sections
        ]
        return element("nav", *links, aria_label="Contents")


def _tile(tile: Tile) -> Markup:
    return element(
        "div",
        element("p", text(tile.label), class_="name"),
        element("p", text(tile.value), class_="value"),
        element("p", text(tile.note), class_="note"),
        class_="tile",
    )


def _figure(figure: Figure) -> Markup:
    keys = [
        element("span", element("i", class_="key " + _key(colour)), text(name), class_="entry")
        for name, colour in figure.legend
    ]
    parts = [element("h3", text(figure.title))]
    if keys and (len(keys) > 1 or figure.wide):
        parts.append(element("p", *keys, class_="legend"))
    parts.append(figure.drawing)
    if figure.caption:
        parts.append(element("figcaption", text(figure.caption, limit=1_000)))
    numbers = table(figure.header, figure.rows)
    parts.append(element("details", element("summary", text("Numbers")), numbers))
    return element("figure", *parts, class_="wide" if figure.wide else None)


def _key(colour: int | None) -> str:
    return "dashed" if colour is None else f"s{colour}"
