"""Which numbers of rows a call may have, tried with the network itself on this machine.

A few prompts of different lengths are read and taken two tokens further: each row by itself with the
library's own cache; together; each in a call whose other rows are idle. Together is used where its logits
are those of the library up to rounding, and a row's bits are the same in each place of each size, whoever
is beside it and whatever the number of keys. Sizes for which that does not hold are left out. The cost is
some twenty calls, once a network and number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel

from trainwright.models.language.decoding.rows import Alone
from trainwright.models.language.decoding.together import Together

TILES = (4, 8, 16)
LARGEST = 32  # rows of a call
_ROUNDING = 1e-3  # of the logits' spread; fp32 sums in another order are off by some 1e-6 of it
_LENGTHS = (3, 9, 1, 6)
_STEPS = 2

Told = NDArray[np.float32]  # (steps, rows, vocabulary)
_known: WeakKeyDictionary[PreTrainedModel, dict[int, tuple[int, ...]]] = WeakKeyDictionary()


def sound_sizes(reader: Alone, twin: PreTrainedModel) -> tuple[int, ...]:
    """Numbers of rows whose calls agree, ascending; none where rows must go alone."""
    threads = torch.get_num_threads()
    found = _known.setdefault(twin, {})
    if threads not in found:
        found[threads] = _tried(reader, twin)
    return found[threads]


def _tried(reader: Alone, twin: PreTrainedModel) -> tuple[int, ...]:
    prompts = _prompts(twin)
    tokens = [[1 + (step + row) % 7 for row in range(len(prompts))] for step in range(_STEPS)]
    alone = _told(reader, prompts, tokens)
    best: tuple[int, ...] = ()
    for tile in TILES:
        try:
            wanted = _told(Together(reader, twin, sizes=(tile,)), prompts, tokens)
        except (ValueError, TypeError, RuntimeError, IndexError, AttributeError):
            return ()  # a network whose attention or cache is not of the kind that we know
        if np.abs(wanted - alone).max() > _ROUNDING * max(1.0, float(np.ptp(alone))):
            return ()
        sizes: list[int] = []
        while (size := tile << len(sizes)) <= LARGEST and _is_sound(
            reader, twin, (size,), wanted, prompts, tokens
        ):
            sizes.append(size)
        best = max(best, tuple(sizes), key=lambda found: found[-1] if found else 0)
        if best and best[-1] == LARGEST:
            break
    return best


def _is_sound(
    reader: Alone,
    twin: PreTrainedModel,
    sizes: tuple[int, ...],
    wanted: Told,
    prompts: Sequence[list[int]],
    tokens: Sequence[list[int]],
) -> bool:
    """Equal bits with more keys, in each place of a full call, and beside idle rows."""
    keys = Together(reader, twin, sizes=sizes, least_keys=512)
    if not np.array_equal(_told(keys, prompts, tokens), wanted):
        return False
    rows = len(prompts)
    turned = [(place + place // rows) % rows for place in range(sizes[-1])]
    full = Together(reader, twin, sizes=sizes)
    told = _told(full, [prompts[r] for r in turned], [[step[r] for r in turned] for step in tokens])
    if not np.array_equal(told, wanted[:, turned]):
        return False
    for row in range(rows):
        single = Together(reader, twin, sizes=sizes)
        told = _told(single, [prompts[row]], [[step[row]] for step in tokens])
        if not np.array_equal(told, wanted[:, [row]]):
            return False
    return True


def _told(
    rows: Alone | Together, prompts: Sequence[list[int]], tokens: Sequence[list[int]]
) -> Told:
    begun = [rows.begin(ids)[0][0] for ids in prompts]
    return np.stack([rows.step(begun, newest) for newest in tokens])


def _prompts(twin: PreTrainedModel) -> list[list[int]]:
    vocabulary = int(twin.config.vocab_size)
    return [
        [(7 * place + 31 * row) % vocabulary for place in range(length)]
        for row, length in enumerate(_LENGTHS)
    ]
