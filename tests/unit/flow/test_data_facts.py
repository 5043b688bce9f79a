"""What the data report is told, of a table in which there is something to tell."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from PIL import Image

from trainwright.core.artifacts import Split
from trainwright.data.snapshot import load_profile, read_split
from trainwright.flow.data_facts import _every, data_facts
from trainwright.flow.preparation import prepare


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("facts")
    random = np.random.default_rng(2)
    size = random.normal(100, 10, 400)
    frame = pl.DataFrame(
        {
            "size": size.round(2),
            "double": (2 * size).round(2),
            "town": random.choice(["Ulm", "Bonn"], 400),
            "price": [f"${value:,.2f}" for value in random.uniform(1, 2000, 400)],
            "sold": np.where(size + random.normal(0, 9, 400) > 100, "yes", "no"),
        }
    )
    pl.concat([frame, frame.head(20)]).write_csv(folder / "t.csv")
    (folder / "r.yaml").write_text(
        "data: {source: t.csv, target: sold, duplicates: drop, accept: ['leakage:double',"
        " 'leakage:size']}\n"
    )
    snapshot, report = prepare(folder / "r.yaml", workspace=folder / "w")
    return snapshot, data_facts(snapshot, load_profile(snapshot)), report.read_text()


def test_columns_that_go_together_have_a_strength_near_one(told):
    _, facts, _ = told
    names, matrix = facts["associations"]["names"], facts["associations"]["matrix"]
    assert matrix[names.index("size")][names.index("double")] > 0.99
    assert matrix[names.index("town")][names.index("size")] < 0.3


def test_train_is_compared_with_validation_and_never_with_test(told):
    snapshot, facts, _ = told
    shift = next(one for one in facts["shifts"] if one["column"] == "town")
    validation = read_split(snapshot, Split.VALIDATION)
    share = dict(zip(shift["bins"], shift["validation"], strict=True))["Ulm"]
    assert share == pytest.approx((validation["town"] == "Ulm").mean(), abs=1e-4)


def test_what_became_of_rows_is_counted_by_reason(told):
    _, facts, _ = told
    (fate,) = facts["fates"]
    assert (fate["step"], fate["rows"]) == ("duplicates", 20)
    assert fate["reason"] == "equal to row …"


def test_the_most_suspect_labels_are_shown_with_the_places_of_their_rows(told):
    snapshot, facts, page = told
    ranking = pl.read_parquet(snapshot.folder / "labels.parquet")
    train = read_split(snapshot, Split.TRAIN)
    assert set(ranking["row"]) <= set(train["__row__"])
    likely = int((ranking.head(20)["probability"] >= 0.005).sum())
    assert [one["rank"] for one in facts["labels"]] == list(range(1, max(likely, 5) + 1))
    first = facts["labels"][0]
    assert first["place"] == f"t.csv:{ranking['row'][0]}"
    assert (first["given"], first["proposed"]) == ranking.row(0)[1:3]
    assert "Labels to look at" in page


def test_the_page_says_how_columns_were_read(told):
    _, facts, page = told
    (receipt,) = [one for one in facts["receipts"] if one["column"] == "price"]
    assert 420 in receipt["changed"].values()
    assert "How columns were read" in page
    assert "What goes together" in page


def test_documents_are_shown_once_each_and_not_whole(tmp_path):
    """The column of documents is input and target at once; a document may be a book."""
    words = np.random.default_rng(0).choice(["red", "cat", "sat", "mat", "tree"], (80, 400))
    texts = [" ".join(row) for row in words]
    pl.DataFrame({"text": [*texts, texts[0] + " end", texts[1] + " end"]}).write_ndjson(
        tmp_path / "t.jsonl"
    )
    (tmp_path / "r.yaml").write_text(
        "task: language-modelling\ndata: {source: t.jsonl}\nmodel: {family: ngram}\n"
    )
    snapshot, report = prepare(tmp_path / "r.yaml", workspace=tmp_path / "w")
    (example,) = data_facts(snapshot, load_profile(snapshot))["examples"]
    assert example["kind"] == "near-duplicate"
    assert set(example["rows"][0]) == {"row", "text"}
    assert len(example["rows"][0]["text"]) < 510
    assert texts[0] not in report.read_text()


def test_of_a_hidden_column_nothing_is_shown_where_it_is_the_target_either(tmp_path):
    words = np.random.default_rng(0).choice(["red", "cat", "sat", "mat", "tree"], (60, 90))
    texts = [f"write to person{n}@example.com {' '.join(row)}" for n, row in enumerate(words)]
    pl.DataFrame({"text": [*texts, texts[7] + " end"]}).write_ndjson(tmp_path / "t.jsonl")
    (tmp_path / "r.yaml").write_text(
        "task: language-modelling\ndata: {source: t.jsonl}\nmodel: {family: ngram}\n"
    )
    snapshot, report = prepare(tmp_path / "r.yaml", workspace=tmp_path / "w")
    assert any(one.kind == "personal-data" for one in snapshot.findings)
    (example,) = data_facts(snapshot, load_profile(snapshot))["examples"]
    assert (example["kind"], set(example["rows"][0])) == ("near-duplicate", {"row"})
    assert "person7@" not in report.read_text()


def test_images_are_looked_at_as_pictures(tmp_path):
    random = np.random.default_rng(5)
    for number in range(190):
        pixels = random.integers(0, 90, (24, 16), dtype=np.uint8)
        pixels[:, : 8 if number % 2 else 3] += 160
        image = Image.fromarray(pixels)
        folder = tmp_path / "shapes" / ("wide" if (number % 2) != (number < 6) else "narrow")
        folder.mkdir(parents=True, exist_ok=True)
        image.save(folder / f"{number}.png")
        if number >= 180:
            image.save(folder / f"{number}-again.png", compress_level=1)
    (tmp_path / "r.yaml").write_text("data: {source: shapes}\n")
    snapshot, report = prepare(tmp_path / "r.yaml", workspace=tmp_path / "w")
    facts = data_facts(snapshot, load_profile(snapshot))
    assert facts["labels"]
    assert all(one["picture"].startswith("data:image/jpeg;base64,") for one in facts["labels"])
    twins = [one for one in facts["examples"] if one["kind"] in ("duplicate", "near-duplicate")]
    assert twins
    assert all(len(one["pictures"]) == len(one["rows"]) for one in twins)
    assert facts["labels"][0]["picture"] in report.read_text()


def test_of_a_wide_table_the_column_that_is_spoken_of_is_shown_in_numbers_that_can_be_read(
    tmp_path,
):
    rng = np.random.default_rng(0)
    columns = {f"x{place}": rng.normal(size=200) for place in range(20)}
    columns["far"] = np.where(np.arange(200) < 20, "<b>bold</b>", rng.choice(["u", "v"], 200))
    when = pl.Series(np.datetime64("2020-01-01") + np.arange(200)).cast(pl.String)
    frame = pl.DataFrame({**columns, "when": when, "y": rng.choice(["p", "q"], 200)})
    frame.write_csv(tmp_path / "t.csv")
    (tmp_path / "t.yaml").write_text("data: {source: t.csv, target: y}\n")
    snapshot, _ = prepare(tmp_path / "t.yaml", workspace=tmp_path / "w")
    facts = data_facts(snapshot, load_profile(snapshot))
    (one,) = [one for one in facts["examples"] if one["column"] == "far"]
    assert one["rows"][0]["far"] == "<b>bold</b>"
    assert all(
        len(value) <= 12 for row in one["rows"] for name, value in row.items() if name[0] == "x"
    )
    shifts = {shift["column"]: shift["bins"] for shift in facts["shifts"]}
    assert shifts["when"][0] in ("2020-01-01", "2020-01-02", "2020-01-03")
    assert all(len(name) <= 7 for name in shifts["x0"])


def test_lines_that_are_no_rows_are_counted_by_reason_with_their_place(tmp_path):
    rows = "".join(f"{n * n % 97},{'yes' if n % 3 else 'no'}\n" for n in range(300))
    (tmp_path / "t.csv").write_text(f"Sales of the year\nx,y\n{rows}")
    (tmp_path / "r.yaml").write_text("data: {source: t.csv, target: y}\n")
    snapshot, _ = prepare(tmp_path / "r.yaml", workspace=tmp_path / "w")
    (fate,) = data_facts(snapshot, load_profile(snapshot))["fates"]
    assert (fate["rows"], fate["first"]) == (1, "t.csv")


def test_every_so_many_th_row_is_taken_across_blocks(told, monkeypatch):
    snapshot, _, _ = told
    train = read_split(snapshot, Split.TRAIN)

    def blocks(*_, columns, **__):
        yield from (train.select(columns)[start : start + 7] for start in range(0, train.height, 7))

    monkeypatch.setattr("trainwright.flow.data_facts.read_blocks", blocks)
    assert _every(snapshot, ["size", "town"], 5).equals(train.select("size", "town")[::5])
