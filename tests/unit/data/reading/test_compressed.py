"""Compressed text: read as a stream, hashed as it is packed, and stopped when it has no end."""

import bz2
import gzip
import hashlib
import lzma
import zipfile
from io import BytesIO

import pyarrow as pa
import pytest

from trainwright.core.errors import DataError
from trainwright.data.reading import read_source
from trainwright.recipe.data import DataSettings

TABLE = b"a,y\n" + b"".join(b"%d,x%d\n" % (i, i * 7919 % 1000) for i in range(3000))


def zstd(data):
    return pa.compress(data, codec="zstd", asbytes=True)


def zipped(data=TABLE, name="t.csv", **more):
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
        for other, content in more.items():
            archive.writestr(other, content)
    return stream.getvalue()


PACK = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstd, "zip": zipped}


def read(folder, name, **said):
    return read_source(DataSettings(source=name, target="y", **said), base=folder)


@pytest.mark.parametrize("kind", PACK)
def test_a_packed_table_is_what_it_was_before(tmp_path, kind):
    packed = PACK[kind](TABLE)
    (tmp_path / f"t.csv.{kind}").write_bytes(packed)
    (tmp_path / "t.csv").write_bytes(TABLE)
    raw = read(tmp_path, f"t.csv.{kind}")
    assert raw.frame.equals(read(tmp_path, "t.csv").frame)
    assert raw.place(8) == f"t.csv.{kind}:10"
    (file,) = raw.files
    assert file.sha256 == hashlib.sha256(packed).hexdigest()
    assert file.bytes == len(packed)


@pytest.mark.parametrize("kind", PACK)
def test_packed_json_lines_are_known_by_the_ending_before(tmp_path, kind):
    pack = PACK[kind]
    data = b'{"a": 1, "y": 2}\n'
    packed = zipped(data, name="rows.jsonl") if kind == "zip" else pack(data)
    (tmp_path / f"rows.jsonl.{kind}").write_bytes(packed)
    assert read(tmp_path, f"rows.jsonl.{kind}").frame["a"].to_list() == [1]


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst"])
def test_streams_one_behind_the_other_are_one_table(tmp_path, kind):
    (tmp_path / f"t.csv.{kind}").write_bytes(PACK[kind](TABLE[:5000]) + PACK[kind](TABLE[5000:]))
    assert read(tmp_path, f"t.csv.{kind}").frame.height == 3000


@pytest.mark.parametrize("kind", PACK)
def test_a_cut_file_is_refused_wherever_it_was_cut(tmp_path, kind):
    packed = PACK[kind](TABLE)
    for cut in (5, len(packed) // 2, len(packed) - 1):
        (tmp_path / f"t.csv.{kind}").write_bytes(packed[:cut])
        with pytest.raises(DataError, match="damaged or cut") as caught:
            read(tmp_path, f"t.csv.{kind}")
        assert caught.value.where.startswith(f"t.csv.{kind}")


@pytest.mark.parametrize("kind", PACK)
def test_changed_bytes_are_noticed_by_the_checksum(tmp_path, kind):
    packed = bytearray(PACK[kind](TABLE))
    packed[len(packed) // 2] ^= 0x10
    (tmp_path / f"t.csv.{kind}").write_bytes(packed)
    with pytest.raises(DataError):
        read(tmp_path, f"t.csv.{kind}")


def test_a_cut_stream_is_told_with_the_line_up_to_which_it_was_sound(tmp_path):
    rows = b"".join(b"%d,%d\n" % (i, i * 7919 % 65_537) for i in range(200_000))
    whole = gzip.compress(b"a,y\n" + rows)
    (tmp_path / "t.csv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="gzip data are damaged or cut") as caught:
        read(tmp_path, "t.csv.gz")
    line = int(caught.value.where.removeprefix("t.csv.gz:"))
    assert 75_000 < line < 125_000


@pytest.mark.parametrize("kind", PACK)
def test_what_unpacks_without_end_is_stopped(tmp_path, kind):
    bomb = b"a,y\n" + b"0,0\n" * (3 << 20)
    (tmp_path / f"t.csv.{kind}").write_bytes(PACK[kind](bomb))
    with pytest.raises(DataError, match="unpacking was stopped") as caught:
        read(tmp_path, f"t.csv.{kind}")
    assert "unpack it yourself" in caught.value.mend


def test_the_limit_of_all_bytes_holds_for_any_ratio(tmp_path, monkeypatch):
    monkeypatch.setattr("trainwright.data.reading.compressed.LIMIT_BYTES", 11 << 20)
    chance = b"".join(b"%d,%d\n" % (i, i * 7919 % 65_537) for i in range(1_200_000))
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"a,y\n" + chance, compresslevel=1))
    with pytest.raises(DataError, match="unpacking was stopped"):
        read(tmp_path, "t.csv.gz")


def test_an_xz_stream_that_asks_for_gigabytes_of_memory_is_refused(tmp_path):
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 30}]
    data = lzma.compress(TABLE, filters=filters)
    (tmp_path / "t.csv.xz").write_bytes(data)
    with pytest.raises(DataError, match="damaged or cut: Memory usage limit"):
        read(tmp_path, "t.csv.xz")


