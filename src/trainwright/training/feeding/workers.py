"""Worker processes that make batches ahead of time, and what is done when one dies, hangs or fails.

Batches are handed out in order, `prefetch` a worker at most, and given back in order. A worker that
is silent for too long is killed, and named in a warning with the rows that it was at. One that was
killed or died is replaced, and what it had not sent is asked of others: no batch is lost, none comes
twice. A batch in whose making workers end again and again ends the epoch, and its rows are named. An
error in a worker is raised here when its batch is due.

Processes are spawned, never forked (a fork of a process with threads can lock up): each needs some
two seconds to import torch, so one pool serves all epochs of its source.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, Any

import torch

from trainwright.core.errors import (
    DataError,
    EnvironmentFault,
    Fault,
    RecipeError,
    TrainwrightError,
    shorten,
)
from trainwright.training.feeding.making import named
from trainwright.training.feeding.parcels import Parcel, receive
from trainwright.training.feeding.worker import IGNORED, raised, serve

if TYPE_CHECKING:
    from trainwright.training.protocols import Indices, Source, Tensors

_LOOK_SECONDS = 0.5  # how often it is asked whether silent workers live
_START_SECONDS = 300.0  # imports on a busy machine
_START_MEND = (
    'put what the script does under if __name__ == "__main__": and the class of the source into '
    "a module that can be imported; or use training.workers: 0"
)
_SPAWN = multiprocessing.get_context("spawn")


class WorkerWarning(UserWarning):
    """A worker was replaced that should not have had to be."""


class Workers:
    """A pool for one source; a context manager, whose end is the workers' end.

    Samples that cannot be read leave it as it is; workers that cannot start, or hang or die again and
    again, are the end of it.

    The thread that makes it must outlive it: the kernel ends workers together with that thread.

    Args:
        source: Each worker gets a copy, by the way in which `multiprocessing` hands over arguments. Columns
            that are mapped from files are mapped by each, and not copied.
        count: Processes, from 1.
        prefetch: Batches a worker has in hand or has made ahead.
        timeout_seconds: Silence of a worker, while its batch is waited for, that counts as hanging.
        max_restarts: How often a batch whose worker hung or died is tried again.
        describe_rows: Says which samples rows are, for messages.

    Raises:
        RecipeError: the source cannot be handed to another process.
        EnvironmentFault: no process can be started.
    """

    def __init__(
        self,
        source: Source,
        count: int,
        *,
        prefetch: int = 2,
        timeout_seconds: float = 300.0,
        max_restarts: int = 3,
        describe_rows: Callable[[Indices], str] = named,
    ) -> None:
        self.source = source
        self._capacity = count * prefetch
        self._timeout_seconds = timeout_seconds
        self._max_restarts = max_restarts
        self._describe_rows = describe_rows
        self._num_requests = 0
        self._answers: dict[int, _Answer] = {}
        self._forgotten: set[int] = set()
        self._workers: list[_Worker] = []
        self._end = Finalize(self, _stop_all, args=(self._workers,), exitpriority=10)
        for position in range(count):
            self._workers.append(_start(position, self.source))

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill the workers; they hold nothing that could be lost."""
        self._end()

    def batches(
        self, shares: Iterator[Indices], *, epoch: int, training: bool
    ) -> Iterator[tuple[Indices, Tensors]]:
        """For each share its rows and their batch, in order.

        Raises:
            DataError: samples cannot be read, or workers hang or die of them again and again.
            EnvironmentFault: workers cannot start, or are killed again and again.
        """
        ahead: deque[_Request] = deque()
        try:
            for rows in islice(shares, self._capacity):
                ahead.append(self._ask(rows, epoch=epoch, training=training))
            while ahead:
                batch = self._answer(ahead[0])
                request = ahead.popleft()
                for rows in islice(shares, 1):
                    ahead.append(self._ask(rows, epoch=epoch, training=training))
                yield request.rows, batch
        finally:
            for request in ahead:
                self._forget(request)

    def _ask(self, rows: Indices, *, epoch: int, training: bool) -> _Request:
        request = _Request(self._num_requests, rows, epoch=epoch, training=training)
        self._num_requests += 1
        self._hand_out(request)
        return request

    def _hand_out(self, request: _Request) -> None:
        worker = min(self._workers, key=lambda worker: len(worker.requests))
        worker.requests[request.number] = request
        with suppress(OSError):  # it died, which is noticed when it is listened to
            request.parcel().send(worker.connection)

    def _answer(self, request: _Request) -> Tensors:
        """Wait for the batch of a request."""
        began = time.monotonic()
        while request.number not in self._answers:
            self._listen(since=began)
        answer = self._answers.pop(request.number)
        if answer.fault is not None:
            raise raised(answer.fault)
        return answer.batch

    def _forget(self, request: _Request) -> None:
        self._answers.pop(request.number, None)
        if any(request.number in worker.requests for worker in self._workers):
            self._forgotten.add(request.number)

    def _listen(self, *, since: float) -> None:
        """Take what workers say; replace the dead, and those that are silent for too long."""
        connections = [worker.connection for worker in self._workers]
        heard = wait(connections, timeout=min(_LOOK_SECONDS, self._timeout_seconds / 4))
        for worker in list(self._workers):
            if worker.connection in heard:
                self._hear(worker)
            elif not worker.process.is_alive() and not worker.connection.poll():
                self._replace_dead(worker)
            elif worker.requests:
                silent = time.monotonic() - max(since, worker.heard)
                patience = self._timeout_seconds
                if silent > (patience if worker.ready else max(patience, _START_SECONDS)):
                    self._replace_hanging(worker)

    def _hear(self, worker: _Worker) -> None:
        try:
            message, tensors = receive(worker.connection)
        except (EOFError, OSError):
            self._replace_dead(worker)
            return
        worker.heard = time.monotonic()
        if message.get("ready"):
            worker.ready = True
        else:
            number = message["number"]
            del worker.requests[number]
            if number in self._forgotten:
                self._forgotten.remove(number)
            else:
                self._answers[number] = _Answer(tensors, message.get("fault"))

    def _replace_dead(self, worker: _Worker) -> None:
        """A new process in place of one that ended."""
        worker.process.join(_LOOK_SECONDS)  # else its own way to end is taken for our kill
        status = worker.stop()
        if status >= 0 and not worker.ready:
            self.close()
            raise EnvironmentFault(
                f"a data worker ended before it could begin ({_ending(status)})",
                where=f"worker {worker.position}",
                mend=_START_MEND,
            )
        request = worker.blame()
        if request is not None and request.ends > self._max_restarts:
            raise self._dying(worker, request, status)
        self._renew(worker)

    def _replace_hanging(self, worker: _Worker) -> None:
        """Kill one that is silent, and put a new process in its place."""
        worker.stop()
        request = worker.blame()
        assert request is not None
        seldom = request.ends <= self._max_restarts
        fault = Fault(
            f"a data worker has said nothing for {self._timeout_seconds:g} s and was killed",
            f"worker {worker.position} (pid {worker.pid}), {self._describe_rows(request.rows)}",
            f"nothing: the batch is made again, time {request.ends} of {self._max_restarts} at most"
            if seldom
            else "see whether these rows can be read: their files, the disk or the network",
        )
        if not seldom:
            self.close()
            times = f", as were {request.ends - 1} before it" if request.ends > 1 else ""
            raise DataError(f"{fault.what}{times}", where=fault.where, mend=fault.mend)
        warnings.warn(str(fault), WorkerWarning, stacklevel=2)
        self._renew(worker)

    def _renew(self, worker: _Worker) -> None:
        """A new process in place of one that ended; what that one owed is handed out again."""
        self._workers[worker.position] = _start(worker.position, self.source)
        for request in worker.requests.values():
            if request.number in self._forgotten:
                self._forgotten.remove(request.number)
            else:
                self._hand_out(request)

    def _dying(self, worker: _Worker, request: _Request, status: int) -> TrainwrightError:
        """The end of the pool, and what the worker was at."""
        self.close()
        where = f"worker {worker.position}, {self._describe_rows(request.rows)}"
        what = f"data workers die of the same batch, {request.ends} in a row ({_ending(status)})"
        if status == -signal.SIGKILL:
            return EnvironmentFault(
                f"{what}: memory may have run out",
                where=where,
                mend="training.workers: 1, or a smaller training.batch_size",
            )
        return DataError(what, where=where, mend="mend or leave out the row that does it")


