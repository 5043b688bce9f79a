from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding, Snapshot, Split
from trainwright.core.columns import ROW, UNIT
from trainwright.core.errors import DataError, RecipeError, TrustError
from trainwright.data.audit import check_snapshot
from trainwright.data.prepare import prepare
from trainwright.data.snapshot import load_snapshot, read_ledger, read_split, verify_snapshot
from trainwright.recipe import Reads, parse_recipe


def probe(
    features: NDArray[np.float64],
    target: NDArray[np.float64],
    *,
    folds: NDArray[np.int64],
    task: str,
) -> NDArray[np.float64]:
    """Least squares out of fold: a real, small model."""
    known = np.where(np.isnan(features), 0.0, features)
    known = (known - known.mean(axis=0)) / (known.std(axis=0) + 1e-9)
    inputs = np.column_stack([known, np.ones(len(known))])
    wanted = (
        np.eye(int(target.max()) + 1)[target.astype(int)]
        if task == "classification"
        else target[:, None]
    )
    told = np.empty_like(wanted)
    for fold in np.unique(folds):
        out = folds == fold
        told[out] = inputs[out] @ np.linalg.lstsq(inputs[~out], wanted[~out], rcond=None)[0]
    return told if task == "classification" else told[:, 0]


def table(rows: int = 400, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows)
    noise = rng.normal(size=rows)
    return pl.DataFrame(
        {
            "x": x,
            "z": rng.normal(size=rows),
            "kind": rng.choice(["red", "green", "blue"], rows),
            "y": np.where(x + noise > 0, "up", "down"),
        }
    )


