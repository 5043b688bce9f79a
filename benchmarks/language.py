"""Language models by this system and by its peers: tokens a second, memory, and the loss that comes of it.

    python benchmarks/language.py --case pretraining|lora|tokens [--documents 1200] [--json]

`pretraining`: a Llama of four blocks of width 256 with weights from one file, on Debian's package
descriptions; `lora`: low-rank updates of a Llama of eight blocks, on conversations about the same;
`tokens`: from texts to packed token ids. HF Trainer pads as its language-modelling collator does; TRL's
SFTTrainer once as it comes and once with packing. All see as many tokens an update on average, one epoch,
one learning rate that falls in a line, one thread. A token counts where it is text, never where it is
padding. What comes of it is measured in bits per byte on documents that nobody saw, by one function for
all. Every system is a process of its own, one after the other, in turns; time is what the process computed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ENVIRONMENT, KEPT = HERE / ".envs" / "language", HERE / ".cache" / "language"
PAGE = HERE.parent / "docs" / "benchmarks" / "language.md"
INSTALLED = ("trl==1.16.0", "datasets==5.2.0")
WIDTH, ROWS, RATE, HELD_OUT, VOCABULARY = 256, 16, 1e-3, 150, 4_000
OURS, PLAIN = "trainwright", "trainwright, fp32"
PADDED, TRL, TRL_PACKED = "HF Trainer", "TRL SFTTrainer", "TRL SFTTrainer, packing"
MAP = "datasets.map"
CASES: dict[str, tuple[str, ...]] = {
    "pretraining": (OURS, PLAIN, PADDED, TRL, TRL_PACKED),
    "lora": (OURS, PLAIN, PADDED, TRL),
    "tokens": (OURS, MAP),
}
ASK = "Describe this software package in one short line.\n\n"


def main() -> None:
    """Measure a case, keep its result, write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--case", choices=CASES, required=True)
    parser.add_argument("--documents", type=int, default=1_200)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", nargs=2, metavar=("SYSTEM", "FOLDER"))
    said = parser.parse_args()
    if said.only:
        system, folder = said.only
        print(json.dumps(worked(said.case, system, Path(folder), said.documents)))
        return
    KEPT.mkdir(parents=True, exist_ok=True)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in CASES[said.case]}
    with tempfile.TemporaryDirectory() as scratch:
        write_sources(Path(scratch), said.case, said.documents)
        for _ in range(said.repeats):
            for name in found:
                found[name].append(alone(said.case, name, Path(scratch), said.documents))
                sys.stderr.write(f"{name}: {found[name][-1]}\n")
    result = {
        "documents": said.documents,
        "repeats": said.repeats,
        "load": [round(one, 1) for one in os.getloadavg()],
        "systems": {name: middle(runs) for name, runs in found.items()},
    }
    (KEPT / f"{said.case}.json").write_text(json.dumps(result, indent=1))
    PAGE.write_text("\n".join(page()) + "\n")
    ours = result["systems"][OURS]["tokens_per_cpu_second"]
    told = {
        name: round(ours / one["tokens_per_cpu_second"], 3)
        for name, one in result["systems"].items()
    }
    print(json.dumps({"case": said.case, "ahead_of": told}) if said.json else section(said.case))


