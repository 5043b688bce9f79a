from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.language import LanguageNeeds
from trainwright.core.parts import families
from trainwright.models.language.families import CausalLM, LanguageFamily

TEXT = Column("text", ColumnType.TEXT)
CHAT = Column("messages", ColumnType.MESSAGES)


def faults(**values):
    found = families.parse({"family": "causal-lm", **values}, where="model")
    return [] if isinstance(found, LanguageFamily) else [fault for _, fault in found]


def test_reading_a_recipe_imports_no_network():
    code = (
        "import sys; from trainwright.core.parts import families;"
        "[families.find(name)() for name in ('causal-lm', 'masked-lm', 'seq2seq-lm', 'unigram')];"
        "print('torch' in sys.modules or 'tokenizers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"heads": 3}, "hidden: 255"),
        ({"pretrained": "x/y", "hidden": 64}, "remove hidden"),
        ({"adapt": "lora"}, "remove adapt"),
        ({"pretrained": "x/y", "lora_rank": 4}, "remove lora_rank"),
        ({"pretrained": "x/y", "lora_alpha": 4.0}, "remove lora_alpha"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_to_write(values, named):
    assert [fault.mend for fault in faults(**values)] == [named]


def test_each_asks_for_its_own_form_of_tokens():
    forms = {
        name: families.find(name)().needs.form for name in ("causal-lm", "masked-lm", "seq2seq-lm")
    }
    assert forms == {"causal-lm": "causal", "masked-lm": "masked", "seq2seq-lm": "span"}
    part = CausalLM(pretrained="x/y", max_length=64, over_long="split", template="{{ x }}")
    assert part.needs == LanguageNeeds("causal", "x/y", 8_000, 64, "split", "{{ x }}")
    assert part.base_name == "x/y"


@pytest.mark.parametrize(
    ("name", "inputs", "task", "why"),
    [
        ("causal-lm", [TEXT], Task.LANGUAGE_MODELLING, ""),
        ("causal-lm", [CHAT], Task.INSTRUCTION_TUNING, ""),
        ("causal-lm", [TEXT], Task.TEXT_TO_TEXT, ""),
        ("causal-lm", [TEXT], Task.CLASSIFICATION, "classification"),
        ("causal-lm", [TEXT, CHAT], Task.LANGUAGE_MODELLING, "one column"),
        ("masked-lm", [TEXT], Task.TEXT_TO_TEXT, "text-to-text"),
        ("seq2seq-lm", [CHAT], Task.INSTRUCTION_TUNING, ""),
        ("seq2seq-lm", [TEXT], Task.TEXT_TO_TEXT, ""),
    ],
)
def test_it_says_what_it_cannot_learn(name, inputs, task, why):
    found = families.find(name)().unfit(inputs, Target(TEXT, task))
    assert why in found
    assert bool(found) == bool(why)


@pytest.mark.parametrize("name", ["causal-lm", "masked-lm", "seq2seq-lm"])
def test_a_tiny_one_learns_a_tiny_language_and_is_found_again_in_its_package(
    tongue, name, tmp_path
):
    from trainwright.models.networks.estimator import NetworkEstimator

    reads = name == "seq2seq-lm"
    train, judge = (
        tongue.passages(rows, seed=seed, reads=reads) for rows, seed in ((80, 0), (20, 1))
    )
    found = tongue.fit(
        tongue.family(name), train, validation=judge, target=tongue.pairs if reads else tongue.documents,
        epochs=15,
        batch_size=4,
        early_stopping=None,
    )  # fmt: skip
    told = found.estimator.predict(judge)
    assert told.shape == (20, 3)
    spent_on = 2 * told[:, 1] if name == "masked-lm" else judge.row_bytes  # two bytes a token
    assert told[:, 2].tolist() == pytest.approx(spent_on.tolist())
    assert told[:, 0].sum() / told[:, 1].sum() < 0.8 * np.log(20)  # the least without a look back
    assert found.curve[-1].validation < 0.9 * found.curve[0].validation
    found.estimator.save(tmp_path)
    again = NetworkEstimator.load(tmp_path)
    assert np.array_equal(again.predict(judge), told)


def test_the_same_seed_gives_the_same_weights(tongue):
    part = tongue.family(neftune=5.0)
    first, again = (
        tongue.fit(part, tongue.passages(30), epochs=2).estimator.predict(tongue.passages(5))
        for _ in range(2)
    )
    assert np.array_equal(first, again)
