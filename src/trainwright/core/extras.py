"""What an extra brings, and the refusal that names it where it is missing."""

from __future__ import annotations

from importlib.util import find_spec

from trainwright.core.errors import EnvironmentFault

# Extra -> the modules that must be there.
EXTRAS = {
    "networks": ("torch", "safetensors", "transformers", "tokenizers", "PIL"),
    "lora": ("peft",),
    "language": ("jinja2", "gguf", "sacrebleu"),
    "tensorboard": ("tensorboardX",),
    "export": ("onnx", "onnxruntime", "onnxscript", "gguf"),
    "ray": ("ray",),
    "databases": ("adbc_driver_postgresql", "adbc_driver_manager"),
}


def is_installed(extra: str) -> bool:
    """True when every module of the extra can be found; none is imported."""
    return not _missing(extra)


def require(extra: str, *, what: str) -> None:
    """Refuse to go on without an extra.

    Args:
        extra: One of `EXTRAS`.
        what: What needs it, for the message: "family 'mlp'".

    Raises:
        EnvironmentFault: names all modules that are missing, and the extra that brings them.
    """
    missing = _missing(extra)
    if missing:
        raise EnvironmentFault(
            f"{what} needs {', '.join(missing)}, not installed here",
            where="the environment",
            mend=f"pip install 'trainwright[{extra}]'",
        )


def _missing(extra: str) -> list[str]:
    return [name for name in EXTRAS[extra] if find_spec(name) is None]
