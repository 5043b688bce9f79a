"""A record shows a changed, lost or cut line, and takes up after a torn one."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from trainwright.core.errors import TrustError
from trainwright.core.record import Head, Record


@pytest.fixture
def record(tmp_path) -> Record:
    record = Record(tmp_path / "record.jsonl")
    for number in range(4):
        record.append({"number": number})
    return record


def numbers(record: Record) -> list[int]:
    return [body["number"] for body in record.read()]


def test_what_was_appended_is_read_in_order(record):
    assert numbers(record) == [0, 1, 2, 3]
    assert record.head().length == 4


def test_an_absent_record_is_empty(tmp_path):
    record = Record(tmp_path / "none.jsonl")
    assert record.read() == []
    assert record.head() == Head(0, "0" * 64)
    record.check_head(record.head())


@pytest.mark.parametrize("torn", [b'{"n": 4, "bo', b"\xff\xfe", b'{"n":4,"body":{},"hash":"x"}'])
def test_a_torn_last_line_is_passed_over_and_cut_off_by_the_next_append(record, torn):
    with record.path.open("ab") as file:
        file.write(torn)
    assert numbers(record) == [0, 1, 2, 3]
    record.append({"number": 4})
    assert numbers(Record(record.path)) == [0, 1, 2, 3, 4]


def lines_of(record: Record) -> list[bytes]:
    return record.path.read_bytes().splitlines(keepends=True)


def changed(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[1].replace(b'"number":1', b'"number":7'), *lines[2:]]


@pytest.mark.parametrize(
    "damage",
    [
        changed,
        lambda lines: [lines[0], *lines[2:]],
        lambda lines: [lines[1], lines[0], *lines[2:]],
        lambda lines: [lines[0], lines[0], *lines[2:]],
        lambda lines: [b"\n", *lines],
        lambda lines: [b"not json\n", *lines[1:]],
        lambda lines: [b"[]\n", *lines[1:]],
        lambda lines: [b'{"n":0,"body":{"a":"\\ud800"},"hash":"x"}\n', *lines[1:]],
        lambda lines: [b'{"n":0,"hash":"x"}\n', *lines[1:]],
    ],
)
def test_a_changed_lost_moved_or_foreign_line_is_refused_by_readers_and_writers(record, damage):
    record.path.write_bytes(b"".join(damage(lines_of(record))))
    with pytest.raises(TrustError, match=r"record\.jsonl:\d"):
        record.read()
    with pytest.raises(TrustError):
        record.append({"number": 4})


def test_every_flipped_bit_of_a_line_is_seen(record):
    before = record.path.read_bytes()
    end = before.index(b"\n") + 1
    for position in range(end):
        damaged = bytearray(before)
        damaged[position] ^= 1
        record.path.write_bytes(damaged)
        with pytest.raises(TrustError):
            record.read()


def test_a_cut_or_rewritten_tail_shows_against_a_head_kept_elsewhere(record):
    known = record.head()
    record.check_head(known)
    record.path.write_bytes(b"".join(lines_of(record)[:-1]))
    with pytest.raises(TrustError, match="has 3 entries and is not the one that had 4"):
        record.check_head(known)
    record.append({"number": 9})
    with pytest.raises(TrustError, match="restore the file from a backup"):
        record.check_head(known)


def test_growth_keeps_a_known_head(record):
    known = record.head()
    record.append({"number": 4})
    record.check_head(known)


def test_an_append_sees_what_another_writer_did_since(record):
    Record(record.path).append({"number": 4})
    assert record.append({"number": 5}).length == 6
    assert numbers(record) == [0, 1, 2, 3, 4, 5]


def test_appending_does_not_read_again_what_it_wrote_itself(record, monkeypatch):
    monkeypatch.setattr(record, "_lines", lambda: pytest.fail("the file was read again"))
    assert record.append({"number": 4}).length == 5


APPENDING = """
import sys
from pathlib import Path
from trainwright.core.record import Record
record = Record(Path(sys.argv[1]))
for _ in range(10):
    record.append({"number": int(sys.argv[2])})
"""


def test_several_processes_lose_no_line(tmp_path):
    path = tmp_path / "record.jsonl"
    command = [sys.executable, "-c", APPENDING, str(path)]
    processes = [subprocess.Popen([*command, str(writer)]) for writer in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert sorted(numbers(Record(path))) == sorted(list(range(3)) * 10)


def test_each_line_is_plain_json(record):
    assert [json.loads(line)["n"] for line in lines_of(record)] == [0, 1, 2, 3]
    assert record.path.stat().st_mode & 0o777 == 0o600
