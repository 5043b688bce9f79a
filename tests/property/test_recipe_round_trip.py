"""A resolved recipe is a recipe: read back, from memory or from its YAML, it is the same one."""

from __future__ import annotations

import string
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.recipe import load_recipe, parse_recipe
from trainwright.runs.folder import dump_yaml

# Texts that YAML 1.1 and 1.2 read differently, among any other text that YAML can hold.
TRAPS = ["1e3", "no", "on", "012", "12:30", "null", "~", "", "0x10", "1_000", ".5", "+1", "=", "<<", "- a", "#", "é\n b", "true", ".inf", "1."]  # fmt: skip  # noqa: E501
TEXT = st.one_of(
    st.sampled_from(TRAPS),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12),
    st.from_regex(r"[-+]?[0-9]{1,3}[.e:_][-+0-9]{1,3}", fullmatch=True),
)
NAMED = TEXT.filter(bool)
COLUMNS = st.dictionaries(
    NAMED,
    st.fixed_dictionaries(
        {"type": st.sampled_from(["number", "category", "text", "date-time"])},
        optional={"nulls": st.lists(TEXT, max_size=3), "required": st.booleans()},
    ),
    max_size=3,
)
SPLITS = st.one_of(
    st.fixed_dictionaries({"by": st.just("random"), "seed": st.integers(0, 2**31 - 1)}),
    st.fixed_dictionaries(
        {"by": st.just("time"), "column": NAMED, "gap": st.floats(0, 1e9, allow_nan=False)}
    ),
)
MODELS = st.one_of(
    st.just({"family": "auto"}), st.just({"family": "baseline"}), st.just({"family": "lightgbm"})
)
RECIPES = st.fixed_dictionaries(
    {
        "data": st.fixed_dictionaries(
            {"source": NAMED, "target": NAMED},
            optional={"split": SPLITS, "columns": COLUMNS, "accept": st.lists(TEXT, max_size=3)},
        )
    },
    optional={
        "name": st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=20),
        "model": MODELS,
        "training": st.fixed_dictionaries(
            {"budget": st.floats(1, 1e6), "seed": st.integers(0, 99)}
        ),
        "monitoring": st.fixed_dictionaries(
            {"drift": st.fixed_dictionaries({"false_alarm_rate": st.floats(1e-300, 0.4)})}
        ),
    },
)


@settings(max_examples=150, deadline=None)
@given(values=RECIPES)
def test_resolved_is_a_fixed_point(values):
    recipe = parse_recipe(values)
    again = parse_recipe(recipe.resolved())
    assert again == recipe
    assert again.hash == recipe.hash


@settings(max_examples=150, deadline=None)
@given(values=RECIPES)
def test_yaml_of_a_run_reads_back_equal(values):
    recipe = parse_recipe(values)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recipe.yaml"
        path.write_text(dump_yaml(recipe.resolved()), encoding="utf-8", newline="")
        assert load_recipe(path).resolved() == recipe.resolved()
