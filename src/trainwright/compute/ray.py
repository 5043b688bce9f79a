"""The workers of a Ray cluster: shares of the items are a Ray Data set, and work is mapped over it.

Results come back in the items' order, and that they do is checked. A share whose worker dies is done
again; at its fourth death the work is given up (Ray Data would try for ever), which the shares count
themselves, in files. An error of ours comes back as itself. What Ray says goes to standard error.

A cluster that is started here is this process's own: it listens on the loopback interface alone, wants
a token that nobody else knows, has no dashboard, tells nobody of its use, and is gone with this process.
Of one that runs elsewhere its owner decides all that; who may reach it may run code on it, so it is to
be trusted.

Cost: seven seconds to start, half a second a pass, 30 ms a share, and what travels is copied: Ray pays
where the rows are many and the machines several.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from platform import node, python_version
from tempfile import TemporaryDirectory
from typing import Any, Self

import numpy as np

from trainwright.compute.workers import Item, Result, Work
from trainwright.core.durable import disk_fault, scratch_folder
from trainwright.core.errors import EnvironmentFault, TrainwrightError
from trainwright.core.extras import require

MOST_SHARES = 512  # of one pass
ATTEMPTS = 4
_KNOCK_SECONDS = 10
_OURS = {  # of a cluster of our own; Ray reads them when it is imported and when it starts
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "token",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # no other machine: servers listen on 127.0.0.1
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",  # workers run this very Python
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
}
_CODE = ("trainwright", "polars", "pyarrow", "numpy")  # what results depend on


class RayWorkers:
    """The workers of a cluster (see `Workers`); use it as a context, which stops what it started.

    Args:
        address: Of a cluster that runs; None: one is started on this machine when there is work.
        cpus: Workers of a cluster that is started here; None: one a processor.
        object_store: Bytes in which a cluster that is started here hands results over; None: Ray's choice.

    Raises:
        EnvironmentFault: the extra is not installed.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        cpus: int | None = None,
        object_store: int | None = None,
    ) -> None:
        require("ray", what="compute: ray")
        self._address, self._cpus, self._object_store = address, cpus, object_store
        self._open = ExitStack()
        self._started = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def map(
        self, work: Work[Item, Result], items: Iterable[Item], *, folder: Path
    ) -> Iterator[Result]:
        """As `Workers.map`; the items are gone through before the first result is there."""
        known = list(items)
        if not known:
            return
        self._start()
        import ray

        shares = _shares(known)
        with scratch_folder(folder, "attempts") as attempts:
            task = _Task(work, ray.put(shares), attempts.resolve(), _code())
            number = 0
            for outcome in _outcomes(task, len(shares)):
                if outcome.share != number:
                    raise RuntimeError(f"Ray Data gave share {outcome.share} in place of {number}")
                if outcome.error is not None:
                    raise outcome.error
                if outcome.ends:
                    number += 1
                else:
                    yield outcome.result
            if number != len(shares):
                raise RuntimeError(f"Ray Data gave {number} of {len(shares)} shares")

    def _start(self) -> None:
        """Connect to the cluster, or start one.

        Raises:
            EnvironmentFault: it cannot be reached, or not be started.
        """
        if self._started:
            return
        if self._address is None:
            _keep_to_ourselves()
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        import ray

        self._open.enter_context(redirect_stdout(sys.stderr))  # Ray tells of dead workers there
        if not ray.is_initialized():  # a program that connected beforehand keeps its connection
            with _own_signals():
                self._connect(ray)
            self._open.callback(ray.shutdown)
            import ray.data  # which sets its logger up

            for logger in ("ray", "ray.data"):
                logging.getLogger(logger).setLevel(logging.CRITICAL)
        self._started = True

    def _connect(self, ray: Any) -> None:  # noqa: ANN401 - the module
        quiet = {"log_to_driver": False, "logging_level": logging.CRITICAL}
        try:
            if self._address is not None:
                _knock(self._address)
                ray.init(self._address, **quiet)
                return
            folder = TemporaryDirectory(prefix="trainwright-ray-", ignore_cleanup_errors=True)
            ray.init(
                "local",
                num_cpus=self._cpus,
                object_store_memory=self._object_store,
                include_dashboard=False,
                _temp_dir=self._open.enter_context(folder),
                **quiet,
            )
        except (OSError, OverflowError, RuntimeError, ValueError) as error:
            raise _unreachable(self._address, error) from error


@dataclass(frozen=True, slots=True)
class _Outcome:
    """A result of a share, an error in place of one, or the share's end."""

    share: int
    result: Any = None
    error: Exception | None = None
    ends: bool = False


