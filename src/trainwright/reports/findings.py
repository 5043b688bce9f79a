"""What stage 1 found, the gravest first, each with its remedy to paste; many of one kind are folded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainwright.reports.markup import number
from trainwright.reports.page import Page, Tone

_TONES: Mapping[str, Tone] = {"error": "error", "warning": "warning", "info": "note"}
_LIMIT = 100  # of all kinds together
_OF_A_KIND = 6  # in full; the others in a table


def add_findings(page: Page, findings: Sequence[Mapping[str, Any]]) -> None:
    """A section with a callout for each finding."""
    section = page.section("Findings in the data", lead=_summary(findings))
    ordered = sorted(findings, key=lambda found: list(_TONES).index(found["severity"]))
    for (severity, kind), alike in _by_kind(ordered[:_LIMIT]).items():
        shown = alike if len(alike) <= _OF_A_KIND + 1 else alike[:_OF_A_KIND]
        for found in shown:
            column, count = found.get("column"), found.get("count")
            title = f"{kind}: {column}" if column else kind
            if count is not None:
                title += f" · {number(count)}"
            section.callout(_TONES[severity], title, found["message"], mend=found.get("remedy", ""))
        if rest := alike[len(shown) :]:
            section.folded(
                f"{len(rest)} more of kind {kind}",
                ("column", "what", "to paste"),
                [(f.get("column") or "", f["message"], f.get("remedy", "")) for f in rest],
            )
    if len(ordered) > _LIMIT:
        section.paragraph(f"And {len(ordered) - _LIMIT:,} more, in the snapshot's manifest.")


def _by_kind(
    findings: Sequence[Mapping[str, Any]],
) -> dict[tuple[str, str], list[Mapping[str, Any]]]:
    """Together what is of one severity and kind, in the order of the first of each."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for one in findings:
        found.setdefault((one["severity"], str(one["kind"])), []).append(one)
    return found


def _summary(findings: Sequence[Mapping[str, Any]]) -> str:
    counts = {tone: sum(found["severity"] == tone for found in findings) for tone in _TONES}
    told = [f"{count} {tone}{'s' * (count > 1)}" for tone, count in counts.items() if count]
    return ", ".join(told) + "." if told else "Nothing was found."
