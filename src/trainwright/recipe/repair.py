"""`data.repair` and its like: what is mended in the cells, and what is left out because it cannot be."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from trainwright.recipe.reads import Section

TextStep = Literal["mojibake", "html", "unicode", "whitespace"]
Beyond = Literal["missing", "clip", "drop"]
Number = Annotated[float, Field(strict=False, allow_inf_nan=False)]
Groups = dict[str, Annotated[tuple[str, ...], Field(strict=False)]]


class Limits(Section):
    """Between what a number can be."""

    low: Number | None = None
    """The least; no limit where it is not said."""
    high: Number | None = None
    """The greatest."""
    beyond: Beyond | None = None
    """What a value beyond becomes; that of `repair` where it is not said."""

    @model_validator(mode="after")
    def _ordered(self) -> Limits:
        if self.low is None and self.high is None:
            raise ValueError("no limit is named | mend: [0, 120], or [0, null]")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"{self.low:g} is above {self.high:g} | mend: [LOW, HIGH]")
        return self


def _limits(value: Any) -> Any:  # noqa: ANN401 - validator input
    if isinstance(value, list | tuple):
        if len(value) != 2:
            raise ValueError("limits are two numbers | mend: [0, 120], or [0, null]")
        return {"low": value[0], "high": value[1]}
    return value


class RepairSettings(Section):
    """What is mended in the values of columns; each change stands in the snapshot's repairs.parquet."""

    text: Annotated[tuple[TextStep, ...], Field(strict=False)] = ()
    """Of all texts, in this order: mojibake, html, unicode, whitespace."""
    variants: dict[str, Literal["accept"] | Groups] = Field(default={})
    """Of a category: {SPELLING: [OTHER SPELLINGS]}, or accept for all that are proposed."""
    limits: dict[str, Annotated[Limits, BeforeValidator(_limits)]] = Field(default={})
    """Of a number: [LOW, HIGH], either may be null; or {low, high, beyond}."""
    beyond: Beyond = "missing"
    """What a value beyond its limits becomes: missing, clip (the limit), or drop the row."""

    @model_validator(mode="after")
    def _once(self) -> RepairSettings:
        for column, groups in self.variants.items():
            if isinstance(groups, str):
                continue
            names = [name for others in groups.values() for name in others]
            twice = sorted({name for name in names if names.count(name) > 1 or name in groups})
            if twice:
                raise ValueError(
                    f"the spelling {twice[0]!r} of {column!r} stands in two places"
                    " | mend: name each spelling once"
                )
        if self.beyond != "missing" and not self.limits:
            raise ValueError("`beyond` needs limits | mend: limits: {COLUMN: [LOW, HIGH]}")
        return self


class UnreadableSettings(Section):
    """What becomes of images that cannot be decoded."""

    quarantine: Annotated[int, Field(ge=0)] | Annotated[float, Field(gt=0, lt=1)] = 0
    """Leave out so many rows at most, as 5, or such a share of them, as 0.01; more stop the run."""

    def most(self, num_rows: int) -> int:
        """How many of so many rows may be left out."""
        return (
            self.quarantine if isinstance(self.quarantine, int) else int(self.quarantine * num_rows)
        )
