from __future__ import annotations

import torch

from trainwright.models.text.bert import Bert, bert_config, is_plain_bert

CONFIG = bert_config(vocabulary=50, max_length=12, hidden=16, layers=2, heads=2, dropout=0.1)


def made():
    torch.manual_seed(0)
    return Bert(CONFIG).eval()


def test_what_stands_at_padding_changes_no_vector_that_counts():
    encoder = made()
    ids = torch.randint(1, 50, (3, 8))
    mask = torch.arange(8) < torch.tensor([[8], [5], [1]])
    other = torch.where(mask, ids, torch.randint(1, 50, ids.shape))
    with torch.no_grad():
        torch.testing.assert_close(
            encoder(ids, mask)[mask], encoder(other, mask)[mask], rtol=0, atol=0
        )


def test_padding_itself_changes_no_vector():
    encoder = made()
    ids = torch.randint(1, 50, (2, 5))
    padded = torch.nn.functional.pad(ids, (0, 4))
    mask = torch.ones_like(ids, dtype=torch.bool)
    with torch.no_grad():
        alone = encoder(ids, mask)
        within = encoder(padded, torch.nn.functional.pad(mask, (0, 4)))[:, :5]
    torch.testing.assert_close(alone, within, rtol=0, atol=1e-6)


def test_every_weight_has_a_gradient():
    encoder = made().train()
    mask = torch.ones(2, 12, dtype=torch.bool)
    encoder(torch.randint(1, 50, (2, 12)), mask).square().sum().backward()
    assert all(weight.grad is not None for weight in encoder.parameters())


def test_it_starts_as_bert_does():
    encoder = made()
    assert 0.015 < float(encoder.embeddings.position_embeddings.weight.detach().std()) < 0.025
    assert not encoder.embeddings.word_embeddings.weight[0].any()
    assert not encoder.encoder.layer[0].intermediate["dense"].bias.any()


def test_other_encoders_are_not_taken_for_this_one():
    assert is_plain_bert(CONFIG)
    assert not is_plain_bert({**CONFIG, "model_type": "roberta"})
    assert not is_plain_bert({**CONFIG, "hidden_act": "swish"})
    assert not is_plain_bert({**CONFIG, "position_embedding_type": "relative_key"})
