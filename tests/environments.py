"""Environments of their own for programs that would not go beside ours; each is made once and kept.

`TRAINWRIGHT_TEST_CACHE` says where they are kept.
"""

from __future__ import annotations

import os
import subprocess
import venv
from pathlib import Path


def own_environment(name: str, *install: str) -> Path:
    """The `bin` of an environment that holds what `pip install` is told, made where there is none.

    Args:
        name: Of its folder, with a version in it: another version is another environment.
        install: Requirements and options of `pip install`.
    """
    cache = os.environ.get("TRAINWRIGHT_TEST_CACHE", "~/.cache/trainwright-tests")
    folder = Path(cache).expanduser() / name
    programs = folder / "bin"
    if not (folder / "whole").exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run(
            [programs / "python", "-m", "pip", "install", "--quiet", *install], check=True
        )
        (folder / "whole").touch()
    return programs
