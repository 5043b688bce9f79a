from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from cluster_work import (
    breaks,
    dies,
    dies_once,
    doubled,
    finds_no_room,
    first_last,
    in_which_process,
    refuses,
    says,
    summed,
)
from trainwright.compute import ray as ray_workers
from trainwright.compute.ray import ATTEMPTS, MOST_SHARES, RayWorkers, _shares, _Task
from trainwright.core.errors import DataError, EnvironmentFault

STORE = 80_000_000


@pytest.fixture(scope="module")
def workers() -> Iterator[RayWorkers]:
    """A cluster of two workers on this machine, which can import what the tests have it do."""
    tests = str(Path(__file__).parents[2])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", tests, prepend=os.pathsep)
        with RayWorkers(cpus=2, object_store=STORE) as started:
            yield started


def test_results_come_in_the_items_order_whoever_is_done_first(
    workers: RayWorkers, tmp_path: Path
) -> None:
    (tmp_path / "others").write_text("24")
    found = workers.map(partial(first_last, tmp_path), range(25), folder=tmp_path)
    assert list(found) == list(range(25))


def test_work_is_done_by_other_processes(workers: RayWorkers, tmp_path: Path) -> None:
    found = set(workers.map(in_which_process, range(4), folder=tmp_path))
    assert os.getpid() not in found


def test_every_share_gives_a_result_and_they_add_up(workers: RayWorkers, tmp_path: Path) -> None:
    found = list(workers.map(summed, range(5), folder=tmp_path))
    assert len(found) == 5
    assert sum(found) == 10


def test_without_items_nothing_is_done(tmp_path: Path) -> None:
    with RayWorkers("nowhere:1") as idle:  # a cluster that is not there is not asked
        assert list(idle.map(doubled, [], folder=tmp_path)) == []


