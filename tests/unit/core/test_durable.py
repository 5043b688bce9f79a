"""A reader sees a file whole or not at all, whatever fails, and nothing half-written stays."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from trainwright.core import durable
from trainwright.core.errors import EnvironmentFault, TrustError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_umask():
    before = os.umask(0)
    yield
    os.umask(before)


def test_files_are_0600_and_folders_0700_under_an_open_umask(tmp_path, open_umask):
    durable.make_folder(tmp_path / "a" / "b")
    durable.write_text(tmp_path / "a" / "b" / "file", "x")
    with durable.staged_folder(tmp_path / "staged") as aside:
        (aside / "deep").mkdir(durable.FOLDER_MODE)
        (aside / "deep" / "file").write_text("x")
    with durable.lock(tmp_path / "lock"):
        pass
    assert mode(tmp_path / "a") == mode(tmp_path / "a" / "b") == mode(tmp_path / "staged") == 0o700
    files = [
        tmp_path / "a" / "b" / "file",
        tmp_path / "staged" / "deep" / "file",
        tmp_path / "lock",
    ]
    assert [mode(file) for file in files] == [0o600] * 3


# Every call by which a write reaches the disk, as the module names it.
CALLS = [
    ("os.open", 1),
    ("os.fsync", 1),
    ("os.fsync", 2),
    ("pathlib.Path.touch", 1),
    ("pathlib.Path.write_bytes", 1),
    ("pathlib.Path.chmod", 1),
    ("pathlib.Path.replace", 1),
]


def fail_at(monkeypatch, name: str, count: int, code: int = errno.EIO) -> None:
    owner: object = os if name.startswith("os.") else Path
    attribute = name.rsplit(".", 1)[1]
    real = getattr(owner, attribute)
    calls = 0

    def planted(*arguments, **options):
        nonlocal calls
        calls += 1
        if calls == count:
            raise OSError(code, os.strerror(code))
        return real(*arguments, **options)

    monkeypatch.setattr(owner, attribute, planted)


@pytest.mark.parametrize(("name", "count"), CALLS)
def test_a_write_that_fails_at_any_step_leaves_old_or_new_and_no_litter(
    tmp_path, monkeypatch, name, count
):
    path = tmp_path / "value.json"
    durable.write_json(path, {"value": "old"})
    with monkeypatch.context() as patch:
        fail_at(patch, name, count)
        with pytest.raises(EnvironmentFault, match="Input/output error") as caught:
            durable.write_json(path, {"value": "new"})
    assert caught.value.where == str(path)
    assert durable.read_json(path)["value"] in ("old", "new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["value.json"]


@pytest.mark.parametrize(
    ("name", "count"), [("os.fsync", n) for n in (1, 2, 3)] + [("pathlib.Path.rename", 1)]
)
def test_a_staged_folder_that_fails_is_absent_or_whole(tmp_path, monkeypatch, name, count):
    target = tmp_path / "folder"
    with monkeypatch.context() as patch:
        fail_at(patch, name, count)
        with pytest.raises(EnvironmentFault), durable.staged_folder(target) as aside:
            (aside / "one").write_text("1")
    whole = target.is_dir() and (target / "one").read_text() == "1"
    assert whole or not target.exists()
    assert [e for e in tmp_path.iterdir() if e != target] == []


def test_a_staged_folder_whose_filling_breaks_off_leaves_nothing(tmp_path):
    with pytest.raises(KeyError), durable.staged_folder(tmp_path / "folder") as aside:  # noqa: PT012
        (aside / "one").write_text("1")
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_a_staged_folder_never_replaces_one_that_is_there(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine").touch()
    with (
        pytest.raises(EnvironmentFault, match="move away"),
        durable.staged_folder(tmp_path / "folder"),
    ):
        pass
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]


def test_a_full_disk_is_told_with_the_room_that_is_left(tmp_path, monkeypatch):
    fail_at(monkeypatch, "os.fsync", 1, errno.ENOSPC)
    with pytest.raises(EnvironmentFault, match=r"\d+ MB are free there"):
        durable.write_text(tmp_path / "file", "x")


def test_a_fault_from_the_filling_keeps_its_own_mend(tmp_path):
    def write(aside: Path) -> None:
        raise EnvironmentFault("the library is missing", mend="pip install it")

    with pytest.raises(EnvironmentFault, match="pip install it"):
        durable.write_with(tmp_path / "file", write)


KILLED = """
import os, sys, time
from pathlib import Path
from trainwright.core.durable import staged_folder, write_with
folder = Path(sys.argv[1])
def fill(aside):
    aside.write_text("half")
    with staged_folder(folder / "staged") as other:
        (other / "half").write_text("x")
        print("ready", flush=True)
        time.sleep(60)
