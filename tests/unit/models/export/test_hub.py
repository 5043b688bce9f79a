"""Language models in the Hub's layout and in GGUF, read again by transformers."""

from __future__ import annotations

import json

import numpy as np
import pytest

from leaving_case import LINES, bert, codec, llama, passages, t5
from trainwright.core.errors import CommandError
from trainwright.data.language.gguf import vocabulary_of_gguf
from trainwright.deployment.export.exchanges import exchanges_of
from trainwright.deployment.export.formats import bounds_of
from trainwright.deployment.export.gguf import check_gguf, write_gguf
from trainwright.deployment.export.hub import write_hub
from trainwright.deployment.export.parity import language_checks
from trainwright.models.export.hub import (
    ModuleNetwork,
    lay_open,
    load_gguf,
    load_hub,
    spelling,
    token_ids,
)

MODELS = {"causal-lm": llama, "masked-lm": bert, "seq2seq-lm": t5}


def checks(module, other, *, quantization=None):
    kind = lay_open(module).kind
    return list(
        language_checks(
            ModuleNetwork(module),
            other,
            exchanges_of(passages(pair=kind == "seq2seq-lm"), kind=kind),
            bounds=bounds_of(quantization),
            generates=kind != "masked-lm",
        )
    )


@pytest.mark.parametrize("kind", MODELS)
def test_the_hubs_layout_loads_by_name_and_answers_alike(kind, tmp_path):
    module = MODELS[kind]()
    write_hub(tmp_path, lay_open(module), codec(), quantization=None)
    again = load_hub(tmp_path)
    assert type(again.module) is type(module)
    exchange = exchanges_of(passages(pair=kind == "seq2seq-lm"), kind=kind)[0]
    np.testing.assert_array_equal(
        again.answers(exchange.batch), ModuleNetwork(module).answers(exchange.batch)
    )
    assert all(check.passed for check in checks(module, again))


def test_the_tokenizer_comes_along_with_its_template(tmp_path):
    from transformers import AutoTokenizer

    write_hub(tmp_path, lay_open(llama()), codec(), quantization=None)
    assert token_ids(tmp_path, list(LINES)) == spelling(codec(), list(LINES))
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    said = tokenizer.apply_chat_template(
        [{"role": "user", "content": "hi"}], tokenize=False, add_generation_prompt=True
    )
    assert said == "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"
    assert (tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id) == (0, 1, 2)


def test_a_tied_weight_stands_once():
    weights = lay_open(llama()).weights
    assert "model.embed_tokens.weight" in weights
    assert "lm_head.weight" not in weights


def test_half_precision_is_half_the_size(tmp_path):
    sizes = {}
    for name in (None, "f16"):
        folder = tmp_path / str(name)
        folder.mkdir()
        write_hub(folder, lay_open(llama()), codec(), quantization=name)
        sizes[name] = (folder / "model.safetensors").stat().st_size
        assert all(c.passed for c in checks(llama(), load_hub(folder), quantization=name))
    assert sizes["f16"] < 0.6 * sizes[None]


def test_a_config_of_another_size_is_seen(tmp_path):
    write_hub(tmp_path, lay_open(llama()), codec(), quantization=None)
    config = json.loads((tmp_path / "config.json").read_text())
    config["rope_parameters"] = {"rope_theta": 10.0, "rope_type": "default"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert not all(check.passed for check in checks(llama(), load_hub(tmp_path)))


@pytest.mark.parametrize("quantization", [None, "f16", "q8_0"])
def test_gguf_answers_alike_when_it_is_unpacked(quantization, tmp_path):
    module, path = llama(), tmp_path / "model.gguf"
    network = lay_open(module)
    check_gguf(network, codec())
    write_gguf(path, network, codec(), name="tiny", quantization=quantization)
    found = checks(module, load_gguf(path), quantization=quantization)
    assert all(check.passed for check in found), found
    tokenizer = vocabulary_of_gguf(path).tokenizer
    texts = [*LINES, "a\n\n5   007 Zwölf €\t?"]
    again = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
    assert again == spelling(codec(), texts)


def test_four_bits_are_a_fifth_of_the_size_and_what_they_cost_is_told(tmp_path):
    sizes = {}
    for name in (None, "q4_0"):
        path = tmp_path / f"{name}.gguf"
        write_gguf(path, lay_open(llama()), codec(), name="tiny", quantization=name)
        sizes[name] = path.stat().st_size
    assert sizes["q4_0"] < sizes[None] / 2  # of so small a model the vocabulary is a good part
    found = checks(llama(), load_gguf(tmp_path / "q4_0.gguf"), quantization=None)
    assert not all(check.passed for check in found)


def test_query_rows_in_the_hubs_order_are_seen(tmp_path, monkeypatch):
    from trainwright.deployment.export import gguf

    monkeypatch.setattr(gguf, "_ordered", lambda name, weight, network: weight)
    path = tmp_path / "model.gguf"
    write_gguf(path, lay_open(llama()), codec(), name="tiny", quantization=None)
    assert not all(check.passed for check in checks(llama(), load_gguf(path)))


def test_gguf_of_another_architecture_is_refused():
    with pytest.raises(CommandError, match="Llama architecture") as refused:
        check_gguf(lay_open(bert()), codec())
    assert "safetensors" in refused.value.mend


def test_gguf_of_a_tokenizer_that_llama_cpp_cuts_otherwise_is_refused():
    from dataclasses import replace

    document = json.loads(codec().document)
    document["pre_tokenizer"] = {"type": "Whitespace"}
    with pytest.raises(CommandError, match="does not cut"):
        check_gguf(lay_open(llama()), replace(codec(), document=json.dumps(document)))
    document["normalizer"] = {"type": "NFC"}
    with pytest.raises(CommandError, match="normaliser"):
        check_gguf(lay_open(llama()), replace(codec(), document=json.dumps(document)))
