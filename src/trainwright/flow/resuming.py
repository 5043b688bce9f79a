"""Which run is gone on with: none, the newest that was stopped, or the one that the user names."""

from __future__ import annotations

import warnings
from collections.abc import Callable

from trainwright.core.artifacts import Snapshot
from trainwright.core.errors import CommandError
from trainwright.flow.session import Session
from trainwright.runs.folder import RunFolder
from trainwright.runs.memory import MemoryGroup

GoOn = Callable[[Session, Snapshot], RunFolder | None]
ENDINGS = ("interrupted", "failed", "done")


class ResumeWarning(UserWarning):
    """Something is odd about the attempt that is gone on with."""


def never(session: Session, snapshot: Snapshot) -> None:
    """A new run."""


def newest(session: Session, snapshot: Snapshot) -> RunFolder | None:
    """The newest run of equal recipe and snapshot that was stopped before its end."""
    for folder in session.workspace.list_runs():
        if folder.state == "interrupted" and _is_of(folder, session, snapshot):
            return folder
    return None


def named(name: str, session: Session, snapshot: Snapshot) -> RunFolder:
    """The run that the user named, if it can be gone on with."""
    folder = session.workspace.find_run(name)
    state = folder.state
    if state not in ("interrupted", "running"):  # of one that runs the lock will say whose it is
        raise CommandError(
            f"run {folder.id} is {state}; only one that was stopped can be gone on with",
            where="--resume",
            mend="leave --resume out to train anew",
        )
    if not _is_of(folder, session, snapshot):
        raise CommandError(
            f"run {folder.id} is of another recipe or of other data",
            where="--resume",
            mend=f"its own recipe is {folder.recipe}; leave --resume out to train anew",
        )
    return folder


def warn_if_killed(folder: RunFolder) -> None:
    """Say that the attempt before ended without a word, and whether memory is why."""
    marks = [event for event in folder.events() if event["kind"] in ("started", *ENDINGS)]
    if not marks or marks[-1]["kind"] in ENDINGS:
        return
    begun, now = marks[-1], MemoryGroup.ours()
    before = begun.get("memory_kills")
    if before is not None and now.kills is not None and now.kills > before:
        why = "killed, likely because memory ran out: "
        why += f"limit {_size(now.limit)}, peak {_size(now.peak)}"
    else:
        why = "killed, perhaps because memory ran out, or the machine went down"
    warnings.warn(
        f"the attempt of {begun['at']} ended without a word: {why}; run {folder.id} goes on"
        " from what it kept",
        ResumeWarning,
        stacklevel=2,
    )


def _size(num_bytes: int | None) -> str:
    return "unknown" if num_bytes is None else f"{num_bytes / 1e6:,.0f} MB"


def _is_of(folder: RunFolder, session: Session, snapshot: Snapshot) -> bool:
    begun = [event for event in folder.events() if event["kind"] == "started"]
    wanted = (session.recipe.hash, snapshot.hash)
    return bool(begun) and (begun[-1]["recipe_hash"], begun[-1]["snapshot"]) == wanted
