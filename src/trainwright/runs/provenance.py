"""What a run was made with: versions, machine, commit, times. It stands beside the package, never in it.

Environment variables are kept by an allow-list of names, so that a secret need not be recognised
to stay out.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from trainwright.runs.redaction import redact, redact_arguments

# What can move a number or a speed; none of these holds a secret.
_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "PYTHONHASHSEED",
    "LANG",
    "LC_ALL",
    "TZ",
    "CUDA_VISIBLE_DEVICES",
)
_GIT_SECONDS = 5.0


def provenance(
    recipe_folder: Path | None,
    *,
    started: str,
    ended: str,
    arguments: Sequence[str] | None = None,
) -> dict[str, Any]:
    """The facts of a run's making, as JSON values.

    Args:
        recipe_folder: Its repository's commit is noted; None for a recipe without a file.
        started: ISO 8601, UTC.
        ended: ISO 8601, UTC.
        arguments: The command line; this process's own when None.
    """
    return {
        "started": started,
        "ended": ended,
        "arguments": redact_arguments(list(sys.argv if arguments is None else arguments)),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "cpus_usable": len(os.sched_getaffinity(0)),
        "libraries": library_versions(),
        "environment": {k: redact(os.environ[k]) for k in _VARIABLES if k in os.environ},
        "git": git_state(recipe_folder) if recipe_folder is not None else None,
    }


def library_versions() -> dict[str, str]:
    """Versions of ourselves and of what we depend on, by distribution name."""
    try:
        needed = metadata.requires("trainwright") or []
    except metadata.PackageNotFoundError:
        needed = []
    names = {"trainwright", *(re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in needed)}
    found = {}
    for name in sorted(names):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def git_state(folder: Path) -> dict[str, Any] | None:
    """Commit of the repository around `folder`, and whether files differ from it; None without one."""
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return None
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "changed": bool(changes) if changes is not None else None}


def _git(folder: Path, *arguments: str) -> str | None:
    # A repository may configure programs that git runs; fsmonitor is the one that `status` would.
    command = ["git", "-C", str(folder), "--no-optional-locks", "-c", "core.fsmonitor=false"]
    try:
        done = subprocess.run(
            [*command, *arguments], capture_output=True, timeout=_GIT_SECONDS, check=True, text=True
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None  # no git, no repository, or one that does not answer: absent is fine
    return done.stdout.strip()
