from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from trainwright.models.language.architecture import (
    CausalArchitecture,
    MaskedArchitecture,
    Seq2SeqArchitecture,
)
from trainwright.models.language.network import CausalNetwork, token_nats
from trainwright.models.language.samples import CausalSource
from trainwright.training.objectives import IGNORED

GPT2 = {
    "model_type": "gpt2",
    "vocab_size": 40,
    "n_embd": 32,
    "n_layer": 2,
    "n_head": 2,
    "n_positions": 64,
    "resid_pdrop": 0.0,
    "embd_pdrop": 0.0,
    "attn_pdrop": 0.0,
}
GEMMA = {  # caps its logits: its head is not all there is to them
    "model_type": "gemma2",
    "vocab_size": 40,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 16,
    "sliding_window": 64,
    "final_logit_softcapping": 2.0,
    "attn_implementation": "eager",
}


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.no_grad():
        yield


def network_of(kind, tongue, *, config=None, reads=False):
    torch.manual_seed(0)
    cls = {
        "causal-lm": CausalArchitecture,
        "masked-lm": MaskedArchitecture,
        "seq2seq-lm": Seq2SeqArchitecture,
    }[kind]
    features = tongue.passages(12, reads=reads)
    architecture = cls(config or cls.small(tongue.family(kind), features))
    return architecture, architecture.build().eval(), architecture.source(features)


def batch_of(source):
    return source.batch(np.arange(len(source)), epoch=0, training=False)


@pytest.mark.parametrize("config", [None, GPT2, GEMMA], ids=["llama", "gpt2", "gemma2"])
def test_a_decoder_s_loss_is_transformers_own(tongue, config):
    architecture, network, source = network_of("causal-lm", tongue, config=config)
    batch = batch_of(source)
    nats = network(*(batch[name] for name in architecture.inputs))
    own = network.model(
        input_ids=batch["ids"], position_ids=batch["positions"], labels=batch["labels"]
    )
    count = (batch["labels"] != IGNORED).sum()
    assert float(nats.sum() / count) == pytest.approx(float(own.loss), rel=1e-6)


def test_an_encoder_s_loss_is_transformers_own(tongue):
    architecture, network, source = network_of("masked-lm", tongue)
    batch = batch_of(source)
    nats = network(*(batch[name] for name in architecture.inputs))
    own = network.model(
        input_ids=batch["ids"], attention_mask=batch["mask"].long(), labels=batch["labels"]
    )
    count = (batch["labels"] != IGNORED).sum()
    assert float(nats.sum() / count) == pytest.approx(float(own.loss), rel=1e-6)


def test_an_encoder_decoder_s_loss_is_transformers_own(tongue):
    architecture, network, source = network_of("seq2seq-lm", tongue, reads=True)
    batch = batch_of(source)
    nats = network(*(batch[name] for name in architecture.inputs))
    own = network.model(
        input_ids=batch["read_ids"],
        attention_mask=batch["read_mask"].long(),
        labels=batch["labels"],  # which it shifts by itself
    )
    count = (batch["labels"] != IGNORED).sum()
    assert float(nats.sum() / count) == pytest.approx(float(own.loss), rel=1e-6)


@pytest.mark.parametrize(
    ("config", "attention"),
    [
        (None, "sdpa"),
        (None, "eager"),
        pytest.param(None, "flex_attention", marks=pytest.mark.slow),  # is compiled
        (GPT2, "sdpa"),
        (GPT2, "eager"),
        (GEMMA, "eager"),
    ],
    ids=["llama-sdpa", "llama-eager", "llama-flex", "gpt2-sdpa", "gpt2-eager", "gemma2-eager"],
)
def test_no_passage_of_a_row_sees_another(tongue, config, attention):
    architecture, network, _ = network_of("causal-lm", tongue, config=config)
    network.model.set_attn_implementation(attention)
    told = ([2, 5, 6, 7, 1], [0, 1, 1, 1, 1]), ([2, 9, 11, 1], [0, 1, 1, 1])
    other = ([2, 8, 4, 9, 1], [0, 1, 1, 1, 1]), told[1]
    nats = []
    for passages in (told, other):
        batch = batch_of(CausalSource(tongue.joined(list(passages)), width=16))
        assert batch["ids"].shape == (1, 9)
        nats.append(network(*(batch[name] for name in architecture.inputs))[0])
    assert not torch.equal(nats[0][:5], nats[1][:5])
    assert torch.equal(nats[0][5:], nats[1][5:])  # bit for bit
    alone = batch_of(CausalSource(tongue.joined([told[1]])))
    single = network(*(alone[name] for name in architecture.inputs))[0]
    assert torch.allclose(nats[0][5:], single, atol=1e-5)


def test_without_positions_that_begin_anew_a_passage_would_see_the_one_before(tongue):
    _, network, _ = network_of("causal-lm", tongue)
    ids = torch.tensor([[2, 5, 6, 7, 1, 2, 9, 11, 1], [2, 8, 4, 9, 1, 2, 9, 11, 1]])
    labels = ids.masked_fill(ids == 2, IGNORED)
    positions = torch.arange(9).expand(2, 9)
    nats = network(ids, positions, labels)
    assert not torch.allclose(nats[0, 5:], nats[1, 5:], atol=1e-3)


def test_logits_in_pieces_are_the_same_numbers_with_the_same_gradients():
    torch.manual_seed(0)
    head, targets = nn.Linear(8, 50, bias=False).double(), torch.randint(0, 50, (23,))
    states = torch.randn(23, 8, dtype=torch.float64)
    found = []
    for at_once in (10**6, 200, 1):
        torch.set_grad_enabled(True)
        own = states.clone().requires_grad_()
        head.zero_grad()
        nats = token_nats(head, own, targets, width=50, at_once=at_once)
        (nats * torch.arange(23)).sum().backward()
        found.append((nats.detach(), own.grad, head.weight.grad.clone()))
    for one in found[1:]:
        for given, wanted in zip(one, found[0], strict=True):
            assert torch.allclose(given, wanted, rtol=1e-12, atol=1e-12)


def test_nothing_to_tell_costs_nothing(tongue):
    _, network, _ = network_of("causal-lm", tongue)
    ids = torch.tensor([[2, 5, 1]])
    torch.set_grad_enabled(True)
    nats = network(ids, torch.arange(3)[None], torch.full((1, 3), IGNORED))
    assert nats.tolist() == [[0, 0, 0]]
    nats.sum().backward()  # and teaches nothing


def test_noise_moves_training_alone(tongue):
    architecture, network, _ = network_of("causal-lm", tongue)
    noisy = CausalNetwork(network.model, neftune=5.0)
    source = CausalSource(tongue.passages(12), width=32, noise=True)
    batch = source.batch(np.arange(2), epoch=0, training=True)
    plain = network(*(batch[name] for name in architecture.inputs))
    inputs = [batch[name] for name in (*architecture.inputs, "noise")]
    assert torch.equal(noisy.eval()(*inputs), plain)
    assert not torch.equal(noisy.train()(*inputs), plain)
    assert torch.equal(noisy(*inputs), noisy(*inputs))
    inputs[-1] = torch.zeros(2, dtype=torch.int64)
    assert torch.allclose(noisy(*inputs), plain, atol=1e-6)
