"""Token ids of large corpora in files: made once, mapped, and never believed when damaged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.unit.data.language.conftest import Fit

from trainwright.core.errors import DataError, TrustError
from trainwright.data.language import preparation as module
from trainwright.data.language import shards
from trainwright.data.language.preparation import LanguagePreparation


@pytest.fixture(autouse=True)
def _of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAST_BYTES", 0)


def shard_in(folder: Path) -> Path:
    (path,) = (path for path in folder.iterdir() if not path.name.startswith("."))
    return path


@pytest.fixture
def kept(documents: pl.DataFrame, fit: Fit, tmp_path: Path) -> LanguagePreparation:
    return replace(fit(documents, max_length=8), shards=tmp_path / "tokens")


@pytest.mark.parametrize("which", ["documents", "pairs", "chats"])
@pytest.mark.parametrize("form", ["causal", "span", "bytes"])
def test_mapped_passages_are_those_in_memory(
    which: str, form: str, fit: Fit, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    frame = request.getfixturevalue(which)
    plain = fit(frame, form=form, max_length=24)
    expected = plain.transform(frame)
    found = replace(plain, shards=tmp_path).transform(frame)
    assert isinstance(found.ids, np.memmap)
    assert found.num_rows == expected.num_rows
    assert found.special == expected.special
    for name in ("ids", "taught", "ends", "rows", "row_bytes", "read_ids", "read_ends", "lost"):
        one, other = getattr(found, name), getattr(expected, name)
        assert (one is None) == (other is None), name
        if other is not None:
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)


def test_a_shard_is_made_once(
    documents: pl.DataFrame, kept: LanguagePreparation, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.transform(documents)

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(shards, "_write", never)
    kept.transform(documents)
    with pytest.raises(AssertionError):
        replace(kept, max_length=9).transform(documents)  # other settings, other tokens


def test_other_texts_tokenizers_and_settings_have_other_shards(
    documents: pl.DataFrame, kept: LanguagePreparation, fit: Fit
) -> None:
    assert kept.shards is not None
    kept.transform(documents)
    kept.transform(documents[:2])
    kept.transform(documents.with_columns(pl.col("text").str.replace("cat", "cow")))
    replace(kept, over_long="split").transform(documents)
    other = fit(documents, vocabulary=270, max_length=8)
    replace(other, shards=kept.shards).transform(documents)
    assert len(list(kept.shards.iterdir())) == 5
    assert shards.remove_shards(kept.shards) > 0
    assert not list(kept.shards.iterdir())


@pytest.mark.parametrize("name", ["ids", "taught", "ends", "rows", "row_bytes", "lost"])
def test_a_changed_file_is_refused(
    documents: pl.DataFrame, kept: LanguagePreparation, name: str
) -> None:
    kept.transform(documents)
    assert kept.shards is not None
    file = shard_in(kept.shards) / name
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(bytes(data))
    with pytest.raises(TrustError, match=rf"{name} was changed") as caught:
        kept.transform(documents)
    assert "--collect" in caught.value.mend
    file.unlink()
    with pytest.raises(TrustError, match=f"{name} is missing"):
        kept.transform(documents)


@pytest.mark.parametrize(
    ("name", "values", "match"),
    [
        ("ids", np.full(26, 500, np.int32), "a token id is beyond the"),
        ("ids", np.full(26, -1, np.int32), "a token id is beyond the"),
        ("ids", np.zeros(25, np.int32), "do not end where its tokens do"),
        ("taught", np.zeros(25, np.bool_), "of different lengths"),
    ],
)
def test_a_shard_that_was_made_wrong_is_refused_too(
    documents: pl.DataFrame,
    kept: LanguagePreparation,
    name: str,
    values: np.ndarray,
    match: str,
) -> None:
    assert len(kept.transform(documents).ids) == 26
    assert kept.shards is not None
    path = shard_in(kept.shards)
    (path / name).write_bytes(values.tobytes())
    note = json.loads((path / "shard.json").read_text())
    note["sha256"][name] = shards.sha256_file(path / name)
    (path / "shard.json").write_text(json.dumps(note))
    with pytest.raises(TrustError, match=match):
        kept.transform(documents)


@pytest.mark.parametrize("note", [b'{"format": 1, "rows"', b"[]", None])
def test_a_shard_without_a_sound_note_is_refused_with_what_removes_it(
    documents: pl.DataFrame, kept: LanguagePreparation, note: bytes | None
) -> None:
    kept.transform(documents)
    assert kept.shards is not None
    file = shard_in(kept.shards) / "shard.json"
    file.unlink() if note is None else file.write_bytes(note)
    with pytest.raises(TrustError, match="a shard of token ids is damaged") as caught:
        kept.transform(documents)
    assert "prepare --collect" in caught.value.mend
    assert shards.remove_shards(kept.shards) > 0  # which is what that does
    assert len(kept.transform(documents).ids) == 26


def test_nothing_is_left_of_a_shard_that_could_not_be_made(
    documents: pl.DataFrame, kept: LanguagePreparation
) -> None:
    refusing = replace(kept, over_long="error")
    with pytest.raises(DataError):
        refusing.transform(documents)
    assert kept.shards is not None
    assert not list(kept.shards.iterdir())


def test_what_was_not_used_for_longest_goes_first(
    documents: pl.DataFrame, kept: LanguagePreparation, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kept.shards is not None
    kept.transform(documents)
    first = shard_in(kept.shards)
    import os

    os.utime(first / "shard.json", (0, 0))
    monkeypatch.setattr(shards, "KEPT_BYTES", 1)
    size = shards._size(first)
    again = shards.kept_passages(
        kept.shards, "f" * 64, lambda store: module.LanguagePreparation._passages(
            kept, kept._rows(documents), documents.height, range(4), store
        ), limit_bytes=size + size // 2,
    )  # fmt: skip
    assert again.num_rows == 4
    assert [path.name for path in kept.shards.iterdir()] == ["f" * 64]
