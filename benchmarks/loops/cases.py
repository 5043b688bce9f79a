"""What every loop trains: a module, its samples, its loss; and the clock that all are measured by.

The module itself reads the clock when its forward pass begins, so that every loop is measured by the
same two calls at the same place, whatever happens around them. Nothing here knows any framework.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset

LEARNING_RATE = 1e-3
Batch = Mapping[str, Tensor]


@dataclass(frozen=True)
class Moment:
    """Seconds that this process has computed (all threads), and seconds of the clock."""

    cpu: float
    wall: float

    @classmethod
    def now(cls) -> Moment:
        return cls(time.process_time(), time.perf_counter())


class Marked(nn.Module):
    """A module that notes when each forward pass begins."""

    def __init__(self) -> None:
        super().__init__()
        self.moments: list[Moment] = []

    def mark(self) -> None:
        """Called first in `forward`."""
        self.moments.append(Moment.now())


@dataclass(frozen=True)
class Case:
    """One training to be timed.

    Attributes:
        model: Called with the tensors of a batch that `inputs` names.
        inputs: Their names.
        samples: Columns of equal length; for texts tuples of tensors of unequal length.
        batch_size: Samples an update.
        epochs: Passes of one repeat.
        window: Forward passes between which a repeat is timed; None as the second: its end.
        loss: The mean loss of an output on a batch.
    """

    name: str
    model: Marked
    inputs: tuple[str, ...]
    samples: Mapping[str, Any]
    batch_size: int
    epochs: int
    window: tuple[int, int | None]
    loss: Callable[[Tensor, Batch], Tensor]

    def __len__(self) -> int:
        return len(self.samples["inputs"])

    @property
    def is_ragged(self) -> bool:
        """Samples differ in length and are padded."""
        return isinstance(self.samples["inputs"], tuple)

    def judge(self, batch: Batch, *, model: nn.Module | None = None) -> Tensor:
        """Forward and loss."""
        model = model or self.model
        return self.loss(model(*(batch[name] for name in self.inputs)), batch)


class Perceptron(Marked):
    """64-256-256-10."""

    def __init__(self, width: int = 256) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(64, width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Linear(width, 10),
        )

    def forward(self, inputs: Tensor) -> Tensor:
        self.mark()
        return self.layers(inputs)


class Block(nn.Module):
    """Causal attention and a feed-forward layer, each after a norm and added to what came in."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention, self.before_layers = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attend, self.project = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.layers = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        rows, steps, width = x.shape
        parts = self.attend(self.before_attention(x)).view(rows, steps, 3, self.heads, -1)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.project(seen.transpose(1, 2).reshape(rows, steps, width))
        return x + self.layers(self.before_layers(x))


