"""Tokens a CPU-second of generation: a table of requests beside `transformers.generate`, same network.

Prompts of different lengths (8 to 64 tokens) are answered with the same number of tokens each, greedily,
one by one, four and sixteen side by side. `generate` pads its batch on the left, as its manual says. Rounds
of the two take turns in one process; the ratio is the median over rounds. Our texts are checked against our
own one-by-one texts: equal, or the benchmark fails. How many texts of a padded batch of `generate` equal its
own one-by-one texts is counted beside it.

    python benchmarks/generation.py [--shape tiny|small|smollm2] [--rounds 5]
"""

from __future__ import annotations

import argparse
import statistics
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
import transformers

from trainwright.core.language import GenerationSettings, Opening, SpecialTokens
from trainwright.models.language.decoding import generate_all, open_decoding

SHAPES = {
    "tiny": {"hidden_size": 64, "num_hidden_layers": 2, "heads": 4, "keys": 2, "vocab_size": 1_000},
    "small": {
        "hidden_size": 256,
        "num_hidden_layers": 6,
        "heads": 8,
        "keys": 4,
        "vocab_size": 8_000,
    },
    "smollm2": {
        "hidden_size": 576,
        "num_hidden_layers": 30,
        "heads": 9,
        "keys": 3,
        "vocab_size": 49_152,
    },
}
NEW_TOKENS = {"tiny": 64, "small": 64, "smollm2": 16}
SPECIAL = SpecialTokens(padding=0, end=1)
ROWS = 16


class Ids:
    """Prompts are token ids already, written as text."""

    special = SPECIAL

    def prompt_ids(self, prompt: Any) -> tuple[int, ...]:
        return tuple(int(word) for word in prompt.split())

    def opening(self, prompt: Any) -> Opening:
        return Opening(self.prompt_ids(prompt))

    def blanks(self) -> dict[int, str]:
        return {}

    def piece(self, token: int) -> str:
        return f"{token} "

    def decode(self, ids: Any) -> str:
        return "".join(f"{token} " for token in ids)


def network_of(shape: dict[str, int]) -> Any:
    """A decoder with drawn weights that never ends a text."""
    sizes = {name: size for name, size in shape.items() if name not in ("heads", "keys")}
    config = transformers.LlamaConfig(
        **sizes,
        intermediate_size=shape["hidden_size"] * 8 // 3 // 32 * 32,
        num_attention_heads=shape["heads"],
        num_key_value_heads=shape["keys"],
        max_position_embeddings=256,
        tie_word_embeddings=True,
        initializer_range=0.2,
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=0,
    )
    torch.manual_seed(0)
    return transformers.LlamaForCausalLM(config).eval()


def prompts_of(vocabulary: int) -> list[list[int]]:
    """Drawn ids, 8 to 64 a prompt."""
    draw = np.random.default_rng(0)
    return [draw.integers(2, vocabulary, size).tolist() for size in draw.integers(8, 65, ROWS)]


def ours(table: Any, prompts: list[list[int]], together: int, tokens: int) -> list[str]:
    """Texts, `together` at a time."""
    settings = GenerationSettings(max_new_tokens=tokens)
    texts = []
    for first in range(0, len(prompts), together):
        group = [" ".join(map(str, ids)) for ids in prompts[first : first + together]]
        texts += [one.text for one in generate_all(table, group, settings)]
    return texts


def theirs(network: Any, prompts: list[list[int]], together: int, tokens: int) -> list[str]:
    """The same by `transformers.generate`, padded on the left."""
    texts = []
    for first in range(0, len(prompts), together):
        group = prompts[first : first + together]
        width = max(map(len, group))
        ids = torch.tensor([[0] * (width - len(row)) + row for row in group])
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in group])
        with torch.inference_mode():
            told = network.generate(
                ids, attention_mask=mask, max_new_tokens=tokens, do_sample=False
            )
        texts += [Ids().decode(row) for row in told[:, width:].tolist()]
    return texts


def main() -> None:
    """Measure one shape and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", choices=SHAPES, default="small")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(options.threads)
    shape, tokens = SHAPES[options.shape], NEW_TOKENS[options.shape]
    network = network_of(shape)
    prompts = prompts_of(shape["vocab_size"])
    started = time.process_time()
    table = open_decoding(SimpleNamespace(module=network), Ids())
    print(f"{options.shape}: opened in {time.process_time() - started:.2f} CPU s, {ROWS} prompts,")
    print(
        f"{tokens} tokens each, {options.threads} thread, transformers {transformers.__version__}"
    )
    print(
        "side by side | ours tokens/CPU s | generate | ratio (rounds) | generate: equal to one by one"
    )
    single = ours(table, prompts, 1, tokens), theirs(network, prompts, 1, tokens)
    for together in (1, 4, 16):
        rates: list[tuple[float, float]] = []
        for _ in range(options.rounds):
            mine, my_seconds = timed(lambda n=together: ours(table, prompts, n, tokens))
            other, other_seconds = timed(lambda n=together: theirs(network, prompts, n, tokens))
            rates.append((ROWS * tokens / my_seconds, ROWS * tokens / other_seconds))
        if mine != single[0]:
            raise SystemExit("a text depends on its company")
        ratios = sorted(a / b for a, b in rates)
        equal = sum(a == b for a, b in zip(other, single[1], strict=True))
        print(
            f"{together:12} | {statistics.median(a for a, _ in rates):17.0f} "
            f"| {statistics.median(b for _, b in rates):8.0f} "
            f"| {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) | {equal} of {ROWS}"
        )


def timed(work: Any) -> tuple[list[str], float]:
    """What it gives, and the CPU seconds that it took."""
    started = time.process_time()
    texts = work()
    return texts, time.process_time() - started


if __name__ == "__main__":
    main()
