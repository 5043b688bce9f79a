"""One run's folder: its record of events, its files, and the lock that says whether its owner lives.

The state is computed, never stored: a kernel lock tells whether a process is at work, the events
tell how the work ended. So a killed run is `interrupted` at once and no clean-up is needed.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import yaml

from trainwright.core.durable import lock, read_json, write_json, write_text
from trainwright.core.errors import EnvironmentFault
from trainwright.core.record import Head, Record
from trainwright.runs.names import is_name
from trainwright.runs.redaction import redact_json, redacted_recipe

State = Literal["running", "done", "failed", "interrupted"]
_LOCK = ".lock"
_PROBE_SECONDS = 0.2  # a look at `state` holds the lock for microseconds; an owner waits that out


class RunFolder:
    """The folder `runs/ID` of one run. Only the process inside `hold()` writes to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._record = Record(path / "events.jsonl")

    @property
    def is_unbegun(self) -> bool:
        """Its process was killed between making the folder and its first event: nothing is in it."""
        names = {path.name for path in self.path.iterdir() if not path.name.startswith(".")}
        return (
            names <= {"events.jsonl", "recipe.yaml"} and not self._is_held() and not self.events()
        )

    @property
    def id(self) -> str:
        """NAME-YYYYmmdd-HHMMSS-xxxx, the time in UTC."""
        return self.path.name

    @property
    def name(self) -> str:
        """The recipe's name."""
        return self.id.rsplit("-", 3)[0]

    @property
    def recipe(self) -> Path:
        """The resolved recipe as YAML, without secrets."""
        return self.path / "recipe.yaml"

    @property
    def provenance(self) -> Path:
        """What it was made with."""
        return self.path / "provenance.json"

    @property
    def evaluation(self) -> Path:
        """The validation metrics."""
        return self.path / "evaluation.json"

    @property
    def predictions(self) -> Path:
        """The winner's predictions on validation rows."""
        return self.path / "predictions.parquet"

    @property
    def package(self) -> Path:
        """The deployable folder."""
        return self.path / "package"

    @property
    def report(self) -> Path:
        """The offline HTML page."""
        return self.path / "report.html"

    @property
    def history(self) -> Path:
        """What training loops recorded, one JSON line a record (`runs.history`)."""
        return self.path / "history.jsonl"

    @property
    def tensorboard(self) -> Path:
        """The same as TensorBoard's event files, where the recipe asks for them."""
        return self.path / "tensorboard"

    @property
    def answers(self) -> Path:
        """Where what an endpoint answered is kept, so that nobody is asked again."""
        return self.path / "answers"

    @property
    def checkpoints(self) -> Path:
        """Where training keeps what it resumes from."""
        return self.path / "checkpoints"

    @contextmanager
    def hold(self) -> Iterator[RunFolder]:
        """Own the run while the block lasts; the lock goes with the process, however that ends.

        Raises:
            EnvironmentFault: another process owns it; names its pid.
        """
        with ExitStack() as stack:
            self._take(stack)
            yield self

    def _take(self, stack: ExitStack) -> None:
        """Take the lock; who only looks holds it for microseconds, so a refusal is tried again."""
        give_up = time.monotonic() + _PROBE_SECONDS
        while True:
            try:
                stack.enter_context(lock(self.path / _LOCK, wait=False))
                return
            except EnvironmentFault:
                if time.monotonic() >= give_up:
                    raise
                time.sleep(_PROBE_SECONDS / 40)

    def event(self, kind: str, **facts: Any) -> Head:  # noqa: ANN401 - any JSON value
        """Add one event durably, without secrets.

        The kinds `started`, `done` and `failed` decide the state.
        """
        return self._record.append({"kind": kind, "at": utc_now(), **redact_json(facts)})

    def events(self) -> list[dict[str, Any]]:
        """All events, oldest first.

        Raises:
            TrustError: the record was changed.
        """
        return self._record.read()

    @property
    def outcome(self) -> Literal["done", "failed"] | None:
        """How the work ended by its events, or None when it did not end since it last started."""
        marks = [e["kind"] for e in self.events() if e["kind"] in ("started", "done", "failed")]
        last = marks[-1] if marks else None
        return last if last in ("done", "failed") else None

    @property
    def state(self) -> State:
        """`running` while a live owner holds the lock, otherwise as the events say."""
        if self._is_held():
            return "running"
        return self.outcome or "interrupted"

    def write_json(self, name: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
        """Write one JSON file of the run, without secrets."""
        write_json(self._file(name), redact_json(value))

    def read_json(self, name: str) -> Any:  # noqa: ANN401 - any JSON value
        """Read one JSON file of the run (TrustError when it is missing or damaged)."""
        return read_json(self._file(name))

    def write_recipe(self, resolved: Mapping[str, Any]) -> tuple[str, ...]:
        """Write recipe.yaml so that `load_recipe` reads it back equal.

        Returns:
            The dotted keys whose values looked like secrets and were not written.
        """
        clean, found = redacted_recipe(resolved)
        write_text(self.recipe, dump_yaml(clean))
        return found

    def _file(self, name: str) -> Path:
        if not is_name(name):
            raise ValueError(f"{name!r} is no file name of a run")
        return self.path / name

    def _is_held(self) -> bool:
        try:
            handle = os.open(self.path / _LOCK, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise EnvironmentFault(
                error.strerror or str(error), where=str(self.path / _LOCK)
            ) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False


def utc_now() -> str:
    """The time of day as ISO 8601 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def dump_yaml(values: Mapping[str, Any]) -> str:
    """YAML that `recipe.document` reads back equal: what is text for PyYAML and a number for us is quoted."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, width=100)


class _Dumper(yaml.SafeDumper):
    """PyYAML follows YAML 1.1, where 1e3 is text; our reader follows 1.2, where it is a number."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401 - as PyYAML's own
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    quoted = text[:1] in "+-.0123456789"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if quoted else None)


_Dumper.add_representer(str, _text)
