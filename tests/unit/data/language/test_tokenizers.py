"""Tokenizers of language models: fitted ones are the same everywhere, those of bases are read as they are."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.data.language.conftest import DOCUMENTS, Fit

from trainwright.core.columns import ROW
from trainwright.core.errors import RecipeError
from trainwright.core.pretrained import Base
from trainwright.data.language import tokenizers as module
from trainwright.data.language.tokenizers import SPECIAL, fit_vocabulary, vocabulary_of

TEMPLATE = "{% for m in messages %}{{ m.content }}</s>{% endfor %}"


def sha256(texts: list[str], size: int = 400) -> str:
    return hashlib.sha256(fit_vocabulary(texts, size=size).tokenizer.to_str().encode()).hexdigest()


def test_a_fitted_tokenizer_is_the_same_in_every_process_and_order() -> None:
    code = (
        "import hashlib, sys, json; from trainwright.data.language.tokenizers import fit_vocabulary;"
        "texts = json.load(sys.stdin);"
        "print(hashlib.sha256(fit_vocabulary(texts, size=400).tokenizer.to_str().encode()).hexdigest())"
    )
    found = {sha256(DOCUMENTS), sha256(DOCUMENTS[::-1])}
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            input=json.dumps(DOCUMENTS),
            env={"PYTHONHASHSEED": seed, "TOKENIZERS_PARALLELISM": "true"},
            capture_output=True,
            text=True,
            check=True,
        )
        found.add(done.stdout.strip())
    assert len(found) == 1


def test_special_tokens_come_first_and_sentinels_where_spans_are_hidden() -> None:
    plain, spans = (
        fit_vocabulary(DOCUMENTS, size=600, sentinels=wanted) for wanted in (False, True)
    )
    assert [plain.tokenizer.id_to_token(number) for number in range(6)] == list(SPECIAL)
    assert plain.special.sentinels == ()
    named = [spans.tokenizer.id_to_token(number) for number in spans.special.sentinels]
    assert named[:2] == ["<extra_id_0>", "<extra_id_1>"]
    assert len(named) == 100


def test_a_vocabulary_without_room_for_the_bytes_is_refused() -> None:
    with pytest.raises(RecipeError, match="no room for the 256 bytes and 6 special") as caught:
        fit_vocabulary(DOCUMENTS, size=261)
    assert caught.value.mend.startswith("vocabulary:")
    with pytest.raises(RecipeError, match="106 special"):
        fit_vocabulary(DOCUMENTS, size=300, sentinels=True)


def test_a_word_without_end_is_learnt_from_in_parts() -> None:
    texts = ["x" * 100_000, "\n" * 50_000, "ab " * 30_000]
    assert "".join(part for text in texts for part in module._shortened(text)) == "".join(texts)
    assert max(map(len, module._shortened(texts[0]))) == 256
    assert len(list(module._shortened(texts[2]))) == 1
    assert fit_vocabulary(texts, size=300).tokenizer.get_vocab_size() <= 300


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """A folder in Hub layout whose special tokens have other names than ours."""
    text = fit_vocabulary(DOCUMENTS, size=400).tokenizer.to_str()
    for ours, theirs in (("<|end|>", "</s>"), ("<|start|>", "<s>"), ("<|pad|>", "<unk>")):
        text = text.replace(ours, theirs)
    (tmp_path / "tokenizer.json").write_text(text)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    return tmp_path


def test_the_special_tokens_of_a_base_are_those_that_it_names(hub: Path) -> None:
    named = {"bos_token": "<s>", "eos_token": {"content": "</s>"}, "pad_token": "<unk>"}
    (hub / "tokenizer_config.json").write_text(json.dumps(named))
    found = vocabulary_of(Base("base", hub))
    names = [found.tokenizer.id_to_token(one) for one in (
        found.special.start, found.special.end, found.special.padding)]  # fmt: skip
    assert names == ["<s>", "</s>", "<unk>"]
    assert found.template is None


def test_ids_in_a_models_settings_stand_in_for_names(hub: Path) -> None:
    (hub / "generation_config.json").write_text(json.dumps({"eos_token_id": [5, 2]}))
    found = vocabulary_of(Base("base", hub))
    assert found.special.end == 5
    assert found.special.padding == 5  # it names none


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("tokenizer_config.json", json.dumps({"chat_template": TEMPLATE})),
        (
            "tokenizer_config.json",
            json.dumps({"chat_template": [{"name": "default", "template": TEMPLATE}]}),
        ),
        ("chat_template.jinja", TEMPLATE),
    ],
)
def test_a_base_brings_its_chat_template(hub: Path, file: str, text: str) -> None:
    (hub / file).write_text(text)
    assert vocabulary_of(Base("base", hub)).template == TEMPLATE


def test_a_base_without_an_end_is_refused(hub: Path) -> None:
    text = (hub / "tokenizer.json").read_text().replace("</s>", "<stop>")
    (hub / "tokenizer.json").write_text(text)
    with pytest.raises(RecipeError, match="no token that ends a text") as caught:
        vocabulary_of(Base("base", hub))
    assert "eos_token" in caught.value.mend


def test_a_base_without_a_tokenizer_is_refused(hub: Path) -> None:
    (hub / "tokenizer.json").write_text("{}")
    with pytest.raises(RecipeError, match="no tokenizer that can be read"):
        vocabulary_of(Base("base", hub))
    (hub / "tokenizer.json").unlink()
    with pytest.raises(RecipeError, match="no tokenizer that can be read"):
        vocabulary_of(Base("base", hub))


def test_a_package_of_ours_gives_its_tokenizer_and_template(
    chats: object, fit: Fit, tmp_path: Path
) -> None:
    preparation = fit(chats)
    preparation.save(tmp_path)
    found = vocabulary_of(Base("base", tmp_path))
    assert found.special == preparation.special
    assert preparation.template is not None
    assert found.template == preparation.template.source


def test_a_base_prepares_as_itself(hub: Path, fit: Fit) -> None:
    import polars as pl

    (hub / "tokenizer_config.json").write_text(
        json.dumps({"eos_token": "</s>", "chat_template": TEMPLATE})
    )
    (hub / "config.json").write_text(
        json.dumps({"model_type": "llama", "max_position_embeddings": 128})
    )
    frame = pl.DataFrame({ROW: [0], "text": ["the cat"]})
    found = fit(frame, pretrained=hub.name, base=hub.parent).transform(frame)
    end = found.special.end
    assert found.special.start == vocabulary_of(Base("b", hub)).special.start
    assert found.ids.tolist()[-1] == end
    with pytest.raises(RecipeError, match="takes 128 tokens, and max_length is 129") as caught:
        fit(frame, pretrained=hub.name, base=hub.parent, max_length=129)
    assert caught.value.mend == "max_length: 128"


def test_documents_of_a_base_for_conversations_are_not_framed_by_turns(hub: Path, fit: Fit) -> None:
    import polars as pl

    text = (hub / "tokenizer.json").read_text()
    (hub / "tokenizer.json").write_text(text.replace("<unk>", "<|endoftext|>"))
    (hub / "tokenizer_config.json").write_text(
        json.dumps({"eos_token": "<|im_end|>", "bos_token": "<|im_start|>"})
    )
    frame = pl.DataFrame({ROW: [0], "text": ["the cat"]})
    preparation = fit(frame, pretrained=hub.name, base=hub.parent)
    ids = preparation.transform(frame).ids.tolist()
    between = preparation.alphabet.encode(["<|endoftext|>"], markup=True)[0][0]
    assert (ids[0], ids[-1]) == (between, between)
