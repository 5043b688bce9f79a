"""`data.filters`: which texts of a corpus are left out, by the rules of published recipes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from trainwright.recipe.reads import Section

RuleSet = Literal["c4", "gopher-quality", "gopher-repetition", "fineweb"]


Text = Annotated[str, Field(min_length=1, max_length=4096)]


class Toxicity(Section):
    """Texts that a classifier, trained here, takes for a class that is not wanted."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    model: Text
    """A package's folder, relative to the recipe, or what the registry knows: name@champion; a run."""
    label: Text = Field(alias="class")
    """The class that is not wanted, as the classifier's target spells it."""
    threshold: float = Field(default=0.5, gt=0, lt=1)
    """Probability of the class above which a text is left out."""


class FilterSettings(Section):
    """Filters of texts; each text that one of them refuses is left out, with the rule as its reason."""

    rules: Annotated[tuple[RuleSet, ...], Field(strict=False)] = ()
    """Rule sets of published corpora: c4, gopher-quality, gopher-repetition, fineweb."""
    languages: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Languages that are kept, as en or de; told by their commonest words."""
    min_words: int | None = Field(default=None, ge=0)
    """Shorter texts are left out."""
    max_words: int | None = Field(default=None, ge=1)
    """Longer texts are left out."""
    words: str | None = None
    """A file of words or phrases, one a line: texts with too many of them are left out."""
    words_share: float = Field(default=0.01, ge=0, le=1)
    """The share of a text's words above which they are too many; 0 lets none pass."""
    toxicity: Toxicity | None = None
    """{model: PACKAGE, class: LABEL, threshold: 0.5}: texts that a classifier refuses."""
