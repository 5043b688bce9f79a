"""A GGUF file as a base: its weights, dequantised once, in the layout of the Hub and in our cache.

transformers reads the file (45 s for 135 M parameters); what it gives is kept in fp32, so that a later start
takes seconds and has the very same numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trainwright.core.durable import lock, make_folder, sha256_file, staged_folder
from trainwright.core.errors import RecipeError
from trainwright.core.extras import require
from trainwright.core.pretrained import Base, cache_folder

_CONFIG = "config.json"


def converted(base: Base) -> Base:
    """The same base as a folder that holds config.json and model.safetensors.

    Raises:
        EnvironmentFault: the package gguf is not installed, or the cache cannot be written.
        RecipeError: the file holds no model that transformers can read.
    """
    folder = cache_folder() / f"{base.folder.stem}-{sha256_file(base.folder.resolve())[:16]}"
    if not (folder / _CONFIG).is_file():
        require("language", what="a GGUF file")
        make_folder(folder.parent)
        with lock(folder.parent / f"{folder.name}.lock"):
            if not (folder / _CONFIG).is_file():
                _convert(base, folder)
    return Base(base.name, folder)


def _convert(base: Base, folder: Path) -> None:
    with without_bars():
        model = _read(base)
        with staged_folder(folder) as aside:
            model.save_pretrained(aside)


@contextmanager
def without_bars() -> Iterator[None]:
    """No progress bars of transformers while the block runs: who is told of progress has one already."""
    from transformers.utils import logging as found

    logging: Any = found  # its functions have no types
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _read(base: Base) -> Any:  # noqa: ANN401 - a class of transformers
    """The model in fp32, as if it had never been quantised."""
    from torch import float32
    from transformers import AutoModelForCausalLM

    file = base.folder.resolve()
    try:
        found = AutoModelForCausalLM.from_pretrained(
            file.parent, gguf_file=file.name, dtype=float32, local_files_only=True
        )
        config = found.config.to_dict()
        config.pop("quantization_config", None)
        model: Any = type(found)(type(found.config)(**config))
        model.load_state_dict(found.state_dict())
    except Exception as error:  # whatever a foreign file brings up
        raise RecipeError(
            f"the GGUF file {base.name!r} holds no model that can be read: it is cut off, damaged or of"
            f" an unknown kind ({error!s:.120})",
            where="model.pretrained",
            mend="fetch the file again, or name a folder in the layout of the Hub",
        ) from error
    return model.float()
