"""Eighteen megabytes of real text: the manuals of Python 3.11, Vim and Git, out of Debian's packages.

Each page is a document, with the manual that it is of; markup of HTML is left out. Writes documents.jsonl:
text, manual. Licences: PSF, Vim, GPL-2.
"""

from __future__ import annotations

import html
import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import debian  # noqa: E402 - beside this folder

MANUALS = {"python3.11-doc": "*.rst.txt", "vim-doc": "*.html", "git-doc": "*.txt"}
LEAST, MOST = 200, 300_000  # characters; shorter pages are links to others, longer ones indices


def main() -> None:
    """Write documents.jsonl unless it is there."""
    path = HERE / "documents.jsonl"
    if path.exists():
        return
    folders = debian.files(HERE / "apt", list(MANUALS))
    for package, pattern in MANUALS.items():
        found = sorted(folders[package].rglob(pattern))
        pages = [page for page in found if page.is_file() and not page.is_symlink()]
        texts = dict.fromkeys(text for page in pages if LEAST <= len(text := read(page)) <= MOST)
        rows = [{"text": text, "manual": package.removesuffix("-doc")} for text in texts]
        with path.open("a") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
        size = sum(len(text.encode()) for text in texts)
        print(f"{package:16} {len(texts):4} pages, {size / 1e6:.1f} MB")


def read(page: Path) -> str:
    """The text of a page."""
    text = page.read_text("utf-8", errors="replace")
    if page.suffix != ".html":
        return text
    body = re.sub(r"(?s)<(head|script|style)\b.*?</\1>|<[^>]+>", "", text)
    return html.unescape(body).strip()


if __name__ == "__main__":
    main()
