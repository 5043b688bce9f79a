"""The contract file: what a person asks of the columns, in a YAML file of its own beside the recipe.

    columns:
      age: {type: number, required: true, range: [0, 120]}
      state: {type: category, categories: [CA, NY, TX]}
      order: {type: identifier, unique: true, pattern: "[A-Z]{2}[0-9]{6}"}
    rules: ["shipped >= ordered"]

`trainwright prepare RECIPE --contract-out FILE` writes the one that the data keep to; with
`data: {contract: FILE}` prepare, predict and serve enforce it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from trainwright.core.columns import ColumnType
from trainwright.core.errors import Fault, RecipeError
from trainwright.core.parts import faults_of
from trainwright.recipe.document import read_document
from trainwright.recipe.reads import Section


def _words(value: Any) -> Any:  # noqa: ANN401 - validator input
    """Categories as they are read from a file: 1 is "1", true is "true"."""
    if not isinstance(value, list | tuple):
        return value
    return tuple(
        str(one) if isinstance(one, int | float) and one is not True else one for one in value
    )


Number = Annotated[float, Field(strict=False, allow_inf_nan=False)]


class ColumnContract(Section):
    """What is asked of one column; what is not said is not asked."""

    type: ColumnType | None = None
    """What it must be read as."""
    required: bool = False
    """No value is missing."""
    unique: bool = False
    """No two rows of the training data hold the same value."""
    range: Annotated[tuple[Number | None, Number | None], Field(strict=False)] | None = None
    """[LOW, HIGH] of a number; either may be null."""
    categories: Annotated[tuple[str, ...], BeforeValidator(_words)] | None = None
    """The only values that there may be."""
    pattern: Annotated[str, Field(min_length=1, max_length=1_000)] | None = None
    """What every text matches whole: a regular expression without look-around."""

    @model_validator(mode="after")
    def _ordered(self) -> ColumnContract:
        low, high = self.range or (None, None)
        if low is not None and high is not None and low > high:
            raise ValueError(f"{low:g} is above {high:g} | mend: range: [LOW, HIGH]")
        return self


class ContractFile(Section):
    """The whole file."""

    columns: dict[str, ColumnContract] = Field(default={})
    """Column name -> what is asked of it."""
    rules: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Comparisons of a column with a column, a number or a quoted text: "end >= start"."""


def read_contract(path: Path) -> ContractFile:
    """Read and check a contract file.

    Raises:
        RecipeError: it cannot be read, or holds what no contract has; every fault with its line.
    """
    mend = "mend the path in data.contract; `trainwright prepare RECIPE --contract-out FILE` writes one"
    document = read_document(path, what="contract file", mend=mend, least="columns: {}")
    try:
        return ContractFile.model_validate_json(json.dumps(document.values))
    except ValidationError as error:
        found = faults_of(error, ContractFile, where="contract")
        raise RecipeError.of(
            [Fault(one.what, document.where(tuple(keys)), one.mend) for keys, one in found]
        ) from error
