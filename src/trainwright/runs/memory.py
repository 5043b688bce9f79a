"""What the kernel tells of this process group's memory: its limit, its peak, and how often it killed.

Version 2 of control groups and version 1; elsewhere nothing is known, and nothing is claimed.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_CGROUP, _MOUNT = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
_UNLIMITED = 1 << 60  # version 1 says "none" by a number like this


@dataclass(frozen=True, slots=True)
class MemoryGroup:
    """Attributes.

    limit: Bytes that the group may use; None where there is no limit.
    peak: Bytes that it used at most.
    kills: Processes in it that the kernel killed since memory ran out.
    """

    limit: int | None
    peak: int | None
    kills: int | None

    @classmethod
    def ours(cls, *, cgroup: Path = _CGROUP, mount: Path = _MOUNT) -> MemoryGroup:
        """Of this process; all None where the kernel does not tell."""
        for folder, names in _places(cgroup, mount):
            if (folder / names[2]).is_file():
                limit, peak = (_number(folder / name) for name in names[:2])
                if limit is not None and limit >= _UNLIMITED:
                    limit = None
                return cls(limit, peak, _number(folder / names[2], "oom_kill "))
        return cls(None, None, None)


_SECOND = ("memory.max", "memory.peak", "memory.events")
_FIRST = ("memory.limit_in_bytes", "memory.max_usage_in_bytes", "memory.oom_control")


def _places(cgroup: Path, mount: Path) -> list[tuple[Path, tuple[str, str, str]]]:
    """Where the figures may be: the group's own folder, or, in a container, the mount itself."""
    places = []
    with suppress(OSError):
        for line in cgroup.read_text().splitlines():
            number, controllers, path = line.split(":", 2)
            if number == "0":
                root, names = mount, _SECOND
            elif "memory" in controllers.split(","):
                root, names = mount / "memory", _FIRST
            else:
                continue
            places += [(root / path.lstrip("/"), names), (root, names)]
    return places


def _number(path: Path, prefix: str = "") -> int | None:
    """The number in a file, or on its line that begins with `prefix`."""
    with suppress(OSError):
        for line in path.read_text().splitlines():
            rest = line.removeprefix(prefix)
            if line.startswith(prefix) and rest.strip().isdigit():
                return int(rest)
    return None
