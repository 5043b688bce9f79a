"""The loops that one writes by hand: the measure of all others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

import torch
from cases import LEARNING_RATE, Batch, Case, Samples, WholeBatches, as_it_is, padded, sliced
from torch.utils.data import DataLoader


def by_hand(case: Case, batches: Callable[[], Iterable[Batch]]) -> Callable[[], None]:
    """Forward, loss, backward, fused AdamW; nothing is measured, kept or checked."""

    def fit() -> None:
        optimizer = torch.optim.AdamW(
            case.model.parameters(), lr=LEARNING_RATE, weight_decay=0.0, fused=True
        )
        case.model.train()
        for _ in range(case.epochs):
            for batch in batches():
                loss = case.judge(batch)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()

    return fit


def over_slices(case: Case) -> Callable[[], None]:
    """Each batch one gather a column."""
    return by_hand(case, partial(sliced, case))


def over_loader(case: Case) -> Callable[[], None]:
    """A DataLoader that takes one sample at a time, as tutorials show it."""
    return by_hand(case, lambda: loader(case))


def over_buckets(case: Case) -> Callable[[], None]:
    """The batches of like length that Trainwright makes, through no other part of it."""
    from trainwright_loop import feed

    epochs = iter(range(10**6))
    source = feed(case, with_lengths=True)
    return by_hand(case, lambda: (batch for _, batch in source.epoch(next(epochs))))


def loader(case: Case, *, whole: bool = False) -> DataLoader[Batch]:
    """PyTorch's loader, one sample at a time or a whole batch; shuffled, but for texts."""
    samples = WholeBatches(case) if whole else Samples(case)
    collate = as_it_is if whole else padded if case.is_ragged else None
    return DataLoader(
        samples, batch_size=case.batch_size, shuffle=not case.is_ragged, collate_fn=collate
    )


SYSTEMS: Mapping[str, Callable[[Case], Callable[[], None]]] = {
    "hand-written": over_slices,
    "hand-written, DataLoader": over_loader,
    "hand-written, length buckets": over_buckets,
}
