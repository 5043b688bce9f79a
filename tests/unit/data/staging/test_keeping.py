"""A file that was read before is not read again when the source has further files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from trainwright.core.artifacts import Snapshot
from trainwright.core.durable import sha256_file
from trainwright.data.prepare import prepare
from trainwright.data.reading import naming
from trainwright.data.reading.naming import FileHashes
from trainwright.data.staging import keeping, source
from trainwright.recipe import Reads, parse_recipe

Prepare = Callable[..., Snapshot]


def no_probe(features: Any, target: Any, **_: Any) -> Any:
    """A model that learns nothing: the shares of the classes."""
    return np.tile(np.bincount(target.astype(int)) / len(target), (len(target), 1))


def part(folder: Path, number: int, *, rows: int = 60) -> None:
    """A file of some rows, one of which has a line break in it."""
    random = np.random.default_rng(number)
    pl.DataFrame(
        {
            "x": random.normal(size=rows).round(6),
            "note": [f"row {i}\nof {number}" if i == 3 else f"row {i}" for i in range(rows)],
            "y": random.choice(["a", "b"], rows),
        }
    ).write_csv(folder / f"part-{number}.csv")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were read."""
    names: list[str] = []
    opening = source.open_as

    def noted(location: Path, how: Any, *, name: str) -> Any:
        names.append(name)
        return opening(location, how, name=name)

    monkeypatch.setattr(source, "open_as", noted)
    return names


@pytest.fixture
def run(tmp_path: Path) -> Prepare:
    def prepared(where: str = "s", **said: Any) -> Snapshot:
        data = {"source": "part-*.csv", "target": "y", "drop": ["note"], **said}
        recipe = parse_recipe({"data": data})
        return prepare(recipe, base=tmp_path, snapshots=tmp_path / where, probe=no_probe)

    return prepared


def test_of_a_source_with_a_new_file_that_file_alone_is_read(
    run: Prepare, opened: list[str], tmp_path: Path
) -> None:
    part(tmp_path, 1), part(tmp_path, 2)
    run()
    assert opened == ["part-1.csv", "part-2.csv"]
    opened.clear()
    part(tmp_path, 3)
    grown = run()
    assert opened == ["part-3.csv"]
    anew = run("other")
    assert (grown.hash, grown.source_key) == (anew.hash, anew.source_key)
    assert grown.findings == anew.findings
    assert grown.rows["input"] == 180


def test_a_file_that_changed_or_is_read_otherwise_is_read_again(
    run: Prepare, opened: list[str], tmp_path: Path
) -> None:
    part(tmp_path, 1), part(tmp_path, 2)
    run()
    opened.clear()
    part(tmp_path, 2, rows=70)
    run()
    assert opened == ["part-2.csv"]
    opened.clear()
    run(delimiter=",")
    assert opened == ["part-1.csv", "part-2.csv"]


def test_settings_of_reading_count_as_read_though_no_file_is(tmp_path: Path) -> None:
    part(tmp_path, 1), part(tmp_path, 2)
    for seed in (0, 1):
        said = {"source": "part-*.csv", "target": "y", "drop": ["note"], "delimiter": ",",
                "encoding": "utf-8", "split": {"seed": seed}}  # fmt: skip
        recipe = parse_recipe({"data": said})
        reads = Reads(recipe)
        with reads.by("data", "task"):
            prepare(recipe, base=tmp_path, snapshots=tmp_path / "s", probe=no_probe, reads=reads)
        assert reads.unread(["data"]) == ()


def test_rows_that_were_damaged_meanwhile_are_read_anew(
    run: Prepare, opened: list[str], tmp_path: Path
) -> None:
    part(tmp_path, 1), part(tmp_path, 2)
    first = run()
    for rows in (tmp_path / "s" / "staged").glob("*/rows.blocks"):
        data = bytearray(rows.read_bytes())
        data[len(data) // 2] ^= 1
        rows.write_bytes(bytes(data))
    opened.clear()
    again = run(split={"seed": 1})
    assert opened == ["part-1.csv", "part-2.csv"]
    assert again.source_key == first.source_key


def test_a_lone_file_is_not_kept_and_what_is_beyond_the_limit_goes(
    run: Prepare, opened: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part(tmp_path, 1)
    run()
    assert not (tmp_path / "s" / "staged").exists()
    part(tmp_path, 2)
    others = keeping.Keeper.__init__.__defaults__[1:]
    monkeypatch.setattr(keeping.Keeper.__init__, "__defaults__", (6_000, *others))
    run()
    assert len(list((tmp_path / "s" / "staged").iterdir())) == 1


def test_what_another_preparation_takes_meanwhile_is_no_fault(run: Prepare, tmp_path: Path) -> None:
    part(tmp_path, 1), part(tmp_path, 2)
    (tmp_path / "s" / "staged" / "taken").mkdir(parents=True)  # its note is gone already
    assert run().rows["input"] == 120


def test_places_of_rows_that_were_kept_are_those_of_the_file(run: Prepare, tmp_path: Path) -> None:
    part(tmp_path, 1), part(tmp_path, 2)
    run(drop=["x"], columns={"note": "text"})
    with (tmp_path / "part-3.csv").open("w") as file:
        file.write("x,note,y\n1,a,a\n2,b,\n")
    grown = run(drop=["x"], columns={"note": "text"})
    (missing,) = [found for found in grown.findings if found.kind == "missing"]
    assert missing.rows == (121,)


def test_a_file_that_was_read_before_is_hashed_once(
    run: Prepare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    hashing = naming.sha256_file

    def noted(path: Path) -> str:
        hashed.append(path.name)
        return hashing(path)

    monkeypatch.setattr(naming, "sha256_file", noted)
    part(tmp_path, 1), part(tmp_path, 2)
    run()
    hashed.clear()
    part(tmp_path, 3)
    run()
    assert sorted(hashed) == ["part-1.csv", "part-2.csv", "part-3.csv"]


def test_a_file_that_was_written_to_is_hashed_anew(tmp_path: Path) -> None:
    hashes = FileHashes()
    part(tmp_path, 1)
    first = hashes.of(tmp_path / "part-1.csv")
    part(tmp_path, 1, rows=70)
    assert hashes.of(tmp_path / "part-1.csv") == sha256_file(tmp_path / "part-1.csv") != first
