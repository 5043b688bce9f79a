"""Thirty secrets, each planted where a careless person leaves one."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator
from dataclasses import dataclass

# A name of an environment variable for each of ten secrets.
VARIABLES = (
    "AWS_SECRET_ACCESS_KEY", "PGPASSWORD", "GITHUB_TOKEN", "HF_TOKEN", "MLFLOW_TRACKING_PASSWORD",
    "VENDOR_API_KEY", "DB_PASSWORD", "TRAINWRIGHT_TOKEN", "SLACK_TOKEN", "STRIPE_SECRET",
)  # fmt: skip
# The published forms of tokens: what stands before the random part.
FORMS = (
    "AKIA",
    "ghp_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "hf_",
    "sk_live_",
    "sk-proj-",
    "AIza",
    "npm_",
)


@dataclass(frozen=True, slots=True)
class Planted:
    """Ten secrets of the environment, ten tokens by their form, ten in URLs, bearers and settings."""

    environment: dict[str, str]
    tokens: tuple[str, ...]
    others: tuple[str, ...]

    def __iter__(self) -> Iterator[str]:
        yield from (*self.environment.values(), *self.tokens, *self.others)


def plant(seed: int) -> Planted:
    """Thirty secrets that no other run has."""
    die = random.Random(seed)

    def chance(letters: str, length: int) -> str:
        return "".join(die.choice(letters) for _ in range(length))

    letters = string.ascii_letters + string.digits
    return Planted(
        {name: chance(string.ascii_lowercase, 24) for name in VARIABLES},
        tuple(
            form + chance(string.ascii_uppercase + string.digits if form == "AKIA" else letters, 26)
            for form in FORMS
        ),
        tuple(chance(string.ascii_lowercase, 20) for _ in range(10)),
    )