@dataclass(slots=True, kw_only=True)
class _Worker:
    position: int
    process: SpawnProcess
    connection: Connection
    pid: int | None
    ready: bool = False
    heard: float = field(default_factory=time.monotonic)
    requests: dict[int, _Request] = field(default_factory=dict)  # oldest first

    def stop(self) -> int:
        """End the process; its exit status, negative for a signal's number."""
        self.process.kill()
        self.process.join()
        self.connection.close()
        status = self.process.exitcode
        return 0 if status is None else status

    def blame(self) -> _Request | None:
        """The batch in whose making it ended, with one end more to its name; None where it had none."""
        request = next(iter(self.requests.values()), None)
        if request is not None:
            request.ends += 1
        return request


@dataclass(slots=True)
class _Request:
    number: int
    rows: Indices
    epoch: int = field(kw_only=True)
    training: bool = field(kw_only=True)
    ends: int = 0  # of workers that were making it

    def parcel(self) -> Parcel:
        message = {"number": self.number, "epoch": self.epoch, "training": self.training}
        return Parcel(message, {"rows": torch.from_numpy(self.rows)})


@dataclass(frozen=True, slots=True)
class _Answer:
    batch: Tensors
    fault: dict[str, Any] | None


def _start(position: int, source: Source) -> _Worker:
    """A new process; signals wait until it ignores them, since they may come while it imports."""
    ours, theirs = _SPAWN.Pipe(duplex=True)
    process = _SPAWN.Process(
        target=serve, args=(theirs, source, torch.get_num_threads()), name=f"data-worker-{position}"
    )
    resource_tracker.ensure_running()  # else `start` does it, which lets the signals in
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, IGNORED)
    try:
        process.start()
    except OSError as error:
        raise EnvironmentFault(
            f"a data worker cannot be started: {error.strerror or error}",
            where=f"worker {position}",
            mend=_START_MEND,
        ) from error
    except Exception as error:
        raise RecipeError(
            f"the source cannot be handed to a worker process: {shorten(str(error), 200)}",
            where="training.workers",
            mend="training.workers: 0",
        ) from error
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    theirs.close()
    return _Worker(position=position, process=process, connection=ours, pid=process.pid)


def _stop_all(workers: list[_Worker]) -> None:
    for worker in workers:
        worker.stop()
    workers.clear()


def _ending(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"exit status {status}"
