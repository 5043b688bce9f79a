"""`trainwright label`: which rows people are asked about, and what becomes of their answers.

Rows without a label are asked about, the most useful first: while there are few labels any row of the
source, then those that several families doubt most, spread over what they look like. The order is made
anew, beside the page, when there are a tenth more labels. Answers go to the workspace's record at once.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.columns import Task
from trainwright.core.durable import sha256_bytes
from trainwright.core.errors import CommandError, DataError, RecipeError, shorten
from trainwright.core.protocols import FoldModels, Progress
from trainwright.data.labels.active import Strategy, queue
from trainwright.data.labels.book import Answer, LabelBook
from trainwright.data.labels.exchange import read_labels, read_row_ids, write_labels
from trainwright.data.labels.items import Items, read_items
from trainwright.flow.label_order import FEWEST_LABELS, first_order, rank
from trainwright.flow.out_of_fold import out_of_fold
from trainwright.recipe import load_recipe
from trainwright.runs.workspace import Workspace

LEASE_SECONDS = 600.0  # how long a row that was handed out is kept for who got it
MOST_CLASSES = 34  # as many have a key on the page
_LONGEST_LABEL = 200


@dataclass(frozen=True, slots=True)
class Wishes:
    """How rows are to be labelled.

    Attributes:
        classes: The labels to choose from; those that the source has already where none are named.
        strategy: How rows are chosen.
        answers: How many annotators a row is shown to.
        rows: Only these row ids, in this order; None: all without a label.
        seed: Draws the order of equals.
    """

    classes: tuple[str, ...] = ()
    strategy: Strategy = "combined"
    answers: int = 1
    rows: Sequence[str] | None = None
    seed: int = 0


class Desk:
    """Hands out rows and takes answers. Safe for several threads.

    Args:
        items: The rows.
        book: Where answers go.
        wishes: How rows are to be labelled.
        models: Makes the families that say which rows to ask about.
        now: Seconds that only grow.

    Attributes:
        work: Names the record and the target, so that answers go to none but theirs.
        estimate: What further labels are expected to buy; None before it is known.
        trouble: Why the rows could not be ordered anew; they then come as before. None where they could.

    Raises:
        CommandError: there are no classes, or too many, or a row id that is not there.
    """

    def __init__(
        self,
        items: Items,
        book: LabelBook,
        wishes: Wishes,
        *,
        models: Callable[..., FoldModels] = out_of_fold,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.items = items
        self.book = book
        self.classes = _classes(items, wishes.classes)
        self._wishes = wishes
        self._models = models
        self._now = now
        self._position = {row: position for position, row in enumerate(items.ids)}
        self._shown = dict(zip(items.ids, items.shown, strict=True))
        self._drawn = self._rows_to_ask()
        self._order = self._drawn if wishes.rows is not None else first_order(self._drawn)
        self._asked = {items.ids[position] for position in self._order.tolist()}
        self._leases: dict[int, dict[str, float]] = {}
        self._lock = threading.Lock()
        self._worker = ThreadPoolExecutor(1)
        self._ranked_at = 0
        self._ranking = False
        self.estimate: dict[str, Any] | None = None
        self.trouble: str | None = None
        named = f"{book.path.resolve()}\n{items.target}"
        self.work = sha256_bytes(named.encode())[:16]

    def close(self) -> None:
        """End the ranking beside the page; what is under way is waited for."""
        self._worker.shutdown(cancel_futures=True)

    def wait(self) -> None:
        """Until no order is being made anew."""
        self._worker.submit(lambda: None).result()

    def knows(self, row: str) -> bool:
        """Is there such a row?"""
        return row in self._position

    def task(self, annotator: str) -> dict[str, Any]:
        """What the page needs to begin: classes, how far the work is."""
        return {
            "work": self.work,
            "target": self.items.target,
            "kind": self.items.kind,
            "classes": list(self.classes),
            "progress": self.progress(annotator),
        }

    def progress(self, annotator: str) -> dict[str, Any]:
        """Rows, those with enough answers, and the annotator's own."""
        answers = self._standing()
        counts = Counter(answer.row for answer in answers if answer.label is not None)
        mine = [answer for answer in answers if answer.annotator == annotator]
        return {
            "rows": len(self._order),
            "done": sum(
                count >= self._wishes.answers for row, count in counts.items() if row in self._asked
            ),
            "mine": sum(answer.label is not None for answer in mine),
            "skipped": sum(answer.label is None for answer in mine),
            "estimate": self.estimate,
            "trouble": self.trouble,
        }

    def next(self, annotator: str, count: int) -> list[dict[str, Any]]:
        """The next rows for an annotator, which are kept for him for ten minutes."""
        answers = self._standing()
        mine = {answer.row for answer in answers if answer.annotator == annotator}
        others = Counter(answer.row for answer in answers if answer.label is not None)
        given: list[dict[str, Any]] = []
        with self._lock:
            for position in self._open(mine, others, annotator):
                if len(given) == count:
                    break
                self._lend(position, annotator)
                given.append(self._item(position))
        return given

    def answer(
        self, row: str, label: str | None, annotator: str, *, shown: str | None = None
    ) -> None:
        """Write an answer down; None skips the row.

        Args:
            row: Its id.
            label: A class.
            annotator: Who.
            shown: Hash of what the annotator saw; None: what the row holds now. An answer to what
                has changed since is kept, but does not count.

        Raises:
            CommandError: no such row, or no such class.
            EnvironmentFault: the disk refuses; nothing was written.
        """
        if row not in self._position:
            raise CommandError(f"there is no row {shorten(row)}", where="row")
        if label is not None and label not in self.classes:
            raise CommandError(
                f"{shorten(label)} is none of the classes", where="label",
                mend=", ".join(self.classes[:10]),
            )  # fmt: skip
        self.book.answer(Answer(row, annotator, label, shown or self._shown[row]))
        with self._lock:
            self._leases.get(self._position[row], {}).pop(annotator, None)
        self._rank_again()

    def undo(self, annotator: str, row: str | None = None) -> dict[str, Any] | None:
        """Take the annotator's last answer back, or that to a row, and give the row again.

        None where there is none.
        """
        last = self.book.undo(annotator, row)
        if last is None or last.row not in self._position:
            return None
        position = self._position[last.row]
        with self._lock:
            self._lend(position, annotator)
        return self._item(position)

    def labels(self) -> pl.DataFrame:
        """Columns row, label, annotator: every answer that stands."""
        return self.book.labels(self._shown)

    def _item(self, position: int) -> dict[str, Any]:
        """What the page shows of a row: its id, the hash of what is shown, the label it came with."""
        told = {"row": self.items.ids[position], "shown": self.items.shown[position]}
        given = self.items.given[position]
        return told | ({} if given is None else {"given": given}) | self.items.show(position)

    def _open(self, mine: set[str], others: Counter[str], annotator: str) -> Iterator[int]:
        """Positions of the rows that wait for an answer of the annotator, the most useful first."""
        now = self._now()
        for position in self._order.tolist():
            row = self.items.ids[position]
            lent = self._leases.get(position, {})
            away = sum(until > now for who, until in lent.items() if who != annotator)
            if row not in mine and others[row] + away < self._wishes.answers:
                yield position

    def _lend(self, position: int, annotator: str) -> None:
        """Keep a row for an annotator; the lock is held."""
        self._leases.setdefault(position, {})[annotator] = self._now() + LEASE_SECONDS

    def _standing(self) -> list[Answer]:
        return [a for a in self.book.standing() if self._shown.get(a.row) == a.shown]

    def _rows_to_ask(self) -> NDArray[np.int64]:
        """Those that were named, in their order; or all without a label, in random order."""
        if self._wishes.rows is not None:
            lacking = [row for row in self._wishes.rows if row not in self._position]
            if lacking:
                raise CommandError(
                    f"there is no row {shorten(lacking[0])}",
                    where="--rows",
                    mend="rows are called FILE:POSITION, as in the files that findings name",
                )
            return np.array([self._position[row] for row in self._wishes.rows], dtype=np.int64)
        open_rows = np.flatnonzero(self.items.given.is_null().to_numpy())
        no_model = np.zeros((len(open_rows), 0))
        first = queue(
            {}, count=len(open_rows), features=no_model, strategy="random", seed=self._wishes.seed
        )
        found: NDArray[np.int64] = open_rows[first.rows]
        return found

    def _rank_again(self) -> None:
        """Order the rest anew, in the background, where a tenth more is known than last time."""
        if self._wishes.rows is not None:
            return
        known = self._known()
        with self._lock:
            enough = len(known) >= max(FEWEST_LABELS, 1.1 * self._ranked_at)
            if self._ranking or not enough or len(set(known.values())) < 2:
                return
            self._ranking, self._ranked_at = True, len(known)
        self._worker.submit(self._rank, known)

    def _known(self) -> dict[int, str]:
        """The label of each row that has one: given, or answered; of several answers the commonest."""
        given = self.items.given
        known = {int(row): given[int(row)] for row in given.is_not_null().arg_true()}
        votes: dict[int, Counter[str]] = {}
        for answer in self._standing():
            if answer.label is not None:
                position = self._position[answer.row]
                votes.setdefault(position, Counter())[answer.label] += 1
        return known | {row: count.most_common(1)[0][0] for row, count in votes.items()}

    def _rank(self, known: dict[int, str]) -> None:
        try:
            ranked = rank(
                self.items,
                known,
                self._order,
                drawn=self._drawn,
                models=self._models,
                classes=self.classes,
                strategy=self._wishes.strategy,
                seed=self._wishes.seed,
            )
            with self._lock:
                self._order, self.estimate = ranked.order, ranked.estimate
            self.trouble = None
        except Exception as error:  # labels go on, and the page says it
            self.trouble = (str(error) or type(error).__name__)[:200]
        finally:
            self._ranking = False


