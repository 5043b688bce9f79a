from __future__ import annotations

import json

import pytest

from trainwright.core.errors import CommandError, DataError
from trainwright.flow.question_files import read_choices, read_programs


def written(tmp_path, *values):
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(v if isinstance(v, str) else json.dumps(v) for v in values))
    return path


def test_an_answer_is_a_number_or_the_text_itself(tmp_path):
    path = written(
        tmp_path,
        {"prompt": "2 + 2 =", "choices": [" 4", " 5"], "answer": 0},
        "",
        {"question": "Sky?", "choices": ["red", "blue"], "answer": "blue", "source": "me"},
    )
    found = read_choices(path)
    assert [question.answer for question in found] == [0, 1]
    assert found[1].prompt == "Sky?"


def test_problems_of_humaneval_are_read_as_they_are(tmp_path):
    path = written(
        tmp_path,
        {
            "task_id": "HumanEval/0",
            "prompt": "def f():\n",
            "test": "def check(c): assert c()",
            "entry_point": "f",
        },
        {"prompt": "def g():", "tests": "assert g() == 1"},
    )
    first, second = read_programs(path)
    assert first.name == "HumanEval/0"
    assert first.tests.endswith("check(f)\n")
    assert (second.name, second.tests) == ("line 2", "assert g() == 1")


WRONG = {
    "no JSON": ("{", "questions.jsonl, line 1"),
    "no object": ("[1]", "a line is no object"),
    "no prompt": ({"choices": ["a", "b"], "answer": 0}, "'prompt' is missing or empty"),
    "one choice": ({"prompt": "x", "choices": ["a"], "answer": 0}, "two texts or more"),
    "an empty choice": ({"prompt": "x", "choices": ["a", ""], "answer": 0}, "an empty one"),
    "beyond": (
        {"prompt": "x", "choices": ["a", "b"], "answer": 2},
        "neither a choice nor a number",
    ),
    "true": ({"prompt": "x", "choices": ["a", "b"], "answer": True}, "neither a choice"),
    "no answer": ({"prompt": "x", "choices": ["a", "b"]}, "neither a choice nor a number"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_told_with_its_line_and_an_example(tmp_path, what):
    line, words = WRONG[what]
    with pytest.raises(DataError) as caught:
        read_choices(written(tmp_path, line))
    assert words in str(caught.value.faults[0])
    assert '"answer": 0' in caught.value.mend


def test_all_lines_that_are_wrong_are_counted(tmp_path):
    with pytest.raises(DataError, match="and 11 lines more") as caught:
        read_choices(written(tmp_path, *[{"prompt": "x"}] * 12))
    assert len(caught.value.faults) == 5


def test_two_problems_of_one_name_are_refused(tmp_path):
    line = {"task_id": "add", "prompt": "def f():", "tests": "assert f()"}
    with pytest.raises(DataError, match="several problems: add") as caught:
        read_programs(written(tmp_path, line, line))
    assert "task_id of its own" in caught.value.mend


def test_a_name_that_is_code_is_refused(tmp_path):
    line = {"prompt": "x", "test": "y", "entry_point": "f); import os; (f"}
    with pytest.raises(DataError, match="no name of a function"):
        read_programs(written(tmp_path, line))


def test_a_file_that_is_not_there_or_empty_is_refused(tmp_path):
    with pytest.raises(CommandError, match="cannot be read") as caught:
        read_choices(tmp_path / "nothing")
    assert "JSON lines" in caught.value.mend
    with pytest.raises(DataError, match="there are no questions"):
        read_choices(written(tmp_path, ""))
