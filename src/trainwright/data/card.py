"""The data card: what people know of the data beside what was counted, in the snapshot as JSON and Markdown.

Free texts come from the recipe (`data.card`) and belong to the snapshot's content; what nobody said stands
there as "not said", because silence on consent or licence is itself a fact. Counts, groups and findings are
added; the findings are those of the preparation that wrote the snapshot.

Source: Gebru et al. 2021, Datasheets for Datasets, arXiv:1803.09010; Pushkarna et al. 2022 (FAccT).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trainwright.core.artifacts import Finding
from trainwright.core.columns import Column, Target
from trainwright.core.durable import write_json, write_text
from trainwright.data.bias.groups import count_groups
from trainwright.data.view import View
from trainwright.recipe.governance import CardSettings
from trainwright.runs.redaction import redact

JSON_FILE, MARKDOWN_FILE = "card.json", "card.md"
NOT_SAID = "not said"
QUESTIONS = {
    "source": "Where the data come from",
    "licence": "Licence",
    "consent": "Consent",
    "collected": "How and when they were collected",
    "contact": "Who answers questions",
    "known_gaps": "Known gaps",
}
_MOST_FINDINGS = 50


def card_of(settings: CardSettings, view: View | None = None) -> dict[str, Any]:
    """What the snapshot keeps: the recipe's texts, and groups where columns are protected; {} for neither.

    Args:
        settings: The recipe's `data.card`.
        view: The rows; None where they have no groups (series).
    """
    said = {name: getattr(settings, name) for name in QUESTIONS}
    said = {name: redact(text) for name, text in said.items() if text is not None}
    tables = {} if view is None else count_groups(view)
    groups = [
        {"columns": list(columns), "groups": [group.to_json() for group in found]}
        for columns, found in tables.items()
    ]
    return {**({"said": said} if said else {}), **({"groups": groups} if groups else {})}


def write_card(
    folder: Path,
    card: Mapping[str, Any],
    *,
    target: Target,
    inputs: Sequence[Column],
    left_out: Mapping[str, str],
    rows: Mapping[str, int],
    sources: Sequence[Mapping[str, Any]],
    findings: Sequence[Finding],
) -> None:
    """Write card.json and card.md.

    Args:
        folder: Of the snapshot that is being written.
        card: Of `card_of`.
        target: What is predicted.
        inputs: The columns that a model may use.
        left_out: Columns that it may not, with the reason.
        rows: Rows by split, "input" and "dropped".
        sources: Name, hash, bytes and rows of each file.
        findings: What was seen in the data.
    """
    grave = [f for f in findings if f.severity != "info"][:_MOST_FINDINGS]
    whole = {
        "said": {name: card.get("said", {}).get(name, NOT_SAID) for name in QUESTIONS},
        "target": target.name,
        "task": target.task.value,
        "rows": dict(rows),
        "columns": {column.name: column.type.value for column in inputs},
        "left_out": dict(left_out),
        "sources": [dict(source) for source in sources],
        "groups": list(card.get("groups", ())),
        "findings": [{"kind": f.kind, "severity": f.severity, "message": f.message} for f in grave],
    }
    write_json(folder / JSON_FILE, whole)
    write_text(folder / MARKDOWN_FILE, card_text(whole))


def card_text(card: Mapping[str, Any]) -> str:
    """The card as Markdown; names and texts of the user's are made inert."""
    rows = card["rows"]
    parts = [
        f"# Data card: {_inert(card['target'])}",
        said_text(card["said"]),
        "## Rows",
        _table(("part", "rows"), [(name, f"{count:,}") for name, count in rows.items()]),
        "## Files",
        _table(
            ("file", "rows", "SHA-256"),
            [(one["name"], f"{one['rows']:,}", one["sha256"][:16]) for one in card["sources"]],
        ),
        "## Columns",
        _table(("column", "type"), list(card["columns"].items())),
    ]
    if card["left_out"]:
        parts += ["## Left out", _table(("column", "why"), sorted(card["left_out"].items()))]
    for table in card["groups"]:
        parts += [f"## By {_inert(' and '.join(table['columns']))}", _group_table(table["groups"])]
    findings = [(one["severity"], one["kind"], one["message"]) for one in card["findings"]]
    parts += [
        "## Findings",
        _table(("severity", "kind", "what"), findings) if findings else "None.",
    ]
    return "\n\n".join(parts) + "\n"


def said_text(said: Mapping[str, str]) -> str:
    """The questions and what the recipe answers, as a Markdown table."""
    answers = [(words, said.get(name, NOT_SAID)) for name, words in QUESTIONS.items()]
    return _table(("question", "answer"), answers)


def _group_table(groups: Sequence[Mapping[str, Any]]) -> str:
    labels = list(groups[0]["rates"]) if groups else []
    lines = [
        (
            group["name"],
            f"{group['rows']:,}",
            _interval(group["share"]),
            *(_interval(group["rates"][label]) for label in labels),
        )
        for group in groups
    ]
    return _table(("group", "rows", "share", *(f"rate of {label}" for label in labels)), lines)


def _interval(value: Mapping[str, float]) -> str:
    return f"{value['value']:.3g} ({value['low']:.3g} to {value['high']:.3g})"


def _table(header: Sequence[str], lines: Sequence[Sequence[Any]]) -> str:
    ruled = [header, ["---"] * len(header), *lines]
    return "\n".join("| " + " | ".join(_inert(str(cell)) for cell in line) + " |" for line in ruled)


def _inert(text: str) -> str:
    """In a Markdown table, whatever a user's text holds."""
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;").replace("`", "'")
