# ruff: noqa: E501 - a table reads best with one case a line
"""Loading: all faults at once, overrides, names and hashes; tests/refusals holds the table of what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from trainwright.core.errors import CommandError, RecipeError
from trainwright.recipe import load_recipe, parse_recipe

LEAST = "data: {source: a.csv, target: y}\n"


def test_all_faults_of_all_sections_are_told_at_once(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(
        "nam: x\ndata: {source: a}\nmodel: {family: x}\ntraining: {seed: -1, budgt: 1}\n"
    )
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    lines = {int(m[1]) for f in caught.value.faults if (m := re.search(r":(\d+) →", f.where))}
    assert len(caught.value.faults) == 5
    assert lines == {1, 2, 3, 4}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"data: {source: \xe9, target: y}\n", "byte 0xE9 is not UTF-8"),
        (b"#" * (50 << 20), "larger than 1 MiB"),
        (b"\xff\xfed\x00", "is not UTF-8"),
        (b"\x00" * 10, "not valid YAML"),
    ],
)
def test_bytes_that_are_no_recipe_are_refused(tmp_path, content, says):
    (tmp_path / "recipe.yaml").write_bytes(content)
    with pytest.raises(RecipeError, match=says):
        load_recipe(tmp_path / "recipe.yaml")


def test_a_recipe_that_is_not_there_or_no_file_is_refused(tmp_path):
    for path in (tmp_path / "none.yaml", tmp_path, tmp_path / "a\0b", tmp_path / ("x" * 300)):
        with pytest.raises(RecipeError, match="trainwright init DATA"):
            load_recipe(path)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_a_byte_order_mark_do_not_matter(tmp_path, ending, mark):
    text = LEAST + "training: {seed: 7}\n"
    (tmp_path / "r.yaml").write_bytes(mark + text.replace("\n", ending).encode())
    assert load_recipe(tmp_path / "r.yaml").training.seed == 7


def test_two_keys_are_a_recipe_named_after_its_file(tmp_path):
    (tmp_path / "Late Flights.yaml").write_text(LEAST)
    recipe = load_recipe(tmp_path / "Late Flights.yaml")
    assert recipe.name == "late-flights"
    assert recipe.model.family == "auto"
    assert recipe.training.budget == 300


def test_overrides_come_after_the_file(tmp_path):
    (tmp_path / "r.yaml").write_text(LEAST)
    recipe = load_recipe(
        tmp_path / "r.yaml",
        overrides=["training.seed=3", "training.budget=2m", "data.split.seed=5", "name=x"],
    )
    assert (recipe.training.seed, recipe.training.budget, recipe.data.split.seed) == (3, 120, 5)
    assert recipe.name == "x"


@pytest.mark.parametrize(
    ("override", "kind"),
    [
        ("training.seed", CommandError),
        ("=3", CommandError),
        ("a..b=3", CommandError),
        ("data.source.x=3", CommandError),
        ("training.sed=3", RecipeError),
        ("training.seed=[", RecipeError),
        ("training.seed=!!python/name:os.system", RecipeError),
        ("training.seed=1\ndata: {}", CommandError),
        ("training.seed=&a [*a]", RecipeError),
    ],
)
def test_a_wrong_override_is_refused(tmp_path, override, kind):
    (tmp_path / "r.yaml").write_text(LEAST)
    with pytest.raises(kind) as caught:
        load_recipe(tmp_path / "r.yaml", overrides=[override])
    assert caught.value.status == 2
    assert all(fault.mend for fault in caught.value.faults)


def test_a_mapping_is_checked_like_a_file():
    assert parse_recipe({"data": {"source": "a", "target": "y"}}).name == "model"
    with pytest.raises(RecipeError, match="did you mean 'seed'"):
        parse_recipe({"data": {"source": "a", "target": "y"}, "training": {"sed": 1}})


def test_the_hash_tells_recipes_apart_and_nothing_else():
    least = {"data": {"source": "a", "target": "y"}}
    spelled = {"training": {"seed": 0}, **least}
    assert parse_recipe(least).hash == parse_recipe(spelled).hash
    assert parse_recipe(least).hash != parse_recipe({**least, "training": {"seed": 1}}).hash


def test_a_kind_alone_stands_for_its_section():
    written = {"averaging": "swa", "mixing": "cutmix", "optimizer": "muon"}
    short = parse_recipe({"data": {"source": "a", "target": "y"}, "training": written})
    long = {key: {"kind": kind} for key, kind in written.items()}
    assert short == parse_recipe({"data": {"source": "a", "target": "y"}, "training": long})
    with pytest.raises(RecipeError) as caught:
        parse_recipe({"data": {"source": "a", "target": "y"}, "training": {"averaging": "emma"}})
    assert caught.value.faults[0].mend == "use 'ema'"


@pytest.mark.parametrize(
    "averaging", [{"kind": "swa", "decay": 0.9}, {"kind": "ema", "start": 0.5}]
)
def test_a_setting_of_the_other_average_is_refused(averaging):
    data = {"source": "a.csv", "target": "y"}
    with pytest.raises(RecipeError, match="cannot use"):
        parse_recipe({"data": data, "training": {"averaging": averaging}})


RECIPES = sorted((Path(__file__).parents[3] / "examples").glob("*/*.yaml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_recipe_of_the_examples_is_read(path):
    made = []  # what a script makes first: a folder of images, which has no target; a base
    if "source: digits}" in path.read_text() or path.parent.name == "bad_images":
        made.append("data.target=class")
    if "pretrained: pretraining/" in path.read_text():
        made.append("model={family: cnn}")
    assert load_recipe(path, overrides=made).name


@pytest.mark.parametrize("written", ["8_000", "8,000", "1_250_000"])
def test_a_number_in_groups_is_refused_with_the_number_to_write(tmp_path, written):
    (tmp_path / "r.yaml").write_text(LEAST + f"training: {{epochs: '{written}'}}\n")
    plain = re.sub("[_,]", "", written)
    with pytest.raises(RecipeError, match=f"write {plain}"):
        load_recipe(tmp_path / "r.yaml")
