"""Secrets stay out of everything that a run writes: known forms, named values, and what only chance writes.

Four rules, the surest first: values of environment variables whose name says "secret"; the
published forms of tokens (AWS, GitHub, Slack ...); `password=...`, bearer tokens and the user part
of a URL (but for a database's user and the variable that holds the password); and a long token whose
characters change class as often as a random one's do. Hex is left alone: our own hashes are hex. Cost: a
secret of one plain word, without a telling name, is not seen.
"""

from __future__ import annotations

import itertools
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

REDACTED = "[redacted]"

_SECRET_WORDS = (
    r"pass(?:word|wd|phrase)?|pwd|secrets?|token|api[_-]?key|access[_-]?key|account[_-]?key"
    r"|private[_-]?key|credentials?|authorization|sig|session[_-]?id|cookie"
)
# The last word of a name decides: `hub_token` and `PGPASSWORD` are secrets, `tokenizer` is not.
_SECRET_NAME = re.compile(rf"(?:^|.*[_.\s-]|.*(?<=[a-z0-9])(?=[A-Z])|pg)(?:{_SECRET_WORDS})", re.I)
FORMS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|$)"
    r"|\b(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{12,}"
    r"|\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|hf_|npm_|pypi-|dop_v1_|dapi|shpat_"
    r"|[sr]k_(?:live|test)_|sk-(?:ant-|proj-)?|SG\.|AIza|ya29\.|whsec_|gsk_|xai-|GOCSPX-|sq0(?:atp|csp)-"
    r"|lin_api_|hvs\.|dp\.pt\.|dckr_pat_|ATATT3)[A-Za-z0-9_.-]{10,}"
    r"|\bAGE-SECRET-KEY-1[A-Z0-9]{50,}|\bSK[0-9a-f]{32}\b|\bkey-[0-9a-f]{32}\b|\b[0-9a-f]{32}-us[0-9]{1,2}\b"
    r"|\b[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}\b"
    r"|\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}\b"
    r"|\bhttps://hooks\.slack\.com/services/[A-Za-z0-9/]{20,}"
    r"|\bhttps://discord(?:app)?\.com/api/webhooks/[0-9]+/[A-Za-z0-9_-]{20,}"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"
)
_USERINFO = re.compile(r"(\b[a-z][a-z0-9+.-]*:/{1,2})[^\s/?#\"'<>]*@", re.I)
# A database's user, and the name of the variable that holds the password, are no secrets.
_REFERENCE = re.compile(r"postgres(?:ql)?://[\w.-]+(?::env:[A-Za-z_]\w*)?@", re.I)
_VARIABLE = re.compile(r"env:[A-Za-z_]\w*")
_BEARER = re.compile(
    r"\b(bearer|basic|digest|token)(\s+)(?=\S*[0-9A-Z+/=_.-])[A-Za-z0-9+/=_.~-]{6,}", re.I
)
_NAMED = re.compile(
    rf"(\b(?:[\w-]*[_-]|pg)?(?:{_SECRET_WORDS})[\"']?)"
    r"(\s*=\s*|\s*:\s*(?=[\"']?\S*[^A-Za-z\s\"']\S{3,}))"
    rf"(\"[^\"]*\"|'[^']*'|(?!{re.escape(REDACTED)})[^\s\"'&,;}}\]]+)",
    re.I,
)
_TOKEN = re.compile(r"[A-Za-z0-9+_=-]{20,}")
_HEX = re.compile(r"[0-9a-f-]+|[0-9A-F-]+")


def redact(text: str) -> str:
    """`text` without what looks like a secret; a byte that is no UTF-8 (in a path) becomes its escape."""
    text = text.encode(errors="backslashreplace").decode()
    for value in _environment_secrets():
        text = text.replace(value, REDACTED)
    text = FORMS.sub(REDACTED, text)
    text = _USERINFO.sub(
        lambda found: found[0] if _REFERENCE.fullmatch(found[0]) else f"{found[1]}{REDACTED}@",
        text,
    )
    text = _NAMED.sub(
        lambda found: (
            found[0] if _VARIABLE.fullmatch(found[3]) else f"{found[1]}{found[2]}{REDACTED}"
        ),
        text,
    )
    text = _BEARER.sub(rf"\1\2{REDACTED}", text)
    return _TOKEN.sub(lambda found: REDACTED if is_random(found[0]) else found[0], text)


def redact_json(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A JSON value without secrets, also those that only their key tells."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {
            key: REDACTED
            if isinstance(item, str) and item and is_secret_name(str(key))
            else redact_json(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [redact_json(item) for item in value]
    return value


def redact_arguments(arguments: list[str]) -> list[str]:
    """A command line without secrets: also the value that follows `--token` and its like."""
    clean: list[str] = []
    for before, argument in zip(["", *arguments], arguments, strict=False):
        named = before.startswith("-") and "=" not in before and is_secret_name(before.lstrip("-"))
        clean.append(REDACTED if named else redact(argument))
    return clean


def redacted_recipe(resolved: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A resolved recipe without secrets, and the dotted keys where they stood.

    Keys are the schema's own or column names, so only values are judged.
    """
    found: list[str] = []

    def clean(value: Any, path: str) -> Any:  # noqa: ANN401 - any JSON value
        if isinstance(value, Mapping):
            return {
                key: clean(item, f"{path}.{key}" if path else key) for key, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [clean(item, f"{path}.{index}") for index, item in enumerate(value)]
        if isinstance(value, str) and (kept := redact(value)) != value:
            found.append(path)
            return kept
        return value

    return clean(resolved, ""), tuple(found)


def is_secret_name(name: str) -> bool:
    """Does a key, option or variable of this name hold a secret?"""
    return _SECRET_NAME.fullmatch(name) is not None


def _environment_secrets() -> Iterator[str]:
    """Values of variables with a telling name, the longest first; a shell's folders are none."""
    folders = ("PWD", "OLDPWD")
    named = {k: v for k, v in os.environ.items() if k not in folders and is_secret_name(k)}
    values = {value for value in named.values() if len(value) >= 8}
    return iter(sorted(values, key=len, reverse=True))


def is_random(token: str) -> bool:
    """Does `token` change between upper, lower and digits as often as chance does?

    The step from upper to lower is not counted, since each camel-case word takes one: random
    base 62 then changes at 0.47 of the steps, names of columns at under 0.25. A name seldom
    has digits in two places.
    """
    if _HEX.fullmatch(token):
        return False
    kinds = "".join(
        "d" if c.isdigit() else "u" if c.isupper() else "l" for c in token if c.isalnum()
    )
    steps = Counter(itertools.pairwise(kinds))
    changes = sum(n for (a, b), n in steps.items() if a != b and a + b != "ul")
    digit_runs = len(re.findall("d+", kinds))
    return len(set(kinds)) == 3 and digit_runs >= 2 and changes >= 0.3 * (len(kinds) - 1)
