"""Arrow and Feather: read batch by batch, and a damaged file is refused wherever it was cut or changed."""

import random

import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from trainwright.core.errors import DataError
from trainwright.data.reading import read_source
from trainwright.data.reading.arrow import ArrowFile
from trainwright.recipe.data import DataSettings

FRAME = pl.DataFrame(
    {"a": range(300), "word": ["x", None, "z"] * 100, "y": [0.5, 1.5] * 150},
    schema={"a": pl.Int64, "word": pl.String, "y": pl.Float64},
)


def read(folder, name, **said):
    return read_source(DataSettings(source=name, target="y", **said), base=folder)


def write(path, batches, *, stream=False, **options):
    schema = batches[0].schema
    new = pa.ipc.new_stream if stream else pa.ipc.new_file
    with new(str(path), schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        for batch in batches:
            writer.write_batch(batch)


@pytest.mark.parametrize("name", ["t.arrow", "t.feather", "t.ipc", "t.arrows"])
@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
def test_rows_and_types_come_as_they_were_written(tmp_path, name, compression):
    batches = FRAME.to_arrow(compat_level=pl.CompatLevel.oldest()).to_batches(max_chunksize=70)
    write(tmp_path / name, batches, stream=name == "t.arrows", compression=compression)
    raw = read(tmp_path, name)
    assert raw.frame.equals(FRAME)
    assert raw.place(7) == f"{name} row 7"


def test_what_pyarrow_and_polars_write_as_feather_is_read(tmp_path):
    pyarrow.feather.write_feather(FRAME.to_arrow(), str(tmp_path / "p.feather"))
    FRAME.write_ipc(tmp_path / "q.arrow", compression="zstd")
    assert read(tmp_path, "p.feather").frame.equals(FRAME)
    assert read(tmp_path, "q.arrow").frame.equals(FRAME)


def test_a_large_batch_is_handed_on_in_parts(tmp_path):
    FRAME.select(pl.col("a").repeat_by(400).explode()).write_ipc(tmp_path / "t.arrow")
    with (tmp_path / "t.arrow").open("rb", buffering=0) as stream:
        heights = [block.frame.height for block in ArrowFile(stream, "t.arrow").blocks()]
    assert sum(heights) == 120_000
    assert max(heights) <= 65_536


def test_a_cut_file_is_refused_at_every_cut(tmp_path):
    FRAME.write_ipc(tmp_path / "w.arrow")
    whole = (tmp_path / "w.arrow").read_bytes()
    for cut in range(0, len(whole) - 1, 97):
        (tmp_path / "t.arrow").write_bytes(whole[:cut])
        with pytest.raises(DataError, match=r"damaged or cut|is empty") as caught:
            read(tmp_path, "t.arrow")
        assert caught.value.where == "t.arrow"


def test_changed_bytes_never_end_in_anything_but_rows_or_a_refusal(tmp_path):
    FRAME.write_ipc(tmp_path / "w.arrow")
    whole = (tmp_path / "w.arrow").read_bytes()
    chance = random.Random(0)
    refused = 0
    for _ in range(200):
        changed = bytearray(whole)
        changed[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        (tmp_path / "t.arrow").write_bytes(changed)
        try:
            read(tmp_path, "t.arrow")
        except DataError:
            refused += 1
    assert refused > 20


def test_offsets_beyond_their_buffer_are_refused_before_a_value_is_looked_at(tmp_path):
    text = "a text of 27 bytes, no more"
    write(tmp_path / "t.arrow", [pa.RecordBatch.from_pydict({"y": [text]})])
    whole = (tmp_path / "t.arrow").read_bytes()
    offsets = [bytes(4) + size.to_bytes(4, "little") for size in (len(text), 1 << 30)]
    body = whole.index(text.encode()) - 64
    changed = whole[:body] + whole[body:].replace(*offsets, 1)
    assert changed != whole
    (tmp_path / "t.arrow").write_bytes(changed)
    with pytest.raises(DataError, match="damaged or cut"):
        read(tmp_path, "t.arrow")


@pytest.mark.parametrize(
    "column",
    [
        pa.array([[1], [2]]),
        pa.array([{"k": 1}, {"k": 2}]),
        pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0" * 16] * 2, pa.binary(16))),
    ],
    ids=["lists", "structs", "an extension"],
)
def test_what_is_no_plain_value_is_refused_unless_it_is_left_out(tmp_path, column):
    write(
        tmp_path / "t.arrow", [pa.RecordBatch.from_arrays([column, pa.array([1, 2])], ["b", "y"])]
    )
    with pytest.raises(DataError, match="no plain value") as caught:
        read(tmp_path, "t.arrow")
    assert caught.value.mend.endswith('data: {drop: ["b"]}')
    assert read(tmp_path, "t.arrow", drop=("b",)).frame["y"].to_list() == [1, 2]


@pytest.mark.parametrize("kind", ["arrow", "parquet"])
def test_a_type_of_someone_elses_making_is_refused_by_its_name(tmp_path, kind):
    told = {b"ARROW:extension:name": b"evil.pickle", b"ARROW:extension:metadata": b"cos\nsystem"}
    schema = pa.schema([pa.field("b", pa.binary(), metadata=told), pa.field("y", pa.int64())])
    table = pa.table([pa.array([b"x"]), pa.array([1])], schema=schema)
    if kind == "arrow":
        write(tmp_path / "t.arrow", table.to_batches())
    else:
        pa.parquet.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"of type evil\.pickle"):
        read(tmp_path, f"t.{kind}")


def test_feather_of_version_1_is_refused_with_how_to_write_it(tmp_path):
    (tmp_path / "t.feather").write_bytes(b"FEA1" + b"\0" * 40)
    with pytest.raises(DataError, match="version 1") as caught:
        read(tmp_path, "t.feather")
    assert "version=2" in caught.value.mend


def test_a_batch_too_large_for_memory_is_refused(tmp_path, monkeypatch):
    FRAME.write_ipc(tmp_path / "t.arrow")
    monkeypatch.setattr("trainwright.data.reading.arrow.LIMIT_BATCH_BYTES", 1000)
    with pytest.raises(DataError, match="a record batch of") as caught:
        read(tmp_path, "t.arrow")
    assert "chunksize" in caught.value.mend
