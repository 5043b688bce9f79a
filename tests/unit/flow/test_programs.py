from __future__ import annotations

import platform
import sys

import pytest

from speaking_model import speaking_model
from trainwright.core.columns import Task
from trainwright.core.language import Generation, Message
from trainwright.evaluation.sandbox import Limits, run_programs
from trainwright.flow.programs import STOPS, program_of, write_programs
from trainwright.flow.question_files import ProgramQuestion

STUB = ProgramQuestion(
    "add", "from typing import List\n\ndef add(a, b):\n", "assert add(1, 2) == 3"
)
CHATTED = "Sure!\n```python\ndef add(a: int, b: List) -> int:\n    return a + b\n```\nHope it helps"


class Writer:
    """Writes the texts that it was given, one a call."""

    generates = True

    def __init__(self, *texts):
        self.texts, self.asked = list(texts), []

    def generate(self, prompts, settings):
        self.asked.append((prompts, settings))
        text = self.texts[(len(self.asked) - 1) % len(self.texts)]
        return [Generation(text, "stop", 1, 1) for _ in prompts]


def test_a_document_goes_on_where_the_prompt_ends():
    program = program_of(STUB, "\n    return a + b", goes_on=True)
    assert program == f"{STUB.prompt}    return a + b\n\n{STUB.tests}\n"


def test_a_block_of_code_stands_alone_with_the_imports_of_the_prompt():
    program = program_of(STUB, CHATTED, goes_on=False)
    assert program.startswith("from typing import List\ndef add(a: int")
    assert "Sure" not in program
    assert "Hope" not in program
    unfenced = program_of(STUB, "    return a + b", goes_on=False)
    assert unfenced.startswith(STUB.prompt)


def test_several_programs_are_drawn_by_different_seeds_and_one_is_written_greedily():
    model = Writer("\n    return a + b", "\n    return a - b")
    (found,) = write_programs(model, [STUB], task=Task.LANGUAGE_MODELLING, samples=2)
    assert found[0] != found[1]
    assert model.asked[0][0] == [STUB.prompt.rstrip()]
    settings = [how for _, how in model.asked]
    assert settings[0].seed != settings[1].seed
    assert settings[0].temperature > 0
    assert settings[0].stop == STOPS
    single = Writer(CHATTED)
    write_programs(single, [STUB], task=Task.INSTRUCTION_TUNING, samples=1)
    prompts, how = single.asked[0]
    assert prompts == [(Message("user", STUB.prompt),)]
    assert how.temperature == 0
    assert how.stop == ()


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="confines on Linux, x86-64"
)
def test_what_is_written_is_run_against_the_tests():
    model = Writer("\n    return a + b", "\n    return a - b", "\n    while True: pass")
    (found,) = write_programs(model, [STUB], task=Task.LANGUAGE_MODELLING, samples=3)
    outcomes = run_programs(found, limits=Limits(seconds=1.0))
    assert outcomes == ["passed", "failed", "timeout"]


def test_a_problem_that_is_too_long_is_not_written_and_the_others_are():
    """By a real network, whose room is 97 tokens."""
    model = speaking_model(Task.LANGUAGE_MODELLING)
    long = ProgramQuestion("long", "def add(a, b):\n" * 90, "assert True")
    before, none, after = write_programs(
        model, [STUB, long, STUB], task=Task.LANGUAGE_MODELLING, samples=2
    )
    assert none == []
    assert before == after
    assert len(before) == 2
