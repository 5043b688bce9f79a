"""Who is handed which row, in which order, and what `trainwright label` says to odd commands."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import polars as pl
import pytest

from flow.label_desk import TEXTS, text_desk, text_recipe
from trainwright.core.columns import Column, ColumnType
from trainwright.core.errors import CommandError
from trainwright.data.labels.active import Strategy
from trainwright.flow.label_order import first_order, rank
from trainwright.flow.labelling import LEASE_SECONDS, Desk, Wishes
from trainwright.flow.out_of_fold import out_of_fold

CLASSES = ("ham", "spam")


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def desk_of(folder: Path, *, clock: Clock | None = None, **wishes: Any) -> Desk:
    made = text_desk(folder)
    wanted = Wishes(**{"classes": CLASSES, **wishes})
    return Desk(made.items, made.book, wanted, now=clock or Clock())


def rows(items: list[dict[str, Any]]) -> list[str]:
    return [item["row"] for item in items]


def test_each_row_is_handed_to_one_annotator_at_a_time(tmp_path: Path):
    clock = Clock()
    desk = desk_of(tmp_path, clock=clock)
    of_anna = rows(desk.next("anna", 5))
    assert rows(desk.next("anna", 5)) == of_anna  # a page that was loaded again gets them again
    of_bert = rows(desk.next("bert", 20))
    assert sorted(of_anna + of_bert) == sorted(desk.items.ids)
    assert desk.next("carla", 1) == []
    clock.seconds = LEASE_SECONDS + 1
    assert rows(desk.next("carla", 20)) == of_anna + of_bert


def test_two_answers_a_row_are_of_two_annotators_and_no_third_is_asked(tmp_path: Path):
    desk = desk_of(tmp_path, answers=2)
    row = rows(desk.next("anna", 1))[0]
    assert rows(desk.next("bert", 1)) == [row]
    assert row not in rows(desk.next("carla", 20))
    desk.answer(row, "spam", "anna")
    assert desk.progress("anna")["done"] == 0
    assert row not in rows(desk.next("carla", 20))  # bert still has it
    desk.answer(row, "ham", "bert")
    assert desk.progress("anna") == {
        "rows": len(TEXTS), "done": 1, "mine": 1, "skipped": 0, "estimate": None,
        "trouble": None,
    }  # fmt: skip


def test_a_skipped_row_is_left_to_others(tmp_path: Path):
    desk = desk_of(tmp_path)
    row = rows(desk.next("anna", 1))[0]
    desk.answer(row, None, "anna")
    assert row not in rows(desk.next("anna", 20))
    assert desk.progress("anna")["skipped"] == 1
    other = desk_of(tmp_path)  # begun anew, so that nothing is lent
    assert row in rows(other.next("bert", 20))


def test_undo_gives_the_row_back_to_who_undid(tmp_path: Path):
    desk = desk_of(tmp_path)
    row = rows(desk.next("anna", 1))[0]
    desk.answer(row, "spam", "anna")
    item = desk.undo("anna")
    assert item is not None
    assert item["row"] == row
    assert row not in rows(desk.next("bert", 20))
    assert desk.undo("anna") is None


def test_an_answer_to_what_a_row_held_before_does_not_count(tmp_path: Path):
    desk = desk_of(tmp_path)
    item = desk.next("anna", 1)[0]
    desk.answer(item["row"], "spam", "anna", shown="0123456789abcdef")
    assert desk.labels().is_empty()
    assert rows(desk.next("anna", 1)) == [item["row"]]
    desk.answer(item["row"], "spam", "anna", shown=item["shown"])
    assert desk.labels().rows() == [(item["row"], "spam", "anna")]


def test_named_rows_come_in_their_order_with_the_label_they_have(tmp_path: Path):
    made = text_desk(tmp_path, labels=["spam", None] * (len(TEXTS) // 2))
    desk = Desk(made.items, made.book, Wishes(classes=CLASSES, rows=("mails.csv:4", "mails.csv:1")))
    items = desk.next("anna", 5)
    assert [(item["row"], item.get("given")) for item in items] == [
        ("mails.csv:4", "spam"),
        ("mails.csv:1", None),
    ]
    with pytest.raises(CommandError, match="FILE:POSITION"):
        Desk(made.items, made.book, Wishes(classes=CLASSES, rows=("mails.csv:99",)))


def test_what_is_none_of_the_rows_or_classes_is_refused(tmp_path: Path):
    desk = desk_of(tmp_path)
    with pytest.raises(CommandError, match=r"no row 'mails\.csv:99'"):
        desk.answer("mails.csv:99", "spam", "anna")
    with pytest.raises(CommandError, match="none of the classes"):
        desk.answer("mails.csv:0", "eggs", "anna")
    assert desk.labels().is_empty()


def test_many_at_once_lose_nothing(tmp_path: Path):
    desk = desk_of(tmp_path)
    seen: list[str] = []

    def work(name: str) -> None:
        while items := desk.next(name, 1):
            desk.answer(items[0]["row"], "spam", name)
            seen.append(items[0]["row"])

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(seen) == sorted(desk.items.ids)
    assert desk.labels().height == len(TEXTS)


class Certain:
    """Models that doubt the row of the highest position most, and were told every label."""

    families = ("one",)

    def __init__(self, frame: pl.DataFrame, _: object, *, target: Any) -> None:
        self._rows, self._width = frame.height, len(target.classes)

    def predict(self, _: str, values: Any, **__: object) -> Any:
        sure = np.linspace(0.99, 0.55, self._rows)
        return np.column_stack([sure, *[(1 - sure) / (self._width - 1)] * (self._width - 1)])


def many(folder: Path, rows: int) -> Any:
    items = desk_of(folder).items
    times = rows // len(TEXTS)
    return replace(
        items,
        typed=pl.concat([items.typed] * times),
        ids=items.ids * times,
        shown=items.shown * times,
        given=pl.concat([items.given] * times),
    )


def ranked(items: Any, known: dict[int, str], order: Any, **said: Any) -> Any:
    wished = {"drawn": np.arange(len(items.ids)), "models": Certain, "strategy": "margin", **said}
    return rank(items, known, np.asarray(order), seed=0, classes=CLASSES, **wished)


def test_rows_in_doubt_come_first(tmp_path: Path):
    found = ranked(many(tmp_path, 8), {0: "ham", 1: "spam"}, range(8))
    assert found.order.tolist() == [7, 6, 5, 4, 3, 2, 0, 1]
    assert found.estimate is None  # too little is known


def test_a_tenth_of_the_rows_is_drawn_and_judges_only(tmp_path: Path):
    items = many(tmp_path, 200)
    order = first_order(np.arange(200))
    assert sorted(order.tolist()) == list(range(200))
    assert [place for place, row in enumerate(order) if row < 20][:3] == [9, 19, 29]
    known = {int(row): CLASSES[int(row) % 2] for row in order[:100]}
    seen: list[int] = []

    class Watched(Certain):
        def predict(self, _: str, values: Any, *, learn: Any, **said: Any) -> Any:
            seen.append(int(learn.sum()))
            return super().predict(_, values)

    found = ranked(items, known, order, models=Watched)
    assert seen == [90, 22, 45]  # of ten labels nothing is learned
    assert found.estimate["labels"] == 100
    assert found.estimate["judged"] == 10
    assert found.estimate["error"] == 0.5  # half are spam, and all are said to be ham
    assert found.estimate["error_low"] < 0.5 < found.estimate["error_high"]
    assert 0 <= found.estimate["low"] <= found.estimate["gain"] <= found.estimate["high"]
    owed = [row for row in found.order.tolist() if row not in known]
    assert owed[0] == 10  # the next that judges: as many are owed as there are labels in tens
    assert [place for place, row in enumerate(owed) if row < 20][1:3] == [10, 20]


@pytest.mark.parametrize("strategy", get_args(Strategy))
def test_every_strategy_orders_all_rows(tmp_path: Path, strategy: str):
    generator = np.random.default_rng(0)
    codes = generator.integers(0, 2, 80)
    typed = pl.DataFrame({"x": codes + generator.normal(0, 0.5, 80), "y": generator.random(80)})
    columns = tuple(Column(name, ColumnType.NUMBER) for name in typed.columns)
    items = replace(many(tmp_path, 80), typed=typed, columns=columns)
    order = first_order(np.arange(80))
    known = {int(row): CLASSES[codes[row]] for row in order[:30]}
    found = ranked(items, known, order, models=out_of_fold, strategy=strategy)
    assert sorted(found.order.tolist()) == list(range(80))
    if strategy == "random":
        assert np.array_equal(found.order, order)


def test_the_order_is_made_anew_beside_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("trainwright.flow.labelling.FEWEST_LABELS", 4)
    made = text_desk(tmp_path)
    desk = Desk(made.items, made.book, Wishes(classes=CLASSES, strategy="margin"), models=Certain)
    first = rows(desk.next("anna", 20))
    for number, row in enumerate(first[:4]):
        desk.answer(row, CLASSES[number % 2], "anna")
    desk.wait()
    assert rows(desk.next("anna", 20)) == first[:3:-1]
    desk.close()


def test_a_model_that_fails_leaves_the_order_as_it_is_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("no memory left for the folds")

    monkeypatch.setattr("trainwright.flow.labelling.FEWEST_LABELS", 4)
    made = text_desk(tmp_path)
    desk = Desk(made.items, made.book, Wishes(classes=CLASSES, strategy="margin"), models=fails)
    first = rows(desk.next("anna", 20))
    for number, row in enumerate(first[:4]):
        desk.answer(row, CLASSES[number % 2], "anna")
    desk.wait()
    assert rows(desk.next("anna", 20)) == first[4:]
    assert desk.progress("anna")["trouble"] == "no memory left for the folds"
    desk.close()


Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("--classes", "spam"), 2, "--classes spam,ham"),
        (("--classes", "spam,spam"), 2, "named twice"),
        (("--classes", ",".join(map(str, range(40)))), 2, "at most 34"),
        (("--classes", "a," + "b" * 300), 2, "200 characters"),
        (("--classes", "ham,spam", "--strategy", "luck"), 2, "margin"),
        (("--classes", "ham,spam", "--export", "x.xyz"), 2, ".csv, .jsonl"),
        (("--classes", "ham,spam", "--export", "no/such/x.csv"), 5, "no/such"),
        (("--classes", "ham,spam", "--import", "nowhere.csv"), 3, "nowhere.csv"),
        (("--classes", "ham,spam", "--import", "odd.csv"), 3, "no row 'x:0'"),
        (("--classes", "ham,spam", "--import", "class.csv"), 3, "no class 'eggs'"),
        (("--classes", "ham,spam", "--import", "blank.csv"), 3, "label"),
        (("--classes", "ham,spam", "--import", "torn.json"), 3, "torn.json"),
        (("--classes", "ham,spam", "--rows", "nowhere.csv"), 3, "nowhere.csv"),
        (("--classes", "ham,spam", "--rows", "odd.csv", "--export", "x.csv"), 2, "FILE:POSITION"),
        (("--classes", "ham,spam", "--rows", "none.csv", "--export", "x.csv"), 3, "0 data rows"),
        (("--set", "data.inputs.text=body"), 3, "the columns are text, label"),
    ],
)
def test_odd_commands_end_with_a_status_and_what_mends_them(
    trainwright: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    status: int,
    told: str,
):
    recipe = text_recipe(tmp_path)
    monkeypatch.chdir(tmp_path)
    Path("odd.csv").write_text("row,label\nx:0,ham\n")
    Path("class.csv").write_text("row,label\nmails.csv:0,eggs\n")
    Path("blank.csv").write_text("row,label\nmails.csv:0,ham\nmails.csv:1,\n")
    Path("none.csv").write_text("row,label\n")
    Path("torn.json").write_text('[{"data": {"row": ')
    ended, value = trainwright("label", recipe, *arguments)
    assert ended == status
    assert told in json.dumps(value, ensure_ascii=False)
    assert value["error"]["mend"]
    assert not list((tmp_path / "workspace" / "labels").glob("*.jsonl"))


def test_of_two_labels_of_one_annotator_the_later_stands_and_is_counted_once(
    trainwright: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    text_desk(tmp_path)
    monkeypatch.chdir(tmp_path)
    lines = ["mails.csv:0,spam,anna", "mails.csv:1,ham,anna", "mails.csv:0,ham,anna"]
    Path("a.csv").write_text("\n".join(["row,label,annotator", *lines]))
    common = ("label", "mails.yaml", "--classes", "ham,spam")
    status, value = trainwright(*common, "--import", "a.csv", "--export", "b.csv")
    assert (status, value["taken"], value["written"]) == (0, 2, 2)
    assert set(pl.read_csv("b.csv")["label"]) == {"ham"}


def test_labels_go_out_and_come_into_another_workspace(
    trainwright: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    desk = text_desk(tmp_path)
    desk.answer("mails.csv:0", "spam", "anna")
    desk.answer("mails.csv:0", "ham", "bert")
    desk.answer("mails.csv:3", "ham", "anna")
    monkeypatch.chdir(tmp_path)
    common = ("label", "mails.yaml", "--classes", "ham,spam")
    for file in ("a.csv", "a.json"):
        status, value = trainwright(*common, "--export", file)
        assert (status, value["written"]) == (0, 3)
        monkeypatch.setenv("TRAINWRIGHT_WORKSPACE", str(tmp_path / f"of {file}"))
        status, value = trainwright(*common, "--import", file, "--export", "again.csv")
        assert (status, value["taken"], value["written"]) == (0, 3, 3)
        assert Path("again.csv").read_text() == Path("a.csv").read_text()
        monkeypatch.setenv("TRAINWRIGHT_WORKSPACE", str(tmp_path / "workspace"))
