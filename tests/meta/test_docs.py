"""Every shell block of README and of the pages runs, in order.

A page of `docs/how-to` goes on in the quickstart's folder, behind its run; every other page starts in an
empty one. `make` lines are left out (they would test the tests); what must not run is marked as ```text.
Blocks of Python run by `pytest --markdown-docs README.md docs`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
QUICKSTART = ROOT / "docs" / "learn" / "quickstart.md"
BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(text: str) -> list[str]:
    """The shell blocks of a page, without the lines that call make."""
    shell = (body for language, body in BLOCK.findall(text) if language == "bash")
    bodies = (re.sub(r"^make .*\n", "", body, flags=re.MULTILINE) for body in shell)
    return [body for body in bodies if body.strip()]


def has_shell(page: Path) -> bool:
    return bool(blocks(page.read_text(encoding="utf-8")))


PAGES = [p for p in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))) if has_shell(p)]
LATER = [page for page in PAGES if page.parent.name == "how-to"]
FRESH = [page for page in PAGES if page not in LATER]


NETWORKS = (
    "texts",
    "images",
    "series",
    "networks-for-tables",
    "fine-tune",
    "prove",
    "resume",
    "distil",
    "export",
    "generate",
)
CORE_ALONE = Path(__file__).parent / "core_alone"  # its sitecustomize hides the extra `networks`


def run_shell(script: str, *, folder: Path, networks: bool = False) -> None:
    """Run a page's blocks: as after `make install`, or with the extras where the page is of networks."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    hidden = {} if networks else {"PYTHONPATH": str(CORE_ALONE)}
    done = subprocess.run(
        ["bash", "-c", f"set -euo pipefail\n{script}"],
        cwd=folder,
        env={**os.environ, "PATH": path, **hidden},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.fixture(scope="session")
def after_the_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The quickstart's folder once its model is registered."""
    folder = tmp_path_factory.mktemp("quickstart")
    begun = QUICKSTART.read_text(encoding="utf-8").partition("## Is it true?")[0]
    run_shell("\n".join(blocks(begun)), folder=folder)
    return folder


@pytest.mark.parametrize("page", FRESH, ids=lambda page: page.stem)
def test_the_shell_blocks_of_a_page_run(page: Path, tmp_path: Path):
    script = "\n".join(blocks(page.read_text(encoding="utf-8")))
    run_shell(script, folder=tmp_path, networks=page.stem in NETWORKS)


@pytest.mark.parametrize("page", LATER, ids=lambda page: page.stem)
def test_the_shell_blocks_of_a_how_to_run_behind_the_quickstart(
    page: Path, after_the_run: Path, tmp_path: Path
):
    folder = shutil.copytree(after_the_run, tmp_path / "folder")
    script = "\n".join(blocks(page.read_text(encoding="utf-8")))
    run_shell(script, folder=folder, networks=page.stem in NETWORKS)


def test_the_quickstart_and_the_how_tos_are_among_them():
    assert QUICKSTART in FRESH
    assert len(LATER) >= 6


def test_no_fenced_block_goes_without_a_language_that_says_whether_it_runs():
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
            known = ("```", "```bash", "```python", "```text", "```yaml", "```json")
            if line.startswith("```"):
                assert line.split(" ")[0] in known, f"{page}:{number}: {line}"


def test_every_link_of_the_readme_leads_somewhere():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert target.startswith("https://") or (ROOT / target).exists(), target
