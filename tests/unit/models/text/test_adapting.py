from __future__ import annotations

import copy

import pytest
import torch

from trainwright.models.networks.adapting import freeze, thawing
from trainwright.models.text.adapting import add_lora, blocks_of, groups_of, merge_lora
from trainwright.models.text.bert import Bert, bert_config
from trainwright.models.text.network import TextNetwork

CONFIG = bert_config(vocabulary=50, max_length=12, hidden=16, layers=3, heads=2, dropout=0.0)
NAMES = ["embeddings", "layer-1", "layer-2", "layer-3", "head"]


def made():
    torch.manual_seed(0)
    return TextNetwork(Bert(CONFIG), width=16, num_outputs=2, pooling="mean", dropout=0.0)


def test_blocks_go_from_the_embeddings_to_the_head_and_hold_everything():
    network = made()
    blocks = blocks_of(network)
    assert [name for name, _ in blocks] == NAMES
    held = {id(weight) for _, block in blocks for weight in block.parameters()}
    assert held == {id(weight) for weight in network.parameters()}


def test_rates_fall_from_the_head_to_the_embeddings():
    groups = groups_of(made(), layer_decay=0.5)
    assert [group.learning_rate_factor for group in groups] == [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1]
    assert [group.hidden for group in groups] == [False, True, True, True, False]


def test_layers_thaw_from_the_top_one_after_the_other():
    groups = groups_of(made(), layer_decay=1.0)
    assert thawing(groups, epochs=2) == {
        2: ("layer-3",), 4: ("layer-2",), 6: ("layer-1",), 8: ("embeddings",)
    }  # fmt: skip


def test_an_encoder_without_a_list_of_layers_is_one_block():
    network = made()
    network.encoder = torch.nn.Sequential(torch.nn.Embedding(5, 16))
    assert [name for name, _ in blocks_of(network)] == ["encoder", "head"]


def test_frozen_means_no_gradient():
    network = made()
    freeze(network.encoder)
    assert {name.split(".")[0] for name, p in network.named_parameters() if p.requires_grad} == {
        "head"
    }


@pytest.mark.slow  # PEFT takes ten seconds to import
def test_low_rank_updates_begin_as_nothing_and_merge_into_a_plain_encoder():
    pytest.importorskip("peft")
    network = made()
    ids, mask = torch.randint(1, 50, (4, 9)), torch.ones(4, 9, dtype=torch.bool)
    plain = copy.deepcopy(network).eval()
    add_lora(network, rank=2)
    with torch.no_grad():
        torch.testing.assert_close(network.eval()(ids, mask), plain(ids, mask))
    moved = [p for name, p in network.named_parameters() if "lora" in name]
    trainable = [name for name, p in network.named_parameters() if p.requires_grad]
    assert moved
    assert all("lora" in name or name.startswith("head") for name in trainable)
    with torch.no_grad():
        for weight in moved:
            weight.normal_(std=0.3)
        adapted = network(ids, mask)
        merged = merge_lora(network)(ids, mask)
    assert (adapted - plain(ids, mask)).abs().max() > 1e-3
    torch.testing.assert_close(merged, adapted, rtol=0, atol=1e-5)
    assert network.state_dict().keys() == plain.state_dict().keys()
