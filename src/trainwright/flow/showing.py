"""`trainwright prepare --show N`: train rows as a language model reads them, token by token.

Nothing is trained; everything else is as in a run: the tokenizer of the train rows or of the base, the
template, what is taught, what is cut off, and the packed row that each passage shares in the first epoch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import Snapshot
from trainwright.core.columns import ROW
from trainwright.core.errors import RecipeError
from trainwright.core.language import LanguageNeeds, Passages
from trainwright.core.protocols import Family
from trainwright.core.seeds import derive_seed
from trainwright.data.fitting import fit_preparation
from trainwright.data.language.shards import FOLDER as SHARDS
from trainwright.flow.fitting import weights_of
from trainwright.flow.row_names import RowNames
from trainwright.flow.rows import Rows, load_both
from trainwright.flow.session import Session
from trainwright.models.auto import candidates

if TYPE_CHECKING:
    from trainwright.data.language.preparation import LanguagePreparation


@dataclass(frozen=True, slots=True)
class ShownToken:
    """A token, what it says, and whether the model must tell it."""

    id: int
    text: str
    taught: bool


@dataclass(frozen=True, slots=True)
class ShownPassage:
    """A passage of a row.

    Attributes:
        row: The row's global position.
        place: FILE:LINE.
        tokens: In order.
        read: What an encoder reads; empty where there is none.
        lost: Tokens of the row that are cut off.
        packed: Places of the rows that share its packed row in the first epoch, itself among them, in
            order; empty where it is not packed, or not learnt from.
    """

    row: int
    place: str
    tokens: tuple[ShownToken, ...]
    read: tuple[ShownToken, ...] = ()
    lost: int = 0
    packed: tuple[str, ...] = ()

    @property
    def num_taught(self) -> int:
        """Tokens that the model must tell."""
        return sum(token.taught for token in self.tokens)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "row": self.row,
            "place": self.place,
            "tokens": [_json(token) for token in self.tokens],
            "read": [_json(token) for token in self.read],
            "lost": self.lost,
            "packed": list(self.packed),
        }


def show(session: Session, snapshot: Snapshot, *, rows: int) -> list[ShownPassage]:
    """The passages of the first train rows.

    Args:
        session: Of the recipe.
        snapshot: Its train rows are read.
        rows: How many.

    Raises:
        RecipeError: no candidate is a language model.
        DataError: a row cannot be prepared.
    """
    name, family = _the_family(session, snapshot)
    train, _ = load_both(snapshot)
    preparation = fit_preparation(
        train.frame,
        snapshot.inputs,
        family.needs,
        base=session.base,
        target=snapshot.target,
        shards=snapshot.folder.with_name(SHARDS),
    )
    from trainwright.data.language.preparation import LanguagePreparation

    assert isinstance(preparation, LanguagePreparation)
    passages = preparation.transform(train.frame)
    names = RowNames(snapshot, train.frame)
    seed = derive_seed(derive_seed(session.recipe.training.seed, name), "samples")
    shared = _packed(passages, family, train, seed=seed)
    return [*_shown(passages, preparation, train, names=names, shared=shared, rows=rows)]


def _the_family(session: Session, snapshot: Snapshot) -> tuple[str, Family]:
    found = candidates(session.recipe.model, inputs=snapshot.inputs, target=snapshot.target)
    telling = [
        one for one in found if isinstance(one.needs, LanguageNeeds) and one.needs.form != "bytes"
    ]
    if telling:
        return telling[0].family, telling[0]
    raise RecipeError(
        "no candidate reads tokens, so that there are none to show",
        where="model.family",
        mend="model: {family: causal-lm}, with task: language-modelling, instruction-tuning or text-to-text",
    )


def _packed(
    passages: Passages, family: Family, train: Rows, *, seed: int
) -> Mapping[int, Sequence[int]]:
    """For each passage that is packed those that share its row in the first epoch."""
    from trainwright.models.language.families import CausalLM
    from trainwright.models.language.packing import Layout
    from trainwright.models.language.samples import begun

    if not isinstance(family, CausalLM) or not family.packing:
        return {}
    learnt = _learnt(passages, drop=family.over_long == "drop")
    sizes = np.diff(begun(passages).ends, prepend=0)[learnt]
    if not len(learnt):
        return {}
    counted = weights_of(train, passages)
    weights = None if counted is None else counted[passages.rows[learnt]]
    layout = Layout(sizes, width=family.max_length, weights=weights, seed=seed)
    members, counts = layout.members(np.arange(len(layout)), epoch=0)
    found: dict[int, Sequence[int]] = {}
    start = 0
    for count in counts.tolist():
        together = learnt[members[start : start + count]].tolist()
        for passage in together:
            found.setdefault(passage, together)
        start += count
    return found


def _learnt(passages: Passages, *, drop: bool) -> NDArray[np.int64]:
    """The passages that are learnt from: those with something to tell."""
    told = np.concatenate([[0], np.cumsum(passages.taught)])
    counts = np.diff(told[passages.ends], prepend=0)
    kept = counts > 0
    if drop and passages.lost is not None:
        kept &= passages.lost[passages.rows] == 0
    return np.flatnonzero(kept).astype(np.int64)


def _shown(
    passages: Passages,
    preparation: LanguagePreparation,
    train: Rows,
    *,
    names: RowNames,
    shared: Mapping[int, Sequence[int]],
    rows: int,
) -> Iterator[ShownPassage]:
    ids = cast("list[int]", train.frame[ROW].to_list())
    starts = np.concatenate([[0], passages.ends[:-1]]) if len(passages.ends) else np.zeros(0)
    for number in np.flatnonzero(passages.rows < rows).tolist():
        row = int(passages.rows[number])
        span = slice(int(starts[number]), int(passages.ends[number]))
        together = passages.rows[list(shared.get(number, ()))].tolist()
        yield ShownPassage(
            row=ids[row],
            place=names([row]),
            tokens=_tokens(passages.ids[span], passages.taught[span], preparation),
            read=_read(passages, number, preparation),
            lost=0 if passages.lost is None else int(passages.lost[row]),
            packed=tuple(names([one]) for one in together),
        )


def _read(
    passages: Passages, number: int, preparation: LanguagePreparation
) -> tuple[ShownToken, ...]:
    if passages.read_ids is None or passages.read_ends is None:
        return ()
    start = int(passages.read_ends[number - 1]) if number else 0
    ids = passages.read_ids[start : int(passages.read_ends[number])]
    return _tokens(ids, np.zeros(len(ids), np.bool_), preparation)


def _tokens(
    ids: NDArray[np.int32], taught: NDArray[np.bool_], preparation: LanguagePreparation
) -> tuple[ShownToken, ...]:
    return tuple(
        ShownToken(int(token), preparation.alphabet.piece(int(token)), bool(told))
        for token, told in zip(ids, taught, strict=True)
    )


def _json(token: ShownToken) -> dict[str, Any]:
    return {"id": token.id, "text": token.text, "taught": token.taught}
