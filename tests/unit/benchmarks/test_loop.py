"""The benchmark of the training loop: its cases train, its figures are what they say."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
TINY_TEXT = {"hidden_size": 12, "num_hidden_layers": 1, "intermediate_size": 24, "vocab_size": 50}


def loaded(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def loop() -> ModuleType:
    return loaded(BENCHMARKS / "loop.py", "of_the_loop")


@pytest.fixture
def modules(monkeypatch) -> dict[str, ModuleType]:
    """The workers' modules, which import each other by their bare names."""
    monkeypatch.syspath_prepend(str(BENCHMARKS / "loops"))
    names = ("cases", "hand_written", "trainwright_loop", "worker")
    found = {name: importlib.import_module(name) for name in names}
    yield found
    for name in names:
        sys.modules.pop(name, None)


def tiny(modules: dict[str, ModuleType], case: str):
    torch.manual_seed(0)
    cases = modules["cases"]
    sizes = TINY_TEXT if case == "text" else {}
    batches = 20 if case == "mlp" else 6
    return cases.CASES[case](num_batches=batches, batch_size=4, **sizes)


@pytest.mark.parametrize(
    ("case", "among"),
    [
        ("mlp", ("hand-written", "trainwright", "DataLoader", "checkpoints", "no observers")),
        ("gpt", ("hand-written", "no observers")),
        ("text", ("hand-written", "bf16 and length buckets")),
    ],
)
def test_loops_of_ours_make_the_updates_that_are_timed(modules, case, among):
    torch.set_num_threads(1)
    for name, home in modules["worker"].HOMES.items():
        if home not in modules or not name.endswith(among):
            continue
        work = tiny(modules, case)
        if "buckets" in name and not work.is_ragged:
            continue
        before = [p.detach().clone() for p in work.model.parameters()]
        found = modules["worker"].repeat(work, modules[home].SYSTEMS[name](work))
        assert found["cpu"] > 0, name
        after = list(work.model.parameters())
        assert any(not torch.equal(a, b) for a, b in zip(before, after, strict=True)), name
        assert all(torch.isfinite(one).all() for one in after), name


def test_a_loop_that_skips_a_batch_is_not_timed(modules):
    work = tiny(modules, "mlp")

    def fit() -> None:
        for batch in list(modules["cases"].sliced(work))[1:]:
            work.judge(batch)

    with pytest.raises(RuntimeError, match="19 forward passes, not 40"):
        modules["worker"].repeat(work, fit)


def test_ours_and_the_hand_written_loop_minimise_the_same_loss(modules):
    for case in ("mlp", "gpt", "text"):
        work = tiny(modules, case)
        work.model.eval()
        batch = next(modules["cases"].sliced(work))
        part = next(
            iter(modules["trainwright_loop"].objective(work).parts(work.model, batch).values())
        )
        torch.testing.assert_close(part.sum / part.count, work.judge(batch))


def test_texts_come_to_every_loop_without_buckets_in_the_same_batches(modules):
    work = tiny(modules, "text")
    expected = list(modules["cases"].sliced(work))
    ours = [tensors for _, tensors in modules["trainwright_loop"].feed(work).epoch(0)]
    theirs = list(modules["hand_written"].loader(work))
    for one, own, loaded in zip(expected, ours, theirs, strict=True):
        for name in one:
            torch.testing.assert_close(own[name], one[name], check_dtype=False)
            torch.testing.assert_close(loaded[name], one[name], check_dtype=False)


def test_texts_are_padded_to_the_longest_or_to_a_length(modules):
    samples = [
        {"inputs": torch.ones(n, dtype=torch.long), "target": torch.tensor(0)} for n in (2, 3)
    ]
    batch = modules["cases"].padded(samples)
    assert batch["mask"].tolist() == [[True, True, False], [True, True, True]]
    longer = modules["cases"].padded(samples, to=5)
    assert longer["inputs"].shape == (2, 5)
    assert longer["mask"].sum() == 5


def test_the_wait_for_a_checkpoint_is_what_its_step_takes_beyond_the_others(modules):
    work = tiny(modules, "mlp")
    wall = 0.0
    for step in range(13):
        work.model.moments.append(modules["cases"].Moment(0.0, wall))
        wall += 1.5 if step % 4 == 3 else 1.0
    assert modules["trainwright_loop"].stall(work, 4) == pytest.approx(0.5)


def times(cpu: float, **more: float) -> dict[str, float]:
    return {"cpu": cpu, "wall": 2 * cpu, "first_step_cpu": 1.0, "peak_bytes": 300e6, **more}


def result(loop: ModuleType, *, case: str = "mlp") -> dict:
    """By hand 2 ms a step in each pair, then 4; ours as fast, a peer half as fast."""
    names = dict.fromkeys(loop.PLANS[case].systems, 1.0) | {"Lightning": 2.0}
    more = {loop.SAVING: {"save_every": 20, "stall_seconds": 0.006}}
    pairs = {
        name: [
            [times(hand), times(hand * slower, **more.get(name, {}))]
            for hand in (0.002, 0.004, 0.002)
        ]
        for name, slower in names.items()
    }
    begun = {name: [times(0.002)] for name in (loop.HAND, *names)}
    begun[loop.USUAL] = [{**times(0.002), "peak_bytes": 310e6}]
    return {"repeats": 3, "load": [1, 1, 1], "systems": loop.summed_up(begun, pairs)}


def test_a_ratio_is_to_the_repeat_beside_it(loop):
    line = loop.line_of("mlp", result(loop))
    assert line["ratio_to_hand_written"] == 1.0
    assert line["peers"]["Lightning"] == 0.5
    assert line["fastest_over_peers"]["Lightning"] == 2.0
    assert not any(name.startswith(("hand", "train")) for name in line["peers"])
    assert line["memory_over_hand_written_mb"] == 10.0
    assert line["checkpoint_stall"]["share_of_time"] == pytest.approx(0.0001)
    assert json.loads(json.dumps(line)) == line


def test_every_case_has_a_table_and_each_system_a_row(loop):
    results = {case: result(loop, case=case) for case in loop.PLANS}
    page = "\n".join(loop.page_of(results))
    for case, plan in loop.PLANS.items():
        assert f"## {case}: {plan.title}" in page
        assert all(f"| {name} |" in page for name in plan.systems)
    assert "length buckets 1.00 x, bf16 1.00 x, both 1.00 x" in page


def test_every_system_of_a_plan_has_a_home(loop, modules):
    named = {name for plan in loop.PLANS.values() for name in plan.systems}
    assert named | {loop.HAND} == set(modules["worker"].HOMES)


def test_rounds_begin_with_each_system_in_turn(loop):
    assert loop.turned(("a", "b", "c"), 4) == ("b", "c", "a")
