"""The workspace: the folder that holds all that runs leave, made when something is first written.

Run ids carry a UTC time that only ever grows within a workspace, so their order is the order of
starting even when the clock was set back; four random digits keep ids of two workspaces apart.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from trainwright.core.durable import (
    disk_fault,
    flush_folder,
    lock,
    make_folder,
    remove_folder,
    sweep,
)
from trainwright.core.errors import CommandError, EnvironmentFault
from trainwright.core.record import Record
from trainwright.runs.folder import RunFolder
from trainwright.runs.names import check_name, propose
from trainwright.runs.registry import Registry

VARIABLE = "TRAINWRIGHT_WORKSPACE"
DEFAULT = ".trainwright"
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}-(\d{8}-\d{6})-[0-9a-f]{4}")
_STAMP = "%Y%m%d-%H%M%S"


class Workspace:
    """A folder with runs, snapshots, the registry, the lockbox and the mirror's store."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def open(cls, path: Path | None = None) -> Workspace:
        """The workspace at `path`, else where TRAINWRIGHT_WORKSPACE says, else `.trainwright` here.

        What killed processes left half-written is removed; nothing else is written.

        Raises:
            EnvironmentFault: a file stands there, or it may not be written to.
        """
        root = Path(os.path.abspath(path or os.environ.get(VARIABLE) or DEFAULT))  # noqa: PTH100 - keeps links
        _check_writable(root)
        workspace = cls(root)
        runs = [RunFolder(path) for path in _folders(workspace.runs)]
        within = [folder for run in runs for folder in (run.path, run.checkpoints)]
        for folder in (root, workspace.runs, workspace.snapshots, *within):
            sweep(folder)
        return workspace

    @property
    def runs(self) -> Path:
        """One folder a run."""
        return self.root / "runs"

    @property
    def snapshots(self) -> Path:
        """One folder a prepared data set."""
        return self.root / "snapshots"

    @property
    def registry(self) -> Registry:
        """Named versions of packages."""
        return Registry(self.root / "registry.jsonl")

    @property
    def lockbox(self) -> Record:
        """The ledger of every look at a test split."""
        return Record(self.root / "lockbox.jsonl")

    @property
    def mlflow_db(self) -> Path:
        """MLflow's own store, a mirror."""
        return self.root / "mlflow.db"

    def new_run(self, name: str) -> RunFolder:
        """Make the folder of a new run.

        Raises:
            CommandError: `name` is not of [a-z0-9._-].
            EnvironmentFault: the disk refuses.
        """
        with self._making_runs():
            return self._make_run(name)

    @contextmanager
    def begun_run(self, name: str) -> Iterator[RunFolder]:
        """A new run, owned while the block lasts: nobody sees its folder without its owner.

        Raises:
            CommandError: `name` is not of [a-z0-9._-].
            EnvironmentFault: the disk refuses.
        """
        with ExitStack() as stack:
            with self._making_runs():
                run = self._make_run(name)
                stack.enter_context(run.hold())
            yield run

    def sweep_runs(self) -> None:
        """Remove the folders of runs that were killed before anything was in them."""
        if not self.runs.is_dir():
            return
        with self._making_runs():
            for run in self.list_runs():
                if run.is_unbegun:
                    remove_folder(run.path)

    def _making_runs(self) -> AbstractContextManager[None]:
        return lock(self.root / ".runs.lock")

    def _make_run(self, name: str) -> RunFolder:
        check_name(name, noun="run", known=())
        path = self.runs / f"{name[:64]}-{self._next_stamp()}-{secrets.token_hex(2)}"
        make_folder(path)
        flush_folder(self.runs)
        return RunFolder(path)

    def list_runs(self) -> list[RunFolder]:
        """All runs, the newest first."""
        found = [RunFolder(path) for path in _folders(self.runs)]
        return sorted(found, key=lambda run: run.id[-20:], reverse=True)

    def find_run(self, text: str) -> RunFolder:
        """The run meant by an id, a name (its newest run), `latest`, or a unique prefix of an id.

        Raises:
            CommandError: there is none, or several; proposes the nearest.
        """
        runs = self.list_runs()
        check_name(text, noun="run", known=[run.id for run in runs])
        if not runs:
            raise CommandError(
                "there are no runs yet", where=str(self.root), mend="trainwright run RECIPE"
            )
        if text == "latest":
            return runs[0]
        exact = [run for run in runs if text in (run.id, run.name)]
        if exact:
            return exact[0]
        begins = [run for run in runs if run.id.startswith(text)]
        if len(begins) == 1:
            return begins[0]
        what = f"{len(begins)} runs begin with {text!r}" if begins else f"no run is called {text!r}"
        known = [run.id for run in begins or runs]
        raise CommandError(what, where=str(self.runs), mend=propose(text, known))

    def _next_stamp(self) -> str:
        """Now, or a second after the newest run when the clock is not beyond that."""
        now = datetime.now(UTC).replace(microsecond=0)
        runs = self.list_runs()
        if runs:
            newest = datetime.strptime(runs[0].id[-20:-5], _STAMP).replace(tzinfo=UTC)
            now = max(now, newest + timedelta(seconds=1))
        return now.strftime(_STAMP)


def _folders(runs: Path) -> Sequence[Path]:
    """The run folders; whatever else lies there, a link among it, is passed over."""
    try:
        with os.scandir(runs) as entries:
            return [
                runs / entry.name
                for entry in entries
                if _ID.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)
            ]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise disk_fault(error, runs) from error


def _check_writable(root: Path) -> None:
    """Refuse a place that cannot become, or be, a workspace."""
    existing = root
    try:
        while not existing.exists() and existing != existing.parent:
            existing = existing.parent
    except OSError as error:
        raise disk_fault(error, existing) from error
    if not existing.is_dir():
        raise EnvironmentFault(
            "a file stands where the workspace must be a folder",
            where=str(existing),
            mend="choose another folder with --workspace DIR",
        )
    if not os.access(existing, os.W_OK | os.X_OK):
        raise EnvironmentFault(
            "the workspace may not be written to",
            where=str(existing),
            mend="choose a folder that you may write to with --workspace DIR",
        )
