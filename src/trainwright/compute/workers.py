"""Whoever does the work on rows: this process, or others.

Work is a function that goes through items in order and yields results in order. In this process it gets all
items at once, lazily; several workers get a share each. What several shares give must therefore merge to
what one gives: counts, sums of whole numbers, lowest hashes, arrays one after another. Merging is
the caller's, in the order of the items, whoever did the work and whenever it was done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Protocol, TypeVar

from trainwright.recipe.compute import ComputeSettings

Item = TypeVar("Item")
Result = TypeVar("Result")
Work = Callable[[Iterable[Item]], Iterator[Result]]


class Workers(Protocol):
    """Does work on items."""

    def map(
        self, work: Work[Item, Result], items: Iterable[Item], *, folder: Path
    ) -> Iterator[Result]:
        """The results, in the order of the items.

        Args:
            work: A function of a module, or a `functools.partial` of one: it may have to travel.
            items: Small: what says where rows are, rather than rows.
            folder: Work may read and write there; all workers must see it.

        Raises:
            TrainwrightError: work raised it; of several, the one that comes first in the items' order.
            EnvironmentFault: the workers cannot do the work.
        """
        ...


class InProcess:
    """Work is done here, when its result is asked for."""

    def map(
        self, work: Work[Item, Result], items: Iterable[Item], *, folder: Path
    ) -> Iterator[Result]:
        """As `Workers.map`."""
        return work(items)


HERE = InProcess()


def workers_of(settings: ComputeSettings) -> AbstractContextManager[Workers]:
    """The workers that a recipe wants, to be used as a context; nothing is started before there is work.

    Raises:
        EnvironmentFault: the extra that they need is not installed.
    """
    if settings.kind == "local":
        return nullcontext(HERE)
    from trainwright.compute.ray import RayWorkers

    return RayWorkers(settings.address, cpus=settings.cpus, object_store=settings.object_store)
