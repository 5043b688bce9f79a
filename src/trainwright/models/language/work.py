"""How many floating-point operations a passage of training takes, by the usual count.

6 for each weight and token (2 forward, 4 backward; of a frozen weight 4 in all), and of attention 12 x layers
x width x length for each token. Tables that are only looked up count nothing, and the head only where a
token is told.

Source: Kaplan et al. 2020, arXiv:2001.08361, sect. 2.1; Chowdhery et al. 2022, arXiv:2204.02311, appendix B.
"""

from __future__ import annotations

import numpy as np

from trainwright.core.language import Passages
from trainwright.models.language.network import LanguageNetwork
from trainwright.training.utilisation import Work


def work_of(network: LanguageNetwork, passages: Passages, *, num_samples: int) -> Work:
    """Tokens and operations of a sample, on average over an epoch in which each passage comes once.

    Args:
        network: With its adapters, where it has any.
        passages: That are learnt from.
        num_samples: Rows that they are put into.
    """
    lengths = np.diff(passages.ends, prepend=0).astype(np.float64)
    if passages.read_ends is not None:
        lengths += np.diff(passages.read_ends, prepend=0)
    tables = (network.model.get_input_embeddings(), network.model.get_output_embeddings())
    outer = {id(weight) for table in tables for weight in table.parameters()}
    body = sum(
        _factor(w.requires_grad) * w.numel() for w in network.parameters() if id(w) not in outer
    )
    head = sum(_factor(w.requires_grad) * w.numel() for w in tables[1].parameters() if w.ndim > 1)
    config = network.model.config
    attention = 12.0 * config.num_hidden_layers * config.hidden_size * float((lengths**2).sum())
    flops = body * lengths.sum() + head * float(passages.taught.sum()) + attention
    return Work(float(lengths.sum()) / num_samples, float(flops) / num_samples)


def _factor(trained: bool) -> int:  # noqa: FBT001 - a property of a weight
    return 6 if trained else 4
