"""What becomes of personal data in a text: a word for their kind, a keyed hash, or their mere shape.

A column of texts has each piece replaced where it stands; of a column whose values are names or keys
themselves (a category, an identifier) the whole value is. A hash is BLAKE2b with a key (RFC 7693) that only
the environment holds: equal values stay equal, so that they still join and count, and without the key nobody
can try out all phone numbers. The contract keeps the variable's name and a fingerprint of its key, so that
another key is refused rather than quietly giving other values. The hash is written in letters: it can hold no
number that a later step would take for one.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from trainwright.core.columns import Column
from trainwright.core.errors import EnvironmentFault, shorten
from trainwright.data.privacy import kinds, secrets
from trainwright.data.repair.texts import Step

LEAST_KEY_BYTES = 16
GATE = f"{kinds.GATE}|{secrets.GATE}"
_LETTERS = bytes.maketrans(b"0123456789abcdef", b"abcdefghijklmnop")
_GATE = re.compile(GATE)


def private_step(name: str) -> Step:
    """The step `redact`, `redact-whole`, `hash:VARIABLE:FINGERPRINT` or `hash-whole:...`.

    Raises:
        EnvironmentFault: the variable is not set, is short, or holds another key than the contract's.
    """
    action, _, rest = name.partition(":")
    write = writer(action, rest)
    if action.endswith("-whole"):
        return Step(r"[\s\S]", partial(_whole, write))
    return Step(GATE, lambda text: replace_private(text, write))


def writer(action: str, key: str) -> Callable[[str, str], str]:
    """What a piece of a kind becomes: its kind's name, or with it a hash by the key VARIABLE:FINGERPRINT.

    Raises:
        EnvironmentFault: the key is not at hand, or another one.
    """
    return _named if action.startswith("redact") else partial(_hashed, _key(key))


def hash_step(variable: str, *, whole: bool) -> str:
    """The name of the step that hashes with the key that this variable of the environment holds.

    Raises:
        EnvironmentFault: it is not set, or shorter than 16 bytes.
    """
    key = _read_key(variable)
    return f"hash{'-whole' if whole else ''}:{variable}:{_fingerprint(key)}"


def masked(text: str) -> str:
    """The text with personal data and secrets as their shape: letters as x, digits as 9."""
    return replace_private(text, lambda _, found: shape_of(found)) if _GATE.search(text) else text


def masked_json(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The same of every text in a JSON value, keys included."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Mapping):
        return {masked(str(key)): masked_json(item) for key, item in value.items()}
    return [masked_json(item) for item in value] if isinstance(value, list | tuple) else value


def told(column: Column, value: object) -> str:
    """A value as a message may quote it: of a column that is redacted or hashed its mere shape."""
    hides = column.repair is not None and column.repair.hides
    return shorten(shape_of(str(value)) if hides else value)


def shape_of(text: str) -> str:
    """Letters as x, digits as 9, all else as it is."""
    return "".join("9" if c.isdigit() else "x" if c.isalpha() else c for c in text)


def replace_private(text: str, write: Callable[[str, str], str]) -> str:
    """Every piece of personal data, and every secret, as `write(kind, piece)` has it."""
    parts, end = [], 0
    for start, stop in secrets.find_secrets(text):
        parts += [text[end:start], write("secret", text[start:stop])]
        end = stop
    text = "".join([*parts, text[end:]])
    for kind in kinds.KINDS:
        text = kind.pattern.sub(partial(_replaced, kind, write), text)
    return text


def _replaced(kind: kinds.Kind, write: Callable[[str, str], str], found: re.Match[str]) -> str:
    return write(kind.name, found[0]) if kind.holds(found[0]) else found[0]


def _named(kind: str, _: str) -> str:
    return f"[{kind}]"


def _hashed(key: bytes, kind: str, piece: str) -> str:
    digest = hashlib.blake2b(piece.encode(errors="surrogatepass"), key=key, digest_size=12)
    return f"[{kind} {digest.hexdigest().encode().translate(_LETTERS).decode()}]"


def _whole(write: Callable[[str, str], str], text: str) -> str:
    return write("hidden", text)


def _key(rest: str) -> bytes:
    variable, _, fingerprint = rest.rpartition(":")
    key = _read_key(variable)
    if _fingerprint(key) != fingerprint:
        raise EnvironmentFault(
            f"the key in {variable} is not the one that the training data were hashed with",
            where=f"environment variable {variable}",
            mend=f"export {variable}=... with the key of the training, or train anew",
        )
    return key


def _read_key(variable: str) -> bytes:
    value = os.environ.get(variable, "").encode()
    if len(value) < LEAST_KEY_BYTES:
        raise EnvironmentFault(
            f"personal data are hashed with the key in {variable}, which "
            + (f"has {len(value)} bytes, under {LEAST_KEY_BYTES}" if value else "is not set"),
            where=f"environment variable {variable}",
            mend=f'export {variable}="$(openssl rand -hex 32)", and keep it: predicting needs the same',
        )
    return hashlib.blake2b(value, digest_size=32, person=b"trainwright-key").digest()


def _fingerprint(key: bytes) -> str:
    return hashlib.blake2b(b"fingerprint", key=key, digest_size=6).hexdigest()
