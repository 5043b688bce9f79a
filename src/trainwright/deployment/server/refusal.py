"""A refusal: an HTTP status, and what was wrong, where in the body (a JSON pointer), how to mend it.

Source: RFC 9110 (statuses), RFC 6901 (JSON pointer).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from trainwright.core.errors import Fault

_encode = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


class Refusal(Exception):
    """Ends the work on a request; it becomes the answer.

    Args:
        status: HTTP status, 4xx or 5xx.
        what: What was wrong.
        where: JSON pointer into the body, or a header's name.
        mend: What to do.
        others: Further faults found in the same pass.
        headers: More headers of the answer, such as Retry-After.
        code: A name for programs, where the OpenAI API has one.
    """

    def __init__(
        self,
        status: int,
        what: str,
        *,
        where: str = "",
        mend: str = "",
        others: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(what)
        self.status = status
        self.faults = (Fault(what, where, mend), *others)
        self.headers = dict(headers or {})
        self.code = code

    def body(self) -> bytes:
        """The answer's body; ASCII, so that whatever was sent can be told back."""
        first, *others = (
            {"what": fault.what, "where": fault.where, "mend": fault.mend} for fault in self.faults
        )
        return _encode({"error": {**first, "others": others} if others else first}).encode()


def pointer(*steps: str | int) -> str:
    """A JSON pointer: "/instances/0/age"; "~" and "/" in names are escaped (RFC 6901, section 3)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)
