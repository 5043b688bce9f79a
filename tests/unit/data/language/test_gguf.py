"""The vocabulary of a GGUF file, beside the file's own writer."""

from __future__ import annotations

import struct
from pathlib import Path

import gguf
import polars as pl
import pytest
from tests.unit.data.language.conftest import DOCUMENTS, Fit

from trainwright.core.errors import RecipeError, TrustError
from trainwright.core.pretrained import Base
from trainwright.data.language.encoding import Pairs
from trainwright.data.language.gguf import vocabulary_of_gguf
from trainwright.data.language.gguf_header import read_header
from trainwright.data.language.tokenizers import fit_vocabulary, vocabulary_of


def write(file: Path, *, pattern: str = "smollm", model: str = "gpt2", **further: object) -> Path:
    """A GGUF file with a vocabulary of ours and no weights."""
    found = fit_vocabulary(DOCUMENTS, size=400)
    document = found.tokenizer.to_str()
    vocabulary = sorted(found.tokenizer.get_vocab().items(), key=lambda pair: pair[1])
    import json

    merges = [" ".join(pair) for pair in json.loads(document)["model"]["merges"]]
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_tokenizer_model(model)
    writer.add_tokenizer_pre(pattern)
    writer.add_token_list([name for name, _ in vocabulary])
    writer.add_token_types([3 if number < 6 else 1 for number in range(len(vocabulary))])
    writer.add_token_merges(merges)
    writer.add_eos_token_id(2)
    writer.add_bos_token_id(1)
    writer.add_chat_template("{{ messages }}")
    writer.add_context_length(128)
    writer.add_float32("llama.rope.freq_base", 10000.0)
    writer.add_array("some.numbers", [1, 2, 3])
    for name, value in further.items():
        writer.add_bool(name, value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return file


def test_the_tokens_are_those_of_the_tokenizer_that_was_written(tmp_path: Path) -> None:
    found = vocabulary_of_gguf(write(tmp_path / "model.gguf"))
    expected = fit_vocabulary(DOCUMENTS, size=400)
    texts = [*DOCUMENTS, "12  34\n\n a<|end|>b"]
    ours, theirs = Pairs(found.tokenizer), Pairs(expected.tokenizer)
    for markup in (False, True):
        for one, other in zip(
            ours.encode(texts, markup=markup), theirs.encode(texts, markup=markup), strict=True
        ):
            assert one.tolist() == other.tolist()
    assert ours.decode(ours.encode(texts)[2].tolist()) == texts[2]
    assert (found.special.start, found.special.end, found.special.padding) == (1, 2, 2)
    assert found.template == "{{ messages }}"


@pytest.mark.parametrize("pattern", ["llama-bpe", "qwen2", "default"])
def test_patterns_of_the_field_are_known(tmp_path: Path, pattern: str) -> None:
    alphabet = Pairs(vocabulary_of_gguf(write(tmp_path / "model.gguf", pattern=pattern)).tokenizer)
    text = "It's 1984:\n  the cat"
    assert alphabet.decode(alphabet.encode([text])[0].tolist()) == text


def test_numbers_are_cut_as_the_file_says(tmp_path: Path) -> None:
    def pieces(pattern: str) -> list[str]:
        found = vocabulary_of_gguf(write(tmp_path / "model.gguf", pattern=pattern))
        return [piece for piece, _ in found.tokenizer.pre_tokenizer.pre_tokenize_str("a  1234")]

    assert pieces("smollm") == ["a", "ĠĠ", "1", "2", "3", "4"]
    assert pieces("gpt-2") == ["a", "Ġ", "Ġ1234"]
    assert pieces("llama-bpe") == ["a", "Ġ", "Ġ", "123", "4"]
    assert pieces("qwen2") == ["a", "Ġ", "Ġ", "1", "2", "3", "4"]


def test_the_header_is_what_the_library_reads(tmp_path: Path) -> None:
    file = write(tmp_path / "model.gguf", flag=True)
    expected = {
        name: field.contents()
        for name, field in gguf.GGUFReader(file).fields.items()
        if not name.startswith("GGUF.")
    }
    assert read_header(file) == expected
    assert set(read_header(file, prefix="llama.r")) == {"llama.rope.freq_base"}


def test_a_folder_with_one_such_file_is_a_base(tmp_path: Path) -> None:
    write(tmp_path / "model.gguf")
    assert vocabulary_of(Base("base", tmp_path)).special.end == 2
    write(tmp_path / "other.gguf")
    with pytest.raises(RecipeError, match=r"2 \.gguf files"):
        vocabulary_of(Base("base", tmp_path))


def test_a_file_alone_is_a_base_and_says_how_much_it_takes(
    documents: pl.DataFrame, fit: Fit, tmp_path: Path
) -> None:
    write(tmp_path / "model.gguf")
    preparation = fit(documents, pretrained="model.gguf", base=tmp_path, max_length=128)
    assert preparation.decode(preparation.transform(documents).ids.tolist()) == "".join(DOCUMENTS)
    with pytest.raises(RecipeError, match="takes 128 tokens"):
        fit(documents, pretrained="model.gguf", base=tmp_path, max_length=129)


@pytest.mark.parametrize(("pattern", "model"), [("smollm", "llama"), ("chameleon", "gpt2")])
def test_other_tokenizers_are_refused_by_name(tmp_path: Path, pattern: str, model: str) -> None:
    file = write(tmp_path / "model.gguf", pattern=pattern, model=model)
    with pytest.raises(RecipeError, match=f"'{model}' with the pattern '{pattern}'") as caught:
        vocabulary_of_gguf(file)
    assert "tokenizer.json" in caught.value.mend


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    file = write(tmp_path / "model.gguf")
    data = file.read_bytes()
    damaged = tmp_path / "damaged.gguf"
    cuts = [data[:size] for size in (0, 3, 8, 23, 40, 200, len(data) // 2, len(data) - 1)]
    huge = struct.pack("<Q", 2**62)
    lies = [data[:16] + huge + data[24:], data[:24] + huge + data[32:], b"GGML" + data[4:]]
    for wrong in (*cuts, *lies, data[:4] + struct.pack("<I", 1) + data[8:]):
        damaged.write_bytes(wrong)
        with pytest.raises(TrustError, match="no GGUF file, or its beginning is damaged"):
            read_header(damaged)
        with pytest.raises(RecipeError, match="cannot be read"):
            vocabulary_of_gguf(damaged)
