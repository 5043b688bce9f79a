"""Batches of worker processes: the same bits, none lost or doubled, whatever happens to a worker.

Each process imports torch, so there are few tests, and pools are shared where that proves as much.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from trainwright.core.errors import (
    DataError,
    EnvironmentFault,
    RecipeError,
    TrainwrightError,
    TrustError,
)
from trainwright.training.feeding.loader import epoch_batches
from trainwright.training.feeding.workers import Workers, WorkerWarning
from unit.training.feeding.awkward import (
    Crashing,
    Drawn,
    Hanging,
    HangingOnce,
    Holding,
    Killed,
    Unreadable,
)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_batches_are_the_same_bits_also_when_workers_are_killed() -> None:
    source = Drawn(60)
    with Workers(source, 2) as pool:
        makers: set[int] = set()
        killed = 0
        for epoch in range(2):
            here = epoch_batches(source, seed=3, epoch=epoch, batch_size=4, skip=1)
            ahead = epoch_batches(source, seed=3, epoch=epoch, batch_size=4, skip=1, workers=pool)
            for number, ((rows, batch), (expected_rows, expected)) in enumerate(
                zip(ahead, here, strict=True)
            ):
                if epoch == 1 and number == 2:
                    killed = min(makers)
                    os.kill(killed, signal.SIGKILL)
                    makers = set()
                assert pool._num_requests <= 15 * epoch + number + 1 + 2 * 2  # prefetch is bounded
                makers.add(int(batch["pid"]))
                assert np.array_equal(rows, expected_rows)
                for name in ("image", "index"):
                    assert torch.equal(batch[name], expected[name])
                    assert batch[name].stride() == expected[name].stride()
        assert os.getpid() not in makers
        assert makers - {killed}
        # An epoch that is left early leaves nothing behind in the next one.
        left = epoch_batches(source, seed=3, epoch=2, batch_size=4, workers=pool)
        next(left)
        left.close()
        again = epoch_batches(source, seed=3, epoch=3, batch_size=4, workers=pool)
        first, second = next(again), next(again)
        between = epoch_batches(source, seed=3, epoch=0, batch_size=30, workers=pool)
        assert [len(rows) for rows, _ in between] == [30, 30]
        seen = np.concatenate([first[0], second[0], *(rows for rows, _ in again)])
        assert sorted(seen) == list(range(60))
        with pytest.raises(TrainwrightError, match="another source"):
            next(epoch_batches(Drawn(60), seed=0, epoch=0, batch_size=4, workers=pool))
        alive = [worker.process for worker in pool._workers]
    assert not any(process.is_alive() for process in alive)


def test_errors_come_back_when_their_batch_is_due_and_the_pool_goes_on() -> None:
    source = Unreadable(12)
    with Workers(source, 1, prefetch=4) as pool:

        def batches(skip: int) -> Iterator[tuple[np.ndarray, object]]:
            return epoch_batches(
                source, seed=0, epoch=0, batch_size=2, shuffle=False, skip=skip, workers=pool
            )

        epoch = batches(skip=0)
        assert [next(epoch)[0].tolist() for _ in range(2)] == [[0, 1], [2, 3]]
        with pytest.raises(DataError, match="OSError: 'no such file'") as caught:
            next(epoch)
        assert caught.value.where == "row 5"
        assert "In the worker" in caught.value.__notes__[0]
        with pytest.raises(TrustError, match="damaged"):
            next(batches(skip=3))
        with pytest.raises(MemoryError, match="too much"):
            next(batches(skip=4))
        assert next(batches(skip=5))[0].tolist() == [10, 11]


def test_a_worker_that_hangs_is_named_and_killed_and_its_batches_are_made_by_another(
    tmp_path: Path,
) -> None:
    source = HangingOnce(24, tmp_path / "hung")
    said: list[str] = []

    def describe(rows: np.ndarray) -> str:
        said.append(f"files {rows}")
        return said[-1]

    expected = list(epoch_batches(Drawn(24), seed=0, epoch=0, batch_size=2))
    with Workers(source, 2, timeout_seconds=1.0, describe_rows=describe) as pool:
        pids = {worker.pid for worker in pool._workers}
        with pytest.warns(WorkerWarning, match=r"said nothing for 1 s and was killed") as told:
            found = list(epoch_batches(source, seed=0, epoch=0, batch_size=2, workers=pool))
        gone = pids - {worker.pid for worker in pool._workers}
        assert gone
        assert all(_is_gone_within(5, pid) for pid in gone)
    assert source.marker.exists()
    for (rows, batch), (its_rows, its_batch) in zip(found, expected, strict=True):
        assert np.array_equal(rows, its_rows)
        assert torch.equal(batch["image"], its_batch["image"])
        assert batch["index"].tolist() == rows.tolist()
    assert sorted(row for rows, _ in found for row in rows) == list(range(24))
    assert re.search(r"where: worker [01] \(pid \d+\), files ", str(told[0].message))
    assert any("5" in re.findall(r"\d+", one) for one in said)


def test_rows_that_every_worker_hangs_at_are_named() -> None:
    source = Hanging(12)
    with Workers(
        source, 1, timeout_seconds=0.5, max_restarts=1, describe_rows=lambda r: f"files {r}"
    ) as pool:
        epoch = epoch_batches(source, seed=0, epoch=0, batch_size=2, shuffle=False, workers=pool)
        assert [next(epoch)[0].tolist() for _ in range(2)] == [[0, 1], [2, 3]]
        with (
            pytest.warns(
                WorkerWarning, match=r"\(pid \d+\), files \[4 5\][^$]*time 1 of 1 at most"
            ),
            pytest.raises(DataError, match=r"0\.5 s and was killed, as were 1 before it") as caught,
        ):
            next(epoch)
        found = re.fullmatch(r"worker 0 \(pid (\d+)\), files \[4 5\]", caught.value.where)
        assert found is not None
        assert "can be read" in caught.value.mend
        with pytest.raises(ProcessLookupError):
            os.kill(int(found[1]), 0)


@pytest.mark.parametrize(
    ("source", "restarts", "error", "what", "mend"),
    [
        (Crashing(12), 0, DataError, r"1 in a row \(SIGSEGV", "leave out the row"),
        (Killed(12), 1, EnvironmentFault, r"2 in a row \(SIGKILL\): memory", "training.workers: 1"),
    ],
    ids=["crash", "kill"],
)
def test_rows_that_end_every_worker_are_named(
    source: Drawn, restarts: int, error: type[TrainwrightError], what: str, mend: str
) -> None:
    with Workers(source, 1, max_restarts=restarts) as pool:
        epoch = epoch_batches(source, seed=0, epoch=0, batch_size=2, shuffle=False, workers=pool)
        assert [next(epoch)[0].tolist() for _ in range(2)] == [[0, 1], [2, 3]]
        with pytest.raises(error, match=what) as caught:
            next(epoch)
        assert caught.value.where == "worker 0, rows 4, 5"
        assert mend in caught.value.mend


def test_workers_outlive_signals_to_their_group_but_not_their_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        textwrap.dedent(
            """
            import os, signal, sys, time
            from trainwright.training.feeding.loader import epoch_batches
            from trainwright.training.feeding.workers import Workers
            from unit.training.feeding.awkward import Hanging

            if __name__ == "__main__":
                for number in (signal.SIGINT, signal.SIGTERM):
                    signal.signal(number, lambda *_: None)
                source = Hanging(12)
                pool = Workers(source, 1)
                worker = pool._workers[0].pid
                os.killpg(0, signal.SIGTERM)  # while it imports
                epoch = epoch_batches(
                    source, seed=0, epoch=0, batch_size=1, shuffle=False, workers=pool
                )
                assert int(next(epoch)[1]["pid"]) == worker
                os.killpg(0, signal.SIGTERM)
                os.killpg(0, signal.SIGINT)
                for _ in range(4):
                    assert int(next(epoch)[1]["pid"]) == worker
                print(worker, flush=True)
                next(epoch)  # hangs
            """
        )
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    parent = subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )
    with parent:
        try:
            assert parent.stdout is not None
            worker = int(parent.stdout.readline())
            os.kill(worker, 0)
        finally:
            parent.kill()
    assert _is_gone_within(5, worker)


def test_a_source_that_cannot_be_handed_over_is_refused_with_the_way_out() -> None:
    with pytest.raises(RecipeError, match="cannot be handed to a worker") as caught:
        Workers(Holding(held=lambda: None), 1)
    assert caught.value.mend == "training.workers: 0"


@pytest.mark.slow
def test_twenty_kills_lose_and_double_nothing() -> None:
    source = Drawn(400)
    draw = random.Random(0)
    seen: list[int] = []
    with Workers(source, 2) as pool:
        epoch = epoch_batches(source, seed=0, epoch=0, batch_size=4, workers=pool)
        for number, (rows, batch) in enumerate(epoch):
            assert batch["index"].tolist() == rows.tolist()
            seen.extend(rows.tolist())
            if number % 5 == 0:
                victim = draw.choice(pool._workers)
                time.sleep(draw.random() * 0.2)
                victim.process.kill()
    expected = epoch_batches(source, seed=0, epoch=0, batch_size=4)
    assert seen == [row for rows, _ in expected for row in rows]


@pytest.mark.slow
def test_a_script_that_guards_nothing_is_told_so(tmp_path: Path) -> None:
    script = tmp_path / "unguarded.py"
    script.write_text(
        textwrap.dedent(
            """
            from trainwright.training.feeding.loader import epoch_batches
            from unit.training.feeding.awkward import Drawn

            next(epoch_batches(Drawn(4), seed=0, epoch=0, batch_size=2, workers=1))
            """
        )
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    ended = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, env=environment, timeout=120
    )
    assert ended.returncode == 1
    assert "ended before it could begin (exit status 1)" in ended.stderr
    assert 'put what the script does under if __name__ == "__main__":' in ended.stderr


def _is_gone_within(seconds: float, pid: int) -> bool:
    """A process has ended; who inherited it may not have asked for its status yet."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False
