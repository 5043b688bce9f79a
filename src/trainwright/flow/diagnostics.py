"""`trainwright doctor`: what this machine has, and what is missing."""

from __future__ import annotations

import os
import platform
import shutil
from importlib import metadata
from pathlib import Path

from trainwright.core.artifacts import Check
from trainwright.core.errors import TrainwrightError
from trainwright.runs.workspace import Workspace

NEEDED = ("numpy", "scipy", "polars", "pyarrow", "lightgbm", "fastapi", "uvicorn")
LEAST_FREE_BYTES = 1 << 30


def doctor(*, workspace: Path | None = None) -> tuple[Check, ...]:
    """Check Python, libraries, cores, memory, disk and the workspace."""
    return (_python(), *(_library(name) for name in NEEDED), _cores(), _memory(), *_disk(workspace))


def _python() -> Check:
    version = platform.python_version()
    return Check("python", version.split(".")[:2] >= ["3", "11"], version)


def _library(name: str) -> Check:
    try:
        return Check(name, True, metadata.version(name))
    except metadata.PackageNotFoundError:
        return Check(name, False, "not installed: pip install trainwright")


def _cores() -> Check:
    return Check("cores", True, f"{len(os.sched_getaffinity(0))} usable of {os.cpu_count()}")


def _memory() -> Check:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Check("memory", total >= 2 << 30, f"{total / 1e9:.1f} GB")


def _disk(workspace: Path | None) -> tuple[Check, ...]:
    try:
        root = Workspace.open(workspace).root
    except TrainwrightError as error:
        return (Check("workspace", False, f"{error.what} ({error.where})"),)
    there = root if root.exists() else root.resolve().parent
    free = shutil.disk_usage(there).free
    return (
        Check("workspace", True, str(root)),
        Check("disk", free >= LEAST_FREE_BYTES, f"{free / 1e9:.1f} GB free beside the workspace"),
    )
