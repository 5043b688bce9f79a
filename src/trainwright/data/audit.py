"""What `audit` asks of a snapshot: are its files and its ledger sound, and does a column leak?

The leakage check of `prepare` is run again on the train rows as they are on disk, so that it holds
also for a snapshot that somebody else prepared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trainwright.core.artifacts import Check, Snapshot, Split
from trainwright.core.columns import RESERVED
from trainwright.core.protocols import Probe
from trainwright.data.hashing import hash_rows
from trainwright.data.leakage import find_leaks
from trainwright.data.snapshot import read_split, verify_snapshot


def check_snapshot(snapshot: Snapshot, *, accepted: Sequence[str], probe: Probe) -> Iterator[Check]:
    """Verify a snapshot.

    Args:
        snapshot: As loaded.
        accepted: Findings that the recipe answers for.
        probe: A quick model, for the leakage check.

    Yields:
        Hashes, content, row ledger, leakage. The last only where the files are sound.
    """
    checks = verify_snapshot(snapshot.folder)
    yield from checks
    if all(check.passed for check in checks):
        yield check_leakage(snapshot, accepted=accepted, probe=probe)


def check_leakage(snapshot: Snapshot, *, accepted: Sequence[str], probe: Probe) -> Check:
    """No column of the train rows tells the target as only an answer does; series are not asked."""
    if snapshot.target.time is not None:
        return Check("leakage", True, "the channels of series are not looked at one by one")
    train = read_split(snapshot, Split.TRAIN)
    names = [name for name in train.columns if name not in (*RESERVED, snapshot.target.name)]
    found = find_leaks(
        train,
        snapshot.inputs,
        target=snapshot.target,
        probe=probe,
        hashes=hash_rows(train, names),
    )
    errors = [finding for finding in found if finding.severity == "error"]
    refused = [finding for finding in errors if finding.key not in accepted]
    if refused:
        return Check("leakage", False, "; ".join(finding.message for finding in refused))
    note = f"; accepted: {', '.join(finding.key for finding in errors)}" if errors else ""
    return Check(
        "leakage", True, f"no column of {len(snapshot.inputs)} gives the answer away{note}"
    )
