"""One loop on one case, in a process of its own: a line in, one repeat, its times out.

    python benchmarks/loops/worker.py CASE SYSTEM

It waits between repeats, so that all loops can be timed in turn while each keeps its own memory.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

# What is timed, by the module that it is in: other modules are not imported, as their import counts.
HOMES = {
    "hand-written": "hand_written",
    "hand-written, DataLoader": "hand_written",
    "hand-written, length buckets": "hand_written",
    "trainwright, no observers": "trainwright_loop",
    "trainwright": "trainwright_loop",
    "trainwright, checkpoints": "trainwright_loop",
    "trainwright, many checkpoints": "trainwright_loop",
    "trainwright, length buckets": "trainwright_loop",
    "trainwright, bf16": "trainwright_loop",
    "trainwright, bf16 and length buckets": "trainwright_loop",
    "Lightning": "lightning_loop",
    "Lightning, whole batches": "lightning_loop",
    "HF Trainer": "huggingface_loop",
    "HF Trainer, whole batches": "huggingface_loop",
    "HF Trainer, padded to 128": "huggingface_loop",
    "Accelerate": "accelerate_loop",
    "Accelerate, whole batches": "accelerate_loop",
    "skorch": "skorch_loop",
    "Keras": "keras_loop",
}


def main() -> None:
    """Serve repeats until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a framework prints is no answer
    case_name, system = sys.argv[1:3]

    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    import cases

    home = import_module(HOMES[system])
    case = cases.CASES[case_name]()
    fit = home.SYSTEMS[system](case)
    for _ in sys.stdin:
        answers.write(json.dumps(repeat(case, fit)) + "\n")
        answers.flush()


def repeat(case: Any, fit: Callable[[], Any]) -> dict[str, Any]:
    """One fit: times within the case's window, and the first step's since the process began."""
    from cases import Moment

    moments = case.model.moments
    moments.clear()
    extra = fit()
    moments.append(Moment.now())
    expected = case.epochs * -(-len(case) // case.batch_size)
    del moments[: -expected - 1]  # Keras begins with passes that train nothing
    if len(moments) != expected + 1:
        raise RuntimeError(f"{len(moments) - 1} forward passes, not {expected}")
    first, last = case.window
    start, end = moments[first], moments[-1 if last is None else last]
    steps = (expected if last is None else last) - first
    return {
        "cpu": (end.cpu - start.cpu) / steps,
        "wall": (end.wall - start.wall) / steps,
        "first_step_cpu": moments[1].cpu,
        "peak_bytes": peak_bytes(),
        **(extra or {}),
    }


def peak_bytes() -> int:
    """The most memory that this process held."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no VmHWM: this needs Linux")


if __name__ == "__main__":
    main()
