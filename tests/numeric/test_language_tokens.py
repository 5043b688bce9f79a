"""Tokens of conversations, beside `apply_chat_template` of transformers on the same template."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from transformers import PreTrainedTokenizerFast

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.language import LanguageNeeds, Message
from trainwright.data.language.conversations import to_text
from trainwright.data.language.fitting import fit_language_preparation
from trainwright.data.language.preparation import LanguagePreparation
from trainwright.data.language.tokenizers import fit_vocabulary

TEXTS = [
    "the cat sat on the mat",
    "What is 2 + 2?\n\nIt is 4.",
    "naïve café 漢字",
    "user assistant system",
]
# As the templates of the field are built: ChatML, Llama 3, Zephyr; each with its generation blocks.
TEMPLATES = {
    "chatml": (
        "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' }}"
        "{% if m.role == 'assistant' %}{% generation %}{{ m['content'] + '<|im_end|>' }}"
        "{% endgeneration %}{% else %}{{ m['content'] + '<|im_end|>' }}{% endif %}{{ '\n' }}"
        "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    ),
    "llama": (
        "{{ bos_token }}{% for m in messages %}{{ '[' + m.role + ']\n\n' }}"
        "{% if m.role == 'assistant' %}{% generation %}{{ m.content | trim }}{{ eos_token }}"
        "{% endgeneration %}{% else %}{{ m.content | trim }}{{ eos_token }}{% endif %}"
        "{% endfor %}{% if add_generation_prompt %}{{ '[assistant]\n\n' }}{% endif %}"
    ),
    "zephyr": (
        "{% for m in messages %}\n{{ '<|' + m.role + '|>\n' }}"
        "{% if m.role == 'assistant' %}{% generation %}{{ m.content + eos_token }}{% endgeneration %}"
        "{% else %}{{ m.content + eos_token }}{% endif %}\n{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}"
    ),
}
TALKS = [
    [("user", "What is a cat?"), ("assistant", "An animal.")],
    [("system", "Be short."), ("user", "2 + 2?"), ("assistant", "4"), ("user", "+ 1?"),
     ("assistant", "5.\n")],
    [("user", "naïve 漢字  "), ("assistant", "  the café\n\n"), ("user", "1984")],
]  # fmt: skip


def without_blocks(template: str) -> str:
    return template.replace("{% generation %}", "").replace("{% endgeneration %}", "")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    found = fit_vocabulary(TEXTS * 3, size=400)
    names = {"bos_token": "<|start|>", "eos_token": "<|end|>", "pad_token": "<|pad|>"}
    PreTrainedTokenizerFast(tokenizer_object=found.tokenizer, **names).save_pretrained(folder)
    return folder


def prepared(base: Path, template: str) -> LanguagePreparation:
    column = Column("messages", ColumnType.MESSAGES)
    frame = pl.DataFrame({"messages": [cell(talk) for talk in TALKS]})
    needs = LanguageNeeds(pretrained=base.name, template=template, max_length=512)
    target = Target(column, Task.INSTRUCTION_TUNING)
    return fit_language_preparation(frame, [column], needs, base=base.parent, target=target)


def cell(talk: list[tuple[str, str]]) -> str:
    return to_text([Message(role, content) for role, content in talk])  # type: ignore[arg-type]


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("marked", [True, False])
def test_ids_and_taught_tokens_are_those_of_transformers(
    base: Path, name: str, marked: bool
) -> None:
    """Also where the template has no generation blocks, and turns are told by rendering them one by one."""
    blocks = TEMPLATES[name]
    preparation = prepared(base, blocks if marked else without_blocks(blocks))
    peer = PreTrainedTokenizerFast.from_pretrained(base)
    found = preparation.transform(pl.DataFrame({"messages": [cell(talk) for talk in TALKS]}))
    starts = np.concatenate([[0], found.ends[:-1]])
    for talk, first, after in zip(TALKS, starts, found.ends, strict=True):
        values = [{"role": role, "content": content} for role, content in talk]
        expected: Any = peer.apply_chat_template(
            values, chat_template=blocks, return_dict=True, return_assistant_tokens_mask=True
        )
        assert found.ids[first:after].tolist() == expected["input_ids"]
        mask = [bool(one) for one in expected["assistant_masks"]]
        assert found.taught[first:after].tolist() == mask


@pytest.mark.parametrize("name", TEMPLATES)
def test_prompts_are_those_of_transformers(base: Path, name: str) -> None:
    preparation = prepared(base, TEMPLATES[name])
    peer = PreTrainedTokenizerFast.from_pretrained(base)
    for talk in TALKS:
        values = [{"role": role, "content": content} for role, content in talk if content]
        while values[-1]["role"] == "assistant":
            values.pop()
        messages = tuple(Message(**one) for one in values)
        expected = peer.apply_chat_template(
            values,
            chat_template=without_blocks(TEMPLATES[name]),
            add_generation_prompt=True,
            return_dict=True,
        )
        assert list(preparation.prompt_ids(messages)) == expected["input_ids"]


@pytest.mark.slow
def test_smollm2_reads_a_conversation_as_transformers_does() -> None:
    """Its own template and vocabulary, out of the GGUF file; numbers are cut by the file's own pattern."""
    from transformers import AutoTokenizer

    from trainwright.core.pretrained import locate

    file = locate("smollm2-135m-instruct", base=Path()).folder
    column = Column("messages", ColumnType.MESSAGES)
    frame = pl.DataFrame({"messages": [cell(talk) for talk in TALKS]})
    needs = LanguageNeeds(pretrained="smollm2-135m-instruct", max_length=512)
    target = Target(column, Task.INSTRUCTION_TUNING)
    preparation = fit_language_preparation(frame, [column], needs, base=Path(), target=target)
    peer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    found = preparation.transform(frame)
    starts = np.concatenate([[0], found.ends[:-1]])
    for number, (talk, first, after) in enumerate(zip(TALKS, starts, found.ends, strict=True)):
        values = [{"role": role, "content": content} for role, content in talk]
        theirs = peer.apply_chat_template(values, return_dict=True)["input_ids"]
        ids, taught = found.ids[first:after].tolist(), found.taught[first:after]
        told = preparation.decode(found.ids[first:after][taught].tolist())
        assert told == "".join(content for role, content in talk if role == "assistant")
        at = [role for role, _ in talk].index("assistant")
        prompt = peer.apply_chat_template(
            values[:at], add_generation_prompt=True, return_dict=True
        )["input_ids"]
        assert ids[: len(prompt)] == prompt
        if number < 2:
            assert ids == theirs
        else:  # an answer that begins with blanks: theirs joins them to the line end of the prompt,
            assert theirs[: len(prompt)] != prompt  # which generation never sees
