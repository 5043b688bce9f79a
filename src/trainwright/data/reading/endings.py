"""What a file is follows from its ending; these are the ones that are known."""

from __future__ import annotations

from trainwright.recipe.sources import DATABASE_ENDINGS, WORKBOOK_ENDINGS

TEXT_ENDINGS = (".csv", ".tsv", ".txt", ".tab", ".dat", ".data")
JSON_ENDINGS = (".jsonl", ".ndjson", ".json-lines")
PARQUET_ENDINGS = (".parquet", ".pq")
ARROW_ENDINGS = (".arrow", ".feather", ".ipc", ".arrows")
EXCEL_ENDINGS = WORKBOOK_ENDINGS
PACKED_ENDINGS = (".gz", ".bz2", ".xz", ".zst", ".zip")
DOCUMENT_ENDINGS = (".txt", ".md")

ENDINGS = (
    *TEXT_ENDINGS,
    *JSON_ENDINGS,
    *PARQUET_ENDINGS,
    *ARROW_ENDINGS,
    *EXCEL_ENDINGS,
    *(text + packed for text in (*TEXT_ENDINGS, *JSON_ENDINGS) for packed in PACKED_ENDINGS),
)
"""Of the files that are looked for in a folder."""


def is_database(name: str) -> bool:
    """Is a file of this name a SQLite database?"""
    return name.lower().endswith(DATABASE_ENDINGS)


def is_workbook(name: str) -> bool:
    """Is a file of this name a workbook, whose sheet can be said?"""
    return name.lower().endswith(EXCEL_ENDINGS)


def is_text(name: str) -> bool:
    """Is a file of this name one whose encoding can be said?"""
    others = (*PARQUET_ENDINGS, *ARROW_ENDINGS, *EXCEL_ENDINGS, *DATABASE_ENDINGS)
    return not name.lower().endswith(others)


def is_delimited(name: str) -> bool:
    """Is a file of this name one whose delimiter can be said?"""
    lower = name.lower()
    for packed in PACKED_ENDINGS:
        lower = lower.removesuffix(packed)
    return is_text(lower) and not lower.endswith(JSON_ENDINGS)
