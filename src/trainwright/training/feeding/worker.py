"""A worker process: receives rows, makes the batch, sends it back, until its parent is gone.

It ignores SIGINT and SIGTERM, which reach a whole process group: the parent decides when to end. The
kernel kills it when the parent's thread that started it ends, however that happens.

Linux only (PR_SET_PDEATHSIG).
"""

from __future__ import annotations

import ctypes
import os
import signal
import traceback
from collections.abc import Mapping
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from trainwright.core import errors
from trainwright.core.errors import DataError, Fault, TrainwrightError, shorten
from trainwright.training.feeding.making import make_batch, named

if TYPE_CHECKING:
    from trainwright.training.feeding.parcels import Parcel
    from trainwright.training.protocols import Indices, Source

IGNORED = (signal.SIGINT, signal.SIGTERM)
_PR_SET_PDEATHSIG = 1
_TRACE_CHARACTERS = 8000


def serve(connection: Connection, source: Source, threads: int) -> None:
    """What the process runs.

    Args:
        connection: Each parcel is the rows of one batch.
        source: Makes the batches.
        threads: Of torch: as many as the parent's, since they can change the last bit of a sum.
    """
    _die_with_parent()
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, IGNORED)

    import torch

    from trainwright.training.feeding.parcels import Parcel, receive

    torch.set_num_threads(threads)
    Parcel({"ready": True}, {}).send(connection)
    while True:
        try:
            message, tensors = receive(connection)
        except EOFError:
            return
        _made(source, message, tensors["rows"].numpy()).send(connection)


def _made(source: Source, message: Mapping[str, Any], rows: Indices) -> Parcel:
    """The batch as a parcel, or what went wrong."""
    from trainwright.training.feeding.parcels import Parcel

    number = message["number"]
    try:
        batch = make_batch(source, rows, epoch=message["epoch"], training=message["training"])
        return Parcel({"number": number}, batch)
    except (TrainwrightError, MemoryError) as error:
        return Parcel({"number": number, "fault": _fault(error)}, {})
    except Exception as error:
        fault = DataError(
            f"a batch cannot be sent: {type(error).__name__}: {shorten(str(error), 200)}",
            where=named(rows),
            mend="let the source give CPU tensors by name",
        )
        return Parcel({"number": number, "fault": _fault(fault)}, {})


def raised(fault: Mapping[str, Any]) -> Exception:
    """The error that a worker's answer tells of, with the worker's traceback as a note."""
    error: Exception
    if fault["kind"] == MemoryError.__name__:
        error = MemoryError(fault["what"])
    else:
        kind: type[TrainwrightError] = getattr(errors, fault["kind"])
        first, *others = (Fault(**one) for one in fault["faults"])
        error = kind(first.what, where=first.where, mend=first.mend, others=others)
    error.add_note(f"In the worker:\n{fault['trace']}")
    return error


def _fault(error: TrainwrightError | MemoryError) -> Mapping[str, Any]:
    """An error as JSON values; one of a class that others derived from ours as ours."""
    known = next(kind.__name__ for kind in type(error).__mro__ if _is_known(kind))
    faults = error.faults if isinstance(error, TrainwrightError) else ()
    return {
        "kind": known,
        "what": str(error),
        "faults": [{"what": f.what, "where": f.where, "mend": f.mend} for f in faults],
        "trace": "".join(traceback.format_exception(error))[-_TRACE_CHARACTERS:],
    }


def _is_known(kind: type) -> bool:
    return kind is MemoryError or getattr(errors, kind.__name__, None) is kind


def _die_with_parent() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    parent = parent_process()
    if parent is None or os.getppid() != parent.pid:  # it died before the kernel was told
        os._exit(0)
