"""Tiny networks of transformers with drawn weights, and a preparation of bytes that stands in for ours."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
import transformers

from trainwright.core.language import Opening, SpecialTokens

transformers.logging.set_verbosity_error()
VOCABULARY = 259
SPECIAL = SpecialTokens(padding=0, end=1, start=2)


class Bytes:
    """Each byte is a token, behind three special ones."""

    special = SPECIAL

    def prompt_ids(self, prompt):
        text = prompt if isinstance(prompt, str) else "".join(turn.content for turn in prompt)
        return tuple(byte + 3 for byte in text.encode())

    def opening(self, prompt):
        return Opening(self.prompt_ids(prompt))

    def blanks(self):
        return {}

    def piece(self, token):
        return chr(token - 3) if token > 2 else f"<{token}>"

    def decode(self, ids):
        return bytes(i - 3 for i in ids if i > 2).decode(errors="replace")


def llama(**settings):
    shape = {"hidden_size": 32, "intermediate_size": 80, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2}
    special = {"bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0}
    config = transformers.LlamaConfig(
        vocab_size=VOCABULARY,
        max_position_embeddings=192,
        initializer_range=0.5,
        **(shape | heads | special | settings),
    )
    return _made(transformers.LlamaForCausalLM, config)


def mistral():
    """Layers that see the last six tokens alone."""
    config = transformers.MistralConfig(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        sliding_window=6,
        max_position_embeddings=192,
        initializer_range=0.5,
        eos_token_id=1,
        pad_token_id=0,
    )
    return _made(transformers.MistralForCausalLM, config)


def gpt2():
    config = transformers.GPT2Config(
        vocab_size=VOCABULARY,
        n_embd=32,
        n_layer=2,
        n_head=4,
        n_positions=192,
        initializer_range=0.5,
        eos_token_id=1,
        bos_token_id=2,
        pad_token_id=0,
    )
    return _made(transformers.GPT2LMHeadModel, config)


def t5():
    config = transformers.T5Config(
        vocab_size=VOCABULARY,
        d_model=32,
        d_kv=8,
        d_ff=64,
        num_layers=2,
        num_heads=4,
        decoder_start_token_id=0,
        eos_token_id=1,
        initializer_factor=3.0,
    )
    return _made(transformers.T5ForConditionalGeneration, config)


def gemma2():
    """Attention with a soft cap, which rows side by side cannot do."""
    config = transformers.Gemma2Config(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        max_position_embeddings=192,
        initializer_range=0.5,
        eos_token_id=1,
        bos_token_id=2,
    )
    return _made(transformers.Gemma2ForCausalLM, config)


NETWORKS = {"llama": llama, "mistral": mistral, "gpt2": gpt2, "t5": t5, "gemma2": gemma2}


def _made(kind, config):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = kind(config).eval()
    network.generation_config.bos_token_id = None
    return network


@pytest.fixture(scope="session")
def networks():
    """A network by its name; made once."""
    made = {}

    def network(name):
        if name not in made:
            made[name] = NETWORKS[name]()
        return made[name]

    return network


@pytest.fixture(scope="session")
def speech():
    return Bytes()


@pytest.fixture
def opened(networks, speech):
    """An empty table of requests of a network, by its name."""
    from trainwright.models.language.decoding import open_decoding

    return lambda name: open_decoding(SimpleNamespace(module=networks(name)), speech)


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
