"""The kernel's figures are read in both of its dialects, and nothing is made up where it tells none."""

from __future__ import annotations

from pathlib import Path

from trainwright.runs.memory import MemoryGroup


def group(folder: Path, lines: str, files: dict[str, str]) -> MemoryGroup:
    (folder / "cgroup").write_text(lines)
    for name, text in files.items():
        path = folder / "mount" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return MemoryGroup.ours(cgroup=folder / "cgroup", mount=folder / "mount")


def test_the_second_version_is_read_in_the_groups_own_folder(tmp_path: Path):
    files = {
        "job/memory.max": "1000000\n",
        "job/memory.peak": "900000\n",
        "job/memory.events": "low 0\nhigh 0\nmax 4\noom 2\noom_kill 2\noom_group_kill 0\n",
        "memory.events": "oom_kill 70\n",
    }
    assert group(tmp_path, "0::/job\n", files) == MemoryGroup(1_000_000, 900_000, 2)


def test_no_limit_is_none_and_a_container_sees_its_group_at_the_mount(tmp_path: Path):
    files = {"memory.max": "max\n", "memory.events": "oom_kill 0\n"}
    assert group(tmp_path, "0::/../elsewhere\n", files) == MemoryGroup(None, None, 0)


def test_the_first_version_is_read_as_well(tmp_path: Path):
    files = {
        "memory/job/memory.limit_in_bytes": "9223372036854771712\n",
        "memory/job/memory.max_usage_in_bytes": "4096\n",
        "memory/job/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
    }
    assert group(tmp_path, "4:memory:/job\n0::/\n", files) == MemoryGroup(None, 4096, 3)


def test_where_the_kernel_tells_nothing_nothing_is_known(tmp_path: Path):
    assert group(tmp_path, "0::/\n", {}) == MemoryGroup(None, None, None)
    absent = tmp_path / "absent"
    assert MemoryGroup.ours(cgroup=absent, mount=absent) == MemoryGroup(None, None, None)
