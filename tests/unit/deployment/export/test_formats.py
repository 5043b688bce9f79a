from __future__ import annotations

import pytest

from trainwright.core.errors import CommandError
from trainwright.deployment.export.formats import bounds_of, parse_format, parse_quantization


def test_an_unknown_format_proposes_the_nearest():
    with pytest.raises(CommandError) as refused:
        parse_format("safetensor")
    assert refused.value.mend == "--to safetensors"


def test_a_quantisation_of_another_format_is_refused_with_those_that_there_are():
    with pytest.raises(CommandError, match="q8_0 is of gguf") as refused:
        parse_quantization("q8_0", to="onnx")
    assert "int8, int4" in refused.value.mend
    assert parse_quantization("q8_0", to="gguf") == "q8_0"
    assert parse_quantization(None, to="gguf") is None


def test_fewer_bits_are_allowed_more():
    assert bounds_of(None).perplexity < bounds_of("f16").perplexity < bounds_of("int4").perplexity
