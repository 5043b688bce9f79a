"""Which numbers of rows a call may have, tried with the network itself on this machine.

A few prompts of different lengths are read and taken two tokens further: each row by itself with the
library's own cache, and together. Together is used where its logits are those of the library up to
rounding, and where a row's bits are the same in each place of each size, in a full call with many keys and
beside idle rows with few. Sizes for which that does not hold are left out, and where too few are left rows
go alone. The cost is some ten calls, once a network and number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel

from trainwright.models.language.decoding.rows import Alone, Row
from trainwright.models.language.decoding.together import Together

TILES = (4, 8, 16)
LARGEST = 32  # rows of a call
MOST_COPIES = 16  # rows that one request may have: they lie in one call
MANY_KEYS = 512
_ROUNDING = 1e-3  # of the logits' spread; fp32 sums in another order are off by some 1e-6 of it
_LENGTHS = (3, 9, 1, 6)
_STEPS = 2

_known: WeakKeyDictionary[PreTrainedModel, dict[int, tuple[int, ...]]] = WeakKeyDictionary()


def sound_sizes(reader: Alone, twin: PreTrainedModel) -> tuple[int, ...]:
    """Numbers of rows whose calls agree, ascending; none where rows must go alone."""
    threads = torch.get_num_threads()
    found = _known.setdefault(twin, {})
    if threads not in found:
        found[threads] = _tried(reader, twin)
    return found[threads]


def _tried(reader: Alone, twin: PreTrainedModel) -> tuple[int, ...]:
    read = [reader.begin(ids)[0][0] for ids in _prompts(twin)]
    best: tuple[int, ...] = ()
    for tile in TILES:
        try:
            wanted = _told(Together(reader, twin, sizes=(tile,)), read, steps=_STEPS)
        except (ValueError, TypeError, RuntimeError, IndexError, AttributeError):
            return ()  # a network whose attention or cache is not of the kind that we know
        sizes: list[int] = []
        while (size := tile << len(sizes)) <= LARGEST and _is_sound(
            reader, twin, (size,), wanted[0], read
        ):
            sizes.append(size)
        best = max(best, tuple(sizes), key=lambda found: found[-1] if found else 0)
        if best and best[-1] == LARGEST:
            break
    if not best or best[-1] < MOST_COPIES:
        return ()
    # The last, since it takes the rows themselves further.
    alone = _told(reader, read, steps=_STEPS)
    off = np.abs(wanted - alone).max()
    return best if off <= _ROUNDING * max(1.0, float(np.ptp(alone))) else ()


def _is_sound(
    reader: Alone,
    twin: PreTrainedModel,
    sizes: tuple[int, ...],
    wanted: NDArray[np.float32],
    read: Sequence[Row],
) -> bool:
    """Equal bits in each place of a full call with many keys, and in the first one beside idle rows.

    Args:
        reader: Of the prompts.
        twin: The network.
        sizes: The one that is tried.
        wanted: Logits of the first step of each row, shape (rows, vocabulary).
        read: The rows.
    """
    rows = len(read)
    turned = [(place + place // rows) % rows for place in range(sizes[-1])]
    full = Together(reader, twin, sizes=sizes, least_keys=MANY_KEYS)
    told = _told(full, read, steps=1, order=turned)[0]
    if not np.array_equal(told, wanted[turned]):
        return False
    for row in range(1 if sizes[-1] > TILES[0] else rows):
        single = Together(reader, twin, sizes=sizes)
        if not np.array_equal(_told(single, read, steps=1, order=[row])[0], wanted[[row]]):
            return False
    return True


def _told(
    rows: Alone | Together, read: Sequence[Row], *, steps: int, order: Sequence[int] | None = None
) -> NDArray[np.float32]:
    """Logits of each step, shape (steps, rows, vocabulary); row i is read[order[i]]."""
    chosen = list(range(len(read))) if order is None else order
    begun = [
        rows.seat(read[place])[0] if isinstance(rows, Together) else read[place] for place in chosen
    ]
    told = [rows.step(begun, [1 + (step + place) % 7 for place in chosen]) for step in range(steps)]
    return np.stack(told)


def _prompts(twin: PreTrainedModel) -> list[list[int]]:
    vocabulary = int(twin.config.vocab_size)
    return [
        [(7 * place + 31 * row) % vocabulary for place in range(length)]
        for row, length in enumerate(_LENGTHS)
    ]
