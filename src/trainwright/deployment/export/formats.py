"""Which formats there are, what each can be quantised to, and how far an answer may be off.

The bounds are conventions, told with every export: what is stored as it was must answer alike but for
rounding; half precision may cost a two-hundredth of the perplexity, eight bits a fiftieth, four bits a tenth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from trainwright.core.errors import CommandError, nearest

Format = Literal["safetensors", "gguf", "onnx"]
Quantization = Literal["f16", "int8", "int4", "q8_0", "q4_0"]

QUANTIZATIONS: dict[Format, tuple[Quantization, ...]] = {
    "safetensors": ("f16",),
    "gguf": ("f16", "q8_0", "q4_0"),
    "onnx": ("int8", "int4"),
}


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far an exported model may be from the one that was trained.

    Attributes:
        agreement: Share of rows (or of told tokens) with the same likeliest answer, at least.
        perplexity: Relative difference of the perplexity; the whole interval must lie within.
        values: Largest difference of a probability or of a value, relative to max(1, |value|).
        greedy: The tokens of a greedy generation must be the same ones.
    """

    agreement: float
    perplexity: float
    values: float
    greedy: bool = False


AS_IT_WAS = Bounds(agreement=0.999, perplexity=0.001, values=1e-4, greedy=True)
_BY_QUANTIZATION: dict[Quantization, Bounds] = {
    "f16": Bounds(agreement=0.99, perplexity=0.005, values=0.01),
    "int8": Bounds(agreement=0.95, perplexity=0.02, values=0.05),
    "q8_0": Bounds(agreement=0.95, perplexity=0.02, values=0.05),
    "int4": Bounds(agreement=0.75, perplexity=0.10, values=0.2),
    "q4_0": Bounds(agreement=0.75, perplexity=0.10, values=0.2),
}


def bounds_of(quantization: Quantization | None) -> Bounds:
    """What must hold."""
    return AS_IT_WAS if quantization is None else _BY_QUANTIZATION[quantization]


def parse_format(text: str) -> Format:
    """The format of that name.

    Raises:
        CommandError: there is none.
    """
    for known in get_args(Format):
        if text == known:
            return known  # type: ignore[no-any-return]
    near = nearest(text, get_args(Format))
    raise CommandError(
        f"there is no format {text!r}",
        where="--to",
        mend=f"--to {near}" if near else f"use one of: {', '.join(get_args(Format))}",
    )


def parse_quantization(text: str | None, *, to: Format) -> Quantization | None:
    """The quantisation of that name, where the format has it.

    Raises:
        CommandError: it has not.
    """
    if text is None:
        return None
    for known in QUANTIZATIONS[to]:
        if text == known:
            return known
    others = ", ".join(name for name, known in QUANTIZATIONS.items() if text in known)
    also = f"; {text} is of {others}" if others else ""
    raise CommandError(
        f"{to} is not quantised to {text!r}{also}",
        where="--quantize",
        mend=f"use one of: {', '.join(QUANTIZATIONS[to])}; or leave --quantize away",
    )
