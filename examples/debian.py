"""Debian's package descriptions, in the languages that people have translated them into.

apt fetches its lists into a folder of its own, without root and without touching the machine's. Each
description is a line, and paragraphs below it; translations name the English text by its MD5.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

SUITE = "deb http://deb.debian.org/debian bookworm main\n"


class Description(NamedTuple):
    """Attributes.

    package: Its name.
    key: MD5 of the English text.
    line: In one line.
    paragraphs: Below it.
    """

    package: str
    key: str
    line: str
    paragraphs: tuple[str, ...]


def fetch(folder: Path, languages: Sequence[str]) -> dict[str, Path]:
    """The lists of these languages, fetched once.

    Raises:
        CalledProcessError: there is no apt, or no network.
    """
    command = ["apt-get", "update", *_options(folder)]
    command += [f"-oAcquire::Languages::={language}" for language in languages]
    if not all(_found(folder, language) for language in languages):
        subprocess.run(command, check=True, capture_output=True)
    return {language: _found(folder, language)[0] for language in languages}


def files(folder: Path, packages: Sequence[str]) -> dict[str, Path]:
    """The files of these packages, unpacked once, each in a folder of its own; nothing is installed.

    Raises:
        CalledProcessError: there is no apt, no such package, or no network.
    """
    missing = [package for package in packages if not (folder / "files" / package).is_dir()]
    if missing:
        options = _options(folder)
        subprocess.run(["apt-get", "update", *options], check=True, capture_output=True)
        command = ["apt-get", "download", *options, *missing]
        subprocess.run(command, check=True, capture_output=True, cwd=folder / "cache")
    for package in missing:
        (archive,) = (folder / "cache").glob(f"{package}_*.deb")
        where = folder / "files" / package
        subprocess.run(["dpkg-deb", "-x", archive, where], check=True, capture_output=True)
    return {package: folder / "files" / package for package in packages}


def _options(folder: Path) -> list[str]:
    """apt's, for folders of our own."""
    for name in ("lists/partial", "cache", "etc", "files"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "etc" / "sources.list").write_text(SUITE)
    options = {
        "Dir::State::Lists": folder.resolve() / "lists",
        "Dir::Cache": folder.resolve() / "cache",
        "Dir::Etc::SourceList": folder.resolve() / "etc" / "sources.list",
        "Dir::Etc::SourceParts": "-",
        "APT::Sandbox::User": "root",
        "Acquire::GzipIndexes": "false",
        "Acquire::Languages": "",
    }
    return [f"-o{key}={value}" for key, value in options.items()]


def _found(folder: Path, language: str) -> list[Path]:
    return sorted((folder / "lists").glob(f"*_bookworm_*Translation-{language}"))


def read(path: Path) -> Iterator[Description]:
    """Every description of a list."""
    for stanza in path.read_text(encoding="utf-8").split("\n\n"):
        fields = re.split(r"\n(?=\S)", stanza.strip())
        values = dict(field.partition(": ")[::2] for field in fields)
        text = next((v for k, v in values.items() if k.startswith("Description-")
                     and k != "Description-md5"), None)  # fmt: skip
        if text is None or "Package" not in values:
            continue
        line, *rest = text.split("\n")
        paragraphs = re.split(r"\n ?\.\n", "\n".join(rest))
        yield Description(
            values["Package"],
            values.get("Description-md5", ""),
            line.strip(),
            tuple(" ".join(paragraph.split()) for paragraph in paragraphs if paragraph.strip()),
        )
