"""Where rows come from does not matter: the same table, however it is kept, gives the same splits."""

import bz2
import gzip
import json
import lzma
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from machinery import needs
from servers import object_server, postgres_server

QUIET = {
    "model": {"family": "linear"},
    "training": {"budget": "5s", "threads": 1},
    "tracking": {"kind": "none"},
}
PARTS = ("train", "validation", "test")
FRAME = pl.DataFrame(
    {
        "amount": [round(i * 0.37 % 5, 2) if i % 9 else None for i in range(200)],
        "colour": [("red", "green", "blue", None)[i * 7 % 4] for i in range(200)],
        "count": [i * 31 % 83 for i in range(200)],
        "y": ["yes" if i * 7919 % 211 < 90 else "no" for i in range(200)],
    }
)


def make(path: Path) -> None:
    """The table as a file of the kind that its ending tells."""
    text = FRAME.write_csv()
    kind = path.name.partition(".")[2]
    if kind == "parquet":
        FRAME.write_parquet(path)
    elif kind in ("arrow", "feather"):
        FRAME.write_ipc(path, compression="zstd")
    elif kind == "jsonl":
        FRAME.write_ndjson(path)
    elif kind == "xlsx":
        book = openpyxl.Workbook()
        for row in [FRAME.columns, *FRAME.rows()]:
            book.active.append(row)
        book.save(path)
    elif kind == "db":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE t (k INTEGER PRIMARY KEY, amount, colour, count, y)")
            rows = [(i, *row) for i, row in enumerate(FRAME.rows())]
            connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", rows)
            connection.commit()
    elif kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("t.csv", text)
    else:
        packers = {"csv.gz": gzip.compress, "csv.bz2": bz2.compress, "csv.xz": lzma.compress}
        path.write_bytes(packers.get(kind, bytes)(text.encode()))


@pytest.fixture
def prepared(trainwright, tmp_path):
    """The splits of a source, as they are in its snapshot."""

    def prepare(source, **said):
        data = {"source": source, "target": "y", **said}
        (tmp_path / "r.yaml").write_text(json.dumps({"data": data, **QUIET}))
        status, told = trainwright("prepare", tmp_path / "r.yaml")
        assert status == 0, told
        folder = tmp_path / "workspace" / "snapshots" / told["snapshot"]
        splits = [pl.read_parquet(folder / f"{part}.parquet") for part in PARTS]
        return pl.concat(splits).to_dict(as_series=False)

    return prepare


