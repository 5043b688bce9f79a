# ruff: noqa: E501 - a table reads best with one case a line
"""What a recipe refuses: status 2, FILE:LINE → key, and a mend; never a traceback, never half of the faults."""

from __future__ import annotations

import re
import time

import pytest

from trainwright.core.errors import CommandError, RecipeError
from trainwright.recipe import load_recipe, parse_recipe

LEAST = "data: {source: a.csv, target: y}\n"
BOMB = "a0: &a0 [x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
)
MANY = "base: &b [x]\nuse: [" + ", ".join(["*b"] * 101) + "]\n"

# case: (text, where it says, what it says, what the mend says)
REFUSALS = {
    "53 python tag": ("data: !!python/object/apply:os.system ['touch x']\n", ":1", "tag !!python/object/apply:os.system is not allowed", "plain value"),
    "53 own tag": (LEAST + "name: !secret x\n", ":2", "tag !secret is not allowed", "plain value"),
    "53 binary tag": (LEAST + "name: !!binary eA==\n", ":2", "tag !!binary is not allowed", "plain value"),
    "54 alias bomb": (BOMB, "", "", "write it"),
    "54 many aliases": (MANY, "", "more than 100 aliases", "write it out"),
    "54 alias of itself": ("data: &a\n  source: *a\n  target: y\n", "", "", ""),
    "54 deep nesting": ("data: " + "[" * 200 + "]" * 200, ":1", "too many values", "shorter"),
    "54 very deep nesting": ("data: " + "[" * 50_000, ":1", "too many values", "shorter"),
    "54 merge key": ("x: &x {a: 1}\ndata:\n  <<: *x\n", ":3", "a key must be a plain word", "KEY: VALUE"),
    "55 duplicate key": ("data:\n  source: a\n  target: y\n  source: b\n", ":4", "'source' stands twice, on lines 2 and 4", "remove one"),
    "55 duplicate section": (LEAST + LEAST, ":2", "'data' stands twice, on lines 1 and 2", "remove one"),
    "56 no is a word": (LEAST + "evaluation: {must_beat_baseline: no}\n", ":2 → evaluation.must_beat_baseline", 'got "no"', "true or false"),
    "56 on is a word": (LEAST + "evaluation: {must_beat_baseline: on}\n", ":2 → evaluation.must_beat_baseline", 'got "on"', "true or false"),
    "56 1e3 is a number": (LEAST + "name: 1e3\n", ":2 → name", "got 1000.0", "quotes"),
    "56 012 is text": (LEAST + "training: {seed: 012}\n", ":2 → training.seed", 'got "012"', "whole number"),
    "56 12:30 is text": (LEAST + "training: {seed: 12:30}\n", ":2 → training.seed", 'got "12:30"', "whole number"),
    "57 unknown section": (LEAST + "trainin: {seed: 1}\n", ":2 → trainin", "unknown key 'trainin'", "did you mean 'training'?"),
    "57 unknown key": (LEAST + "training:\n  sead: 1\n", ":3 → training.sead", "unknown key 'sead'", "did you mean 'seed'?"),
    "57 unknown nested key": ("data:\n  source: a\n  target: y\n  split: {bye: time}\n", ":4 → data.split.bye", "unknown key 'bye'", "did you mean 'by'?"),
    "57 unknown key of a column": ("data:\n  source: a\n  target: y\n  columns:\n    a: {tipe: number}\n", ":5 → data.columns.a.tipe", "unknown key 'tipe'", "did you mean 'type'?"),
    "57 unknown model setting": (LEAST + "model:\n  family: lightgbm\n  learning_rat: 1\n", ":4 → model.learning_rat", "unknown key", "did you mean 'learning_rate'?"),
    "57 nothing near": (LEAST + "training: {zzz: 1}\n", ":2 → training.zzz", "unknown key 'zzz'", "the keys here are: budget, seed, threads"),
    "58 below the range": (LEAST + "training: {seed: -1}\n", ":2 → training.seed", "got -1", "larger number"),
    "58 above the range": (LEAST + "training: {seed: 99999999999}\n", ":2 → training.seed", "got 99999999999", "smaller number"),
    "58 one fold": (LEAST + "evaluation: {cross_validation: 1}\n", ":2 → evaluation.cross_validation", "got 1", "larger"),
    "58 a fraction for a count": (LEAST + "training: {threads: 1.5}\n", ":2 → training.threads", "got 1.5", "whole number"),
    "58 a number in quotes": (LEAST + 'training: {threads: "2"}\n', ":2 → training.threads", 'got "2"', "without quotes"),
    "58 true for a number": (LEAST + "training: {threads: true}\n", ":2 → training.threads", "got true", "whole number"),
    "58 a digit string of 5000": (LEAST + f"training: {{seed: {'9' * 5000}}}\n", ":2", "", ""),
    "58 budget of nothing": (LEAST + "training: {budget: 0s}\n", ":2 → training.budget", "got", "larger"),
    "58 no duration": (LEAST + "training: {budget: 10 minutes}\n", ":2 → training.budget", "not a duration", "10m"),
    "58 negative duration": (LEAST + "training: {budget: -5m}\n", ":2 → training.budget", "not a duration", "10m"),
    "58 fractions": ("data:\n  source: a\n  target: y\n  split: {fractions: [0.5, 0.1, 0.1]}\n", ":4 → data.split", "add up to 0.7", "fractions: [0.7, 0.15, 0.15]"),
    "58 two fractions": ("data:\n  source: a\n  target: y\n  split: {fractions: [0.5, 0.5]}\n", ":4 → data.split.fractions", "entry 3 is missing", "as many entries"),
    "58 a list for a mapping": (LEAST + "training: [1]\n", ":2 → training", "'training' must be a mapping", "budget, seed, threads"),
    "58 text for a mapping": ("data: a.csv\n", ":1 → data", "'data' must be a mapping", "source"),
    "58 null for a mapping": (LEAST + "training:\n", ":2 → training", "'training' must be a mapping", "budget"),
    "58 null for a model": (LEAST + "model:\n", ":2 → model", "'model' must be a mapping", "family: auto"),
    "58 no bound": (LEAST + "deployment: {gate: {roc_auc: 0.7}}\n", ":2 → deployment.gate.roc_auc", "got 0.7", ">= 0.70"),
    "58 a crooked bound": (LEAST + "deployment: {gate: {roc_auc: '=> 0.7'}}\n", ":2 → deployment.gate.roc_auc", "not a bound", ">= 0.70"),
    "58 column type": ("data: {source: a, target: y, columns: {a: categry}}\n", ":1 → data.columns.a", "categry", "use 'category'"),
    "59 nan": (LEAST + "monitoring: {drift: {false_alarm_rate: .nan}}\n", ":2 → monitoring.drift.false_alarm_rate", 'got ".nan"', "number"),
    "59 inf": (LEAST + "training: {budget: .inf}\n", ":2 → training.budget", 'got ".inf"', "write"),
    "59 beyond any number": (LEAST + "training: {budget: 1e999}\n", ":2", "'1e999' is beyond any number", "finite"),
    "60 name climbs": (LEAST + "name: ../../etc\n", ":2 → name", "got", "a-z, 0-9"),
    "60 name is encoded": (LEAST + "name: '%2e%2e'\n", ":2 → name", "got", "a-z, 0-9"),
    "60 name holds NUL": (LEAST + 'name: "a\\0b"\n', ":2 → name", "got", "a-z, 0-9"),
    "61 name is a template": (LEAST + "name: '{{7*7}}'\n", ":2 → name", "{{7*7}}", "a-z, 0-9"),
    "61 name is a command": (LEAST + "name: '$(touch x)'\n", ":2 → name", "$(touch x)", "a-z, 0-9"),
    "62 name is empty": (LEAST + "name: ''\n", ":2 → name", 'got ""', "a-z, 0-9"),
    "62 name is long": (LEAST + f"name: {'a' * 300}\n", ":2 → name", "got", "64"),
    "62 name is an emoji": (LEAST + "name: 🚂\n", ":2 → name", "got", "a-z, 0-9"),
    "64 unknown family": (LEAST + "model: {family: lightgmb}\n", ":2 → model.family", "no model family is called 'lightgmb'", "use 'lightgbm'"),
    "64 family is no word": (LEAST + "model: {family: [linear]}\n", ":2 → model.family", "no model family", "use 'linear'"),
    "64 missing target": ("data: {source: a}\n", ":1 → data.target", "'target' is missing", "target: ..."),
    "64 missing data": ("name: x\n", ":1", "the section 'data' is missing", "data: {source"),
    "65 time without a column": ("data:\n  source: a\n  target: y\n  split: {by: time}\n", ":4 → data.split", "needs a column", "column: NAME"),
    "65 column without use": ("data:\n  source: a\n  target: y\n  split: {column: x}\n", ":4 → data.split", "cannot use: column", "remove column"),
    "65 gap without time": ("data:\n  source: a\n  target: y\n  split: {gap: 7d}\n", ":4 → data.split", "cannot use: gap", "remove gap"),
    "65 group-time without a group": ("data:\n  source: a\n  target: y\n  split: {by: group-time, column: t}\n", ":4 → data.split", "needs a group column", "group: NAME"),
    "65 given twice": ("data:\n  source: a\n  target: y\n  test: b\n  split: {by: given, column: t}\n", ":1 → data", "either a column or files", "column: NAME"),
    "65 files and time": ("data:\n  source: a\n  target: y\n  test: b\n  split: {by: time, column: t}\n", ":1 → data", "files are given for the split", "by: given"),
    "65 a server for no tracker": (LEAST + "tracking: {kind: none, uri: 'http://x'}\n", ":2 → tracking", "cannot use: uri", "remove uri"),
    "65 target dropped": ("data: {source: a, target: y, drop: [y]}\n", ":1 → data", "'y' is also left out", "remove it"),
    "65 setting of another family": (LEAST + "model: {family: baseline, learning_rate: 0.1}\n", ":2 → model.learning_rate", "unknown key", "the keys here are"),
    "66 tab": ("data:\n\tsource: a\n", ":2", "not valid YAML", "spaces, not tabs"),
    "66 empty": ("", "", "the recipe is empty", "data: {source"),
    "66 comments only": ("# nothing\n", "", "the recipe is empty", "data: {source"),
    "66 a list": ("- a\n", ":1", "a recipe is a mapping", "data:"),
    "66 a word": ("hello\n", ":1", "a recipe is a mapping", "data:"),
    "66 two documents": (LEAST + "---\n" + LEAST, "", "not valid YAML", "mend"),
    "66 unclosed": ("data: {source: a\n", ":", "not valid YAML", "mend the YAML"),
    "66 unknown anchor": ("data: *x\n", ":1", "not valid YAML", "mend"),
    "66 control character": ("data: {source: a\x07, target: y}\n", "", "not valid YAML", "mend"),
    "66 complex key": ("? [a, b]\n: 1\n", ":1", "a key must be a plain word", "KEY: VALUE"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "where", "what", "mend"), REFUSALS.values(), ids=REFUSALS)
def test_a_wrong_recipe_is_refused_with_place_and_mend(
    tmp_path, monkeypatch, text, where, what, mend
):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "recipe.yaml"
    path.write_bytes(text.encode())
    started = time.process_time()
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    assert time.process_time() - started < 2
    assert caught.value.status == 2
    fault = next((f for f in caught.value.faults if what in f.what), None)
    assert fault is not None, str(caught.value)
    assert fault.where.startswith(str(path))
    assert where in fault.where
    assert mend in fault.mend
    assert fault.mend
    assert len(str(fault)) < 1000
    assert [entry.name for entry in tmp_path.iterdir()] == ["recipe.yaml"]


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
