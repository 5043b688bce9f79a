"""Labels from several hands through the whole of stage 1."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.core.artifacts import Snapshot, Split
from trainwright.core.columns import ROW, WEIGHT
from trainwright.core.errors import DataError, RecipeError
from trainwright.data.prepare import prepare
from trainwright.data.snapshot import read_label_sources, read_ledger, read_split
from trainwright.recipe.loading import load_recipe

ROWS = 300


def no_probe(features, target, *, folds, task):
    shares = np.bincount(target.astype(int)) / len(target)
    return np.tile(shares, (len(target), 1))


def mails() -> pl.DataFrame:
    random = np.random.default_rng(4)
    spam = random.random(ROWS) < 0.5
    words = np.where(spam, "win a prize", "see you at noon")
    texts = [f"{word} {n} {n * 7919 % 1000}" for n, word in enumerate(words)]
    truth = np.where(spam, "spam", "ham")
    return pl.DataFrame({"text": texts, "size": random.random(ROWS).round(4), "truth": truth})


def prepared(
    folder: Path, frame: pl.DataFrame, labels: str, *, more: str = "", **files: str
) -> Snapshot:
    frame.write_csv(folder / "m.csv")
    for name, content in files.items():
        (folder / f"{name}.csv").write_text(content)
    (folder / "r.yaml").write_text(
        "data:\n  source: m.csv\n  target: kind\n  drop: [truth]\n"
        f"  columns: {{text: text}}\n  labels: {{errors: off, {labels}}}\n  {more}\n"
    )
    recipe = load_recipe(folder / "r.yaml")
    return prepare(recipe, base=folder, snapshots=folder / "s", probe=no_probe)


def labels_of(snapshot: Snapshot, split: Split) -> dict[str, str]:
    return dict(read_split(snapshot, split).select("text", "kind").iter_rows())


def test_annotators_make_a_target_that_the_file_has_not(tmp_path: Path):
    frame = mails()
    flipped = pl.when(pl.int_range(ROWS) % 10 == 0).then(pl.lit("ham")).otherwise("truth")
    frame = frame.with_columns(ann=pl.col("truth"), bob=pl.col("truth"), cem=flipped)
    found = prepared(tmp_path, frame, "annotators: [ann, bob, cem]")
    truth = dict(frame.select("text", "truth").iter_rows())
    for split in Split:
        assert all(truth[text] == label for text, label in labels_of(found, split).items())
    assert {found.left_out[name] for name in ("ann", "bob", "cem")} == {"an annotator's labels"}
    assert any("3 annotators" in finding.message for finding in found.findings)
    assert read_label_sources(found)["annotators"]["annotator"].to_list() == ["ann", "bob", "cem"]
    agreement = read_label_sources(found)["agreement"]
    assert agreement["annotators"].to_list() == ["all", "all", "ann, bob", "ann, cem", "bob, cem"]
    assert agreement["value"].to_list()[2] == 1
    chances = pl.read_parquet(found.folder / "label_probabilities.parquet")
    train = read_split(found, Split.TRAIN)[ROW]
    assert set(chances["row"]) == set(
        train
    )  # those of test rows would tell the labels that are sealed


RULES = (
    "functions: [{if: {column: text, contains: win}, label: spam},"
    ' {if: {column: text, matches: "noon"}, label: ham}]'
)


def test_what_functions_labelled_teaches_and_is_never_measured_on(tmp_path: Path):
    known = pl.when(pl.int_range(ROWS) < 120).then("truth").otherwise(None)
    frame = mails().with_columns(kind=known)
    found = prepared(tmp_path, frame, RULES)
    by_hand = set(frame.filter(pl.col("kind").is_not_null())["text"])
    assert set(labels_of(found, Split.VALIDATION)) <= by_hand
    assert set(labels_of(found, Split.TEST)) <= by_hand
    taught = labels_of(found, Split.TRAIN)
    truth = dict(frame.select("text", "truth").iter_rows())
    assert set(taught) - by_hand
    assert all(truth[text] == label for text, label in taught.items())
    assert sum(found.rows[split.value] for split in Split) == ROWS  # none of them is lost
    functions = read_label_sources(found)["labelling_functions"]
    assert functions["votes_for"].to_list() == ["spam", "ham"]
    assert functions["known_rows"].sum() == len(by_hand & set(taught))  # of train rows alone
    chances = pl.read_parquet(found.folder / "label_probabilities.parquet")
    rows = read_split(found, Split.TRAIN).select(ROW, "text")
    weak = rows.filter(~pl.col("text").is_in(list(by_hand)))
    assert chances["row"].unique().sort().to_list() == sorted(weak[ROW])
    assert (
        chances.group_by("row").agg(pl.col("probability").sum())["probability"].round(9).eq(1).all()
    )
    (told,) = [one for one in found.findings if "functions alone labelled fell" in one.message]
    assert told.severity == "warning"
    assert f"{told.count} are learned from, 0 left out" in told.message
    assert f"{found.rows['validation']} validation and {found.rows['test']} test" in told.message
    train = read_split(found, Split.TRAIN)
    if WEIGHT in train.columns:
        weights = dict(train.select("text", WEIGHT).iter_rows())
        assert all(weights[text] == 1 for text in by_hand & set(weights))


def test_labels_to_measure_on_have_no_part_in_what_functions_teach(tmp_path: Path):
    """All labels of validation and test are turned round; not a bit of train changes."""
    known = pl.when(pl.int_range(ROWS) < 200).then("truth").otherwise(None)
    frame = mails().with_columns(kind=known, team=pl.int_range(ROWS) % 60)
    often_wrong = "{if: {column: text, matches: '[02468]$'}, label: spam}"
    rules = f"{RULES[:-1]}, {often_wrong}, {often_wrong.replace('[02468]', '[13579]')}]"
    split = "split: {by: group, column: team}"
    before = prepared(tmp_path, frame, rules, more=split)
    assert any("on rows with known labels" in one.message or
               "rows with known labels" in one.message for one in before.findings)  # fmt: skip
    train = read_split(before, Split.TRAIN)
    measured = {text for one in (Split.VALIDATION, Split.TEST) for text in labels_of(before, one)}
    assert measured
    turned = (
        pl.when(pl.col("text").is_in(list(measured)))
        .then(pl.col("kind").replace({"spam": "ham", "ham": "spam"}))
        .otherwise("kind")
    )
    after = prepared(tmp_path, frame.with_columns(kind=turned), rules, more=split)
    assert labels_of(after, Split.TEST) != labels_of(before, Split.TEST)
    assert read_split(after, Split.TRAIN).equals(train)
    assert WEIGHT in train.columns


def test_a_row_on_which_votes_cancel_each_other_out_is_left_out_with_its_reason(tmp_path: Path):
    num = 6_000
    both = pl.int_range(num) % 150 == 0
    spam = pl.int_range(num) % 2 == 0
    words = pl.when(both).then(pl.lit("win at noon"))
    frame = pl.select(
        text=words.when(spam).then(pl.lit("win now")).otherwise(pl.lit("see you at noon"))
        + " "
        + (pl.int_range(num) * 7919 % 99_991).cast(pl.String),
        truth=pl.when(spam).then(pl.lit("spam")).otherwise(pl.lit("ham")),
        kind=pl.when(both).then(None).when(spam).then(pl.lit("spam")).otherwise(pl.lit("ham")),
    )
    found = prepared(tmp_path, frame, RULES)
    gone = read_ledger(found).filter(pl.col("step") == "labels")
    assert gone["row"].to_list() == list(range(0, num, 150))
    assert set(gone["reason"]) == {"functions vote on it, and their votes cancel each other out"}
    assert sum(found.rows[split.value] for split in Split) == num - gone.height


def test_a_split_by_time_leaves_out_what_only_functions_labelled_after_train(tmp_path: Path):
    known = pl.when(pl.int_range(ROWS) % 2 == 0).then("truth").otherwise(None)
    frame = mails().with_columns(kind=known, day=pl.int_range(ROWS))
    found = prepared(tmp_path, frame, RULES, more="split: {by: time, column: day}")
    gone = read_ledger(found).filter(pl.col("step") == "labels")
    assert set(gone["reason"]) == {"labelled by functions alone: nothing is measured on it"}
    assert read_split(found, Split.TRAIN)["day"].max() < read_split(found, Split.TEST)["day"].min()
    by_hand = set(frame.filter(pl.col("kind").is_not_null())["text"])
    assert set(labels_of(found, Split.TEST)) <= by_hand
    assert any(
        f"0 are learned from, {gone.height} left out" in one.message for one in found.findings
    )


def test_corrections_have_the_last_word_and_are_told_row_by_row(tmp_path: Path):
    frame = mails().with_columns(kind=pl.col("truth"))
    before = prepared(tmp_path, frame, "combine: majority")
    wrong = "ham" if frame["truth"][7] == "spam" else "spam"
    after = prepared(tmp_path, frame, "corrections: c.csv", c=f"row,label\nm.csv:7,{wrong}\n")
    everywhere = {t: label for split in Split for t, label in labels_of(after, split).items()}
    assert everywhere[frame["text"][7]] == wrong
    told = pl.read_parquet(after.folder / "repairs.parquet")
    assert told.select("row", "column", "before", "after").rows() == [
        (7, "kind", frame["truth"][7], wrong)
    ]
    assert after.source_key == before.source_key  # the same rows: looks into the lockbox count on
    again = prepared(tmp_path, frame, "corrections: c.csv", c=f"row,label\nm.csv:8,{wrong}\n")
    assert again.hash != after.hash


def test_a_correction_of_a_row_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match=r"row 'm.csv:900' is not there"):
        prepared(tmp_path, mails().with_columns(kind=pl.col("truth")), "corrections: c.csv",
                 c="row,label\nm.csv:900,spam\n")  # fmt: skip


def test_corrections_mend_a_further_column_of_labels_and_keep_what_it_was(tmp_path: Path):
    urgent = pl.Series("urgent", ["yes", "no"] * (ROWS // 2))
    frame = mails().with_columns(urgent, kind=pl.col("truth"))
    lines = "row,column,label\nm.csv:3,urgent,yes\n7,urgent,true\n2,,ham\n"
    found = prepared(tmp_path, frame, "also: [urgent], corrections: mended.csv", mended=lines)
    rows = pl.concat([read_split(found, split).select("text", "kind", "urgent") for split in Split])
    mended = {text: (kind, said) for text, kind, said in rows.iter_rows()}
    assert [mended[frame["text"][row]][1] for row in (3, 7, 5)] == [True, True, False]
    assert mended[frame["text"][2]][0] == "ham"
    edits = pl.read_parquet(found.folder / "repairs.parquet").filter(pl.col("column") == "urgent")
    assert edits.select("row", "before", "after").rows() == [(3, "no", "yes"), (7, "no", "true")]


def test_a_target_of_lists_beside_functions_is_refused_by_name(tmp_path: Path):
    lines = [{"text": f"win {n}", "label": ["spam"] if n % 2 else None} for n in range(40)]
    (tmp_path / "mails.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "r.yaml").write_text(
        "data:\n  source: mails.jsonl\n  target: label\n  labels:\n"
        "    functions: [{if: {column: text, contains: win}, label: spam}]\n"
    )
    with pytest.raises(RecipeError, match="holds lists"):
        prepare(
            load_recipe(tmp_path / "r.yaml"),
            base=tmp_path,
            snapshots=tmp_path / "s",
            probe=no_probe,
        )