def open_desk(
    recipe: Path,
    wishes: Wishes,
    *,
    workspace: Path | None = None,
    overrides: Sequence[str] = (),
    progress: Progress | None = None,
) -> Desk:
    """The desk of a recipe's rows; its record is `labels/NAME.jsonl` in the workspace.

    Raises:
        RecipeError, DataError, CommandError, EnvironmentFault: as their names say.
    """
    loaded = load_recipe(recipe, overrides=overrides)
    if loaded.task is Task.MULTI_LABEL:
        raise RecipeError(
            "the page asks for one label a row, and the task is multi-label",
            where="task",
            mend="label in a tool for several, and write the lists to JSON lines",
        )
    base = recipe.resolve().parent
    more = {} if progress is None else {"progress": progress}
    items = read_items(loaded.data, base=base, **more)
    book = LabelBook(Workspace.open(workspace).root / "labels" / f"{loaded.name}.jsonl")
    return Desk(items, book, wishes)


def _classes(items: Items, asked: tuple[str, ...]) -> tuple[str, ...]:
    found = asked or tuple(items.given.drop_nulls().unique().sort().to_list())
    if len(found) < 2:
        raise CommandError(
            f"{len(found)} classes are known, and two are needed to choose from",
            where="--classes",
            mend="--classes spam,ham",
        )
    if len(found) > MOST_CLASSES or any(len(label) > _LONGEST_LABEL for label in found):
        raise CommandError(
            f"{len(found)} classes: at most {MOST_CLASSES} have a key, of at most"
            f" {_LONGEST_LABEL} characters each",
            where="--classes",
            mend="name those that are to be chosen from: --classes a,b,c",
        )
    return found


