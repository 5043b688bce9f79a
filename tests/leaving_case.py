"""Tiny language models with a tokenizer, as they leave."""

from __future__ import annotations

import functools

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from trainwright.core.language import Passages, SpecialTokens
from trainwright.core.leaving import Codec

LINES = (
    "the quick brown fox 42 jumps",
    "she sells sea shells by the shore",
    "lazy dogs look over brown foxes",
    "no shell is sold by a fox",
)
SPECIAL = ("<|pad|>", "<|start|>", "<|end|>", "<|mask|>", "<|im_start|>", "<|im_end|>")
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@functools.cache
def codec() -> Codec:
    """Byte pairs, digits apart."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(LINES * 5, trainer)
    return Codec(tokenizer.to_str(), SpecialTokens(0, 2, 1, 3), TEMPLATE, 64)


def llama():
    from transformers import LlamaConfig, LlamaForCausalLM

    return _drawn(
        LlamaForCausalLM,
        LlamaConfig,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
        tie_word_embeddings=True,
        initializer_range=0.12,  # so much that attention has a say
        hidden_size=32,
    )


def bert():
    from transformers import BertConfig, BertForMaskedLM

    return _drawn(
        BertForMaskedLM,
        BertConfig,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=64,
        hidden_size=32,
    )


def t5():
    from transformers import T5Config, T5ForConditionalGeneration

    return _drawn(
        T5ForConditionalGeneration,
        T5Config,
        d_model=32,
        d_kv=8,
        d_ff=64,
        num_layers=1,
        num_heads=4,
        decoder_start_token_id=0,
    )


def passages(*, pair: bool = False) -> Passages:
    """The lines between start and end; of a pair each is told of itself."""
    tokenizer = Tokenizer.from_str(codec().document)
    rows = [[1, *tokenizer.encode(line).ids, 2] for line in LINES]
    told = [row[1:] for row in rows] if pair else rows
    taught = [[pair] + [True] * (len(row) - 1) for row in told]
    return Passages(
        ids=np.concatenate(told).astype(np.int32),
        taught=np.concatenate(taught),
        ends=np.cumsum([len(row) for row in told]),
        rows=np.arange(len(rows)),
        num_rows=len(rows),
        vocabulary=tokenizer.get_vocab_size(),
        special=codec().special,
        row_bytes=np.array([len(line) for line in LINES], dtype=np.float64),
        read_ids=np.concatenate(rows).astype(np.int32) if pair else None,
        read_ends=np.cumsum([len(row) for row in rows]) if pair else None,
    )


def _drawn(network, config, **settings):
    torch.manual_seed(0)
    known = Tokenizer.from_str(codec().document).get_vocab_size()
    special = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    return network(config(vocab_size=known, **special, **settings)).eval()
