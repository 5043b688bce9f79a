"""Labels to a real Label Studio server and back: texts, rows and images, with their annotators."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from PIL import Image

from label_studio import LabelStudio, label_studio_server
from trainwright.flow.labelling import Wishes, open_desk

pytestmark = pytest.mark.slow

Command = Callable[..., tuple[int, dict[str, Any]]]
CLASSES = ("ham & eggs", 'sp"am')


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelStudio]:
    with label_studio_server(tmp_path_factory.mktemp("label-studio")) as server:
        yield server


def texts(folder: Path) -> str:
    rows = ["buy <b>now</b>", "lunch?", "ünïcode \u202e text", 'quotes " and \n lines', "five"]
    pl.DataFrame({"text": rows}).write_csv(folder / "table.csv")
    return "{text: text}"


def fields(folder: Path) -> str:
    pl.DataFrame({"age": [1, 2, 3, 4, 5], "a b": ["x", None, "<i>", "&", "z"]}).write_csv(
        folder / "table.csv"
    )
    return "{}"


def images(folder: Path) -> str:
    for number in range(5):
        Image.new("RGB", (4, 4), (50 * number, 0, 0)).save(folder / f"{number}.png")
    pl.DataFrame({"file": [f"{number}.png" for number in range(5)]}).write_csv(folder / "table.csv")
    return "{image: file}"


@pytest.mark.parametrize("make", [texts, fields, images])
def test_labels_go_to_label_studio_and_come_back_with_those_given_there(
    trainwright: Command,
    studio: LabelStudio,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Path], str],
):
    monkeypatch.chdir(tmp_path)
    inputs = make(tmp_path)
    recipe = tmp_path / "table.yaml"
    said = "" if inputs == "{}" else f", inputs: {inputs}"
    recipe.write_text(f"data: {{source: table.csv, target: kind{said}}}\n")
    desk = open_desk(recipe, Wishes(classes=CLASSES), workspace=tmp_path / "workspace")
    desk.answer("table.csv:0", CLASSES[1], "anna")
    desk.answer("table.csv:0", CLASSES[0], "bert")
    desk.answer("table.csv:1", CLASSES[0], "anna")
    command = ("label", recipe, "--classes", ",".join(CLASSES))
    assert trainwright(*command, "--export", "tasks.json")[0] == 0

    configuration = Path("tasks.config.xml").read_text()
    project = studio.ask("/api/projects", {"title": "kinds", "label_config": configuration})["id"]
    tasks = json.loads(Path("tasks.json").read_text())
    told = studio.ask(f"/api/projects/{project}/import", tasks)
    assert (told["task_count"], told["annotation_count"]) == (5, 3)
    listed = studio.ask(f"/api/tasks?project={project}&page_size=100")["tasks"]
    there = {task["data"]["row"]: task for task in listed}
    assert {row: task["data"] for row, task in there.items()} == {
        task["data"]["row"]: task["data"] for task in tasks
    }
    choice = {"from_name": "label", "to_name": "shown", "type": "choices"}
    answer = {"result": [{**choice, "value": {"choices": [CLASSES[1]]}}]}
    studio.ask(f"/api/tasks/{there['table.csv:2']['id']}/annotations/", answer)
    passed = {"result": [], "was_cancelled": True}
    studio.ask(f"/api/tasks/{there['table.csv:3']['id']}/annotations/", passed)
    exported = studio.ask(f"/api/projects/{project}/export?exportType=JSON&download_all_tasks=true")
    Path("export.json").write_text(json.dumps(exported))

    monkeypatch.setenv("TRAINWRIGHT_WORKSPACE", str(tmp_path / "another"))
    status, value = trainwright(*command, "--import", "export.json", "--export", "labels.csv")
    assert (status, value["taken"], value["written"]) == (0, 4, 4)
    author = exported[0]["annotations"][0]["completed_by"]
    assert sorted(pl.read_csv("labels.csv").rows()) == [
        ("table.csv:0", CLASSES[0], "bert"),
        ("table.csv:0", CLASSES[1], "anna"),
        ("table.csv:1", CLASSES[0], "anna"),
        ("table.csv:2", CLASSES[1], f"label-studio-{author}"),
    ]
