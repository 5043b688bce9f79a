"""Secrets in texts: keys and tokens of published forms, and values that stand behind the word for one.

The forms are those that are kept out of everything that a run writes (`runs.redaction`). A value behind
`password=` counts where it is long and mixes letters with digits, as a word of ordinary prose does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from trainwright.runs.redaction import FORMS, is_random

# What every text that holds a secret has.
GATE = (
    r"PRIVATE KEY-----|A(?:KI|SI|GP|ID|RO)A[A-Z0-9]{12}|gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|hf_"
    r"|npm_|pypi-|dop_v1_|dapi|shpat_|[sr]k_(?:live|test)_|sk-|SG\.|AIza|ya29\.|eyJ"
    r"|(?i:pass(?:word|wd|phrase)|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key)"
)
_NAMED = re.compile(
    r"(?i)(?:pass(?:word|wd|phrase)|pwd|secret|token|(?:api|access|private|secret)[_-]?key)[\"']?\s{0,3}[:=]\s{0,3}"
    r"[\"']?([^\s\"',;<>]{8,200})"
)
_LETTER, _DIGIT = re.compile("[A-Za-z]"), re.compile("[0-9]")


def find_secrets(text: str) -> Iterator[tuple[int, int]]:
    """Where secrets begin and end, in order, none within another."""
    spans = [found.span() for found in FORMS.finditer(text) if _telling(found[0])]
    spans += [
        found.span(1)
        for found in _NAMED.finditer(text)
        if _LETTER.search(found[1]) and _DIGIT.search(found[1])
    ]
    end = -1
    for start, stop in sorted(spans):
        if start >= end:
            yield start, stop
            end = stop


def _telling(form: str) -> bool:
    """A known prefix is not enough: `sk-` and `hf_` begin words, too."""
    if form.startswith("-----BEGIN") or (form[0] == "A" and len(form) >= 20):
        return True
    return is_random(form) or len(_DIGIT.findall(form)) >= 2
