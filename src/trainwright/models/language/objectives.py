"""What a language model learns to tell, as `training.objective` (or `objective` beside the task) names it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from trainwright.core.parts import Part, objectives


@objectives.register
class Causal(Part):
    """Each token from those before it."""

    kind: Literal["causal"] = "causal"
    """Each token from those before it: family causal-lm."""


@objectives.register
class Masked(Part):
    """Hidden tokens from those on both sides (Devlin et al. 2019, arXiv:1810.04805, sect. 3.1)."""

    kind: Literal["masked"] = "masked"
    """Hidden tokens from those on both sides: family masked-lm."""
    fraction: float = Field(default=0.15, gt=0, lt=1)
    """Share of the tokens that are hidden."""


@objectives.register
class Span(Part):
    """Hidden spans, told one after the other (Raffel et al. 2020, arXiv:1910.10683, sect. 3.1.4)."""

    kind: Literal["span"] = "span"
    """Hidden spans, told by a decoder: family seq2seq-lm."""
    fraction: float = Field(default=0.15, gt=0, lt=1)
    """Share of the tokens that are hidden."""
    mean_length: float = Field(default=3.0, ge=1, le=100)
    """Tokens of a span, on average."""