def wishes_of(
    *, classes: str | None, strategy: str, known: Sequence[str], answers: int, rows: Path | None
) -> Wishes:
    """The command line's words as wishes.

    Raises:
        CommandError: no such strategy, or a class twice.
        DataError: the file of rows cannot be read.
    """
    if strategy not in known:
        raise CommandError(
            f"{shorten(strategy)} is no strategy", where="--strategy", mend=", ".join(known)
        )
    named = tuple(label.strip() for label in (classes or "").split(",") if label.strip())
    if len(set(named)) < len(named):
        raise CommandError("a class is named twice", where="--classes", mend="--classes spam,ham")
    return Wishes(
        classes=named,
        strategy=strategy,  # type: ignore[arg-type]  # checked above
        answers=answers,
        rows=None if rows is None else read_row_ids(rows),
    )


def import_labels(desk: Desk, path: Path) -> int:
    """Take the labels of a file, as answers of their annotators; of how many rows and annotators.

    Of two labels that one annotator gave to a row the later one stands, as on the page.

    Raises:
        DataError: the file is damaged, or names a row or a class that is not there; none is taken.
    """
    labels = read_labels(path)
    for number, (row, label, _) in enumerate(labels.iter_rows()):
        if not desk.knows(row) or label not in desk.classes:
            what = f"no row {shorten(row)}" if not desk.knows(row) else f"no class {shorten(label)}"
            raise DataError(
                f"there is {what}",
                where=f"{path} label {number}",
                mend="name the recipe that these rows are of, and all classes by --classes",
            )
    for row, label, annotator in labels.iter_rows():
        desk.answer(row, label, annotator)
    return labels.n_unique(["row", "annotator"])


def export_labels(desk: Desk, path: Path) -> int:
    """Write every answer that stands to a file; how many."""
    labels = desk.labels()
    write_labels(path, labels, desk.items, desk.classes)
    return labels.height
