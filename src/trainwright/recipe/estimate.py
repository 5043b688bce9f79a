"""The section of `estimate`: prices and volume, which no other verb looks at."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SerializeAsAny

from trainwright.core.parts import Part, families
from trainwright.recipe.quantities import Seconds
from trainwright.recipe.reads import Section


def parse_endpoint(value: Any) -> Any:  # noqa: ANN401 - any YAML value
    """A mapping becomes the part of family `api`."""
    if value is None or isinstance(value, Part):
        return value
    if not isinstance(value, dict):
        raise ValueError("no endpoint | mend: api: {endpoint: https://..., model: NAME}")  # noqa: TRY004 - pydantic wants it
    parsed = families.parse({"family": "api", **value}, where="api")
    if isinstance(parsed, Part):
        return parsed
    path, fault = parsed[0]
    raise ValueError(f"{'.'.join(path)}: {fault.what} | mend: {fault.mend}")


ApiPart = Annotated[SerializeAsAny[Part], BeforeValidator(parse_endpoint)]


class EstimateSettings(Section):
    """What `trainwright estimate` reckons with; prices in one currency, whichever."""

    compute_per_hour: float | None = Field(default=None, ge=0)
    """Of this machine, for training and for serving."""
    label: float | None = Field(default=None, ge=0)
    """Of one label; every row of the snapshot has one."""
    rows_per_month: int | None = Field(default=None, ge=1)
    """Rows that will be predicted a month."""
    months: int = Field(default=12, ge=1, le=120)
    """How long a model is used."""
    serving: Literal["always-on", "batch"] = "always-on"
    """always-on: the machine is paid for every hour of those months; batch: for the rows' time alone."""
    api: ApiPart | None = None
    """{endpoint: https://..., model: NAME, prices: {...}}: what training is weighed against."""
    sample: int = Field(default=0, ge=0, le=10_000)
    """Validation rows that the endpoint is asked about, and paid for; 0: it is not asked."""
    probe: Seconds = Field(default=60.0, ge=1)
    """Time for probes, over all candidates."""
