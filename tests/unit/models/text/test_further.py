"""A text encoder that was trained here is taken further: its tokenizer, its encoder, a new head."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from trainwright.core.errors import RecipeError
from trainwright.core.pretrained import family_of
from trainwright.models.text.families import TextEncoder


@pytest.fixture
def package(tmp_path, corpus):
    """What a package holds of a fitted encoder."""
    family = TextEncoder(**corpus.tiny)
    rows, preparation = corpus.examples(family, *corpus.texts())
    fit = corpus.fit(family, rows, corpus.text_target, epochs=2)
    for name, part in (("preparation", preparation), ("estimator", fit.estimator)):
        folder = tmp_path / "reviews-1" / "model" / name
        folder.mkdir(parents=True)
        part.save(folder)
    return tmp_path / "reviews-1"


@pytest.mark.parametrize("below", [".", "model/estimator"])
def test_the_next_one_starts_with_its_tokens_and_its_weights(below, package, corpus):
    assert family_of(str(package / below), base=Path()) == "text-encoder"
    family = TextEncoder(pretrained=str(package / below), max_length=16)
    rows, preparation = corpus.examples(family, *corpus.texts(40, seed=3))
    tokenizer = (package / "model" / "preparation" / "tokenizer.json").read_text()
    assert preparation.tokenizer.to_str() == tokenizer
    plan = corpus.plan(family, rows, corpus.number_target)
    from safetensors.torch import load_file

    stored = load_file(package / "model" / "estimator" / "weights.safetensors")
    state = plan.module.state_dict()
    encoder = {name for name in stored if name.startswith("encoder.")}
    assert {name for name in state if name.startswith("encoder.")} == encoder
    assert all(torch.equal(state[name], stored[name]) for name in encoder)
    assert state["head.weight"].shape == (1, 16)
    assert plan.architecture.pooling == "mean"
    assert len(plan.origin["weights.safetensors"]) == 64


def test_texts_longer_than_it_can_take_are_refused_with_what_to_write(package, corpus):
    with pytest.raises(RecipeError, match="takes 16 tokens") as caught:
        corpus.examples(TextEncoder(pretrained=str(package)), *corpus.texts(8))
    assert caught.value.mend == "max_length: 16"


def test_an_encoder_without_its_weights_is_refused(package, corpus):
    family = TextEncoder(pretrained=str(package), max_length=16)
    rows, _ = corpus.examples(family, *corpus.texts(8))
    (package / "model" / "estimator" / "weights.safetensors").unlink()
    with pytest.raises(RecipeError, match="cannot be loaded") as caught:
        corpus.plan(family, rows, corpus.text_target)
    assert "weights.safetensors" in caught.value.mend
