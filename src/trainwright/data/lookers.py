"""What a recipe lets look at the data from outside: models and a key. Another one prepares anew."""

from __future__ import annotations

from collections.abc import Iterator

from trainwright.core.names import make_known
from trainwright.core.protocols import Embedder, NameTagger, NameTaggers, TextClassifier
from trainwright.data.privacy.masking import hash_step
from trainwright.recipe.data import DataSettings


def hashes_of_lookers(
    settings: DataSettings,
    *,
    embedder: Embedder | None,
    classifier: TextClassifier | None,
    tagger: NameTagger | None,
) -> Iterator[str]:
    """Hashes of the models that the recipe names, and a fingerprint of its key.

    Raises:
        EnvironmentFault: the key is not in the environment.
    """
    if settings.hash_key is not None:
        yield hash_step(settings.hash_key.removeprefix("env:"), whole=False)
    encoder = settings.near_duplicates.pretrained
    if encoder is not None and embedder is not None:
        yield embedder.hash(encoder)
    toxicity = settings.filters.toxicity if settings.filters is not None else None
    if toxicity is not None and classifier is not None:
        yield classifier.hash(toxicity.model)
    if tagger is not None:
        yield tagger.hash


def tagger_named(settings: DataSettings, taggers: NameTaggers | None) -> NameTagger | None:
    """The finder of names, which the contracts of columns can count on from now on."""
    if settings.series is not None or settings.name_model is None:
        return None
    assert taggers is not None
    return make_known(taggers.load(settings.name_model))