def write_sources(folder: Path, case: str, documents: int) -> None:
    """Texts, conversations, a tokenizer and a model with its first weights, the same for everybody."""
    sys.path.insert(0, str(HERE.parent / "examples"))
    import debian

    lists = debian.fetch(KEPT / "apt", ["en"])
    pairs: dict[str, str] = {}
    for found in debian.read(lists["en"]):
        text = "\n\n".join(found.paragraphs)
        if 100 <= len(text) <= 900:
            pairs.setdefault(text, found.line)
    texts = list(pairs)[:: max(1, len(pairs) // (documents + HELD_OUT))][: documents + HELD_OUT]
    rows = [{"text": text, "line": pairs[text]} for text in texts]
    (folder / "rows.json").write_text(json.dumps(rows))
    if case != "tokens":
        write_model(folder, [row["text"] for row in rows], layers=4 if case == "pretraining" else 8)
    else:
        write_model(folder, [row["text"] for row in rows[:2_000]], layers=1)


def write_model(folder: Path, texts: Sequence[str], *, layers: int) -> None:
    """A folder in the layout of the Hub."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|pad|>", "<|im_start|>", "<|im_end|>"]
    made.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=VOCABULARY,
            special_tokens=special,
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        ),
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=made,
        eos_token="<|endoftext|>",
        bos_token="<|endoftext|>",
        pad_token="<|pad|>",
    )
    tokenizer.chat_template = (
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
        "{% if message['role'] == 'assistant' %}{% generation %}"
        "{{ message['content'] + '<|im_end|>' }}{% endgeneration %}"
        "{% else %}{{ message['content'] + '<|im_end|>' }}{% endif %}{{ '\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    )
    tokenizer.save_pretrained(folder / "base")
    torch.manual_seed(0)
    LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=256,
            intermediate_size=704,
            num_hidden_layers=layers,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=1_024,
            tie_word_embeddings=True,
            bos_token_id=0,
            eos_token_id=0,
            pad_token_id=1,
        )
    ).save_pretrained(folder / "base")


def alone(case: str, system: str, folder: Path, documents: int) -> dict[str, Any]:
    """One system, in a process of its own."""
    python = sys.executable if system.startswith("trainwright") else str(environment())
    command = [python, __file__, "--case", case, "--documents", str(documents)]
    variables = {**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    variables |= {"HF_HUB_OFFLINE": "1", "POLARS_MAX_THREADS": "1", "RAYON_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, "--only", system, str(folder)],
        capture_output=True, text=True, check=False, env=variables,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{system}: {done.stderr[-2_000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def environment() -> Path:
    """The interpreter of the peers' environment, made where it is not there."""
    python = ENVIRONMENT / "bin" / "python"
    if not (ENVIRONMENT / "complete").exists():
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        venv.create(ENVIRONMENT, with_pip=True)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        packages = ENVIRONMENT / "lib" / version / "site-packages"
        (packages / "torch_of_this.pth").write_text(sysconfig.get_path("purelib") + "\n")
        subprocess.run([python, "-m", "pip", "install", "--quiet", *INSTALLED], check=True)
        (ENVIRONMENT / "complete").touch()
    return python


def worked(case: str, system: str, folder: Path, documents: int) -> dict[str, Any]:
    """What one system does, with its figures."""
    rows = json.loads((folder / "rows.json").read_text())
    train, held_out = rows[:documents], rows[documents:]
    if case == "tokens":
        return tokens_by(system, folder, [row["text"] for row in train])
    import torch
    from transformers import AutoTokenizer

    torch.set_num_threads(1)
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(folder / "base")
    told = [told_ids(tokenizer, case, row) for row in train]
    tokens = sum(len(given) + len(answer) for given, answer in told)
    mean = tokens / len(told)
    fit, model = _fitting(case, system, folder, train, told, rows_packed=round(ROWS * mean / WIDTH))
    cpu, wall = time.process_time(), time.perf_counter()
    fit()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {
        "tokens": tokens,
        "cpu_seconds": round(cpu, 1),
        "wall_seconds": round(wall, 1),
        "tokens_per_cpu_second": round(tokens / cpu, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3, 1),
        "bits_per_byte": round(bits_per_byte(model(), tokenizer, case, held_out), 4),
    }


def told_ids(tokenizer: Any, case: str, row: dict[str, str]) -> tuple[list[int], list[int]]:
    """What is given and what is told of a row, as ids."""
    if case == "pretraining":
        return [], [*tokenizer(row["text"])["input_ids"], tokenizer.eos_token_id]
    talk = conversation(row)
    whole = tokenizer.apply_chat_template(talk, return_dict=False)
    given = tokenizer.apply_chat_template(talk[:1], add_generation_prompt=True, return_dict=False)
    return list(given), list(whole[len(given) : -1])  # without the line end after the last turn


def conversation(row: dict[str, str]) -> list[dict[str, str]]:
    """A package as a conversation."""
    asked = {"role": "user", "content": ASK + row["text"]}
    return [asked, {"role": "assistant", "content": row["line"]}]


def bits_per_byte(model: Any, tokenizer: Any, case: str, rows: Sequence[dict[str, str]]) -> float:
    """Of what is told in rows that nobody saw, each by itself; the first token of a document is given."""
    import math

    import torch

    nats = size = 0.0
    model.eval()
    with torch.no_grad():
        for row in rows:
            given, told = told_ids(tokenizer, case, row)
            ids = torch.tensor([[*given, *told]])
            first = max(len(given), 1)
            logits = model(input_ids=ids).logits[0, first - 1 : -1]
            nats += float(
                torch.nn.functional.cross_entropy(logits, ids[0, first:], reduction="sum")
            )
            size += len(row["text" if case == "pretraining" else "line"].encode())
    return nats / math.log(2) / size


def _fitting(
    case: str,
    system: str,
    folder: Path,
    rows: Sequence[dict[str, str]],
    told: Sequence[tuple[list[int], list[int]]],
    *,
    rows_packed: int,
) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """What is timed, and what gives the trained model afterwards."""
    if system.startswith("trainwright"):
        return ours(case, folder, rows, rows_packed, bf16=system == OURS)
    if system == PADDED:
        return hugging_face(case, folder, told)
    return trl(case, folder, rows, packing=system == TRL_PACKED, rows_packed=rows_packed)


def ours(
    case: str, folder: Path, rows: Sequence[dict[str, str]], rows_packed: int, *, bf16: bool
) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """The family's own fit, as `trainwright run` makes it; tokenising and packing are in the time."""
    import polars as pl

    from trainwright.core.clock import Unhurried
    from trainwright.core.columns import Column, ColumnType, Target, Task
    from trainwright.core.features import Examples
    from trainwright.core.protocols import Workplace
    from trainwright.data.fitting import fit_preparation
    from trainwright.models.language.families import CausalLM
    from trainwright.recipe.sections import TrainingSettings

    if case == "pretraining":
        column, task = Column("text", ColumnType.TEXT), Task.LANGUAGE_MODELLING
        frame = pl.DataFrame({"text": [row["text"] for row in rows]})
        family = CausalLM(pretrained=str(folder / "base"), max_length=WIDTH, over_long="split")
    else:
        column, task = Column("messages", ColumnType.MESSAGES), Task.INSTRUCTION_TUNING
        frame = pl.DataFrame({"messages": [json.dumps(conversation(row)) for row in rows]})
        family = CausalLM(pretrained=str(folder / "base"), adapt="lora", max_length=WIDTH + 128)
        rows_packed = max(1, round(rows_packed * WIDTH / (WIDTH + 128)))
    target = Target(column, task)
    training = TrainingSettings.model_validate(
        {
            "epochs": 1,
            "batch_size": rows_packed,
            "precision": "bf16" if bf16 else "fp32",
            "threads": 1,
            "optimizer": {"kind": "adamw", "learning_rate": RATE, "weight_decay": 0.0},
            "schedule": {"kind": "linear"},
            "early_stopping": None,
        }
    )
    found: list[Any] = []

    def fit() -> None:
        preparation = fit_preparation(frame, [column], family.needs, base=folder, target=target)
        passages = preparation.transform(frame)
        examples = Examples(passages, passages.row_bytes)
        result = family.fit(
            examples, None, target=target, training=training, seed=0,
            pacer=Unhurried(), workplace=Workplace(folder),
        )  # fmt: skip
        found.append(result.estimator)

    return fit, lambda: found[0].module.model


def hugging_face(
    case: str, folder: Path, told: Sequence[tuple[list[int], list[int]]]
) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """The Trainer, with batches padded to their longest."""
    from transformers import (
        AutoTokenizer,
        DataCollatorForSeq2Seq,
        Trainer,
        TrainingArguments,
    )

    model = peft_model(case, folder)
    tokenizer = AutoTokenizer.from_pretrained(folder / "base")
    samples = [
        {
            "input_ids": [*given, *answer],
            "attention_mask": [1] * (len(given) + len(answer)),
            "labels": [*[-100] * len(given), *answer],
        }
        for given, answer in told
    ]

    def fit() -> None:
        Trainer(
            model=model,
            args=TrainingArguments(
                output_dir=str(folder / "hf"), use_cpu=True, num_train_epochs=1,
                per_device_train_batch_size=ROWS, learning_rate=RATE, save_strategy="no",
                report_to="none", disable_tqdm=True,
            ),
            train_dataset=samples,
            data_collator=DataCollatorForSeq2Seq(tokenizer),
        ).train()  # fmt: skip

    return fit, lambda: model


def trl(
    case: str, folder: Path, rows: Sequence[dict[str, str]], *, packing: bool, rows_packed: int
) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """The SFTTrainer; what it defaults to stays, but for what all have in common."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    if case == "pretraining":
        data = Dataset.from_list([{"text": row["text"]} for row in rows])
    else:
        data = Dataset.from_list([{"messages": conversation(row)} for row in rows])
    model = peft_model(case, folder)
    held: list[Any] = []

    def fit() -> None:
        trainer = SFTTrainer(
            model=model,
            args=SFTConfig(
                output_dir=str(folder / "trl"), use_cpu=True, num_train_epochs=1,
                per_device_train_batch_size=rows_packed if packing else ROWS,
                learning_rate=RATE, save_strategy="no", report_to="none", disable_tqdm=True,
                max_length=WIDTH if case == "pretraining" else WIDTH + 128, packing=packing,
                assistant_only_loss=case != "pretraining",
            ),
            train_dataset=data,
        )  # fmt: skip
        trainer.train()
        held.append(trainer.model)

    return fit, lambda: held[0]


def peft_model(case: str, folder: Path) -> Any:
    """The base, with low-rank updates where the case is about them: rank 16, all matrices of the blocks."""
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder / "base", dtype="float32")
    if case == "pretraining":
        return model
    from peft import LoraConfig, get_peft_model

    return get_peft_model(model, LoraConfig(r=16, lora_alpha=32, target_modules="all-linear"))


def tokens_by(system: str, folder: Path, texts: Sequence[str]) -> dict[str, Any]:
    """From texts to token ids in packed rows: ours, or datasets.map and TRL's packing."""
    found: dict[str, int] = {}
    if system == OURS:
        import numpy as np
        import polars as pl

        from trainwright.core.columns import Column, ColumnType, Target, Task
        from trainwright.core.language import LanguageNeeds
        from trainwright.data.fitting import fit_preparation
        from trainwright.models.language.samples import CausalSource

        column = Column("text", ColumnType.TEXT)
        target, frame = Target(column, Task.LANGUAGE_MODELLING), pl.DataFrame({"text": texts})
        needs = LanguageNeeds(pretrained=str(folder / "base"), max_length=WIDTH, over_long="split")

        def work() -> None:
            preparation = fit_preparation(frame, [column], needs, base=folder, target=target)
            passages = preparation.transform(frame)
            source = CausalSource(passages, width=WIDTH, seed=0)
            for start in range(0, len(source), 64):
                rows = np.arange(start, min(start + 64, len(source)))
                source.batch(rows, epoch=0, training=True)
            found["tokens"] = int(passages.taught.sum())

    else:
        from datasets import Dataset
        from transformers import AutoTokenizer
        from trl import pack_dataset

        tokenizer = AutoTokenizer.from_pretrained(folder / "base")
        end = tokenizer.eos_token_id

        def encoded(rows: Any) -> Any:
            ids = tokenizer(rows["text"])["input_ids"]
            return {"input_ids": [[*one, end] for one in ids]}

        def work() -> None:
            data = Dataset.from_dict({"text": texts})
            data = data.map(encoded, batched=True, remove_columns=["text"])
            found["tokens"] = sum(map(len, data["input_ids"]))
            packed = pack_dataset(data, seq_length=WIDTH, strategy="bfd")
            for start in range(0, len(packed), 64):
                packed[start : start + 64]

    cpu, wall = time.process_time(), time.perf_counter()
    work()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {
        "tokens": found["tokens"],
        "cpu_seconds": round(cpu, 2),
        "wall_seconds": round(wall, 2),
        "tokens_per_cpu_second": round(found["tokens"] / cpu, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3, 1),
    }


def middle(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The median of each figure."""
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def page() -> list[str]:
    """The page in Markdown."""
    lines = [
        "# Language models: Trainwright beside its peers\n",
        f"Made by `python benchmarks/language.py --case CASE` on {os.cpu_count()} cores"
        f" ({platform.machine()}), one thread a system; {', '.join(INSTALLED)}, and torch, transformers"
        " and PEFT as pinned here. What is done stands in the head of that script. Tokens a second of"
        " the time that a process computed; above 1 ours is ahead.\n",
        "TRL's defaults are kept, activation checkpointing among them, which saves memory and costs"
        " time. `trainwright` computes in bf16, which gains where the processor does"
        " (AVX-512 BF16, AMX); beside it the same in fp32. Tokenising is in the time of ours and of"
        " TRL's; HF Trainer gets token ids. bf16 is TRL's default as well where it finds it.\n",
    ]
    return [*lines, *(section(case) for case in CASES if (KEPT / f"{case}.json").exists())]


def section(case: str) -> str:
    """A case as a table."""
    result = json.loads((KEPT / f"{case}.json").read_text())
    systems = result["systems"]
    ours_rate = systems[OURS]["tokens_per_cpu_second"]
    judged = "bits_per_byte" in systems[OURS]
    lines = [
        f"## {case}\n",
        f"{result['documents']} documents, {result['repeats']} repeats; load of the machine at the end"
        f" {'/'.join(map(str, result['load']))}.\n",
        "| | tokens a CPU second | ours is ahead | CPU s | peak MB |"
        + (" bits per byte, unseen |" if judged else ""),
        "| --- | ---: | ---: | ---: | ---: |" + (" ---: |" if judged else ""),
    ]
    for name, one in systems.items():
        rate = one["tokens_per_cpu_second"]
        bits = f" {one['bits_per_byte']:.4f} |" if judged else ""
        lines.append(
            f"| {name} | {rate:,.0f} | {ours_rate / rate:.2f} | {one['cpu_seconds']} |"
            f" {one['peak_mb']:,.0f} |{bits}"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