def test_what_a_killed_worker_did_is_done_again(
    workers: RayWorkers, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    list(workers.map(doubled, [1], folder=tmp_path))
    with RayWorkers() as joined:  # the same cluster
        found = list(joined.map(partial(dies_once, tmp_path), range(4), folder=tmp_path))
        assert (tmp_path / "died").exists()
        assert found == [0, 1, 10, 11, 20, 21, 30, 31]
    assert capfd.readouterr().out == ""  # Ray tells of the death elsewhere
    assert list(workers.map(doubled, [1], folder=tmp_path)) == [2]  # who joins ends nothing


def test_an_error_of_ours_comes_back_whole_and_the_first_in_order(
    workers: RayWorkers, tmp_path: Path
) -> None:
    found = workers.map(partial(refuses, (1, 3)), range(5), folder=tmp_path)
    assert next(found) == 0
    with pytest.raises(DataError, match="1 is odd") as refused:
        list(found)
    assert [fault.where for fault in refused.value.faults] == ["row 1", "row 2"]
    assert refused.value.mend == "mend it"
    assert list(tmp_path.iterdir()) == []  # nothing is left of the pass


def test_a_full_disk_is_a_fault_of_the_environment(workers: RayWorkers, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="No space left"):
        list(workers.map(finds_no_room, [0, 1], folder=tmp_path))


def test_another_error_says_where_it_was_raised(workers: RayWorkers, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)ZeroDivisionError in a Ray worker.*cluster_work"):
        list(workers.map(breaks, [1, 0], folder=tmp_path))


def test_a_worker_with_other_packages_is_refused(
    workers: RayWorkers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = ray_workers._code()
    monkeypatch.setattr(ray_workers, "_code", lambda: {**mine, "polars": "0.1"})
    with pytest.raises(EnvironmentFault, match=f"polars {mine['polars']} in place of 0.1"):
        list(workers.map(doubled, [1], folder=tmp_path))


def test_a_worker_that_does_not_see_the_folder_is_refused(tmp_path: Path) -> None:
    task = _Task(doubled, None, tmp_path / "elsewhere" / "attempts", ray_workers._code())
    with pytest.raises(EnvironmentFault, match=r"does not see .*elsewhere") as refused:
        task._check()
    assert "--workspace" in refused.value.mend


def test_work_that_kills_every_worker_is_given_up(tmp_path: Path) -> None:
    task = _Task(dies, None, tmp_path, ray_workers._code())
    for _ in range(ATTEMPTS):
        task._note_attempt(7)
    with pytest.raises(EnvironmentFault, match=f"{ATTEMPTS} workers died at the same work"):
        task._note_attempt(7)
    task._note_attempt(8)


@pytest.mark.slow  # four workers are started anew
def test_work_that_kills_every_worker_ends(workers: RayWorkers, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match=f"{ATTEMPTS} workers died"):
        list(workers.map(dies, [1], folder=tmp_path))


def test_what_workers_print_stays_out_of_standard_output(
    workers: RayWorkers, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert list(workers.map(says, [1, 2], folder=tmp_path)) == [1, 2]
    assert capfd.readouterr().out == ""


def test_the_signal_handlers_stay_ours(workers: RayWorkers, tmp_path: Path) -> None:
    list(workers.map(doubled, [1], folder=tmp_path))
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_cluster_of_our_own_listens_on_the_loopback_interface_alone(
    workers: RayWorkers, tmp_path: Path
) -> None:
    list(workers.map(doubled, [1], folder=tmp_path))
    found = [address for pid in descendants(os.getpid()) for address in listening(pid)]
    assert len(found) > 3
    assert {address for address in found if not address.startswith("127.")} == set()


@pytest.mark.slow  # a second interpreter starts Ray
def test_who_has_no_token_is_refused_by_a_cluster_of_our_own(
    workers: RayWorkers, tmp_path: Path
) -> None:
    list(workers.map(doubled, [1], folder=tmp_path))
    import ray

    address = ray.get_runtime_context().gcs_address
    code = (
        f"import ray; ray.init({address!r}); print(ray.get(ray.remote(lambda: 'let in').remote()))"
    )
    strange = {**os.environ, "RAY_AUTH_TOKEN": "0" * 64}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=strange, timeout=120
    )
    assert done.returncode != 0
    assert "let in" not in done.stdout


def test_where_ray_was_imported_before_no_open_cluster_is_started() -> None:
    code = (
        "import ray; from trainwright.compute.ray import RayWorkers; from pathlib import Path\n"
        "list(RayWorkers(cpus=1).map(iter, [1], folder=Path()))"
    )
    bare = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=bare, timeout=120
    )
    assert "would listen to others" in done.stderr
    assert "ray.init()" in done.stderr


def test_where_nobody_answers_it_is_said_at_once(tmp_path: Path) -> None:
    with socket.socket() as other:  # a port that nobody listens on
        other.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(EnvironmentFault, match=f"{address} cannot be reached") as refused:
            RayWorkers(address)._connect(None)
    assert "RAY_AUTH_TOKEN_PATH" in refused.value.mend


def test_many_items_make_no_more_shares_than_ray_bears() -> None:
    shares = _shares(range(10 * MOST_SHARES + 1))
    assert len(shares) <= MOST_SHARES
    assert [item for share in shares for item in share] == list(range(10 * MOST_SHARES + 1))
    assert _shares([1, 2]) == [[1], [2]]


def descendants(pid: int) -> list[int]:
    """The processes that a process started, and theirs."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *descendants(int(child))]
    return found


def listening(pid: int) -> list[str]:
    """The addresses on which a process takes connections."""
    sockets = set()
    try:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            sockets.add(str(entry.readlink()))
    except OSError:  # it ended meanwhile
        return []
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            local, state, inode = (line.split()[at] for at in (1, 3, 9))
            if state == "0A" and f"socket:[{inode}]" in sockets:
                number = bytes.fromhex(local.partition(":")[0])[-4:]
                found.append(".".join(str(byte) for byte in reversed(number)))
    return found
