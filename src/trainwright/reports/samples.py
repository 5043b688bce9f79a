"""What a model wrote for a few rows, beside what it should have written and what the base wrote.

Numbers say how much; these rows show what. Every text is escaped and cut, as all of a report's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.reports.markup import element, text
from trainwright.reports.metric_names import metric_words
from trainwright.reports.page import Page, Section
from trainwright.reports.tables import Mark

Values = Mapping[str, Any]

_LIMIT_TEXT = 1_200  # characters of one text


def add_samples(page: Page, generated: Values | None) -> None:
    """A section with the metrics of generated texts and a few of them, side by side.

    Args:
        page: Where it is added.
        generated: `rows`, `skipped`, `cut_off`, `is_drawn`; `metrics`, and perhaps `before` and
            `gains`, by name; `samples`: `row`, `prompt`, `reference`, `generated`, `before` each.
            None: no section.
    """
    if not generated:
        return
    section = page.section("Generated texts", lead=_lead(generated))
    if generated.get("before"):
        _add_gains(section, generated)
    else:
        section.table(
            ("metric", "value", "low", "high"),
            [
                (metric_words(name), found["value"], found["low"], found["high"])
                for name, found in generated["metrics"].items()
            ],
        )
    has_base = any(sample.get("before") is not None for sample in generated["samples"])
    section.table(
        ("row", "prompt", "reference", *(("base",) if has_base else ()), "generated"),
        [
            (
                f"{sample['row']}",
                _written(sample["prompt"]),
                _written(sample["reference"]),
                *((_written(sample.get("before") or ""),) if has_base else ()),
                _written(sample["generated"]),
            )
            for sample in generated["samples"]
        ],
    )


def _lead(generated: Values) -> str:
    how = "drawing tokens at random" if generated.get("is_drawn") else "the likeliest text it found"
    told = f"What the model wrote, {how}, for {generated['rows']:,} rows chosen by a hash of their"
    told += " position."
    if generated.get("cut_off"):
        told += f" {generated['cut_off']:,} texts were cut off at the limit of new tokens."
    if generated.get("skipped"):
        told += f" {generated['skipped']:,} rows whose prompt was empty or too long were not asked."
    return told


def _add_gains(section: Section, generated: Values) -> None:
    """Before and after fine-tuning, and the paired difference."""
    before, after, gains = (generated[name] for name in ("before", "metrics", "gains"))
    section.table(
        ("metric", "base", "fine-tuned", "gain", "low", "high", ""),
        [
            (
                metric_words(name),
                before[name]["value"],
                after[name]["value"],
                gain["value"],
                gain["low"],
                gain["high"],
                _sure(gain),
            )
            for name, gain in gains.items()
        ],
    )
    section.paragraph("Low and high: the paired interval of the gain, on the same rows.")


def _sure(gain: Values) -> str:
    if gain["low"] > 0:
        return "better"
    return "worse" if gain["high"] < 0 else "no difference beyond chance"


def _written(words: str) -> Mark:
    """A text with its line breaks."""
    shown = text(words, limit=_LIMIT_TEXT) if words else text("(nothing)")
    return Mark(element("span", shown, style="white-space:pre-wrap"))
