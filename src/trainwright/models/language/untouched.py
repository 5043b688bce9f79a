"""The pre-trained base as it is before a fit, asked as a model is asked: what fine-tuning is measured by."""

from __future__ import annotations

from pathlib import Path

from trainwright.core.language import Passages
from trainwright.core.parts import objectives
from trainwright.core.pretrained import locate
from trainwright.models.language.families import LanguageFamily
from trainwright.models.language.planning import first_weights
from trainwright.models.networks.estimator import NetworkEstimator


def untouched(family: LanguageFamily, passages: Passages, *, base: Path) -> NetworkEstimator | None:
    """The base of a family; None where it learns from scratch.

    Args:
        family: The recipe's `model` section.
        passages: Some that it would learn from; they tell the vocabulary.
        base: The recipe's folder, where the path of a pre-trained base starts.

    Raises:
        RecipeError: the base cannot be loaded.
    """
    if family.pretrained is None:
        return None
    found = locate(family.pretrained, base=base)
    architecture, network = first_weights(family, found, passages, objectives.find(family.form)())
    return NetworkEstimator(architecture, network.eval(), found.origin)
