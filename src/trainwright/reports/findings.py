"""What stage 1 found, the gravest first, each with its remedy to paste."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainwright.reports.markup import number
from trainwright.reports.page import Page, Tone

_TONES: Mapping[str, Tone] = {"error": "error", "warning": "warning", "info": "note"}
_LIMIT = 100


def add_findings(page: Page, findings: Sequence[Mapping[str, Any]]) -> None:
    """A section with a callout for each finding."""
    section = page.section("Findings in the data", lead=_summary(findings))
    ordered = sorted(findings, key=lambda found: list(_TONES).index(found["severity"]))
    for found in ordered[:_LIMIT]:
        column, count = found.get("column"), found.get("count")
        title = f"{found['kind']}: {column}" if column else str(found["kind"])
        if count is not None:
            title += f" · {number(count)}"
        section.callout(
            _TONES[found["severity"]], title, found["message"], mend=found.get("remedy", "")
        )
    if len(ordered) > _LIMIT:
        section.paragraph(f"And {len(ordered) - _LIMIT:,} more, in the snapshot's manifest.")


def _summary(findings: Sequence[Mapping[str, Any]]) -> str:
    counts = {tone: sum(found["severity"] == tone for found in findings) for tone in _TONES}
    told = [f"{count} {tone}{'s' * (count > 1)}" for tone, count in counts.items() if count]
    return ", ".join(told) + "." if told else "Nothing was found."