def test_an_archive_of_several_tables_is_refused_with_their_names(tmp_path):
    (tmp_path / "t.zip").write_bytes(zipped(**{"b/u.tsv": b"a\ty\n", "notes.pdf": b"%PDF"}))
    with pytest.raises(DataError, match=r"holds 2 tables of text: 't.csv', 'b/u.tsv'") as caught:
        read(tmp_path, "t.zip")
    assert "FOLDER" in caught.value.mend
    (tmp_path / "none.zip").write_bytes(zipped(name="notes.pdf"))
    with pytest.raises(DataError, match="holds 0 tables"):
        read(tmp_path, "none.zip")


def test_beside_its_one_table_an_archive_may_hold_what_it_likes(tmp_path):
    more = {"__MACOSX/t.csv": b"junk", "../../evil.sh": b"rm"}
    (tmp_path / "t.zip").write_bytes(zipped(name="../../etc/t.csv", **more))
    raw = read(tmp_path, "t.zip")
    assert raw.frame.height == 3000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.zip"]  # nothing is written


def test_an_encrypted_member_is_refused(tmp_path):
    packed = bytearray(zipped())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        packed[packed.index(signature) + flags] |= 1
    (tmp_path / "t.zip").write_bytes(packed)
    with pytest.raises(DataError, match="is encrypted") as caught:
        read(tmp_path, "t.zip")
    assert "unpack it" in caught.value.mend


def test_a_fault_within_the_table_has_its_line(tmp_path):
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"a,y\n1,2\n1,2,3\n4,5\n"))
    with pytest.raises(DataError, match="has 3 fields") as caught:
        read(tmp_path, "t.csv.gz")
    assert caught.value.where == "t.csv.gz:3"


def test_a_folder_is_searched_for_packed_tables_too(tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "a.csv").write_bytes(TABLE)
    (folder / "b.csv.gz").write_bytes(gzip.compress(TABLE))
    (folder / "photos.zip").write_bytes(zipped(name="x.png"))
    assert read(tmp_path, "parts").frame.height == 6000


def test_a_table_that_is_packed_already_is_not_packed_again(tmp_path):
    (tmp_path / "t.parquet.gz").write_bytes(gzip.compress(b"PAR1"))
    with pytest.raises(DataError, match="packed already"):
        read(tmp_path, "t.parquet.gz")


def test_the_encoding_of_packed_text_can_be_said(tmp_path):
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress("a;y\ncafé;2\n".encode("latin-1")))
    raw = read(tmp_path, "t.csv.gz", encoding="latin-1", delimiter=";")
    assert raw.frame["a"].to_list() == ["café"]