KINDS = ["csv.gz", "csv.bz2", "csv.xz", "zip", "jsonl", "parquet", "arrow", "feather", "xlsx"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_gives_the_same_splits(prepared, tmp_path, kind):
    make(tmp_path / "t.csv")
    make(tmp_path / f"t.{kind}")
    assert prepared(f"t.{kind}") == prepared("t.csv")


@pytest.mark.parametrize(
    "names",
    [
        {"y": "count", "count": "value", "amount": "rows", "colour": "len"},
        {"y": "value", "count": "label", "amount": "column", "colour": "literal"},
        {"y": "rows", "count": "index", "amount": "row", "colour": "count"},
    ],
)
def test_columns_may_have_the_names_that_tables_of_ours_have(trainwright, tmp_path, names):
    FRAME.rename(names).write_csv(tmp_path / "t.csv")
    recipe = {"data": {"source": "t.csv", "target": names["y"]}, **QUIET}
    (tmp_path / "r.yaml").write_text(json.dumps(recipe))
    status, told = trainwright("run", tmp_path / "r.yaml")
    assert status == 0, told


def test_a_database_gives_the_same_splits_in_the_order_of_its_key(prepared, tmp_path):
    make(tmp_path / "t.csv")
    make(tmp_path / "t.db")
    assert prepared("t.db", drop=["k"]) == prepared("t.csv")
    query = "SELECT amount, colour, count, y FROM t"
    assert prepared("t.db", query=query) != prepared("t.csv")  # the order is that of all columns


@needs("s3")
def test_an_object_gives_the_same_splits_and_no_credential_is_kept(
    trainwright, prepared, tmp_path, monkeypatch
):
    from pyarrow.fs import S3FileSystem

    make(tmp_path / "t.csv.gz")
    secret = "wJalrXUtnFEMIbPxRfiCYplainwords"
    with object_server() as address:
        for name, value in {
            "AWS_ENDPOINT_URL": address,
            "AWS_ACCESS_KEY_ID": "plainkeyplainkey",
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        host = address.removeprefix("http://")
        store = S3FileSystem(endpoint_override=host, scheme="http", allow_bucket_creation=True)
        store.create_dir("shop")
        with store.open_output_stream("shop/in/t.csv.gz", compression=None) as stream:
            stream.write((tmp_path / "t.csv.gz").read_bytes())
        there = prepared("s3://shop/in/*.gz")
        status, told = trainwright("run", tmp_path / "r.yaml")
        assert status == 0, told
        answers = predicted(trainwright, told["run"], "s3://shop/in/*.gz", tmp_path)
        assert answers.equals(predicted(trainwright, told["run"], tmp_path / "t.csv.gz", tmp_path))
    assert there == prepared("t.csv.gz")
    assert_nowhere(secret, tmp_path)


@needs("postgres")
def test_rows_of_a_server_give_the_same_splits_and_no_password_is_kept(
    trainwright, prepared, tmp_path, monkeypatch
):
    make(tmp_path / "t.csv")
    with postgres_server() as server:
        rows = [", ".join(map(literal, (i, *row))) for i, row in enumerate(FRAME.rows())]
        values = ", ".join(f"({row})" for row in rows)
        server.run(
            "CREATE TABLE t (k int PRIMARY KEY, amount float8, colour text, count int, y text)",
            f"INSERT INTO t VALUES {values}",
        )
        monkeypatch.setenv("WORD", server.password)
        where = f"127.0.0.1:{server.port}/shop"
        there = prepared(f"postgresql://tester:env:WORD@{where}", table="t", drop=["k"])
        source = f"postgresql://tester@{where}?password=env:WORD"
        assert prepared(source, table="t", drop=["k"]) == there
        status, told = trainwright("run", tmp_path / "r.yaml")
        assert status == 0, told
        status, told = trainwright("reproduce", told["run"])
        assert status == 0, told
        make(tmp_path / "t.csv")
        answers = predicted(trainwright, told["run"], f"{source}#t", tmp_path)
        assert answers.equals(predicted(trainwright, told["run"], tmp_path / "t.csv", tmp_path))
        status, watched = trainwright("monitor", told["run"], f"{source}#t")
        assert (status, watched["rows"]) == (0, FRAME.height), watched
        monkeypatch.setenv("WORD", "not the word")
        status, told = trainwright("prepare", tmp_path / "r.yaml")
        assert status == 5
        assert "env:PGPASSWORD" in told["error"]["mend"]
    assert there == prepared("t.csv")
    assert_nowhere(server.password, tmp_path)


def test_a_folder_of_documents_is_prepared_learned_and_predicted(trainwright, tmp_path):
    words = {"good": "great lovely quick fine", "bad": "awful broken slow poor"}
    for i in range(120):
        mood = ("good", "bad")[i % 2]
        path = tmp_path / "reviews" / mood / f"{i:03}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"the parcel number {i} was {words[mood].split()[i // 2 % 4]} and came")
    status, told = trainwright("init", tmp_path / "reviews", "-o", tmp_path / "reviews.yaml")
    assert status == 0, told
    assert "read: documents" in (tmp_path / "reviews.yaml").read_text()
    recipe = {"data": {"source": "reviews", "read": "documents"}, **QUIET}
    (tmp_path / "r.yaml").write_text(json.dumps(recipe))
    status, told = trainwright("run", tmp_path / "r.yaml")
    assert status == 0, told
    output = tmp_path / "o.csv"
    status, said = trainwright("predict", told["run"], tmp_path / "reviews", "-o", output)
    assert status == 0, said
    answers = pl.read_csv(output)["prediction"].to_list()
    assert answers == ["bad"] * 60 + ["good"] * 60


def predicted(trainwright, run: str, data: str | Path, folder: Path) -> pl.DataFrame:
    """The answers of `predict`."""
    status, told = trainwright("predict", run, data, "-o", folder / "answers.csv")
    assert status == 0, told
    return pl.read_csv(folder / "answers.csv")


def assert_nowhere(secret: str, folder: Path) -> None:
    """Not one file below the folder holds it."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert [path for path in files if secret.encode() in path.read_bytes()] == []


def literal(value: object) -> str:
    if value is None:
        return "NULL"
    return f"'{value}'" if isinstance(value, str) else str(value)
