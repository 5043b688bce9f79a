"""The perceptron and its residual variant."""

import torch

from trainwright.models.links import Link
from trainwright.models.tables.networks.columns import TableColumns
from trainwright.models.tables.networks.mlp import MLPArchitecture, ResidualBlock

COLUMNS = TableColumns((0, 1), (), (2,), (3,))


def architecture(**changed):
    values = {
        "columns": COLUMNS,
        "num_classes": 3,
        "link": Link(),
        "layers": 3,
        "hidden": 8,
        "dropout": 0.0,
        "frequencies": 4,
        "number_dim": 3,
        "frequency_spread": 0.1,
        "category_dim": 2,
        "text_dim": 5,
        "blocks": "mlp",
        "drop_path": 0.0,
    }
    return MLPArchitecture(**{**values, **changed})


def test_layers_and_hidden_say_its_shape():
    network = architecture().build()
    shapes = [tuple(m.weight.shape) for m in network.modules() if isinstance(m, torch.nn.Linear)]
    assert shapes == [(8, 8), (8, 8), (8, 8), (3, 8)]


def test_residual_blocks_skip_more_rows_the_later_they_come():
    network = architecture(blocks="resnet", drop_path=0.4).build()
    rates = [m.drop_path.rate for m in network.modules() if isinstance(m, ResidualBlock)]
    assert rates == [0.0, 0.2, 0.4]


def test_a_residual_block_adds_its_branch():
    block = ResidualBlock(4, dropout=0.0, drop_path=0.0).eval()
    hidden = torch.randn(3, 4)
    assert torch.equal(block(hidden), hidden + block.branch(hidden))


def test_it_comes_back_from_json():
    made = architecture(link=Link("log", 2.0, 0.5, 3.0))
    assert MLPArchitecture.from_json(made.to_json()) == made
