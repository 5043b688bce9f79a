"""Conversations: with an encoder-decoder, and where a template teaches nothing of some of them."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import polars as pl

from trainwright.cli.main import status_of

RECIPE = """name: talks
task: instruction-tuning
data: {{source: talks.jsonl, accept: ["duplicate"]}}
model: {{family: {family}, hidden: 16, layers: 1, heads: 2, vocabulary: {vocabulary}, max_length: 64{more}}}
training: {{budget: 5m, epochs: 1, threads: 1}}
evaluation: {{generation: {{max_new_tokens: 6}}}}
tracking: {{kind: none}}
"""
# Only what is asked for loudly is taught.
CHOOSY = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\\n{% if message.role == 'assistant' %}"
    "{% if message.content.startswith('no ') %}{{ message.content }}<|im_end|>{% else %}"
    "{% generation %}{{ message.content }}<|im_end|>{% endgeneration %}{% endif %}"
    "{% else %}{{ message.content }}<|im_end|>{% endif %}\\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\\n{% endif %}"
)


LEARN = ("--set", "training.epochs=12")
LEARN += ("--set", "training.optimizer={kind: adamw, learning_rate: 0.01}")


def call(*arguments, capsys):
    capsys.readouterr()
    status = status_of([*map(str, arguments), "--json"])
    return status, json.loads(capsys.readouterr().out)


def recipe(folder, *, family, vocabulary=400, more="", silent=()):
    lines = []
    for n in range(120):
        said = f"{'no ' if n in silent else ''}{n % 7} and {n} make {n % 7 + n}"
        turns = [("user", f"what is {n % 7} plus {n}?"), ("assistant", said)]
        if n % 3 == 0 and n not in silent:
            turns += [("user", "and twice?"), ("assistant", f"that is {2 * (n % 7 + n)}")]
        talk = [{"role": role, "content": content} for role, content in turns]
        lines.append(json.dumps({"messages": talk}) + "\n")
    (folder / "talks.jsonl").write_text("".join(lines))
    path = folder / "recipe.yaml"
    path.write_text(RECIPE.format(family=family, vocabulary=vocabulary, more=more))
    return path


def test_an_encoder_decoder_learns_to_answer_conversations(tmp_path, capsys):
    path = recipe(tmp_path, family="seq2seq-lm")
    work = ("--workspace", tmp_path / "work")
    status, result = call("run", path, *work, *LEARN, capsys=capsys)
    assert status == 0, result
    assert result["model"]["family"] == "seq2seq-lm"
    assert "chrf" in result["validation"]
    status, proof = call("reproduce", result["run"], *work, capsys=capsys)
    assert status == 0, [check for check in proof["checks"] if not check["passed"]]
    out = tmp_path / "out.csv"
    status, _ = call(
        "predict", result["run"], tmp_path / "talks.jsonl", "-o", out, *work, capsys=capsys
    )
    assert status == 0
    assert pl.read_csv(out).height == 120
    _, proven = call("prove", path, *work, capsys=capsys)  # so small a one need not learn 8 rows
    checks = {check["name"].removeprefix("seq2seq-lm: "): check for check in proven["checks"]}
    for name in ("told tokens", "round trip", "loss", "generation", "padding", "resume"):
        assert checks[name]["passed"], checks[name]
    assert "byte for byte" in checks["round trip"]["detail"]


def test_a_prompt_is_read_as_it_was_learnt_from(tmp_path):
    """What the encoder reads before an answer, the newest tokens where it is long, is the prompt."""
    from trainwright.core.columns import Column, ColumnType, Target, Task
    from trainwright.core.language import LanguageNeeds, Message
    from trainwright.data.language.conversations import to_text
    from trainwright.data.language.fitting import fit_language_preparation

    column = Column("messages", ColumnType.MESSAGES)
    turns = [
        Message("user", "a long question " * 9),
        Message("assistant", "yes"),
        Message("user", "why?"),
        Message("assistant", "because"),
    ]
    frame = pl.DataFrame({"messages": [to_text(turns)] * 3})
    preparation = fit_language_preparation(
        frame,
        [column],
        LanguageNeeds(form="span", vocabulary=420, max_length=24),
        base=Path(),
        target=Target(column, Task.INSTRUCTION_TUNING),
    )
    found = preparation.transform(frame.head(1))
    ends = [0, *found.read_ends.tolist()]
    read = [found.read_ids[a:b].tolist() for a, b in pairwise(ends)]
    assert len(read) == 2
    assert list(preparation.prompt_ids(tuple(turns[:1]))) == read[0]
    assert list(preparation.prompt_ids(tuple(turns[:3]))) == read[1]
    assert len(read[1]) == 24


def test_rows_that_teach_nothing_are_left_out_and_told_of(tmp_path, capsys):
    more = f", template: {json.dumps(CHOOSY)}"
    silent = range(0, 120, 10)
    path = recipe(tmp_path, family="causal-lm", more=more, silent=silent)
    work = ("--workspace", tmp_path / "work")
    status, result = call("run", path, *work, *LEARN, capsys=capsys)
    assert status in (0, 1), result
    (run,) = (tmp_path / "work" / "runs").iterdir()
    fates = pl.read_parquet(run / "rows.parquet")
    gone = fates.filter(pl.col("reason") == "it has no token that is told")
    assert gone["action"].unique().to_list() == ["dropped"]
    assert set(gone["row"]) <= set(silent)
    (warning,) = [w for w in result["warnings"] if "no token to learn from" in w]
    assert warning.startswith(f"{gone.height} of {result['rows']['train']} train rows")
    assert f"rows {gone['row'][0]}," in warning
    assert not any("longer than the model takes" in w for w in result["warnings"])


def test_a_template_without_conversations_is_refused(tmp_path, capsys):
    pairs = ({"a": f"say {n}", "b": f"{n} said"} for n in range(60))
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    path = tmp_path / "recipe.yaml"
    path.write_text(
        "name: pairs\ntask: text-to-text\n"
        "data: {source: pairs.jsonl, inputs: {text: a}, target: b, accept: [duplicate]}\n"
        "model: {family: seq2seq-lm, template: chatml}\ntracking: {kind: none}\n"
    )
    status, refused = call("run", path, "--workspace", tmp_path / "work", capsys=capsys)
    assert status == 2
    assert "remove model.template" in refused["error"]["what"]
