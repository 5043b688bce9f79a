"""Documents of which something is hidden: single tokens for an encoder, spans for an encoder-decoder.

In training what is hidden is drawn from (seed, epoch, sample). Elsewhere it is drawn from the document
itself, so that a row's answer depends on it alone, wherever it stands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from trainwright.core.language import Passages
from trainwright.models.language.packing import Layout
from trainwright.models.language.samples import padded, starts_of
from trainwright.training.objectives import IGNORED
from trainwright.training.objectives.corruption import Draws, hide_tokens

if TYPE_CHECKING:
    from trainwright.training.protocols import Indices, Tensors

Numbers = NDArray[np.int64]


class MaskedSource:
    """Documents with hidden tokens (`training.protocols.Source`, `Measured`).

    Args:
        passages: The tokens that may be hidden are those that are to be told.
        fraction: Of them that is hidden.
        weights: How often each passage comes in training, on average; None: once.
        seed: Of what is drawn in training.
    """

    def __init__(
        self,
        passages: Passages,
        *,
        fraction: float,
        weights: NDArray[np.float64] | None = None,
        seed: int = 0,
    ) -> None:
        assert passages.special.mask is not None
        self._mask = passages.special.mask
        self._passages = passages
        self._starts = starts_of(passages.ends)
        sizes = passages.ends - self._starts
        self._layout = Layout(sizes, width=None, weights=weights, seed=seed)
        self._fraction = fraction
        self._seed = seed

    def __len__(self) -> int:
        return len(self._layout)

    @property
    def lengths(self) -> Numbers:
        """Tokens of each passage; shape (rows,)."""
        return self._layout.rows.lengths

    def batch(self, rows: Indices, *, epoch: int, training: bool) -> Tensors:
        """Tensors ids and labels, int64, and mask, bool; shape (rows, longest)."""
        members, _ = self._layout.members(rows, epoch=epoch)
        spans = list(zip(self._starts[members], self._passages.ends[members], strict=True))
        texts = [self._passages.ids[start:end] for start, end in spans]
        ids = padded(texts, self._passages.special.padding)
        eligible = padded([self._passages.taught[start:end] for start, end in spans], 0) > 0
        draws = draws_of(rows, texts, seed=self._seed, epoch=epoch, training=training)
        hidden, labels = hide_tokens(
            ids,
            draws,
            eligible=eligible,
            mask_token=self._mask,
            vocabulary=self._passages.vocabulary,
            fraction=self._fraction,
        )
        sizes = np.array([len(text) for text in texts])
        return {
            "ids": torch.from_numpy(hidden),
            "mask": torch.from_numpy(np.arange(ids.shape[1]) < sizes[:, None]),
            "labels": torch.from_numpy(labels),
        }


class Seq2SeqSource:
    """What an encoder reads and a decoder tells (`training.protocols.Source`, `Measured`).

    Args:
        passages: With what is read; documents without it are read with spans hidden, which are told.
        start: What the decoder begins with.
        fraction: Of a document that is hidden.
        mean_length: Tokens of a span, on average.
        weights: How often each passage comes in training, on average; None: once.
        seed: Of what is drawn in training.
    """

    def __init__(
        self,
        passages: Passages,
        *,
        start: int,
        fraction: float = 0.15,
        mean_length: float = 3.0,
        weights: NDArray[np.float64] | None = None,
        seed: int = 0,
    ) -> None:
        self._passages = passages
        self._starts = starts_of(passages.ends)
        sizes = passages.ends - self._starts
        if passages.read_ends is not None:
            self._read_starts = starts_of(passages.read_ends)
            sizes = sizes + passages.read_ends - self._read_starts
        self._layout = Layout(sizes, width=None, weights=weights, seed=seed)
        self._start = start
        self._fraction = fraction
        self._mean_length = mean_length
        self._seed = seed

    def __len__(self) -> int:
        return len(self._layout)

    @property
    def lengths(self) -> Numbers:
        """Tokens of each passage, read and told; shape (rows,)."""
        return self._layout.rows.lengths

    def batch(self, rows: Indices, *, epoch: int, training: bool) -> Tensors:
        """Tensors read_ids, ids (what was told before) and labels, int64, and read_mask, bool."""
        members, _ = self._layout.members(rows, epoch=epoch)
        told: list[NDArray[np.int32]] = [
            self._passages.ids[self._starts[one] : self._passages.ends[one]] for one in members
        ]
        if self._passages.read_ids is None:
            draws = draws_of(rows, told, seed=self._seed, epoch=epoch, training=training)
            pairs = [self._hidden(text, draws, place) for place, text in enumerate(told)]
            read, told = [one for one, _ in pairs], [one for _, one in pairs]
        else:
            assert self._passages.read_ends is not None
            ends = self._passages.read_ends
            read = [self._passages.read_ids[self._read_starts[m] : ends[m]] for m in members]
        filler = self._passages.special.padding
        labels = padded(told, IGNORED)
        before = np.full_like(labels, filler)
        before[:, 1:] = np.where(labels[:, :-1] == IGNORED, filler, labels[:, :-1])
        before[:, 0] = self._start
        sizes = np.array([len(text) for text in read])
        read_ids = padded(read, filler)
        return {
            "read_ids": torch.from_numpy(read_ids),
            "read_mask": torch.from_numpy(np.arange(read_ids.shape[1]) < sizes[:, None]),
            "ids": torch.from_numpy(before),
            "labels": torch.from_numpy(labels),
        }

    def _hidden(
        self, text: NDArray[np.int32], draws: Draws, place: int
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        own = Draws(draws.seed, draws.epoch, draws.rows[place : place + 1])
        return hide_spans(
            text,
            own,
            sentinels=self._passages.special.sentinels,
            end=self._passages.special.end,
            fraction=self._fraction,
            mean_length=self._mean_length,
        )


def hide_spans(
    text: NDArray[np.int32],
    draws: Draws,
    *,
    sentinels: Sequence[int],
    end: int,
    fraction: float,
    mean_length: float,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """What is read, a sentinel in place of each span, and what is told: the spans, each after its sentinel.

    Both end with the end token, which is never hidden; it also stands for the paper's last sentinel.

    Args:
        text: Token ids; the end token may be the last.
        draws: Of this text alone.
        sentinels: Stand for the spans, in order; there are no more spans than sentinels.
        end: Ends both.
        fraction: Of the tokens that is hidden.
        mean_length: Tokens of a span, on average.

    Source: Raffel et al. 2020, arXiv:1910.10683, sect. 3.1.4 and fig. 2: lengths of spans, and of what is
    between them, are a random partition; the text begins with what is not hidden.
    """
    body = text[:-1] if len(text) and text[-1] == end else text
    last = np.array([end], dtype=np.int32)
    num_hidden = int(tokens_hidden(np.array([len(body)]), fraction)[0])
    if num_hidden < 1:
        return np.concatenate([body, last]), last
    wanted = max(1, round(num_hidden / mean_length))
    spans = min(wanted, num_hidden, len(body) - num_hidden, len(sentinels))
    hidden = _partition(num_hidden, spans, draws, use="spans")
    between = _partition(len(body) - num_hidden, spans, draws, use="between")
    read: list[NDArray[np.int32]] = []
    told: list[NDArray[np.int32]] = []
    at = 0
    for sentinel, before, size in zip(sentinels[:spans], between, hidden, strict=True):
        mark = np.array([sentinel], dtype=np.int32)
        read += [body[at : at + before], mark]
        told += [mark, body[at + before : at + before + size]]
        at += before + size
    return np.concatenate([*read, last]), np.concatenate([*told, last])


def tokens_hidden(sizes: Numbers, fraction: float) -> Numbers:
    """How many tokens of texts of so many are hidden in spans; shape (texts,).

    One at least is hidden and one is read, so that nothing is hidden of a single token.
    """
    wanted = np.maximum(1, np.round(sizes * fraction).astype(np.int64))
    return np.maximum(0, np.minimum(wanted, sizes - 1))


def bytes_of_share(
    told: NDArray[np.float64], tellable: NDArray[np.float64], passages: Passages
) -> NDArray[np.float64]:
    """UTF-8 bytes of what was hidden: of a row's bytes the share that its hidden tokens are; shape (rows,).

    Ids have no bytes of their own here. What is hidden falls on tokens whatever they spell, so that over
    many rows the share of the tokens is that of the bytes.

    Args:
        told: Hidden tokens of each passage; shape (passages,).
        tellable: Tokens of each passage that could be hidden; shape (passages,).
        passages: Which rows they are of, and the rows' bytes.
    """
    hidden, all_of = (
        np.bincount(passages.rows, counts, minlength=passages.num_rows)
        for counts in (told, tellable)
    )
    share = np.divide(hidden, all_of, out=np.zeros_like(all_of, np.float64), where=all_of > 0)
    return np.asarray(share * passages.row_bytes, np.float64)


def draws_of(
    rows: Indices,
    texts: Sequence[NDArray[np.int32]],
    *,
    seed: int,
    epoch: int,
    training: bool,
) -> Draws:
    """Random numbers of (seed, epoch, sample) in training; of the texts themselves elsewhere."""
    if training:
        return Draws(seed, epoch, rows)
    digests = [hashlib.blake2b(text.astype("<i4").tobytes(), digest_size=8) for text in texts]
    keys = [int.from_bytes(one.digest(), "little") >> 1 for one in digests]
    return Draws(0, 0, np.array(keys, dtype=np.int64))


def _partition(total: int, parts: int, draws: Draws, *, use: str) -> list[int]:
    """Whole numbers above 0 with this sum, each such list as likely as any other."""
    places = np.argsort(draws.uniform(max(1, total - 1), use=use)[0], kind="stable")[: parts - 1]
    cuts = np.concatenate([[0], np.sort(places) + 1, [total]])
    found: list[int] = np.diff(cuts).tolist()
    return found
