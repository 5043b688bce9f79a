"""The vectorised scans, against Python's own csv reader."""

import csv
import io

import pytest

from trainwright.data.reading.scanning import (
    blemishes,
    count_fields,
    count_newlines,
    record_end,
    whole_records,
)

SOUND = [
    b"a,b\n1,2\n",
    b'"a\nb",c\r\n\r\n"x""y",\n',
    b'"""",""\n,\n',
    b'"a,b\n\n",1\n2,"\r"\n',
]


@pytest.mark.parametrize("block", SOUND)
def test_fields_are_counted_as_pythons_reader_does(block: bytes):
    rows = rows_of(block)
    counts, starts = count_fields(block, delimiter=b",")
    assert counts.tolist() == [len(row) for row in rows]
    assert blemishes(block, delimiter=b",") == []
    assert all(start == 0 or block[start - 1 : start] == b"\n" for start in starts)


def rows_of(block: bytes) -> list[list[str]]:
    return [row for row in csv.reader(io.StringIO(block.decode(), newline="")) if row]


@pytest.mark.parametrize("block", SOUND)
def test_wherever_a_block_is_cut_its_records_stay_whole(block: bytes):
    for cut in range(len(block) + 1):
        end = record_end(block[:cut])
        assert end <= cut
        assert rows_of(block[:end]) + rows_of(block[end:]) == rows_of(block)


def test_a_record_that_is_not_ended_has_no_end():
    assert record_end(b'"a\nb\nc') == 0
    assert record_end(b'x\n"a\nb\nc') == 2


def test_newlines_are_counted_across_the_pieces_of_a_block() -> None:
    block = b"ab\n\n" * 200_000
    assert count_newlines(block) == 400_000
    assert count_newlines(b"") == 0


@pytest.mark.parametrize("text", [b"a,b\n1,2\n\n3,4\n5", b'a,"b\nc"\n1,"2\n\n"\n3,4\n"5\n'])
def test_records_come_whole_wherever_the_text_is_cut(text: bytes) -> None:
    end = record_end(text)
    for cut in range(len(text) + 1):
        first, carry = whole_records(b"", text[:cut])
        second, rest = whole_records(carry, text[cut:])
        assert first == text[: record_end(text[:cut])]
        assert first + second == text[:end]
        assert rest == text[end:]
