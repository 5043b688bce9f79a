"""The labelling page in a real browser: keys, clicks, several annotators, and what a crash leaves."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from flow.label_desk import TEXTS, process, served, text_desk, text_recipe
from machinery import browser_program, needs
from trainwright.data.labels.book import LabelBook
from trainwright.flow.labelling import Wishes, open_desk

pytestmark = needs("browser")

TIMEOUT = 60_000  # milliseconds; conditions are waited for, so only a broken page takes so long
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]


@pytest.fixture(scope="module")
def player():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def browser(player):
    running = player.chromium.launch(executable_path=browser_program(), args=FLAGS)
    yield running
    running.close()


@contextmanager
def opened(context, address: str, *, annotator: str = "anna") -> Iterator:
    """The page, with a name written; no dialog and no complaint of the console was seen at its end."""
    page = context.new_page()
    page.set_default_timeout(TIMEOUT)
    seen: list[str] = []
    page.on("dialog", lambda dialog: (seen.append(dialog.message), dialog.dismiss()))
    page.on(
        "console",
        lambda said: (
            seen.append(said.text)
            if said.type == "error" and "ERR_" not in said.text  # a server that was killed
            else None
        ),
    )
    page.on("pageerror", lambda error: seen.append(str(error)))
    page.goto(address)
    if page.input_value("#who") != annotator:
        page.fill("#who", annotator)
        page.press("#who", "Enter")
    waits_for_row(page)
    yield page
    assert seen == []
    page.close()


def waits_for_row(page) -> str:
    page.wait_for_selector("#row[data-row]:not([data-row=''])")
    return page.get_attribute("#row", "data-row")


def press(page, key: str) -> str:
    """Press a key; the row that it was said of, once another stands there or none is left."""
    row = waits_for_row(page)
    page.keyboard.press(key)
    page.wait_for_function("row => document.getElementById('row').dataset.row !== row", arg=row)
    return row


def waits_until_saved(page) -> None:
    page.wait_for_function("() => document.getElementById('kept').textContent === 'all is saved'")


def standing(desk) -> dict[tuple[str, str], str | None]:
    return {(a.annotator, a.row): a.label for a in LabelBook(desk.book.path).standing()}


def test_by_keys_and_clicks_with_skips_and_undone(browser, tmp_path: Path):
    with served(text_desk(tmp_path)) as there, opened(browser.new_context(), there.address) as page:
        first = press(page, "1")
        second = press(page, "2")
        skipped = press(page, "s")
        undone = press(page, "1")
        page.keyboard.press("u")
        page.wait_for_selector(f"#row[data-row='{undone}']")
        page.keyboard.press("u")  # the skip too
        page.wait_for_selector(f"#row[data-row='{skipped}']")
        page.click("text=spam")
        page.wait_for_function(
            "row => document.getElementById('row').dataset.row === row", arg=undone
        )
        page.click("#skip")
        waits_until_saved(page)
        assert standing(there.desk) == {
            ("anna", first): "ham",
            ("anna", second): "spam",
            ("anna", skipped): "spam",
            ("anna", undone): None,
        }
        page.wait_for_selector("text=3 of 8 rows have a label")
        page.wait_for_selector("text=yours: 3, skipped: 1")
        held = waits_for_row(page)
        page.keyboard.down("1")
        page.keyboard.down("1")  # what a key that is held down sends
        page.keyboard.up("1")
        page.wait_for_selector("text=4 of 8 rows have a label")
        page.wait_for_selector("text=yours: 4, skipped: 1")
        assert standing(there.desk)["anna", held] == "ham"
        assert len(standing(there.desk)) == 5


def test_two_windows_of_one_browser_lose_nothing_of_each_other(browser, tmp_path: Path):
    context = browser.new_context()
    with (
        served(text_desk(tmp_path)) as there,
        opened(context, there.address) as page,
        opened(context, there.address) as other,
    ):
        context.set_offline(True)
        said = [press(page, "1"), press(other, "2"), press(page, "2"), press(other, "1")]
        page.wait_for_selector("text=4 not yet saved")
        context.set_offline(False)
        waits_until_saved(page)
        waits_until_saved(other)
        assert {row for _, row in standing(there.desk)} == set(said)


def test_all_that_was_said_is_there_after_a_reload_and_nothing_is_asked_twice(
    browser, tmp_path: Path
):
    with served(text_desk(tmp_path)) as there, opened(browser.new_context(), there.address) as page:
        said = [press(page, "1"), press(page, "2")]
        page.reload()
        assert page.input_value("#who") == "anna"
        said += [press(page, "12"[n % 2]) for n in range(len(TEXTS) - 2)]
        page.wait_for_selector("text=No row is left for you")
        waits_until_saved(page)
        assert len(set(said)) == len(TEXTS) == len(standing(there.desk))


def test_what_the_data_hold_is_shown_and_never_run(browser, tmp_path: Path):
    """`opened` fails on a dialog and on every error of the console."""
    recipe = tmp_path / "rows.yaml"
    hostile = "<img src=x onerror=alert(1)>"
    pl.DataFrame({hostile: ["</script><script>alert(1)</script>"], "n": ["1"]}).write_csv(
        tmp_path / "rows.csv"
    )
    recipe.write_text("data: {source: rows.csv, target: label}\n")
    classes = ("<b>one</b>", "two")
    desk = open_desk(recipe, Wishes(classes=classes), workspace=tmp_path / "workspace")
    context = browser.new_context()
    with served(desk) as there, opened(context, there.address, annotator="<i>a</i>") as page:
        assert page.inner_text("dt >> nth=0") == hostile
        assert page.inner_text("dd >> nth=0") == "</script><script>alert(1)</script>"
        assert page.locator("main img, main script, .choice b").count() == 0
        row = press(page, "1")
        waits_until_saved(page)
        assert standing(desk) == {("<i>a</i>", row): "<b>one</b>"}


def test_images_are_shown_and_labelled(browser, tmp_path: Path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(3):
        data = io.BytesIO()
        Image.fromarray(np.full((8, 8, 3), 80 * number, dtype=np.uint8)).save(data, "PNG")
        (folder / f"{number}.png").write_bytes(data.getvalue())
    pl.DataFrame({"file": [f"pictures/{n}.png" for n in range(3)]}).write_csv(
        tmp_path / "table.csv"
    )
    recipe = tmp_path / "images.yaml"
    recipe.write_text("data: {source: table.csv, target: kind, inputs: {image: file}}\n")
    desk = open_desk(recipe, Wishes(classes=("dark", "light")), workspace=tmp_path / "workspace")
    with served(desk) as there, opened(browser.new_context(), there.address) as page:
        shown = "() => document.querySelector('main img')?.naturalWidth === 8"
        for _ in range(3):
            page.wait_for_function(shown)
            press(page, "1")
        waits_until_saved(page)
        assert list(standing(desk).values()) == ["dark"] * 3


def test_the_label_that_a_row_has_is_told(browser, tmp_path: Path):
    labels = ["spam", "ham"] * (len(TEXTS) // 2)
    wishes = Wishes(rows=["mails.csv:4", "mails.csv:1"])
    with (
        served(text_desk(tmp_path, wishes, labels=labels)) as there,
        opened(browser.new_context(), there.address) as page,
    ):
        assert waits_for_row(page) == "mails.csv:4"
        assert page.inner_text("#now") == "now: spam"
        press(page, "1")
        assert page.inner_text("#now") == "now: ham"


def test_two_annotators_share_the_rows_and_each_undoes_his_own(browser, tmp_path: Path):
    with (
        served(text_desk(tmp_path)) as there,
        opened(browser.new_context(), there.address) as page,
        opened(browser.new_context(), there.address, annotator="bert") as other,
    ):
        of_anna, of_bert = press(page, "1"), press(other, "2")
        assert of_anna != of_bert
        press(other, "2")
        waits_until_saved(other)
        page.keyboard.press("u")
        page.wait_for_selector(f"#row[data-row='{of_anna}']")
        assert {who for who, _ in standing(there.desk)} == {"bert"}


def test_no_label_is_lost_or_doubled_when_server_and_browser_are_killed(player, tmp_path: Path):
    recipe, workspace = text_recipe(tmp_path), tmp_path / "workspace"
    said: dict[str, str] = {}

    def browsing():
        return player.chromium.launch_persistent_context(
            tmp_path / "profile", executable_path=browser_program(), args=FLAGS
        )

    def say(page, key: str) -> None:
        said[press(page, key)] = {"1": "ham", "2": "spam"}[key]

    with process(recipe, "--classes", "ham,spam", "--port", "0", workspace=workspace) as (
        running,
        address,
    ):
        context = browsing()
        with opened(context, address) as page:
            say(page, "1")
            waits_until_saved(page)
            running.kill()  # SIGKILL
            running.wait()
            say(page, "2")
            say(page, "1")
            page.wait_for_selector("text=2 not yet saved")
        context.close()  # the window is shut while two answers are on no server
    port = int(address.rpartition(":")[2])
    wishes = Wishes(classes=("ham", "spam"))
    with served(open_desk(recipe, wishes, workspace=workspace), port=port):
        context = browsing()
        with opened(context, address) as page:
            waits_until_saved(page)
            page.wait_for_selector("text=3 of 8 rows have a label")
            for n in range(len(TEXTS) - 3):
                say(page, "12"[n % 2])
            page.wait_for_selector("text=8 of 8 rows have a label")
        context.close()
    (record,) = (workspace / "labels").glob("*.jsonl")
    answers = LabelBook(record).standing()
    assert {answer.row: answer.label for answer in answers} == said
    assert len(record.read_text().splitlines()) == len(TEXTS)
    assert {answer.annotator for answer in answers} == {"anna"}


def test_answers_wait_for_the_server_of_their_own_rows(browser, tmp_path: Path):
    """Another recipe on the same port gets none of them."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    context = browser.new_context()
    with served(text_desk(one)) as there:
        port = int(there.address.rpartition(":")[2])
        page = context.new_page()
        page.set_default_timeout(TIMEOUT)
        page.goto(there.address)
        page.fill("#who", "anna")
        page.press("#who", "Enter")
        waits_for_row(page)
    row = press(page, "2")  # the server is gone
    page.wait_for_selector("text=1 not yet saved")
    with served(text_desk(two), port=port) as there:
        page.wait_for_selector("text=all is saved")  # of the other rows: the page was loaded again
        assert standing(there.desk) == {}
    with served(text_desk(one), port=port) as there:
        page.reload()
        page.wait_for_function(
            "() => document.getElementById('done').textContent.startsWith('1 of')"
        )
        assert standing(there.desk) == {("anna", row): "spam"}
    context.close()


