"""The mirror to a tracker: after the fact, in a process of its own, under a deadline.

A tracking server may be dead, slow, hanging or flapping, and a client library may retry, fork or
leak: none of it can reach a run from a child process that is ended at the deadline. A run waits
for it as long as its own budget lasts, and then leaves it to itself. What did not come over this
time comes over next time, or with `runs --sync`. Cost: the child's start, about two CPU-seconds
for MLflow.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import dataclass

from trainwright.core.errors import EnvironmentFault
from trainwright.recipe.sections import TrackingSettings
from trainwright.runs.redaction import redact
from trainwright.runs.workspace import Workspace

TRACKERS = {"mlflow": "trainwright.runs.mlflow:MLflowTracker"}  # kind -> Tracker(uri, root=...)
SYNC_SECONDS = 600.0
_REFERENCE = "env:"
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # A request that is sent again after a lost answer would make a second run; we look first.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
}


@dataclass(frozen=True, slots=True)
class MirrorResult:
    """What one mirroring brought over.

    Attributes:
        runs: Runs that were new or had changed.
        versions: Versions or aliases that were new or had changed.
        warning: One line saying what could not be brought over; None when all is there.
    """

    runs: int = 0
    versions: int = 0
    warning: str | None = None


def mirror(
    workspace: Workspace,
    settings: TrackingSettings,
    *,
    timeout_seconds: float,
    wait_seconds: float = math.inf,
) -> MirrorResult:
    """Bring over every ended run and version that the tracker lacks. Never raises for the tracker's sake.

    Args:
        workspace: What is mirrored.
        settings: Where to.
        timeout_seconds: After this long the attempt ends; the rest comes next time.
        wait_seconds: After this long the attempt goes on alone, and the caller with it.
    """
    if settings.kind == "none":
        return MirrorResult()
    uri = tracking_uri(workspace, settings)
    order = {
        "root": str(workspace.root),
        "tracker": TRACKERS[settings.kind],
        "uri": uri,
        "seconds": timeout_seconds,
    }
    timeout = max(1, min(30, int(timeout_seconds / 2)))
    environment = {**os.environ, **_QUIET, "MLFLOW_HTTP_REQUEST_TIMEOUT": str(timeout)}
    try:
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "trainwright.runs.mirror"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a pipe would break what goes on alone
            env=environment,
            start_new_session=True,  # Ctrl-C ends the command, not the mirror
        )
        told = json.dumps(order).encode()  # not as an argument: a URI may hold a password
        output, _ = child.communicate(told, timeout=min(timeout_seconds, wait_seconds))
        answer = json.loads(output)
        result = MirrorResult(answer["runs"], answer["versions"], answer["problem"])
    except subprocess.TimeoutExpired:
        if wait_seconds < timeout_seconds:
            return MirrorResult(warning=f"the mirror to {redact(uri)} goes on in the background")
        child.kill()
        child.communicate()
        result = MirrorResult(warning=f"no end within {timeout_seconds:g} s")
    except (OSError, ValueError, KeyError):
        result = MirrorResult(warning="the mirroring process broke off")
    if result.warning is None:
        return result
    problem = " ".join(redact(result.warning).split())[:200]
    return MirrorResult(
        result.runs,
        result.versions,
        f"not all was mirrored to {redact(uri)}: {problem}; `trainwright runs --sync` catches up",
    )


def sync(workspace: Workspace, settings: TrackingSettings) -> MirrorResult:
    """`mirror` that may take its time and says no aloud.

    Raises:
        EnvironmentFault: something could not be brought over.
    """
    result = mirror(workspace, settings, timeout_seconds=SYNC_SECONDS)
    if result.warning:
        raise EnvironmentFault(
            result.warning,
            where="tracking.uri",
            mend="start the tracking server, then: trainwright runs --sync",
        )
    return result


def tracking_uri(workspace: Workspace, settings: TrackingSettings) -> str:
    """Where to: the setting, the variable that `env:NAME` refers to, or the workspace's own store."""
    if settings.uri is None:
        return f"sqlite:///{workspace.mlflow_db}"
    if settings.uri.startswith(_REFERENCE):
        return os.environ.get(settings.uri.removeprefix(_REFERENCE), "") or settings.uri
    return settings.uri
