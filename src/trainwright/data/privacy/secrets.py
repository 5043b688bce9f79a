"""Secrets in texts: keys and tokens of published forms, and values that stand behind the word for one.

The forms are those that are kept out of everything that a run writes (`runs.redaction`). A value behind
`password=`, in a URL before its host, or behind `Bearer` counts where it mixes letters with digits, as a word
of ordinary prose does not, and is no place for one (`$PASSWORD`, `YOUR_KEY_1`, `get_password()`). Hashes,
UUIDs, public keys and images in base64 are none. Cost: a password of one plain word is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from trainwright.runs.redaction import FORMS, is_random

_KEY_OF = r"(?:api|access|account|encryption|master|private|secret|shared|signing)[_ -]?key"
_WORD = (
    rf"pass(?:wor[dt]|wd|phrase)|pwd|secret|{_KEY_OF}|kennwort|mot de passe|contrase[nñ]a|senha|wachtwoord"
    r"|пароль|密码|密碼|パスワード|비밀번호"
)
# What every text that holds a secret has.
GATE = (
    r"PRIVATE KEY|A(?:KI|SI|GP|ID|RO)A[A-Z0-9]{12}|gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|hf_"
    r"|npm_|pypi-|dop_v1_|dapi|shpat_|[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.|[sr]k_(?:live|test)_|sk-"
    r"|SG\.|AIza|ya29\.|eyJ|whsec_|gsk_|xai-|GOCSPX-|sq0|lin_api_|hvs\.|dp\.pt\.|dckr_pat_|ATATT3|AGE-SECRET"
    r"|SK[0-9a-f]{32}|key-[0-9a-f]{32}|[0-9a-f]{32}-us|[0-9]:AA|/services/|/webhooks/|://[^\s/]*@"
    rf"|(?i:{_WORD}|token|(?:bearer|basic)\s{{1,3}}[a-z0-9+/=_.~-]{{16}}|(?:-u|--user)[\s=])"
)
_NAMED = re.compile(
    rf"(?i)(?:{_WORD})[\"']?(?:\s{{0,3}}[:=：]\s{{0,3}}|\s(?:is|was|ist|lautet|est|es|é)\s{{1,2}})"
    r"[\"']?([^\s\"',;<>]{8,200})"
)
_TOKEN = re.compile(
    r"(?i)token[\"']?\s{0,3}[:=]\s{0,3}[\"']?([^\s\"',;<>]{8,4000})"
    r"|\b(?:bearer|basic)\s{1,3}([A-Za-z0-9+/=_.~-]{16,4000})"
)
_IN_PLACE = re.compile(
    r"(?i)\b[a-z][a-z0-9+.-]{1,20}://[^\s/?#:@\"'<>]{0,100}:([^\s/?#@\"'<>]{6,200})@"
    r"|(?:\s-u|--user)[ =]\s{0,3}[\"']?[^\s:\"']{1,100}:([^\s\"']{6,200})"
)
# No value, but where one goes: a variable, a call, an example.
_NO_VALUE = re.compile(
    r"(?i)[$%{\[<*]|env:|os\.|process\.|.*\(.*|(?:your|my|the|some|example|dummy|placeholder)[_-].*|x{4}|.*\*{3}"
)
_LETTER, _DIGIT = re.compile(r"[^\W\d_]"), re.compile("[0-9]")
_RUN = re.compile("[A-Za-z0-9]+")
_PREFIXED = re.compile(
    r"(?:gh[pousr]_|github_pat_|glpat-|xox|hf_|npm_|pypi-|dop_v1_|dapi|shpat_|[sr]k[_-]|SG\.|AIza|ya29\.|whsec_|gsk_"
    r"|xai-|GOCSPX-|lin_api_|hvs\.|dp\.pt\.|dckr_pat_)"
)
_LEAST_RUN = 12


def find_secrets(text: str) -> Iterator[tuple[int, int]]:
    """Where secrets begin and end, in order, none within another."""
    spans = [found.span() for found in FORMS.finditer(text) if _is_telling(found[0])]
    for pattern, holds in ((_NAMED, _is_mixed), (_TOKEN, _is_key), (_IN_PLACE, _is_mixed)):
        for found in pattern.finditer(text):
            group = found.lastindex or 0
            if holds(found[group]) and not _NO_VALUE.match(found[group]):
                spans.append(found.span(group))
    end = -1
    for start, stop in sorted(spans):
        if start >= end:
            yield start, stop
            end = stop


def _is_mixed(value: str) -> bool:
    return bool(_LETTER.search(value) and _DIGIT.search(value))


def _is_key(value: str) -> bool:
    """Drawn by chance, as far as can be seen: words that are joined by marks are not."""
    longest = max(map(len, _RUN.findall(value)), default=0)
    return is_random(value) or (_is_mixed(value) and longest >= _LEAST_RUN)


def _is_telling(form: str) -> bool:
    """A known prefix is not enough: `sk-` and `hf_` begin words, too."""
    if form[0] == "A" and form[3:4] == "A" and form[:4].isupper():
        return len(form) >= 20 and bool(_DIGIT.search(form))
    if not _PREFIXED.match(form):
        return True
    return _is_key(form) and (is_random(form) or len(_DIGIT.findall(form)) >= 2)