write_with(folder / "file", fill)
"""


def test_sweep_leaves_a_live_writer_alone_and_removes_what_a_killed_one_left(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert durable.sweep(tmp_path) == 0
        assert len(list(tmp_path.iterdir())) == 2
    finally:
        process.kill()
        process.wait()
    assert durable.sweep(tmp_path) == 2
    assert list(tmp_path.iterdir()) == []


def test_sweep_removes_a_link_and_not_what_it_points_to(tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    (tmp_path / ".x.tmp-1").symlink_to(tmp_path / "precious")
    assert durable.sweep(tmp_path) == 1
    assert (tmp_path / "precious" / "file").exists()


def test_a_lock_names_the_process_that_holds_it_and_goes_with_it(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from trainwright.core.durable import lock\n"
        "with lock(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    path = tmp_path / "lock"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        with (
            pytest.raises(EnvironmentFault, match=f"pid {process.pid}"),
            durable.lock(path, wait=False),
        ):
            pass
    finally:
        process.kill()
        process.wait()
    with durable.lock(path, wait=False):
        assert path.read_text() == str(os.getpid())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": 1, "a": 2}', "a key stands twice"),
        ('{"a": NaN}', "NaN is not a number that JSON has"),
        ('{"a": Infinity}', "Infinity is not"),
        ('{"a": 1', "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("1" * 5000, "not valid JSON"),
    ],
)
def test_json_that_is_not_ours_is_refused(tmp_path, text, says):
    (tmp_path / "file").write_text(text)
    with pytest.raises(TrustError, match=says):
        durable.read_json(tmp_path / "file")


def test_links_pipes_absent_and_huge_files_are_refused(tmp_path):
    (tmp_path / "real").write_text("{}")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    os.mkfifo(tmp_path / "pipe")
    for name, says in {"link": "symbolic link", "pipe": "not a regular", "none": "missing"}.items():
        with pytest.raises(TrustError, match=says):
            durable.read_json(tmp_path / name)
    with pytest.raises(TrustError, match="more than the limit of 1"):
        durable.read_json(tmp_path / "real", limit_bytes=1)


def test_equal_values_are_equal_bytes_and_no_number_is_made_up():
    assert durable.canonical_json({"b": 0.1, "a": "é"}) == '{"a":"é","b":0.1}'.encode()
    with pytest.raises(ValueError, match="Out of range"):
        durable.canonical_json(float("nan"))


def test_the_hash_of_a_file_is_sha256(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")  # FIPS 180-2, appendix B.1
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert durable.sha256_file(tmp_path / "file") == durable.sha256_bytes(b"abc") == expected


def test_a_file_that_stands_where_a_folder_must_be_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentFault, match="move away what stands there"):
        durable.make_folder(tmp_path / "file" / "below")


def test_what_was_made_and_cannot_be_opened_is_removed_at_once(tmp_path, monkeypatch):
    whole, refused = os.open, []

    def refuse(path, *others, **named):
        if ".tmp-" in str(path) and not refused:
            refused.append(path)
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return whole(path, *others, **named)

    monkeypatch.setattr("trainwright.core.durable.os.open", refuse)
    with pytest.raises(EnvironmentFault), durable.staged_folder(tmp_path / "folder"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_listed_is_not_swept(tmp_path, monkeypatch):
    (tmp_path / ".a.tmp-1").touch()

    def refuse(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.glob", refuse)
        assert durable.sweep(tmp_path) == 0
    assert durable.sweep(tmp_path) == 1
