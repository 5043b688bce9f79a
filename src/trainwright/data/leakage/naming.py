"""What a column's name says of it: an identifier, a moment, or neither. Names decide nothing alone."""

from __future__ import annotations

import re

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_KEYS = frozenset({"id", "ids", "uid", "uuid", "guid", "key", "no", "nr", "number", "identifier"})
_ENTITIES = frozenset(
    {"account", "batch", "case", "client", "clinic", "cluster", "customer", "device", "donor"}
    | {"entity", "family", "group", "hospital", "household", "machine", "member", "participant"}
    | {"patient", "person", "plant", "pupil", "respondent", "school", "sensor", "session", "shop"}
    | {"site", "station", "store", "student", "subject", "user"}
)
_MOMENTS = frozenset(
    {"created", "date", "datetime", "day", "dt", "epoch", "index", "month", "observed", "order"}
    | {"period", "quarter", "recorded", "round", "sampled", "season", "seq", "sequence", "step"}
    | {"tick", "time", "timestamp", "ts", "unix", "updated", "visit", "wave", "week", "when"}
    | {"year"}
)
_PROPERTIES = frozenset(  # moments that belong to a thing, not to the row's record
    {"age", "birth", "born", "build", "built", "dob", "expires", "expiry", "founded", "garage"}
    | {"made", "make", "manufactured", "mfg", "model", "release", "released", "remod", "renovated"}
)


def words_of(name: str) -> list[str]:
    """Lower-case words: "customerID_2" is customer, id, 2."""
    return [word.lower() for word in _WORDS.findall(name)]


def looks_like_identifier(name: str) -> bool:
    """As customer_id, patientNo, key."""
    words = words_of(name)
    return not _KEYS.isdisjoint(words) or (
        len(words[-1:]) == 1 and len(words[-1]) > 4 and words[-1][-2:] == "id"
    )


def looks_like_group(name: str) -> bool:
    """As an identifier, or a thing that is seen again: patient, school, device."""
    return looks_like_identifier(name) or not _ENTITIES.isdisjoint(words_of(name))


def looks_like_moment(name: str) -> bool:
    """As recorded_at or year, but not as year_built or date_of_birth."""
    words = set(words_of(name))
    return bool(words & _MOMENTS) and not words & _PROPERTIES


def is_property_of_a_thing(name: str) -> bool:
    """As date_of_birth: a time that orders things, not records."""
    return bool(set(words_of(name)) & _PROPERTIES)
