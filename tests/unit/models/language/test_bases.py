from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from trainwright.core.errors import RecipeError
from trainwright.core.pretrained import Base, locate
from trainwright.models.language.bases import bert_config, known, llama_config, loaded, t5_config

SPECIAL = {"bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0}
SIZES = {"vocabulary": 40, "hidden": 32, "layers": 2, "heads": 2, "dropout": 0.0}
IDS = torch.tensor([[2, 5, 6, 1]])


def saved(folder, config, kind="AutoModelForCausalLM"):
    """A folder as the Hub has them, and the model in it."""
    import transformers

    torch.manual_seed(3)
    model = getattr(transformers, kind).from_config(known(config)).eval()
    model.save_pretrained(folder)
    return model


def llama(**more):
    return llama_config(**SIZES, max_length=24, special=SPECIAL) | more


@pytest.mark.parametrize(
    ("kind", "name", "config"),
    [
        ("causal-lm", "AutoModelForCausalLM", llama()),
        ("causal-lm", "AutoModelForCausalLM", llama(tie_word_embeddings=False)),
        ("masked-lm", "AutoModelForMaskedLM", bert_config(**SIZES, max_length=24, special=SPECIAL)),
        ("seq2seq-lm", "AutoModelForSeq2SeqLM", t5_config(**SIZES, special=SPECIAL)),
    ],
    ids=["llama", "untied", "bert", "t5"],
)
def test_a_folder_of_the_hub_answers_as_transformers_loads_it(tmp_path, kind, name, config):
    model = saved(tmp_path, config, name)
    found, values = loaded(Base("base", tmp_path), kind, dropout=None)
    again, _ = loaded(Base("base", tmp_path), kind, dropout=None)
    given = {"input_ids": IDS} | ({"decoder_input_ids": IDS} if kind == "seq2seq-lm" else {})
    wanted = model(**given).logits
    assert torch.equal(found.eval()(**given).logits, wanted)
    assert torch.equal(again.eval()(**given).logits, wanted)
    json.dumps(values)


def test_weights_of_half_precision_come_in_fp32(tmp_path):
    saved(tmp_path, llama()).to(torch.bfloat16).save_pretrained(tmp_path)
    found, values = loaded(Base("base", tmp_path), "causal-lm", dropout=None)
    assert {weight.dtype for weight in found.parameters()} == {torch.float32}
    assert "dtype" not in values


def test_dropout_is_set_where_the_base_has_any(tmp_path):
    saved(tmp_path, llama())
    _, values = loaded(Base("base", tmp_path), "causal-lm", dropout=0.3)
    assert values["attention_dropout"] == 0.3


def test_missing_weights_are_named(tmp_path):
    saved(tmp_path, llama())
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}))
    with pytest.raises(RecipeError, match=r"weights are missing: model\.layers\.2"):
        loaded(Base("base", tmp_path), "causal-lm", dropout=None)


def test_a_folder_without_a_model_is_refused(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(RecipeError, match="tells what it is"):
        loaded(Base("base", tmp_path), "causal-lm", dropout=None)


def test_a_package_of_ours_is_a_base(tongue, tmp_path):
    features = tongue.passages(20)
    first = tongue.fit(tongue.family(), features, epochs=1).estimator
    first.save(tmp_path)
    plan = tongue.plan(tongue.family(pretrained=str(tmp_path)), features)
    assert {"pretrained", "weights.safetensors"} == set(plan.origin)
    for name, weight in plan.module.state_dict().items():
        assert torch.equal(weight, first.module.state_dict()[name])
    with pytest.raises(RecipeError, match="is of kind 'causal-lm'") as caught:
        tongue.plan(tongue.family("seq2seq-lm", pretrained=str(tmp_path)), features)
    assert caught.value.mend == "family: causal-lm"


def test_a_tokenizer_with_more_tokens_than_the_model_is_refused(tongue, tmp_path):
    saved(tmp_path, llama(vocab_size=30))
    with pytest.raises(RecipeError, match="has 40 tokens, and its model knows 30"):
        tongue.plan(tongue.family(pretrained=str(tmp_path)), tongue.passages())


def test_passages_longer_than_the_base_has_places_are_refused(tongue, tmp_path):
    saved(tmp_path, llama(max_position_embeddings=12))
    with pytest.raises(RecipeError, match="has 12 places") as caught:
        tongue.plan(tongue.family(pretrained=str(tmp_path)), tongue.passages())
    assert caught.value.mend == "max_length: 12"


def test_a_base_whose_passages_would_see_each_other_is_not_packed(tongue, tmp_path):
    config = {"model_type": "bloom", "vocab_size": 40, "hidden_size": 32, "n_layer": 1, "n_head": 2}
    saved(tmp_path, config)
    with pytest.raises(RecipeError, match="see each other") as caught:
        tongue.plan(tongue.family(pretrained=str(tmp_path)), tongue.passages())
    assert caught.value.mend == "packing: false"
    part = tongue.family(pretrained=str(tmp_path), packing=False)
    assert tongue.fit(part, tongue.passages(), epochs=1).iterations > 0


def test_a_damaged_gguf_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("TRAINWRIGHT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "model.gguf").write_bytes(b"GGUF" + b"\0" * 64)
    with pytest.raises(RecipeError, match="holds no model that can be read"):
        loaded(locate("model.gguf", base=tmp_path), "causal-lm", dropout=None)
    assert not list((tmp_path / "cache").glob("model-*/"))


@pytest.mark.slow
def test_smollm2_knows_the_capital_of_france():
    found, _ = loaded(locate("smollm2-135m-instruct", base=Path()), "causal-lm", dropout=None)
    from trainwright.data.language.tokenizers import vocabulary_of

    words = vocabulary_of(locate("smollm2-135m-instruct", base=Path())).tokenizer
    ids = torch.tensor([words.encode("The capital of France is").ids])
    with torch.no_grad():
        told = found.eval()(ids).logits[0, -1].argmax()
    assert words.decode([int(told)]).strip() == "Paris"
    assert np.isfinite(float(told))
