"""Which run is gone on with: none, the newest that was stopped, or the one that the user names."""

from __future__ import annotations

from collections.abc import Callable

from trainwright.core.artifacts import Snapshot
from trainwright.core.errors import CommandError
from trainwright.flow.session import Session
from trainwright.runs.folder import RunFolder

GoOn = Callable[[Session, Snapshot], RunFolder | None]


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
    if folder.state != "interrupted":
        raise CommandError(
            f"run {folder.id} is {folder.state}; only one that was stopped can be gone on with",
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


def _is_of(folder: RunFolder, session: Session, snapshot: Snapshot) -> bool:
    begun = [event for event in folder.events() if event["kind"] == "started"]
    wanted = (session.recipe.hash, snapshot.hash)
    return bool(begun) and (begun[-1]["recipe_hash"], begun[-1]["snapshot"]) == wanted
