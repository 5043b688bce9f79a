"""What a language model learns to tell, as `training.objective` (or `objective` beside the task) names it."""

from __future__ import annotations

from typing import Any, Literal, Never

from pydantic import Field

from trainwright.core.errors import RecipeError
from trainwright.core.parts import Part, objectives


class OfLanguage(Part):
    """An objective that `models.language` plans itself; to any other family it is none."""

    kind: str

    def build(self, **how: Any) -> Never:  # noqa: ANN401 - as the others are built
        """Refuse to be the objective of classes or numbers.

        Raises:
            RecipeError: always.
        """
        raise RecipeError(
            f"objective {self.kind!r} is of language models, and the task is another",
            where="training.objective.kind",
            mend="kind: cross-entropy or focal, of numbers mse, mae, huber or quantile",
        )


@objectives.register
class Causal(OfLanguage):
    """Each token from those before it."""

    kind: Literal["causal"] = "causal"
    """Each token from those before it: family causal-lm."""


@objectives.register
class Masked(OfLanguage):
    """Hidden tokens from those on both sides (Devlin et al. 2019, arXiv:1810.04805, sect. 3.1)."""

    kind: Literal["masked"] = "masked"
    """Hidden tokens from those on both sides: family masked-lm."""
    fraction: float = Field(default=0.15, gt=0, lt=1)
    """Share of the tokens that are hidden."""


@objectives.register
class Span(OfLanguage):
    """Hidden spans, told one after the other (Raffel et al. 2020, arXiv:1910.10683, sect. 3.1.4)."""

    kind: Literal["span"] = "span"
    """Hidden spans, told by a decoder: family seq2seq-lm."""
    fraction: float = Field(default=0.15, gt=0, lt=1)
    """Share of the tokens that are hidden."""
    mean_length: float = Field(default=3.0, ge=1, le=100)
    """Tokens of a span, on average."""
