"""The record of labels: what stands after undoing, crashing, changing rows, and other processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainwright.core.errors import TrustError
from trainwright.core.record import Record
from trainwright.data.labels.book import Answer, LabelBook


@pytest.fixture
def book(tmp_path: Path) -> LabelBook:
    return LabelBook(tmp_path / "labels" / "mails.jsonl")


def say(book: LabelBook, row: str, label: str | None, by: str = "anna", shown: str = "h") -> None:
    book.answer(Answer(row, by, label, shown))


def told(book: LabelBook) -> list[tuple[str, str, str | None]]:
    """What stands, the same to who wrote it and to who reads it anew."""
    fresh = LabelBook(book.path).standing()
    assert book.standing() == fresh
    return [(answer.row, answer.annotator, answer.label) for answer in fresh]


def test_nothing_said_is_an_empty_book(book: LabelBook) -> None:
    assert told(book) == []
    assert book.undo("anna") is None
    assert book.labels({}).is_empty()


def test_an_answer_given_again_replaces_the_one_before_and_stands_last(book: LabelBook) -> None:
    say(book, "a:0", "spam")
    say(book, "a:1", "ham")
    say(book, "a:0", "ham")
    assert told(book) == [("a:1", "anna", "ham"), ("a:0", "anna", "ham")]


def test_undo_takes_back_ones_own_last_answer_and_then_the_one_before(book: LabelBook) -> None:
    say(book, "a:0", "spam")
    say(book, "a:1", None)
    say(book, "a:2", "ham", by="bert")
    undone = book.undo("anna")
    assert undone is not None
    assert undone.row == "a:1"
    assert told(book) == [("a:0", "anna", "spam"), ("a:2", "bert", "ham")]
    assert book.undo("anna") == Answer("a:0", "anna", "spam", "h")
    assert book.undo("anna") is None


def test_one_rows_answer_is_taken_back_twice_without_harm(book: LabelBook) -> None:
    say(book, "a:0", "spam")
    say(book, "a:1", "ham")
    assert book.undo("anna", "a:0") is not None
    assert book.undo("anna", "a:0") is None
    assert told(book) == [("a:1", "anna", "ham")]


def test_only_labels_of_what_the_rows_hold_now_count(book: LabelBook) -> None:
    say(book, "a:0", "spam", shown="old")
    say(book, "a:1", "ham", shown="same")
    say(book, "a:2", None, shown="same")
    say(book, "a:9", "ham", shown="same")
    labels = book.labels({"a:0": "new", "a:1": "same", "a:2": "same"})
    assert labels.rows() == [("a:1", "ham", "anna")]


def test_a_line_torn_by_a_crash_costs_no_other_label(book: LabelBook) -> None:
    say(book, "a:0", "spam")
    with book.path.open("ab") as file:
        file.write(b'{"body":{"by":"anna","lab')
    say(book, "a:1", "ham")
    assert [row for row, _, _ in told(book)] == ["a:0", "a:1"]


def test_what_another_process_writes_is_seen_between_our_own_answers(book: LabelBook) -> None:
    other = LabelBook(book.path)
    for number in range(4):
        say(book, f"a:{number}", "spam")
        say(other, f"b:{number}", "ham", by="bert")
        assert len(told(book)) == len(told(other)) == 2 * (number + 1)
    other.undo("bert")
    say(book, "a:9", "ham")
    assert [row for row, _, _ in told(book)][-2:] == ["a:3", "a:9"]


def test_a_record_that_was_changed_is_refused(book: LabelBook) -> None:
    say(book, "a:0", "spam")
    say(book, "a:1", "spam")
    book.path.write_bytes(book.path.read_bytes().replace(b'"spam"', b'"ham!"', 1))
    with pytest.raises(TrustError, match="restore the file"):
        LabelBook(book.path).standing()


def test_a_record_of_something_else_is_refused(book: LabelBook) -> None:
    Record(book.path).append({"event": "promoted"})
    with pytest.raises(TrustError, match="none of ours"):
        book.standing()
