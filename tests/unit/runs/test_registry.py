"""Versions are numbered under a lock, aliases point, damage is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from trainwright.core.errors import CommandError, TrustError
from trainwright.runs.registry import Registry, Version


@pytest.fixture
def registry(tmp_path) -> Registry:
    return Registry(tmp_path / "registry.jsonl")


def add(
    registry: Registry, name: str = "flights", run: str = "run-1", digest: str = "a"
) -> Version:
    return registry.register(
        name,
        run=run,
        package_hash=digest,
        package=f"runs/{run}/package",
        metrics={"auc": {"value": 0.7}},
    )


def test_versions_count_from_one_for_each_name(registry):
    labels = [add(registry, name, run=f"run-{n}").label for n, name in enumerate(["a", "a", "b"])]
    assert labels == ["a/1", "a/2", "b/1"]
    assert [v.label for versions in registry.models().values() for v in versions] == labels


def test_a_run_that_registers_its_package_again_gets_the_same_version(registry):
    assert add(registry) == add(registry)
    assert add(registry, digest="b").number == 2
    assert len(registry.history()) == 2


def test_an_alias_moves_and_tells_why(registry):
    add(registry, run="run-1")
    add(registry, run="run-2")
    registry.set_alias("flights", "champion", 1, reason="first")
    moved = registry.set_alias("flights", "champion", 2, reason="better")
    registry.set_alias("flights", "challenger", 2, reason="both")
    assert moved.aliases == ("champion",)
    assert [v.aliases for v in registry.models()["flights"]] == [(), ("challenger", "champion")]
    assert registry.history()[-2]["reason"] == "better"


def test_a_version_is_meant_by_alias_number_or_name(registry):
    for number in range(1, 4):
        add(registry, run=f"run-{number}")
    assert registry.resolve("flights").number == 3
    registry.set_alias("flights", "champion", 2, reason="")
    assert registry.resolve("flights").number == 2
    assert registry.resolve("flights@champion").number == 2
    assert registry.resolve("flights/3").number == 3


@pytest.mark.parametrize(
    ("reference", "mend"),
    [
        ("flihgts@champion", "did you mean flights"),
        ("flights/9", "its versions are 1 to 1"),
        ("flights@champion", "name a version: flights/1"),
        ("flights@best", "name a version: flights/1"),
        ("flights/0", "flights"),
        ("flights/01", "flights"),
        ("flights/1/2", "flights"),
        ("../flights", "flights"),
        ("flights@champion@x", "flights"),
        ("%2e%2e/1", "flights"),
        ("", "there are: flights"),
        ("a\0b", "there are: flights"),
        ("x" * 3000, "there are: flights"),
    ],
)
def test_what_names_no_version_is_refused(registry, reference, mend):
    add(registry)
    with pytest.raises(CommandError) as caught:
        registry.resolve(reference)
    assert mend in caught.value.mend
    assert len(str(caught.value)) < 4000


def test_hostile_names_and_unknown_aliases_are_refused(registry):
    for name in ("../x", "", "A", "a/b", "a@b", "x" * 300):
        with pytest.raises(CommandError, match="cannot be the name of a model"):
            add(registry, name)
    add(registry)
    with pytest.raises(CommandError, match="use one of: champion, challenger"):
        registry.set_alias("flights", "best", 1, reason="")
    with pytest.raises(CommandError, match="its versions are 1 to 1"):
        registry.set_alias("flights", "champion", 2, reason="")
    assert len(registry.history()) == 1


def test_a_damaged_line_is_refused_and_a_torn_last_one_is_not(registry):
    add(registry, run="run-1")
    add(registry, run="run-2")
    sound = registry.path.read_bytes()
    registry.path.write_bytes(sound + b'{"torn')
    assert registry.resolve("flights/2").run == "run-2"
    registry.path.write_bytes(sound.replace(b"run-1", b"run-7"))
    with pytest.raises(TrustError, match=r"registry\.jsonl:1") as caught:
        registry.resolve("flights/2")
    assert caught.value.status == 4
    with pytest.raises(TrustError):
        add(registry, run="run-3")


def test_a_package_outside_the_workspace_is_not_trusted(registry, tmp_path):
    version = registry.register("a", run="r", package_hash="h", package="../out", metrics={})
    with pytest.raises(TrustError, match="out of the workspace"):
        registry.package_folder(version)
    assert registry.package_folder(add(registry)) == tmp_path / "runs" / "run-1" / "package"


REGISTERING = """
import sys
from pathlib import Path
from trainwright.runs.registry import Registry
for n in range(3):
    made = Registry(Path(sys.argv[1])).register(
        "flights", run=f"run-{sys.argv[2]}-{n}", package_hash="h", package="p", metrics={}
    )
    print(made.number)
"""


def test_eight_processes_that_register_together_get_distinct_numbers(registry: Registry):
    command = [sys.executable, "-c", REGISTERING, str(registry.path)]
    processes = [
        subprocess.Popen([*command, str(writer)], stdout=subprocess.PIPE, text=True)
        for writer in range(8)
    ]
    told = [int(n) for process in processes for n in process.communicate(timeout=60)[0].split()]
    assert sorted(told) == list(range(1, 25))
    assert len({v.run for v in registry.models()["flights"]}) == 24
    assert Path(registry.path).stat().st_mode & 0o777 == 0o600