Run = Callable[..., Snapshot]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Write a table and prepare it with more keys of the data section."""

    def prepared(frame: pl.DataFrame, *, reads: bool = False, **said: Any) -> Snapshot:
        frame.write_csv(tmp_path / "t.csv")
        recipe = parse_recipe({"data": {"source": "t.csv", "target": "y", **said}})
        return prepare(recipe, base=tmp_path, snapshots=tmp_path / "snapshots", probe=probe)

    return prepared


def kinds(findings: tuple[Finding, ...]) -> set[str]:
    return {finding.kind for finding in findings}


def test_every_row_is_in_one_file_and_in_the_ledger(run: Run) -> None:
    snapshot = run(table())
    frames = [read_split(snapshot, split) for split in Split]
    rows = pl.concat([frame[ROW] for frame in frames]).sort()
    assert rows.to_list() == list(range(400))
    assert snapshot.rows == {"input": 400, "train": 280, "validation": 60, "test": 60, "dropped": 0}
    assert frames[0].columns == [ROW, "y", "x", "z", "kind"]
    assert frames[0][ROW].is_sorted()
    ledger = read_ledger(snapshot)
    assert ledger.columns == ["row", "source", "position", "bucket", "step", "reason"]
    assert ledger["source"].unique().to_list() == ["t.csv"]
    assert all(check.passed for check in verify_snapshot(snapshot.folder))


def test_lines_that_are_no_rows_are_in_the_ledger_of_every_file(run: Run, tmp_path: Path) -> None:
    text = table().write_csv()
    head = text.partition("\n")[0]
    (tmp_path / "a.csv").write_text(f"Measured in May\n{text}Total,12.5,,\n")
    (tmp_path / "b.csv").write_text(f"{table(100, seed=1).write_csv()}{head}\n")
    recipe = parse_recipe({"data": {"source": ["a.csv", "b.csv"], "target": "y"}})
    for _ in range(2):  # the second time from what was kept
        snapshot = prepare(recipe, base=tmp_path, snapshots=tmp_path / "snapshots", probe=probe)
        lines = read_ledger(snapshot).filter(pl.col("step") == "reading")
        assert lines.select("row", "source", "position", "reason").rows() == [
            (None, "a.csv", None, "not a row: a title above the header (line 1)"),
            (None, "a.csv", None, "not a row: a row of totals (line 403)"),
            (None, "b.csv", None, "not a row: the header once more (line 102)"),
        ]
        assert (snapshot.rows["input"], snapshot.rows["dropped"]) == (503, 3)
        assert all(check.passed for check in verify_snapshot(snapshot.folder))
        shutil.rmtree(tmp_path / "snapshots" / "prepared")


def test_cells_are_those_of_the_source(run: Run) -> None:
    frame = table()
    train = read_split(run(frame), Split.TRAIN)
    assert train.select("x", "z", "kind", "y").equals(
        frame[train[ROW]].select("x", "z", "kind", "y")
    )


def test_the_same_input_is_not_prepared_twice(run: Run, tmp_path: Path) -> None:
    first = run(table())
    stamp = (first.folder / "manifest.json").stat().st_mtime_ns
    again = run(table())
    assert again == first
    assert (first.folder / "manifest.json").stat().st_mtime_ns == stamp
    assert run(table(seed=1)).hash != first.hash
    assert run(table(), split={"seed": 1}).hash != first.hash


def test_reuse_counts_the_same_reads(tmp_path: Path) -> None:
    table().write_csv(tmp_path / "t.csv")
    counted = []
    for _ in range(2):
        recipe = parse_recipe({"data": {"source": "t.csv", "target": "y", "split": {"seed": 3}}})
        reads = Reads(recipe)
        with reads.by("data", "task"):
            prepare(recipe, base=tmp_path, snapshots=tmp_path / "s", probe=probe, reads=reads)
        assert reads.unread(["data"]) == ()
        counted.append(reads.of("data"))
    assert counted[0] == counted[1]


def test_equal_content_under_another_recipe_keeps_its_own_findings_and_reads(run: Run) -> None:
    one = run(table())
    other = run(table(), accept=["leakage:none"])
    assert other.hash == one.hash
    again = run(table(), accept=["leakage:none"])
    for found, told in ((one, False), (other, True), (again, True)):
        assert any("accept names" in finding.message for finding in found.findings) == told


def test_a_damaged_snapshot_is_not_reused_silently(run: Run) -> None:
    snapshot = run(table())
    flip(snapshot.folder / "train.parquet")
    with pytest.raises(TrustError, match=r"train\.parquet was changed") as caught:
        run(table())
    assert caught.value.mend.startswith(f"rm -r {snapshot.folder}")
    shutil.rmtree(snapshot.folder)
    assert run(table()) == snapshot


@pytest.mark.parametrize(
    "name",
    [
        "train.parquet",
        "validation.parquet",
        "test.parquet",
        "rows.parquet",
        "profile.json",
        "manifest.json",
    ],
)
def test_a_flipped_byte_in_any_file_is_refused(run: Run, name: str) -> None:
    folder = run(table()).folder
    assert load_snapshot(folder).folder == folder
    flip(folder / name)
    with pytest.raises(TrustError):
        load_snapshot(folder)
    assert not all(check.passed for check in verify_snapshot(folder))


def test_a_changed_manifest_with_a_mended_seal_still_shows_in_the_content(run: Run) -> None:
    from trainwright.data.manifest import seal_of

    folder = run(table()).folder
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["left_out"] = {"z": "constant"}
    manifest["seal"] = seal_of(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    failed = [check.name for check in verify_snapshot(folder) if not check.passed]
    assert failed == ["snapshot: content"]


def test_a_lost_file_is_named(run: Run) -> None:
    folder = run(table()).folder
    (folder / "rows.parquet").unlink()
    with pytest.raises(TrustError, match=r"rows\.parquet"):
        load_snapshot(folder)


def test_the_hash_is_of_values_and_not_of_the_way_they_are_written(
    run: Run, tmp_path: Path
) -> None:
    first = run(table())
    table().write_csv(tmp_path / "t.csv", quote_style="non_numeric", line_terminator="\r\n")
    recipe = parse_recipe({"data": {"source": "t.csv", "target": "y"}})
    again = prepare(recipe, base=tmp_path, snapshots=tmp_path / "other", probe=probe)
    assert again.hash == first.hash
    assert again.source_key == first.source_key


def test_the_source_key_belongs_to_the_rows_and_not_to_the_split(run: Run) -> None:
    keys = {
        run(table()).source_key,
        run(table(), split={"seed": 5}).source_key,
        run(table(), known_after=["z"]).source_key,
        run(table().reverse()).source_key,
        run(table().select("y", "kind", "z", "x")).source_key,
    }
    assert len(keys) == 1
    assert run(table(seed=1)).source_key not in keys


def test_no_row_moves_with_the_order_of_columns(run: Run) -> None:
    one = read_split(run(table()), Split.TEST)[ROW]
    other = read_split(run(table().select("y", "kind", "z", "x")), Split.TEST)[ROW]
    assert one.equals(other)


def test_rows_without_a_target_are_dropped_with_a_reason(run: Run) -> None:
    frame = table().with_columns(y=pl.when(pl.int_range(400) < 30).then(None).otherwise("y"))
    snapshot = run(frame)
    dropped = read_ledger(snapshot).filter(bucket="dropped")
    assert dropped["row"].to_list() == list(range(30))
    assert set(dropped["step"]) == {"target"}
    assert set(dropped["reason"]) == {"no target"}
    finding = next(f for f in snapshot.findings if f.kind == "missing")
    assert (finding.severity, finding.count) == ("warning", 30)


def test_under_half_of_the_rows_with_a_target_is_refused_until_accepted(run: Run) -> None:
    frame = table().with_columns(y=pl.when(pl.int_range(400) < 250).then(None).otherwise("y"))
    with pytest.raises(DataError, match="250 of 400 rows have no target") as caught:
        run(frame)
    assert caught.value.mend == 'data: {accept: ["missing:y"]}'
    assert run(frame, accept=["missing:y"]).rows["dropped"] == 250


def test_under_fifty_rows_are_refused_until_accepted_and_under_ten_for_good(run: Run) -> None:
    with pytest.raises(DataError, match="40 rows have a target") as caught:
        run(table(40))
    assert "schema" in caught.value.mend
    assert sum(run(table(40), accept=["schema"]).rows[s] for s in Split) == 40
    for rows in (1, 2, 9):
        frame = table(20)[:rows].with_columns(y=pl.Series(["up", "down"] * 5)[:rows])
        with pytest.raises(DataError):
            run(frame, accept=["schema"])


def test_equal_rows_are_kept_with_a_warning_or_dropped_on_demand(run: Run) -> None:
    frame = pl.concat([table(), table()[:20]])
    kept = run(frame)
    finding = next(f for f in kept.findings if f.kind == "duplicate")
    assert (finding.severity, finding.count) == ("warning", 20)
    assert finding.rows == tuple(range(400, 420))
    assert "equal rows in one split" in finding.message
    assert kept.rows["dropped"] == 0
    dropped = run(frame, duplicates="drop")
    ledger = read_ledger(dropped).filter(bucket="dropped")
    assert ledger["row"].to_list() == list(range(400, 420))
    assert ledger["reason"][7] == "equal to row 7"
    assert set(ledger["step"]) == {"duplicates"}


def test_equal_inputs_with_other_targets_are_told(run: Run) -> None:
    twin = table()[:5].with_columns(
        y=pl.when(pl.col("y") == "up").then(pl.lit("down")).otherwise(pl.lit("up"))
    )
    snapshot = run(pl.concat([table(), twin]))
    finding = next(f for f in snapshot.findings if f.kind == "conflicting-label")
    assert (finding.severity, finding.count) == ("warning", 10)


def test_numbers_that_differ_under_equal_inputs_are_only_noted(run: Run) -> None:
    base = table().with_columns(y=pl.col("x") * 2 + pl.col("z"))
    snapshot = run(pl.concat([base, base[:5].with_columns(pl.col("y") + 1)]))
    finding = next(f for f in snapshot.findings if f.kind == "conflicting-label")
    assert (finding.severity, finding.count) == ("info", 10)


def test_a_part_that_holds_only_classes_that_train_lacks_is_refused(run: Run) -> None:
    part = pl.Series(["train"] * 300 + ["validation"] * 50 + ["test"] * 50)
    later = pl.when(part == "validation").then(pl.lit("new")).otherwise("y")
    with pytest.raises(DataError, match="all 50 rows of validation") as caught:
        run(table().with_columns(y=later, part=part), split={"by": "given", "column": "part"})
    assert "join rare classes" in caught.value.mend


def test_copies_across_a_given_split_are_an_error(run: Run) -> None:
    frame = pl.concat([table(), table()[:20]]).with_columns(
        part=pl.Series(["train"] * 300 + ["validation"] * 60 + ["test"] * 60)
    )
    with pytest.raises(DataError, match="20 of 60 test rows") as caught:
        run(frame, split={"by": "given", "column": "part"})
    assert "duplicates: drop" in caught.value.mend
    accepted = run(frame, split={"by": "given", "column": "part"}, accept=["leakage"])
    assert accepted.left_out["part"] == "split: assignment"
    told = next(f.message for f in accepted.findings if f.kind == "duplicate")
    assert told.endswith("they are kept")  # and on both sides
    assert run(frame, split={"by": "given", "column": "part"}, duplicates="drop").rows["test"] == 40


def test_copies_across_files_are_an_error(tmp_path: Path) -> None:
    frame = table()
    frame[:300].write_csv(tmp_path / "a.csv")
    frame[300:350].write_csv(tmp_path / "b.csv")
    pl.concat([frame[350:], frame[:10]]).write_csv(tmp_path / "c.csv")
    recipe = parse_recipe(
        {"data": {"source": "a.csv", "target": "y", "validation": "b.csv", "test": "c.csv"}}
    )
    with pytest.raises(DataError, match="10 of 60 test rows"):
        prepare(recipe, base=tmp_path, snapshots=tmp_path / "s", probe=probe)


def test_coincidences_across_a_given_split_are_no_error(run: Run) -> None:
    rng = np.random.default_rng(1)
    frame = pl.DataFrame(
        {
            "sex": rng.choice(["f", "m"], 400),
            "class": rng.choice(["i", "ii", "iii"], 400),
            "y": rng.choice(["up", "down"], 400),
            "part": ["train"] * 280 + ["validation"] * 60 + ["test"] * 60,
        }
    )
    assert run(frame, split={"by": "given", "column": "part"}).rows["test"] == 60


def test_rows_that_are_resampled_together_say_so(run: Run) -> None:
    snapshot = run(pl.concat([table(), table().head(1)]))
    train = read_split(snapshot, Split.TRAIN)
    assert train.columns == [ROW, UNIT, "y", "x", "z", "kind"]
    copies = [read_split(snapshot, split).filter(pl.col(ROW).is_in([0, 400])) for split in Split]
    assert pl.concat([copy[UNIT] for copy in copies]).to_list() == [0, 0]
    assert (train[UNIT] == train[ROW]).sum() >= train.height - 1


def test_columns_are_left_out_with_their_reason(run: Run) -> None:
    frame = table().with_columns(
        id=pl.int_range(400)
        .cast(pl.String)
        .str.zfill(6)
        .map_elements(lambda v: f"u-{v}", return_dtype=pl.String),
        same=pl.lit("always"),
        none=pl.lit(None, dtype=pl.String),
        later=pl.col("x") * 2,
    )
    snapshot = run(frame, drop=["z"], known_after=["later"])
    assert snapshot.left_out == {
        "z": "declared: drop",
        "id": "identifier",
        "same": "constant",
        "none": "all null",
        "later": "declared: known after",
    }
    assert [column.name for column in snapshot.inputs] == ["x", "kind"]
    assert read_split(snapshot, Split.TRAIN).columns == [ROW, "y", "x", "kind"]


def test_a_table_with_nothing_to_learn_from_is_refused(run: Run) -> None:
    with pytest.raises(DataError, match="no column is left"):
        run(table().select("z", "y"), drop=["z"])


def test_a_lone_identifier_can_be_read_otherwise_by_a_paste(run: Run) -> None:
    frame = table().select(pl.int_range(400).alias("No"), "y")
    with pytest.raises(DataError, match="no column is left") as caught:
        run(frame)
    assert caught.value.mend.startswith('data: {columns: {"No": number}} ')
    assert [column.name for column in run(frame, columns={"No": "number"}).inputs] == ["No"]


def test_a_group_column_is_kept_in_the_files_and_out_of_the_inputs(run: Run) -> None:
    frame = table().with_columns(who=pl.int_range(400) % 40)
    snapshot = run(frame, split={"by": "group", "column": "who"})
    assert snapshot.left_out == {"who": "split: group"}
    frames = [read_split(snapshot, split) for split in Split]
    groups = [set(frame["who"]) for frame in frames]
    assert not groups[0] & groups[2]
    assert not groups[1] & groups[2]


def test_the_time_of_a_time_split_stays_an_input(run: Run) -> None:
    start = pl.datetime(2020, 1, 1)
    frame = table().with_columns(when=start + pl.duration(hours=pl.int_range(400)))
    snapshot = run(frame, split={"by": "time", "column": "when", "gap": "5h"})
    assert "when" in [column.name for column in snapshot.inputs]
    assert snapshot.by_time
    assert snapshot.rows["dropped"] == 8
    assert set(read_ledger(snapshot).filter(bucket="dropped")["reason"]) == {"gap"}


def test_a_class_that_train_lacks_is_an_error_and_left_out_when_accepted(run: Run) -> None:
    frame = table().with_columns(
        t=pl.int_range(400), y=pl.when(pl.int_range(400) > 380).then(pl.lit("new")).otherwise("y")
    )
    said: dict[str, Any] = {"split": {"by": "time", "column": "t"}}
    with pytest.raises(DataError, match="'new'") as caught:
        run(frame, **said)
    assert caught.value.mend == 'data: {accept: ["imbalance:y"]}'
    snapshot = run(frame, **said, accept=["imbalance:y"])
    assert snapshot.target.classes == ("down", "up")
    assert snapshot.rows["dropped"] == 19
    assert set(read_ledger(snapshot).filter(bucket="dropped")["reason"]) == {"class not in train"}


def test_one_class_in_train_is_refused_by_name(run: Run) -> None:
    frame = table().with_columns(
        t=pl.int_range(400),
        y=pl.when(pl.int_range(400) < 320).then(pl.lit("down")).otherwise(pl.lit("up")),
    )
    with pytest.raises(DataError, match="one class only: 'down'"):
        run(frame, split={"by": "time", "column": "t"})


def test_a_leak_is_refused_with_all_findings_and_nothing_is_written(
    run: Run, tmp_path: Path
) -> None:
    frame = table().with_columns(
        answer=(pl.col("y") == "up").cast(pl.Float64) + pl.col("z") / 100, same=pl.lit(1)
    )
    with pytest.raises(DataError, match="'answer' alone tells") as caught:
        run(frame)
    assert caught.value.status == 3
    assert {"leakage", "constant"} <= kinds(caught.value.findings)
    assert caught.value.mend.startswith("data: {known_after: [answer]}")
    assert (
        not list((tmp_path / "snapshots").glob("*")) if (tmp_path / "snapshots").exists() else True
    )
    assert run(frame, known_after=["answer"]).left_out["answer"] == "declared: known after"


def test_an_accepted_error_is_a_warning_that_says_so(run: Run) -> None:
    frame = table().with_columns(answer=(pl.col("y") == "up").cast(pl.Float64) + pl.col("z") / 100)
    snapshot = run(frame, accept=["leakage:answer"])
    finding = next(f for f in snapshot.findings if f.kind == "leakage")
    assert finding.severity == "warning"
    assert finding.message.startswith("accepted: ")
    audited = list(check_snapshot(snapshot, accepted=["leakage:answer"], probe=probe))
    assert all(check.passed for check in audited)
    refused = list(check_snapshot(snapshot, accepted=[], probe=probe))
    assert [check.name for check in refused if not check.passed] == ["leakage"]


def test_an_acceptance_of_nothing_is_told(run: Run) -> None:
    snapshot = run(table(), accept=["leakage:gone"])
    assert any("'leakage:gone'" in f.message for f in snapshot.findings if f.kind == "schema")


def test_a_column_that_is_not_there_is_a_recipe_error(run: Run) -> None:
    with pytest.raises(RecipeError, match="'when'"):
        run(table(), split={"by": "time", "column": "when"})


def test_test_rows_have_no_part_in_what_is_found_after_the_split(run: Run) -> None:
    frame = table().with_columns(
        t=pl.Series(np.random.default_rng(8).permutation(400)),
        answer=(pl.col("y") == "up").cast(pl.Float64) + pl.col("z") / 100,
    )
    rng = np.random.default_rng(9)
    noisy = frame.with_columns(
        *(
            pl.when(pl.col("t") >= 340)
            .then(pl.Series(rng.permutation(frame[name].to_numpy())))
            .otherwise(name)
            .alias(name)
            for name in ("x", "z", "answer", "kind", "y")
        )
    )
    said: dict[str, Any] = {"split": {"by": "time", "column": "t"}}
    found = []
    for source in (frame, noisy):
        with pytest.raises(DataError) as caught:
            run(source, **said)
        found.append([f for f in caught.value.findings if f.kind.startswith("leakage")])
    assert found[0] == found[1]


def test_several_files_have_positions_of_their_own(tmp_path: Path) -> None:
    table()[:250].write_csv(tmp_path / "a.csv")
    table()[250:].write_csv(tmp_path / "b.csv")
    recipe = parse_recipe({"data": {"source": ["a.csv", "b.csv"], "target": "y"}})
    ledger = read_ledger(prepare(recipe, base=tmp_path, snapshots=tmp_path / "s", probe=probe))
    assert ledger.filter(source="b.csv")["position"].to_list() == list(range(150))
    assert ledger["row"].to_list() == list(range(400))


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
