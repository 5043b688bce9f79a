"""The models that find names of persons in this process, each by its hash.

A column's contract says by the model's hash which one takes names out of its texts, and values are mended in
many places, by functions that know a column and its values and nothing else. So a model is made known once,
by stage 1 or by the package that holds it, and found here by what the contract says of it: another model of
the same name cannot take its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trainwright.core.columns import Column
from trainwright.core.errors import EnvironmentFault

if TYPE_CHECKING:
    from trainwright.core.protocols import NameTagger

SUFFIX = "-names"  # of the action of a step that needs such a model
_KNOWN: dict[str, NameTagger] = {}


def make_known(tagger: NameTagger) -> NameTagger:
    """From now on contracts that name its hash can be kept."""
    return _KNOWN.setdefault(tagger.hash, tagger)


def known_tagger(hash_: str) -> NameTagger:
    """The model of this hash.

    Raises:
        EnvironmentFault: it was not made known.
    """
    found = _KNOWN.get(hash_)
    if found is None:
        raise EnvironmentFault(
            f"the model that takes names out of texts is not at hand (its hash begins {hash_[:12]})",
            where="data.name_model",
            mend="predict and serve by the package, which holds it; or run the recipe again",
        )
    return found


def tagger_of(columns: Sequence[Column]) -> NameTagger | None:
    """The model that the contracts of these columns need; None where they need none.

    Raises:
        EnvironmentFault: it was not made known.
    """
    for column in columns:
        for step in column.repair.text if column.repair else ():
            action, _, rest = step.partition(":")
            if action.endswith(SUFFIX):
                return known_tagger(rest.rpartition(":")[2])
    return None
