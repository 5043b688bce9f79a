"""`data.near_duplicates` and `data.decontaminate`: rows that are nearly alike, and train texts of a test."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from trainwright.recipe.reads import Section

Action = Literal["report", "drop", "group", "off"]
File = Annotated[str, Field(min_length=1, max_length=4096)]


class NearDuplicateSettings(Section):
    """What becomes of rows that are nearly alike."""

    action: Action = "report"
    """report; drop (the first of them stays); group (a random split keeps them together); or off."""
    by: Literal["content", "meaning"] = "content"
    """content: words, pixels or cells; meaning: texts by the vectors of a pre-trained encoder."""
    pretrained: Annotated[str, Field(min_length=1, max_length=4096)] | None = None
    """By meaning: the encoder, as all-minilm-l6-v2, a folder in Hub layout or a package of ours."""
    threshold: float | None = Field(default=None, ge=0.5, le=1)
    """Likeness from which rows are near-duplicates: texts 0.7, images and meaning 0.9 where not said."""

    @model_validator(mode="after")
    def _fits(self) -> NearDuplicateSettings:
        if self.by == "meaning" and self.pretrained is None:
            raise ValueError(
                "near-duplicates by meaning need an encoder | mend: pretrained: all-minilm-l6-v2"
            )
        if self.by == "content" and self.pretrained is not None:
            raise ValueError(
                f"no encoder is used by content | mend: by: meaning, or remove pretrained: {self.pretrained}"
            )
        return self


class DecontaminationSettings(Section):
    """Which train rows are left out because they hold texts of an evaluation set."""

    against: Annotated[tuple[File, ...], Field(strict=False)] = ()
    """Files of evaluation texts: tables, JSON lines or plain text."""
    words: int = Field(default=13, ge=5, le=100)
    """Words in a row that a train text may not share with any of them."""
    share: float | None = Field(default=None, gt=0, le=1)
    """Share of its runs of words from which a train text is left out; any one where not said."""


def read_near_duplicates(value: Any) -> Any:  # noqa: ANN401 - validator input
    """`near_duplicates: drop` for `{action: drop}`; YAML reads `off` as false."""
    if value is False:
        return {"action": "off"}
    return {"action": value} if isinstance(value, str) else value


def read_decontamination(value: Any) -> Any:  # noqa: ANN401 - validator input
    """`decontaminate: [FILE]` for `{against: [FILE]}`."""
    if isinstance(value, str):
        return {"against": [value]}
    return {"against": value} if isinstance(value, list | tuple) else value
