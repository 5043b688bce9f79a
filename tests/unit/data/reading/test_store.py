"""An S3-compatible store, over HTTP: objects, prefixes and patterns, and what changes while it is read."""

import gzip
import hashlib

import polars as pl
import pytest

from machinery import needs
from servers import free_port, object_server
from trainwright.core.errors import DataError, EnvironmentFault, RecipeError
from trainwright.data.reading import read_source
from trainwright.data.reading.naming import expand, named_hashes
from trainwright.data.reading.source import open_table
from trainwright.data.reading.store import find_objects
from trainwright.recipe.data import DataSettings

pytestmark = needs("s3")
KEY, SECRET = "AKIAEXAMPLEEXAMPLE12", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TABLE = b"a,y\n" + b"".join(b"%d,%d\n" % (i, i % 2) for i in range(1000))


@pytest.fixture(scope="module")
def endpoint():
    with object_server() as address:
        yield address


@pytest.fixture(autouse=True)
def store(endpoint, monkeypatch, tmp_path):
    """Writes an object: `store(key, bytes)`, in the bucket `shop`."""
    from pyarrow.fs import S3FileSystem

    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    files = S3FileSystem(
        access_key=KEY,
        secret_key=SECRET,
        region="us-east-1",
        scheme="http",
        endpoint_override=endpoint.removeprefix("http://"),
        allow_bucket_creation=True,
        allow_bucket_deletion=True,
    )
    files.create_dir("shop")

    def write(key, content):
        with files.open_output_stream(f"shop/{key}", compression=None) as stream:
            stream.write(content)

    yield write
    files.delete_dir("shop")


def read(folder, source, **said):
    return read_source(DataSettings(source=source, target="y", **said), base=folder)


def test_an_object_is_read_as_a_file_is(store, tmp_path):
    store("in/t.csv", TABLE)
    raw = read(tmp_path, "s3://shop/in/t.csv")
    assert raw.frame.height == 1000
    (file,) = raw.files
    assert file.name == "s3://shop/in/t.csv"
    assert file.sha256 == hashlib.sha256(TABLE).hexdigest()
    assert raw.place(0) == "s3://shop/in/t.csv:2"


@pytest.mark.parametrize("kind", ["parquet", "arrow", "xlsx", "csv.gz", "zip", "jsonl"])
def test_every_kind_of_file_is_read_from_a_store(store, tmp_path, kind):
    frame = pl.DataFrame({"a": [1, 2, 3], "y": [0, 1, 0]})
    path = tmp_path / f"t.{kind}"
    if kind == "parquet":
        frame.write_parquet(path)
    elif kind == "arrow":
        frame.write_ipc(path)
    elif kind == "xlsx":
        import openpyxl

        book = openpyxl.Workbook()
        for row in [frame.columns, *frame.rows()]:
            book.active.append(row)
        book.save(path)
    elif kind == "csv.gz":
        path.write_bytes(gzip.compress(frame.write_csv().encode()))
    elif kind == "zip":
        import zipfile

        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("t.csv", frame.write_csv())
    else:
        frame.write_ndjson(path)
    store(path.name, path.read_bytes())
    here = read(tmp_path, path.name)
    there = read(tmp_path, f"s3://shop/{path.name}")
    assert there.frame.equals(here.frame)
    assert there.files[0].sha256 == here.files[0].sha256


def test_a_prefix_names_the_tables_right_below_it_in_order(store, tmp_path):
    for key in ("p/b.csv", "p/a.csv.gz", "p/_note.csv", "p/readme.pdf", "p/deep/c.csv", "q/d.csv"):
        store(key, gzip.compress(TABLE) if key.endswith("gz") else TABLE)
    for source in ("s3://shop/p/", "s3://shop/p"):
        raw = read(tmp_path, source)
        assert [file.name for file in raw.files] == ["s3://shop/p/a.csv.gz", "s3://shop/p/b.csv"]
    with pytest.raises(DataError, match="names no object that is a table"):
        read(tmp_path, "s3://shop/none/")


@pytest.mark.parametrize(
    ("pattern", "keys"),
    [
        ("p/*.csv", ["p/a.csv", "p/b.csv"]),
        ("p/[b-z].csv", ["p/b.csv"]),
        ("*/deep/?.csv", ["p/deep/c.csv"]),
        ("**/*.csv", ["p/a.csv", "p/b.csv", "p/deep/c.csv", "t.csv"]),
        ("p/**/c.csv", ["p/deep/c.csv"]),
    ],
)
def test_a_pattern_goes_by_folders_as_it_does_for_files(store, pattern, keys):
    for key in ("p/a.csv", "p/b.csv", "p/deep/c.csv", "t.csv"):
        store(key, b"y\n1\n")
    assert [one.path for one in find_objects(f"s3://shop/{pattern}")] == keys


def test_an_object_that_changes_while_it_is_read_is_refused(store, tmp_path):
    store("t.csv", TABLE)
    (location,) = expand("s3://shop/t.csv", base=tmp_path)

    def read_slowly():
        with open_table(location, name=location.name) as reader:
            for block in reader.blocks():
                store("t.csv", TABLE.replace(b"7,1", b"7,0"))
                yield block

    with pytest.raises(DataError, match="changed while it was read") as caught:
        list(read_slowly())
    assert "run again" in caught.value.mend


def test_what_is_not_there_is_told(store, tmp_path):
    for source, what in (
        ("s3://shop/gone.csv", "no object"),
        ("s3://gone/t.csv", "no object|refused"),
    ):
        with pytest.raises((DataError, EnvironmentFault), match=what):
            read(tmp_path, source)
    for source in ("s3://", "s3:///t.csv", "s3://user@shop/t.csv", "s3://sh*p/t.csv"):
        with pytest.raises(RecipeError, match="malformed") as caught:
            read(tmp_path, source)
        assert "AWS_ACCESS_KEY_ID" in caught.value.mend


def test_a_store_that_is_down_is_told_without_a_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(EnvironmentFault, match="cannot be reached") as caught:
        read(tmp_path, "s3://shop/t.csv")
    assert "AWS_ENDPOINT_URL" in caught.value.mend
    assert SECRET not in str(caught.value)
    assert KEY not in str(caught.value)


def test_a_store_is_asked_anew_since_its_tags_are_no_hashes(store, tmp_path):
    store("t.csv", TABLE)
    settings = DataSettings(source="s3://shop/t.csv", target="y")
    assert named_hashes(settings, tmp_path) is None


@pytest.mark.parametrize("address", ["127.0.0.1:9000", "store.example", "ftp://store.example"])
def test_an_endpoint_that_is_no_address_is_told_as_what_it_is(monkeypatch, address):
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    with pytest.raises(EnvironmentFault, match="neither http:// nor https://") as caught:
        find_objects("s3://shop/a.csv")
    assert caught.value.mend == "export AWS_ENDPOINT_URL=https://HOST:PORT"