class Decoder(Marked):
    """A small GPT: 4 blocks of width 128, 4 heads, 512 tokens, 64 positions."""

    def __init__(self, *, tokens: int = 512, steps: int = 64, width: int = 128) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(tokens, width), nn.Embedding(steps, width)
        self.blocks = nn.Sequential(*(Block(width, 4) for _ in range(4)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, tokens, bias=False)

    def forward(self, inputs: Tensor) -> Tensor:
        self.mark()
        places = self.places.weight[: inputs.shape[1]]
        return self.head(self.norm(self.blocks(self.tokens(inputs) + places)))


class Classifier(Marked):
    """BERT in the size of MiniLM-L6 (6 layers of 384, 22.7 million parameters), random weights, 2 classes."""

    def __init__(self, **sizes: int) -> None:
        from transformers import BertConfig, BertForSequenceClassification

        super().__init__()
        usual = {
            "hidden_size": 384,
            "num_hidden_layers": 6,
            "num_attention_heads": 12,
            "intermediate_size": 1536,
        }
        self.bert = BertForSequenceClassification(BertConfig(**(usual | sizes)))

    def forward(self, inputs: Tensor, mask: Tensor) -> Tensor:
        self.mark()
        return self.bert(input_ids=inputs, attention_mask=mask).logits


def mlp(num_batches: int = 100, batch_size: int = 256) -> Case:
    """Where the work is little, so that what a loop adds to it shows."""
    drawn = torch.Generator().manual_seed(0)
    rows = num_batches * batch_size
    samples = {
        "inputs": torch.randn(rows, 64, generator=drawn),
        "target": torch.randint(0, 10, (rows,), generator=drawn),
    }
    window = (num_batches // 5, 2 * num_batches - 1)
    return Case("mlp", Perceptron(), ("inputs",), samples, batch_size, 2, window, class_loss)


def gpt(num_batches: int = 13, batch_size: int = 16) -> Case:
    """The next token of random ones."""
    drawn = torch.Generator().manual_seed(0)
    tokens = torch.randint(0, 512, (num_batches * batch_size, 64), generator=drawn)
    window = (2, num_batches - 1)
    samples = {"inputs": tokens}
    return Case("gpt", Decoder(), ("inputs",), samples, batch_size, 1, window, next_token_loss)


def text(num_batches: int = 10, batch_size: int = 8, **sizes: int) -> Case:
    """Texts of log-normal length (median 32, sigma 0.7, at most 128 tokens); a whole epoch is timed."""
    drawn = torch.Generator().manual_seed(0)
    rows = num_batches * batch_size
    lengths = (torch.randn(rows, generator=drawn) * 0.7 + math.log(32)).exp()
    texts = tuple(
        torch.randint(1, sizes.get("vocab_size", 30522), (length,), generator=drawn)
        for length in lengths.long().clamp(4, 128).tolist()
    )
    samples = {"inputs": texts, "target": torch.randint(0, 2, (rows,), generator=drawn)}
    inputs = ("inputs", "mask")
    return Case("text", Classifier(**sizes), inputs, samples, batch_size, 1, (0, None), class_loss)


CASES: Mapping[str, Callable[..., Case]] = {"mlp": mlp, "gpt": gpt, "text": text}


def class_loss(output: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy of the class."""
    return functional.cross_entropy(output, batch["target"])


def next_token_loss(output: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy of each token after those before it."""
    tokens = batch["inputs"]
    return functional.cross_entropy(output[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())


class Samples(Dataset[dict[str, Tensor]]):
    """One sample at a time, as most data sets give them."""

    def __init__(self, case: Case) -> None:
        self.columns = case.samples

    def __len__(self) -> int:
        return len(self.columns["inputs"])

    def __getitem__(self, row: int) -> dict[str, Tensor]:
        return {name: column[row] for name, column in self.columns.items()}


class WholeBatches(Samples):
    """A batch at a time, by PyTorch's own way for it; goes with `as_it_is` in place of collation."""

    def __getitems__(self, rows: list[int]) -> dict[str, Tensor]:
        return {name: column[rows] for name, column in self.columns.items()}


def as_it_is(batch: Any) -> Any:
    """No collation."""
    return batch


def padded(samples: Iterable[Mapping[str, Tensor]], *, to: int | None = None) -> dict[str, Tensor]:
    """Texts of unequal length as one batch, padded to the longest of them, or to a length."""
    samples = list(samples)
    texts = [sample["inputs"] for sample in samples]
    lengths = torch.tensor([len(one) for one in texts])
    inputs = nn.utils.rnn.pad_sequence(texts, batch_first=True)
    if to is not None:
        inputs = functional.pad(inputs, (0, to - inputs.shape[1]))
    mask = torch.arange(inputs.shape[1]) < lengths[:, None]
    return {
        "inputs": inputs,
        "mask": mask,
        "target": torch.stack([sample["target"] for sample in samples]),
    }


def sliced(case: Case) -> Iterator[Batch]:
    """An epoch in random order, each batch one gather a column; texts as they were drawn."""
    order = torch.arange(len(case)) if case.is_ragged else torch.randperm(len(case))
    for rows in order.split(case.batch_size):
        if case.is_ragged:
            yield padded(Samples(case)[row] for row in rows.tolist())
        else:
            yield {name: column[rows] for name, column in case.samples.items()}
