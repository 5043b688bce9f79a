from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from trainwright.core.errors import RecipeError
from trainwright.core.pretrained import Base
from trainwright.data.texts.tokenizers import (
    bare,
    fit_tokenizer,
    frame_of,
    longest_of,
    padding_of,
    tokenizer_of,
)

TEXTS = ["The cat sat on the mat.", "A dog, a cat and a mouse", "Ünïcode naïve café"] * 20

_FIT = """
import hashlib, random
from trainwright.data.texts.tokenizers import fit_tokenizer
draw = random.Random(1)
words = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyzäöü", k=draw.randint(2, 8))) for _ in range(900)]
texts = [" ".join(draw.choices(words, k=20)) for _ in range(300)]
fitted = fit_tokenizer(texts, vocabulary=900, cased=False)
print(hashlib.sha256(fitted.to_str().encode()).hexdigest())
"""


def write_base(folder, *, config, **files):
    (folder / "config.json").write_text(json.dumps(config))
    for name, text in files.items():
        (folder / name.replace("_json", ".json")).write_text(text)
    return Base("base", folder)


def test_a_fitted_tokenizer_is_the_same_in_any_process_with_any_hash_seed_and_threads():
    told = set()
    for hash_seed, threads, parallel in (("0", "1", "false"), ("7", "2", "true")):
        environment = {
            **os.environ,
            "PYTHONHASHSEED": hash_seed,
            "RAYON_NUM_THREADS": threads,
            "TOKENIZERS_PARALLELISM": parallel,
        }
        done = subprocess.run(
            [sys.executable, "-c", _FIT],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        told.add(done.stdout)
    assert len(told) == 1


def test_a_fitted_tokenizer_knows_every_text():
    fitted = fit_tokenizer(TEXTS, vocabulary=300, cased=True)
    for text in ("unseen 漢字 🙂", "cat"):
        ids = fitted.encode(text, add_special_tokens=False).ids
        assert fitted.decode(ids).strip() == text


def test_texts_lose_their_case_and_words_keep_it():
    cased, plain = (fit_tokenizer(TEXTS, vocabulary=300, cased=cased) for cased in (True, False))
    assert plain.encode("CAT").ids == plain.encode("cat").ids
    assert cased.encode("CAT").ids != cased.encode("cat").ids


def test_the_frame_of_special_tokens_is_read_off_the_tokenizer():
    fitted = fit_tokenizer(TEXTS, vocabulary=300, cased=False)
    frame = frame_of(fitted)
    assert (frame.before, frame.after, frame.size) == ((1,), (2,), 2)


def test_a_tokenizer_without_a_post_processor_has_no_frame():
    from tokenizers import Tokenizer, models

    assert frame_of(Tokenizer(models.WordLevel({"a": 0}, unk_token="a"))).size == 0


def test_the_base_s_tokenizer_neither_cuts_nor_pads(tmp_path):
    fitted = fit_tokenizer(TEXTS, vocabulary=300, cased=False)
    fitted.enable_truncation(4)
    fitted.enable_padding(length=9)
    base = write_base(tmp_path, config={}, tokenizer_json=fitted.to_str())
    found = tokenizer_of(base)
    assert len(found.encode("the cat sat on the mat").ids) > 4
    assert found.padding is None
    assert bare(fitted).truncation is None


def test_a_folder_without_a_tokenizer_is_refused_with_what_to_name(tmp_path):
    base = write_base(tmp_path, config={}, tokenizer_json="{}")
    with pytest.raises(RecipeError, match=r"holds tokenizer\.json"):
        tokenizer_of(base)


@pytest.mark.parametrize(
    ("config", "longest"),
    [
        ({"model_type": "bert", "max_position_embeddings": 512}, 512),
        ({"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}, 512),
        ({"model_type": "deberta-v2", "max_position_embeddings": -1}, None),
        ({}, None),
    ],
)
def test_the_longest_text_that_a_base_takes_is_in_its_config(tmp_path, config, longest):
    assert longest_of(write_base(tmp_path, config=config)) == longest


def test_padding_is_the_config_s_or_the_token_of_that_name(tmp_path):
    fitted = fit_tokenizer(TEXTS, vocabulary=300, cased=False)
    assert padding_of(write_base(tmp_path, config={"pad_token_id": 3}), fitted) == 3
    assert padding_of(write_base(tmp_path, config={}), fitted) == 0


def test_a_folder_without_a_config_is_refused():
    with pytest.raises(RecipeError, match="layout of the Hub"):
        longest_of(Base("gone", Path("/nowhere")))
