"""Prove a recipe: every check on every network candidate; with `kills`, a run killed again and again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trainwright.core.artifacts import Check
from trainwright.core.extras import require
from trainwright.core.protocols import Progress
from trainwright.flow.proving.subjects import Tiny, tiny_subjects
from trainwright.flow.session import Session
from trainwright.models.language.families import LanguageFamily


@dataclass(frozen=True, slots=True)
class Proof:
    """Attributes.

    recipe: Its name.
    checks: Each with what was measured.
    """

    recipe: str
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """True when every check passed."""
        return all(check.passed for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        """The contract of `prove --json`."""
        return {
            "recipe": self.recipe,
            "passed": self.passed,
            "checks": [check.to_json() for check in self.checks],
        }


def prove(
    recipe: Path,
    *,
    kills: int = 0,
    workspace: Path | None = None,
    overrides: Sequence[str] = (),
    progress: Progress | None = None,
) -> Proof:
    """Prove the mathematics of a recipe on tiny shapes of its own model and data.

    Args:
        recipe: The recipe's file.
        kills: Kill a tiny run so many times at random instants, and compare what comes of it.
        workspace: The workspace's folder.
        overrides: `section.key=value` each.
        progress: Shows how far the work is.

    Raises:
        RecipeError, DataError, EnvironmentFault: as their names say.
    """
    session = Session.open(recipe, workspace=workspace, overrides=overrides, progress=progress)
    snapshot = session.prepare()
    subjects = tiny_subjects(session.recipe, snapshot, base=session.base)
    checks: list[Check] = []
    for tiny in subjects:
        name = tiny.family.family
        require("networks", what=f"family {name!r}")
        session.progress.stage(f"prove {name}")
        checks += [
            replace(check, name=f"{name}: {check.name}") for check in _checks(tiny, kills=kills)
        ]
    if not subjects:
        told = "no candidate is a network: there is no loop to prove; `audit` proves the rest"
        checks.append(Check("networks", True, told))
    return Proof(session.recipe.name, tuple(checks))


def _checks(tiny: Tiny, *, kills: int) -> Iterator[Check]:
    import torch

    from trainwright.flow.proving.kills import check_kills
    from trainwright.flow.proving.memory import check_memory
    from trainwright.training.proofs import prove as prove_training

    torch.set_num_threads(tiny.recipe.training.threads)
    yield from prove_training(tiny.subject)
    if isinstance(tiny.family, LanguageFamily):
        from trainwright.flow.proving.language import language_subject
        from trainwright.models.language.proofs import prove_language

        yield from prove_language(language_subject(tiny))
    limit = tiny.recipe.training.memory_limit
    if limit is not None:
        yield check_memory(tiny, limit=limit)
    if kills:
        yield check_kills(tiny, kills=kills)
