from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import save_file

from trainwright.core.errors import RecipeError
from trainwright.core.pretrained import Base
from trainwright.models.text.bert import Bert, bert_config
from trainwright.models.text.encoders import (
    HubEncoder,
    build_encoder,
    load_encoder,
    pooling_of,
    read_config,
)

CONFIG = bert_config(vocabulary=40, max_length=12, hidden=16, layers=1, heads=2, dropout=0.1)
ROBERTA = {
    "model_type": "roberta", "vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 1,
    "num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 14, "pad_token_id": 1,
}  # fmt: skip


def write_base(folder, config, weights):
    (folder / "config.json").write_text(json.dumps(config))
    save_file(
        {name: tensor.contiguous() for name, tensor in weights.items()},
        folder / "model.safetensors",
    )
    return Base("base", folder)


def weights():
    torch.manual_seed(0)
    return Bert(CONFIG).state_dict()


def same(one, other):
    return all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_weights_come_whole_under_their_own_names_and_under_older_ones(tmp_path):
    wanted = weights()
    older = {
        "bert."
        + name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): tensor
        for name, tensor in wanted.items()
    }
    older |= {"cls.predictions.bias": torch.zeros(40), "bert.pooler.dense.bias": torch.zeros(16)}
    for number, given in enumerate((wanted, older)):
        folder = tmp_path / str(number)
        folder.mkdir()
        encoder, config = load_encoder(write_base(folder, CONFIG, given), dropout=None)
        assert same(encoder.state_dict(), wanted)
        assert config == CONFIG


def test_a_missing_weight_is_refused_by_name(tmp_path):
    given = weights()
    del given["embeddings.LayerNorm.bias"]
    with pytest.raises(RecipeError, match=r"embeddings\.LayerNorm\.bias"):
        load_encoder(write_base(tmp_path, CONFIG, given), dropout=None)


def test_an_unknown_weight_is_refused_by_name(tmp_path):
    given = {**weights(), "encoder.layer.9.extra": torch.zeros(1)}
    with pytest.raises(RecipeError, match=r"layer\.9\.extra"):
        load_encoder(write_base(tmp_path, CONFIG, given), dropout=None)


def test_a_folder_without_weights_is_refused_with_what_it_must_hold(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    with pytest.raises(RecipeError, match=r"whose model\.safetensors holds"):
        load_encoder(Base("base", tmp_path), dropout=None)


def test_dropout_replaces_the_base_s_own(tmp_path):
    _, config = load_encoder(write_base(tmp_path, CONFIG, weights()), dropout=0.3)
    assert config["hidden_dropout_prob"] == config["attention_probs_dropout_prob"] == 0.3


def test_paths_and_versions_are_no_part_of_a_config(tmp_path):
    said = {**CONFIG, "_name_or_path": "/home/me", "transformers_version": "5", "architectures": []}
    assert read_config(write_base(tmp_path, said, weights())) == CONFIG


def test_pooling_is_what_sentence_transformers_wrote(tmp_path):
    base = Base("base", tmp_path)
    assert pooling_of(base) == "mean"
    (tmp_path / "1_Pooling").mkdir()
    for cls, pooling in ((True, "cls"), (False, "mean")):
        (tmp_path / "1_Pooling" / "config.json").write_text(
            json.dumps({"pooling_mode_cls_token": cls, "pooling_mode_mean_tokens": not cls})
        )
        assert pooling_of(base) == pooling


@pytest.mark.slow  # transformers takes seconds to import
def test_another_encoder_is_transformers_own_and_its_padding_changes_nothing(tmp_path):
    torch.manual_seed(0)
    built = build_encoder(ROBERTA)
    assert isinstance(built, HubEncoder)
    assert not any("pooler" in name for name in built.state_dict())
    base = write_base(tmp_path, ROBERTA, built.model.state_dict())
    loaded, config = load_encoder(base, dropout=0.0)
    again = build_encoder(config)
    again.load_state_dict(loaded.state_dict())
    ids = torch.randint(3, 40, (2, 6))
    mask = torch.ones_like(ids, dtype=torch.bool)
    padded = torch.nn.functional.pad(ids, (0, 3), value=1)
    wide = torch.nn.functional.pad(mask, (0, 3))
    with torch.no_grad():
        wanted = built.eval()(ids, mask)
        torch.testing.assert_close(loaded.eval()(padded, wide)[:, :6], wanted, rtol=0, atol=1e-6)
        torch.testing.assert_close(again.eval()(ids, mask), wanted, rtol=0, atol=1e-6)


@pytest.mark.slow
def test_a_foreign_folder_with_missing_weights_is_refused(tmp_path):
    base = write_base(tmp_path, ROBERTA, {"embeddings.word_embeddings.weight": torch.zeros(40, 16)})
    with pytest.raises(RecipeError, match="weights are missing"):
        load_encoder(base, dropout=None)
