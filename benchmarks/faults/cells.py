"""Faults of cells, planted into real columns: each function gives the spoilt table and where it was spoilt.

    plant_x(frame, rng, column=..., share=...) -> (frame, rows)

`rows` are the positions that were spoilt, ascending; every other cell is as it was. The generator decides
all of it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Planted = tuple[pl.DataFrame, Rows]
_CODECS = ("latin-1", "cp1252", "cp1250", "mac-roman")


def plant_mojibake(
    frame: pl.DataFrame, rng: np.random.Generator, *, column: str, share: float = 0.03
) -> Planted:
    """UTF-8 read as another encoding, in cells that hold a letter beyond ASCII."""

    def spoil(text: str) -> str | None:
        for codec in rng.permutation(_CODECS):
            try:
                return text.encode().decode(str(codec))
            except UnicodeDecodeError:
                continue
        return None

    return _spoil(frame, rng, column, share, spoil, among=r"[^\x00-\x7f]")


def plant_html(
    frame: pl.DataFrame, rng: np.random.Generator, *, column: str, share: float = 0.03
) -> Planted:
    """A tag around a word, a line break, or an entity in place of a blank or a sign."""
    forms = (
        "<b>{}</b>",
        "<p>{}</p>",
        "{}<br/>",
        "{}&nbsp;",
        '<a href="x.html">{}</a>',
        "&quot;{}&quot;",
    )

    def spoil(text: str) -> str:
        words = text.split(" ")
        place = int(rng.integers(len(words)))
        words[place] = forms[int(rng.integers(len(forms)))].format(words[place])
        return " ".join(words)

    return _spoil(frame, rng, column, share, spoil)


def plant_normal_forms(
    frame: pl.DataFrame, rng: np.random.Generator, *, column: str, share: float = 0.2
) -> Planted:
    """Accents as marks of their own (NFD), in cells that hold one."""
    return _spoil(frame, rng, column, share, lambda text: unicodedata.normalize("NFD", text),
                  among=r"[\x{c0}-\x{24f}]")  # fmt: skip


def plant_blanks(
    frame: pl.DataFrame, rng: np.random.Generator, *, column: str, share: float = 0.02
) -> Planted:
    """A no-break blank, a blank of no width, or a byte order mark within or after a value."""
    marks = ("\u00a0", "\u200b", "\ufeff", "\u2009")

    def spoil(text: str) -> str:
        mark = marks[int(rng.integers(len(marks)))]
        return text.replace(" ", mark, 1) if " " in text and mark.isspace() else text + "\u200b"

    return _spoil(frame, rng, column, share, spoil)


def plant_variants(
    frame: pl.DataFrame, rng: np.random.Generator, *, column: str, share: float = 0.03
) -> Planted:
    """Other spellings of a category: case, dots, a hyphen for a blank, a slip of the pen in a long word."""

    def slip(text: str) -> str:
        place = int(rng.integers(1, len(text) - 1))
        swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
        dropped = text[:place] + text[place + 1 :]
        return (swapped if swapped != text else dropped) if rng.random() < 0.5 else dropped

    def spoil(text: str) -> str | None:
        ways = [str.upper, str.lower, lambda word: word.replace(" ", "-"), lambda word: f"{word}."]
        long = [word for word in text.split() if len(word) >= 6 and word.isalpha()]
        if long:
            ways += [lambda word: word.replace(long[0], slip(long[0]), 1)] * 2
        changed = [new for way in ways if (new := way(text)) != text]
        return changed[int(rng.integers(len(changed)))] if changed else None

    return _spoil(frame, rng, column, share, spoil)


def plant_outliers(
    frame: pl.DataFrame,
    rng: np.random.Generator,
    *,
    column: str,
    count: int = 3,
    factor: float = 1_000.0,
) -> Planted:
    """A decimal mark that slipped by three places, or as many as `factor` says."""
    values = frame[column].to_numpy().copy()
    known = np.flatnonzero(~np.isnan(values) & (np.abs(values) > np.nanmedian(np.abs(values))))
    rows = np.sort(rng.choice(known, size=count, replace=False))
    values[rows] *= factor
    return frame.with_columns(pl.Series(column, values).fill_nan(None)), rows


def plant_personal(
    frame: pl.DataFrame, rng: np.random.Generator, *, column: str, share: float = 0.03
) -> Planted:
    """An e-mail address, a card, an IBAN, an IP address or a phone number within a text."""

    def card() -> str:
        digits = [4, *rng.integers(0, 10, 14).tolist()]
        total = sum(d if i % 2 else (2 * d - 9 * (2 * d > 9)) for i, d in enumerate(digits))
        text = "".join(map(str, [*digits, -total % 10]))
        return " ".join(text[i : i + 4] for i in range(0, 16, 4))

    def iban() -> str:
        body = "".join(map(str, rng.integers(0, 10, 18)))
        return f"DE{98 - int(body + '131400') % 97:02d}{body}"

    makers: list[Callable[[], str]] = [
        lambda: f"{_word(rng)}.{_word(rng)}@{_word(rng)}.org",
        card,
        iban,
        lambda: ".".join(map(str, [rng.integers(20, 220), *rng.integers(11, 250, 3)])),
        lambda: f"+49 {rng.integers(30, 900)} {rng.integers(10**6, 10**7)}",
        lambda: f"({rng.integers(201, 989)}) {rng.integers(201, 989)}-{rng.integers(1000, 9999)}",
    ]

    def spoil(text: str) -> str:
        words = text.split(" ")
        words.insert(int(rng.integers(len(words) + 1)), makers[int(rng.integers(len(makers)))]())
        return " ".join(words)

    return _spoil(frame, rng, column, share, spoil)


def plant_secrets(
    frame: pl.DataFrame, rng: np.random.Generator, *, column: str, share: float = 0.01
) -> Planted:
    """A token of a published form, or a password behind that word."""
    letters = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"))

    def token(size: int) -> str:
        return "".join(rng.choice(letters, size))

    forms = (
        lambda: "AKIA" + token(16).upper(),
        lambda: "ghp_" + token(36),
        lambda: f"password={token(12)}9",
        lambda: f"api_key: {token(32)}",
        lambda: "xoxb-" + token(24),
    )
    return _spoil(frame, rng, column, share,
                  lambda text: f"{text} {forms[int(rng.integers(len(forms)))]()}")  # fmt: skip


def _spoil(
    frame: pl.DataFrame,
    rng: np.random.Generator,
    column: str,
    share: float,
    spoil: Callable[[str], str | None],
    *,
    among: str = r"\S",
) -> Planted:
    """Spoil a share of the cells that match a pattern, of the whole column at most."""
    texts = frame[column].to_list()
    fitting = frame[column].str.contains(among).fill_null(value=False).arg_true().to_numpy()
    size = min(len(fitting), max(1, round(share * frame.height)))
    rows = np.sort(rng.choice(fitting, size=size, replace=False))
    kept = []
    for row in rows:
        new = spoil(texts[row])
        if new is not None and new != texts[row]:
            texts[row] = new
            kept.append(row)
    return frame.with_columns(pl.Series(column, texts, dtype=pl.String)), np.array(kept, np.int64)


def _word(rng: np.random.Generator) -> str:
    return "".join(rng.choice(list("abcdefghijklmnoprstuvw"), int(rng.integers(4, 9))))
