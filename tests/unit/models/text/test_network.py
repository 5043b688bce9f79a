from __future__ import annotations

import torch
from torch import nn

from trainwright.models.text.bert import Bert, bert_config
from trainwright.models.text.network import TextNetwork, mean_over

CONFIG = bert_config(vocabulary=50, max_length=12, hidden=16, layers=1, heads=2, dropout=0.5)


def made(pooling="mean"):
    torch.manual_seed(0)
    return TextNetwork(Bert(CONFIG), width=16, num_outputs=3, pooling=pooling, dropout=0.1)


def test_the_mean_is_over_the_tokens_that_are_there():
    x = torch.tensor([[[1.0], [3.0], [100.0]]])
    mask = torch.tensor([[True, True, False]])
    assert mean_over(x, mask).item() == 2.0


def test_pooling_says_what_is_read():
    ids, mask = torch.randint(1, 50, (2, 4)), torch.ones(2, 4, dtype=torch.bool)
    with torch.no_grad():
        tokens = made(None).eval()(ids, mask)
        first = made("cls").eval()(ids, mask)
    assert tokens.shape == (2, 4, 3)
    torch.testing.assert_close(tokens[:, 0], first)


def test_a_frozen_encoder_drops_nothing_while_the_head_is_trained():
    network = made()
    for weight in network.encoder.parameters():
        weight.requires_grad_(False)
    network.train()
    assert not network.encoder.training
    assert network.dropout.training
    network.encoder.encoder.layer[0].requires_grad_(True)
    assert network.train().encoder.training


def test_the_head_begins_near_nothing():
    network = made()
    assert isinstance(network.head, nn.Linear)
    assert not network.head.bias.any()
