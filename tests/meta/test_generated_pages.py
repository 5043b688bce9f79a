"""The generated reference pages are those that `docs/generate.py` writes now."""

from __future__ import annotations

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_no_generated_page_is_stale():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for path, text in module.pages().items():
        assert path.read_text() == text, f"stale: {path.name}; run `python docs/generate.py`"


def test_every_public_name_is_on_the_page_of_the_python_interface():
    import trainwright

    page = (ROOT / "docs" / "reference" / "python.md").read_text()
    lines = set(page.replace(".", "\n").replace("`", "\n").splitlines())
    assert [name for name in trainwright.__all__ if name not in lines] == []