@dataclass(frozen=True, slots=True)
class _Task:
    """What a worker does: its share of the items."""

    work: Work[Any, Any]
    shares: Any  # a reference to a list of lists of items
    attempts: Path
    code: dict[str, str]

    def __call__(self, batch: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Ray Data's form of it: numbers of shares in, outcomes out, an object each."""
        for share in batch["item"].tolist():
            for outcome in self._outcomes(int(share)):
                yield {"outcome": _alone(outcome)}

    def _outcomes(self, share: int) -> Iterator[_Outcome]:
        import ray

        try:
            self._check()
            self._note_attempt(share)
            for result in self.work(ray.get(self.shares)[share]):
                yield _Outcome(share, result)
        except Exception as error:
            yield _Outcome(share, error=_portable(error))
            return
        yield _Outcome(share, ends=True)

    def _check(self) -> None:
        """Is this worker one that gives the same results?"""
        mine = _code()
        odd = [name for name in self.code if mine.get(name) != self.code[name]]
        if odd:
            told = ", ".join(
                f"{name} {mine.get(name)} in place of {self.code[name]}" for name in odd
            )
            raise EnvironmentFault(
                f"a worker has other versions: {told}",
                where=f"the Ray worker on {node()}",
                mend="install the same packages on all machines of the cluster",
            )
        if not self.attempts.is_dir():
            raise EnvironmentFault(
                f"a worker does not see {self.attempts.parent}",
                where=f"the Ray worker on {node()}",
                mend="keep workspace and data in folders that all machines of the cluster share,"
                " under the same path: --workspace DIR",
            )

    def _note_attempt(self, share: int) -> None:
        """Give up where those before died: their files are there, and their results are not."""
        for attempt in range(ATTEMPTS):
            try:
                (self.attempts / f"{share}-{attempt}").touch(exist_ok=False)
            except FileExistsError:
                continue
            except OSError as error:
                raise disk_fault(error, self.attempts) from error
            return
        raise EnvironmentFault(
            f"{ATTEMPTS} workers died at the same work",
            where=f"the Ray worker on {node()}",
            mend="did memory run out? compute: {kind: ray, cpus: 1} has one at a time",
        )


def _outcomes(task: _Task, num_shares: int) -> Iterator[_Outcome]:
    """Every outcome, in the order of the shares.

    Raises:
        EnvironmentFault: the cluster is gone.
    """
    import ray.data
    from ray.exceptions import RayError

    shares = ray.data.from_items(list(range(num_shares)), override_num_blocks=num_shares)
    shares.context.execution_options.preserve_order = True
    shares.context.enable_progress_bars = False
    try:
        done = shares.map_batches(task, batch_size=1, batch_format="numpy", num_cpus=1)
        for row in done.iter_rows():
            yield row["outcome"]
    except RayError as error:
        told = " ".join(str(error).split())[:240]
        raise EnvironmentFault(
            f"the Ray cluster gave the work up: {told}",
            where="compute",
            mend="ray status --address ADDRESS says whether it runs; or compute: local",
        ) from error


def _keep_to_ourselves() -> None:
    """Have the cluster that is started next be this process's own.

    Raises:
        EnvironmentFault: Ray was imported before, without that being said.
    """
    ray = sys.modules.get("ray")
    if ray is None:
        os.environ.update(_OURS)
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    elif not ray.is_initialized() and any(os.environ.get(name) != _OURS[name] for name in _OURS):
        raise EnvironmentFault(
            "this program imported ray, so that a cluster started now would listen to others",
            where="compute",
            mend="connect beforehand, which is then used: ray.init()",
        )


def _knock(address: str) -> None:
    """Raise OSError where nobody answers: Ray would wait for minutes."""
    host, _, port = address.rpartition(":")
    if host:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK_SECONDS):
            pass


def _unreachable(address: str | None, error: Exception) -> EnvironmentFault:
    told = " ".join(str(error).split())[:240]
    if address is None:
        what, mend = "no Ray cluster could be started here", "compute: local"
    else:
        what = f"the Ray cluster at {address} cannot be reached"
        mend = "`ray status` on one of its machines tells its address; RAY_AUTH_TOKEN_PATH names its token"
    return EnvironmentFault(f"{what}: {told}", where="compute", mend=mend)


def _shares(items: Sequence[Item]) -> list[list[Item]]:
    """Neighbouring items together, one by one while there are few."""
    size = -(-len(items) // MOST_SHARES)
    return [list(items[start : start + size]) for start in range(0, len(items), size)]


def _alone(value: object) -> Any:  # noqa: ANN401 - NumPy's arrays of objects are not typed
    """An array of one object."""
    found = np.empty(1, dtype=object)
    found[0] = value
    return found


def _portable(error: Exception) -> Exception:
    """An error as it can travel: ours and the system's as they are, another with where it was raised."""
    if isinstance(error, TrainwrightError | OSError):
        error.__cause__ = error.__context__ = None
        return error.with_traceback(None)
    text = "".join(traceback.format_exception(error))
    return RuntimeError(f"{type(error).__name__} in a Ray worker on {node()}:\n{text}")


def _code() -> dict[str, str]:
    versions = {name: metadata.version(name) for name in _CODE}
    return {"Python": ".".join(python_version().split(".")[:2]), **versions}


@contextmanager
def _own_signals() -> Iterator[None]:
    """Ray sets a handler for SIGTERM: ours is put back."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
