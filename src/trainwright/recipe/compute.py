"""`compute`: where the work on rows runs. It has no part in any result, nor in the recipe's hash."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from trainwright.recipe.quantities import Bytes
from trainwright.recipe.reads import Section

LEAST_STORE = 80_000_000


class ComputeSettings(Section):
    """Where the rows of stage 1 are read, typed, hashed and summarised; `compute: ray` is `{kind: ray}`."""

    kind: Literal["local", "ray"] = "local"
    """local: in this process. ray: by the workers of a Ray cluster (extra `ray`)."""
    address: str | None = Field(
        default=None, pattern=r"^(auto|([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5})$"
    )
    """Of a cluster that runs: HOST:PORT, or `auto` for the one that this machine belongs to. Where not
    said, one is started on this machine alone, and stopped in the end."""
    cpus: int | None = Field(default=None, ge=1)
    """Workers of the cluster that is started here; one a processor where not said."""
    object_store: Bytes | None = Field(default=None, ge=LEAST_STORE)
    """Memory in which the cluster that is started here hands results over; Ray's choice where not said."""

    @model_validator(mode="after")
    def _fits_together(self) -> ComputeSettings:
        ray = [name for name in ("address", "cpus", "object_store") if getattr(self, name)]
        if self.kind == "local" and ray:
            raise ValueError(
                f"{ray[0]} says nothing of compute: local | mend: compute: {{kind: ray}}"
            )
        if self.address is not None and len(ray) > 1:
            raise ValueError(
                f"{ray[1]} is of a cluster that is started here, not of the one at {self.address}"
                f" | mend: remove {ray[1]} or address"
            )
        return self
