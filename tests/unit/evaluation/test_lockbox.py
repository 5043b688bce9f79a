from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import pytest

from trainwright.core.errors import TrustError
from trainwright.core.record import Record
from trainwright.evaluation.lockbox import Lockbox, lockbox_statement, look_confidence


@pytest.fixture
def lockbox(tmp_path):
    return Lockbox(Record(tmp_path / "lockbox.jsonl"))


def look_at(lockbox, source="rows", model="m1"):
    return lockbox.open(source, run="r", snapshot="s", model=model, when="2024-01-01T00:00:00Z")


def test_the_second_look_is_told_at_a_higher_level(lockbox):
    first, second = look_at(lockbox), look_at(lockbox)
    assert (first.number, first.confidence) == (1, 0.95)
    assert (second.number, second.confidence) == (2, 0.9875)


def test_other_rows_have_their_own_count_and_a_new_split_of_the_same_does_not(lockbox):
    look_at(lockbox)
    assert look_at(lockbox, source="others").number == 1
    again = lockbox.open("rows", run="r2", snapshot="other split", model="m", when="now")
    assert again.number == 2
    assert [entry["snapshot"] for entry in lockbox.looks("rows")] == ["s", "other split"]


def test_the_look_is_on_disk_before_it_is_told(lockbox):
    number = look_at(lockbox).number
    assert len(Lockbox(Record(lockbox.record.path)).looks("rows")) == number


def test_looks_at_once_get_numbers_of_their_own(lockbox):
    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(lambda _: look_at(lockbox).number, range(12)))
    assert sorted(numbers) == list(range(1, 13))


def test_a_cut_tail_shows(lockbox):
    look_at(lockbox)
    look_at(lockbox)
    noted = lockbox.head()
    path = lockbox.record.path
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    assert look_at(lockbox, model="m2").number == 2  # the file alone cannot tell
    with pytest.raises(TrustError, match="restore the file from a backup"):
        lockbox.record.check_head(noted)


def test_a_changed_line_shows(lockbox):
    look_at(lockbox)
    look_at(lockbox)
    path = lockbox.record.path
    path.write_bytes(path.read_bytes().replace(b'"rows"', b'"cols"', 1))
    with pytest.raises(TrustError, match="a line of the record was changed"):
        lockbox.looks("rows")


def test_all_looks_together_err_in_at_most_a_twelfth():
    total = sum(1 - look_confidence(number) for number in range(1, 10_000))
    assert total < 0.05 * math.pi**2 / 6 + 1e-9


def test_the_statement_says_what_no_correction_can_mend():
    assert "fixed before" in lockbox_statement(1, models_changed=False)
    second = lockbox_statement(2, models_changed=False)
    assert "98.75 %" in second
    assert "no correction" not in second
    assert "no correction holds" in lockbox_statement(3, models_changed=True)
