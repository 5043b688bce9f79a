"""The digits of the example beside this one."""

from __future__ import annotations

import runpy
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    """Write digits/0/0000.png ... unless they are there."""
    runpy.run_path(str(HERE.parent / "digits" / "data.py"))["main"](HERE / "digits")


if __name__ == "__main__":
    main()
