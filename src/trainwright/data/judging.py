"""Which findings stop a preparation: the errors that the recipe does not accept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from trainwright.core.artifacts import Finding
from trainwright.core.errors import DataError, Fault, bounded, nearest, shorten
from trainwright.runs.redaction import redact


def judge(findings: Sequence[Finding], accept: Sequence[str]) -> tuple[Finding, ...]:
    """Findings with the accepted errors as warnings, and no message that quotes a name or value whole.

    Raises:
        DataError: an error is not accepted; holds all findings.
    """
    judged = [
        replace(finding, severity="warning", message=f"accepted: {bounded(finding.message)}")
        if finding.severity == "error" and finding.key in accept
        else replace(finding, message=bounded(finding.message))
        for finding in findings
    ]
    judged += [_idle(key, findings) for key in accept if key not in {f.key for f in findings}]
    faults = [
        Fault(
            finding.message,
            f"column {shorten(finding.column)}" if finding.column else "data",
            finding.remedy,
        )
        for finding in judged
        if finding.severity == "error"
    ]
    if faults:
        raise DataError.of(faults, findings=judged)
    return tuple(judged)


def _idle(key: str, findings: Iterable[Finding]) -> Finding:
    near = nearest(key, [finding.key for finding in findings])
    return Finding(
        "schema",
        "warning",
        f"accept names {shorten(redact(key))}, and nothing of that name was found",
        remedy=f"data: {{accept: [{near!r}]}}" if near else "remove it from data.accept",
    )
