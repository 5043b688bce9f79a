"""Series networks against torch's own way of doing the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from trainwright.models.sequences.convolutional import ConvolutionalTrunk
from trainwright.models.sequences.heads import Patches
from trainwright.models.sequences.recurrent import RecurrentTrunk
from trainwright.models.sequences.transformer import TransformerTrunk

LENGTHS = [5, 2, 7, 1]
MASK = torch.arange(7) < torch.tensor(LENGTHS)[:, None]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def inputs(seed: int = 0) -> torch.Tensor:
    values = torch.randn(4, 7, 3, generator=torch.Generator().manual_seed(seed))
    return torch.where(MASK.unsqueeze(-1), values, 0.0)


@pytest.mark.parametrize("cell", [nn.GRU, nn.LSTM])
def test_both_ways_equals_a_packed_bidirectional_network(
    cell: type[nn.GRU] | type[nn.LSTM],
) -> None:
    torch.manual_seed(0)
    patches = Patches(channels=3, patch=1, width=4)
    trunk = RecurrentTrunk(cell, patches, width=4, layers=2, dropout=0.0, both_ways=True).eval()
    reference = cell(4, 4, num_layers=2, bidirectional=True, batch_first=True).eval()
    with torch.no_grad():
        for level, (there, back) in enumerate(
            zip(trunk.forward_layers, trunk.backward_layers, strict=True)
        ):
            for layer, suffix in ((there, ""), (back, "_reverse")):
                for name, weight in layer.named_parameters():
                    own = name.replace("_l0", f"_l{level}{suffix}")
                    getattr(reference, own).copy_(weight)
        states, mask = trunk(inputs(), MASK)
        packed = pack_padded_sequence(
            patches(inputs(), MASK)[0],
            torch.tensor(LENGTHS),
            batch_first=True,
            enforce_sorted=False,
        )
        wanted = pad_packed_sequence(reference(packed)[0], batch_first=True)[0]
    assert torch.equal(mask, MASK)
    # Worst case measured: 1.2e-7, the order of a sum in the matrix product.
    assert torch.allclose(states[MASK], wanted[MASK], atol=1e-6)


def test_a_convolution_sees_no_later_step() -> None:
    torch.manual_seed(0)
    patches = Patches(channels=3, patch=1, width=4)
    trunk = ConvolutionalTrunk(patches, width=4, layers=2, kernel=3, dropout=0.0).eval()
    changed = inputs()
    changed[:, 4:] += 1.0
    whole = torch.ones(4, 7, dtype=torch.bool)
    with torch.no_grad():
        before, after = trunk(inputs(), whole)[0], trunk(changed, whole)[0]
    assert torch.equal(before[:, :4], after[:, :4])
    assert not torch.allclose(before[:, 4:], after[:, 4:])


def test_attention_equals_torchs_own_over_the_tokens_that_count() -> None:
    torch.manual_seed(0)
    patches = Patches(channels=3, patch=1, width=8)
    trunk = TransformerTrunk(patches, width=8, layers=1, heads=2, dropout=0.0).eval()
    layer = trunk.layers[0]
    reference = nn.TransformerEncoderLayer(
        8, 2, dim_feedforward=16, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
    ).train()  # its fast path for inference is other arithmetic
    pairs = {
        "self_attn.in_proj_weight": layer.joined.weight,
        "self_attn.in_proj_bias": layer.joined.bias,
        "self_attn.out_proj.weight": layer.out.weight,
        "self_attn.out_proj.bias": layer.out.bias,
        "linear1.weight": layer.feed[0].weight,
        "linear1.bias": layer.feed[0].bias,
        "linear2.weight": layer.feed[3].weight,
        "linear2.bias": layer.feed[3].bias,
        "norm1.weight": layer.attention_norm.weight,
        "norm1.bias": layer.attention_norm.bias,
        "norm2.weight": layer.feed_norm.weight,
        "norm2.bias": layer.feed_norm.bias,
    }
    reference.load_state_dict(pairs)
    states = torch.randn(4, 7, 8, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        found, wanted = layer(states, MASK), reference(states, src_key_padding_mask=~MASK)
    # Worst case measured: 4.8e-7, the order of sums in the matrix products.
    assert np.abs((found - wanted)[MASK].numpy()).max() < 3e-6
