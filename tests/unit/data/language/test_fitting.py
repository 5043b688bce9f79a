"""Which tokenizer and which template a recipe comes to."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from tests.unit.data.language.conftest import CHATS, DOCUMENTS, Fit

from trainwright.core.errors import RecipeError
from trainwright.core.language import Message
from trainwright.data.language.templates import CHATML
from trainwright.data.language.tokenizers import fit_vocabulary

OWN = (
    "{% for m in messages %}[{{ m.role }}] {{ m.content }}{{ eos_token }}{% endfor %}"
    "{% if add_generation_prompt %}[assistant] {% endif %}"
)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A base without any token for turns."""
    text = fit_vocabulary(DOCUMENTS, size=400).tokenizer.to_str()
    for ours, theirs in (("<|im_start|>", "<a>"), ("<|im_end|>", "<b>")):
        text = text.replace(ours, theirs)
    folder = tmp_path / "base"
    folder.mkdir()
    (folder / "tokenizer.json").write_text(text)
    named = {"bos_token": "<|start|>", "eos_token": "<|end|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(named))
    return folder


def taught(fit: Fit, chats: pl.DataFrame, **needs: object) -> list[str]:
    preparation = fit(chats, max_length=200, **needs)
    found = preparation.transform(chats[:1])
    return [preparation.alphabet.piece(int(token)) for token in found.ids[found.taught]]


def test_a_base_without_tokens_for_turns_gets_headings_and_its_own_end(
    base: Path, chats: pl.DataFrame, fit: Fit
) -> None:
    preparation = fit(chats, pretrained="base", base=base.parent)
    found = preparation.transform(chats[:1])
    shown = "".join(preparation.alphabet.piece(int(token)) for token in found.ids)
    assert shown.startswith("<|start|>### User:\n")
    assert taught(fit, chats, pretrained="base", base=base.parent)[-1] == "<|end|>"
    prompt = preparation.prompt_ids((Message("user", "hi"),))
    assert preparation.decode(prompt).endswith("### Assistant:\n")


def test_the_template_is_the_recipes_else_the_bases_else_ours(
    base: Path, chats: pl.DataFrame, fit: Fit
) -> None:
    (base / "chat_template.jinja").write_text(OWN)
    (base.parent / "mine.jinja").write_text(OWN.replace("[", "(").replace("]", ")"))
    named = {"pretrained": "base", "base": base.parent, "max_length": 200}

    def begins(**needs: object) -> str:
        preparation = fit(chats, **{**named, **needs})
        return preparation.decode(preparation.transform(chats[:1]).ids.tolist())[:6]

    assert begins() == "[user]"
    assert begins(template="mine.jinja") == "(user)"
    assert begins(template=OWN.replace("[", "{{ '<' }}")) == "<user]"
    assert begins(template="headings") == "### Use"[:6]
    with pytest.raises(RecipeError, match="no special token after an answer"):
        begins(template="chatml")  # this base has no such tokens
    assert fit(chats).template.source == CHATML  # type: ignore[union-attr]


def test_a_template_that_cannot_be_read_is_refused(chats: pl.DataFrame, fit: Fit) -> None:
    with pytest.raises(RecipeError, match="cannot be read") as caught:
        fit(chats, template="missing.jinja")
    assert "relative to the recipe" in caught.value.mend
    with pytest.raises(RecipeError, match="no chat template is called 'chatmI'") as caught:
        fit(chats, template="chatmI")
    assert "template: chatml" in caught.value.mend


def test_roles_are_words_of_a_fitted_tokenizer(chats: pl.DataFrame, fit: Fit) -> None:
    preparation = fit(pl.concat([chats] * 5))
    (ids,) = preparation.alphabet.encode(["assistant"])
    assert len(ids) == 1
    assert len(CHATS) == chats.height