def keys_shown(page) -> list[tuple[str, str]]:
    """The key and the class of each button."""
    pairs = page.eval_on_selector_all(
        ".choice",
        "all => all.map(b => [b.querySelector('kbd').textContent, b.lastChild.textContent])",
    )
    return [tuple(pair) for pair in pairs]


def test_a_class_that_is_itself_a_key_is_given_by_it(browser, tmp_path: Path):
    desk = text_desk(tmp_path, Wishes(classes=("0", "1", "none", "s", "B")))
    with served(desk) as there, opened(browser.new_context(), there.address) as page:
        assert keys_shown(page) == [("0", "0"), ("1", "1"), ("2", "none"), ("3", "s"), ("b", "B")]
        said = {press(page, key): label for key, label in [("0", "0"), ("1", "1"), ("b", "B")]}
        waits_until_saved(page)
        assert {row: label for (_, row), label in standing(desk).items()} == said


def test_a_long_text_is_scrolled_by_keys_and_another_begins_at_its_top(browser, tmp_path: Path):
    pl.DataFrame({"text": ["word " * 9_000, "again " * 9_000]}).write_csv(tmp_path / "long.csv")
    recipe = tmp_path / "long.yaml"
    recipe.write_text("data: {source: long.csv, target: label, inputs: {text: text}}\n")
    desk = open_desk(recipe, Wishes(classes=("a", "b")), workspace=tmp_path / "workspace")
    with served(desk) as there, opened(browser.new_context(), there.address) as page:
        top = "document.getElementById('row').scrollTop"
        page.keyboard.press("PageDown")
        page.keyboard.press("ArrowDown")
        below = page.evaluate(top)
        page.keyboard.press("End")
        assert 0 < below < page.evaluate(top)
        page.keyboard.press("PageUp")
        page.keyboard.press("Home")
        assert page.evaluate(top) == 0
        page.keyboard.press("End")
        press(page, "a")
        assert page.evaluate(top) == 0


def test_a_text_that_is_read_from_right_to_left_stands_so(browser, tmp_path: Path):
    pl.DataFrame({"text": ["שלום עולם, 2024."]}).write_csv(tmp_path / "right.csv")
    recipe = tmp_path / "right.yaml"
    recipe.write_text("data: {source: right.csv, target: label, inputs: {text: text}}\n")
    desk = open_desk(recipe, Wishes(classes=("a", "b")), workspace=tmp_path / "workspace")
    with served(desk) as there, opened(browser.new_context(), there.address) as page:
        left, right, middle = page.evaluate(
            "() => {const pre = document.querySelector('#row pre'), range = document.createRange();"
            "range.setStart(pre.firstChild, 0); range.setEnd(pre.firstChild, 1);"
            "const a = range.getBoundingClientRect(), b = pre.getBoundingClientRect();"
            "return [a.left, b.right, (b.left + b.right) / 2]}"
        )
        assert middle < left < right
