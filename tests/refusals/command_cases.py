# ruff: noqa: E501 - a table reads best with one case a line
"""Odd commands and damaged packages: exit 2, 3, 4 or 5 with the place and a mend.

In a command {run} is the finished run, {package} the folder of a copy of its package, and "/dev/full" stays.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

from refusals.case import LEAST, PEOPLE, RECIPE, SOUND, TABLE, Case
from trainwright.core.durable import sha256_file

PACKAGE = "package"
PREDICT = ("predict", PACKAGE, TABLE, "-o", "o.csv")


def reseal(package: Path) -> None:
    """Make the manifest fit again, as someone would who can write everything."""
    path = package / "manifest.json"
    manifest = json.loads(path.read_text())
    files = [p for p in package.rglob("*") if p.is_file() and p != path]
    manifest["files"] = {
        str(p.relative_to(package)): {"sha256": sha256_file(p), "bytes": p.stat().st_size}
        for p in files
    }
    path.write_text(json.dumps(manifest))


def damage(change: Callable[[Path], object], *, sealed: bool = False) -> Callable[[Path], None]:
    """Change the copy of the package; `sealed` makes its hashes fit again."""

    def make(folder: Path) -> None:
        change(folder / PACKAGE)
        if sealed:
            reseal(folder / PACKAGE)

    return make


def flip(name: str, *, position: int = -2) -> Callable[[Path], None]:
    """Flip one bit of a file."""

    def change(package: Path) -> None:
        data = bytearray((package / name).read_bytes())
        data[position] ^= 1
        (package / name).write_bytes(bytes(data))

    return damage(change)


def edit(name: str, change: Callable[[dict], object]) -> Callable[[Path], None]:
    """Change a JSON file and make the hashes fit again."""

    def edited(package: Path) -> None:
        document = json.loads((package / name).read_text())
        change(document)
        (package / name).write_text(json.dumps(document))

    return damage(edited, sealed=name != "manifest.json")


def nudge(value: dict | list) -> None:
    """Move every number with a fraction in a JSON value a little."""
    for key in value if isinstance(value, dict) else range(len(value)):
        if isinstance(value[key], float):
            value[key] += 1e-3
        elif isinstance(value[key], dict | list):
            nudge(value[key])


def put(name: str, content: bytes, *, sealed: bool = False) -> Callable[[Path], None]:
    """Put a file into the package."""
    return damage(lambda package: (package / name).write_bytes(content), sealed=sealed)


def link(package: Path) -> None:
    (package / "card.md").rename(package.parent / "card.md")
    (package / "card.md").symlink_to(package.parent / "card.md")


def pipe(package: Path) -> None:
    (package / "card.md").unlink()
    os.mkfifo(package / "card.md")


def bad(number: str, title: str, what: str, where: str, mend: str, make, **more) -> Case:
    """A package that is not trusted."""
    case = {"command": PREDICT, "files": {TABLE: PEOPLE}, "recipe": None, **more}
    return Case(number, title, 4, what, where, mend, make=make, **case)


def bomb(protocol: int) -> bytes:
    """A pickle that would run a command."""

    class Bomb:
        def __reduce__(self) -> tuple:
            return os.system, ("touch exploded",)

    return pickle.dumps(Bomb(), protocol=protocol)


ALLOWED = "a package holds .json, .md, .txt, .safetensors, .onnx and nothing else"
EXPORT = "export the model to ONNX or safetensors, or to its library's own text format"
AGAIN = "run its recipe again"

PACKAGES = [
    bad("91", "a file more than the manifest names", "this file is not in the manifest", "package/notes.txt", "remove it", put("notes.txt", b"tree\n")),
    bad("91", "a file of the manifest is missing", "a file of the manifest is missing", "package/card.md", AGAIN, damage(lambda package: (package / "card.md").unlink())),
    bad("91", "a file has another name", "a file of the manifest is missing", "package/card.md", AGAIN, damage(lambda package: (package / "card.md").rename(package / "cart.md"))),
    bad("91", "two names that differ by case only", "two names differ by case only", "package/Card.md", "restore it from a backup", damage(lambda package: shutil.copy(package / "card.md", package / "Card.md"))),
    bad("91", "no manifest", "a file is missing", "package/manifest.json", AGAIN, damage(lambda package: (package / "manifest.json").unlink()), command=("predict", "./package", TABLE, "-o", "o.csv")),
    bad("91", "an empty manifest", "not valid JSON", "package/manifest.json", "restore it from a backup", put("manifest.json", b"")),
    bad("92", "one bit flipped in the weights", "the file was changed: its SHA-256 is not the manifest's", "package/model/estimator/estimator.json", AGAIN, flip("model/estimator/estimator.json")),
    bad("92", "one bit flipped in the golden rows", "the file was changed: its SHA-256 is not the manifest's", "package/golden.json", AGAIN, flip("golden.json")),
    bad("92", "one bit flipped in the card", "the file was changed: its SHA-256 is not the manifest's", "package/card.md", AGAIN, flip("card.md")),
    bad("92", "the weights cut short", "bytes, and its manifest says", "package/model/estimator/estimator.json", AGAIN, damage(lambda package: os.truncate(package / "model/estimator/estimator.json", 40))),
    bad("93", "a manifest that points out of the package", "the manifest is not one of ours", "package/manifest.json", AGAIN, edit("manifest.json", lambda m: m["files"].update({"../../etc/passwd.txt": {"sha256": "0" * 64, "bytes": 1}}))),
    bad("93", "a manifest with a file of 10^30 bytes", "the manifest is not one of ours", "package/manifest.json", AGAIN, edit("manifest.json", lambda m: m["files"]["card.md"].update(bytes=10**30))),
    bad("95", "a pickle offered as a model", "format not allowed: 'm.pkl'; " + ALLOWED, "", EXPORT, lambda folder: (folder / "m.pkl").write_bytes(bomb(2)), command=("predict", "m.pkl", TABLE, "-o", "o.csv")),
    *(
        bad("95", f"a file m{ending} in the package", f"format not allowed: 'm{ending}'; " + ALLOWED, "package/model", EXPORT, put(f"model/m{ending}", bomb(4), sealed=True))
        for ending in (".pkl", ".joblib", ".pt", ".h5", ".keras", ".npy", ".bin", "")
    ),
    *(
        bad("96", f"a pickle named {name}, its hash right", "format not allowed: the content is not", f"package/{name}", AGAIN, put(name, bomb(protocol), sealed=True))
        for name, protocol in (("card.md", 0), ("facts.json", 2), ("model/extra.txt", 3), ("w.safetensors", 4), ("g.onnx", 5))
    ),
    bad("97", "a link in place of a file", "neither a file nor a folder", "package/card.md", AGAIN, damage(link)),
    bad("97", "a pipe in place of a file", "neither a file nor a folder", "package/card.md", AGAIN, damage(pipe)),
    bad("103", "a package of a newer format", "the package is of format 2, and this trainwright reads up to format 1", "package/manifest.json", "pip install -U trainwright", edit("manifest.json", lambda m: m.update(format=2))),
    bad("103", "a kind that nobody knows", "no saved object is of kind 'os'", "package/model", "the package is from a newer version or was changed", edit("manifest.json", lambda m: m.update(kind="os"))),
    bad("103", "a package of a preparation alone", "a preparation is not a model", "package/manifest.json", "trainwright run RECIPE --new", damage(lambda package: (shutil.copy(package / "model/preparation/preparation.json", package / "model/"), edit("manifest.json", lambda m: m.update(kind="preparation"))(package.parent)), sealed=True)),
    bad("104", "weights that were changed, their hash right", "golden row 0: the model answers", "package/golden.json", "or run the recipe again", edit("model/estimator/estimator.json", nudge)),
    bad("104", "golden answers that were changed, their hash right", "and answered 0.123 when it was packaged", "package/golden.json", "or run the recipe again", edit("golden.json", lambda g: g["probabilities"][0].__setitem__(0, 0.123))),
    bad("104", "no golden rows", "the golden rows are not ours", "package/golden.json", "restore it from a backup", edit("golden.json", lambda g: g.update(rows=[], values=[], probabilities=[]))),
    bad("104", "weights that are no weights, their hash right", "the model cannot be read", "package/model", "run the recipe again", put("model/estimator/estimator.json", b"{}", sealed=True)),
    bad("104", "a signature that is not the model's", "the signature is not the model's", "package/signature.json", "restore it from a backup", edit("signature.json", lambda s: s["inputs"][0].update(required=True))),
    bad("104", "facts without a recipe", "the package does not say by which recipe it was made", "package/facts.json", "restore it from a backup", edit("facts.json", lambda f: f.clear())),
    bad("104", "facts that are a list", "the package does not say by which recipe it was made", "package/facts.json", "restore it from a backup", put("facts.json", b"[]", sealed=True)),
]  # fmt: skip


def odd(title: str, status: int, what: str, where: str, mend: str, *command: str, **more) -> Case:
    """A command that asks for what is not there, or cannot be."""
    case = {"files": {TABLE: PEOPLE}, "recipe": None, **more}
    return Case("-", title, status, what, where, mend, command=command, **case)


def name(number: str, title: str, text: str, what: str, mend: str = "there are: people-") -> Case:
    """A name that never reaches a path."""
    return Case(
        number,
        title,
        2,
        what,
        "RUN on the command line",
        mend,
        command=("evaluate", text),
        recipe=None,
    )


def replace_registered(folder: Path) -> None:
    """Put another sound package where the registered one was."""
    package = next((folder / "workspace/runs").iterdir()) / PACKAGE
    (package / "card.md").write_text("# Another\n")
    reseal(package)


def hold(folder: Path) -> None:
    """Listen on a port until the test is over: its number stands in the file `port`."""
    listener = socket.create_server(("127.0.0.1", 0))
    HELD.append(listener)
    (folder / "port").write_text(str(listener.getsockname()[1]))


HELD: list[socket.socket] = []

NAMES = [
    name("60", "a run that climbs", "../../etc", "'../../etc' cannot be the name of a run"),
    name("60", "a run with NUL", "a\0b", "'a\\x00b' cannot be the name of a run"),
    name("60", "a run of a million letters", "x" * 1_000_000, "cannot be the name of a run"),
    name("60", "a run by an encoded path", "%2e%2e%2f", "'%2e%2e%2f' cannot be the name of a run"),
    name("60", "a run without a name", "", "'' cannot be the name of a run"),
    name("61", "a run that is a command", "$(touch exploded)", "'$(touch exploded)' cannot be the name of a run"),
    name("61", "a run that steers the terminal", "\x1b[31mred\n", "cannot be the name of a run"),
    name("62", "a run of a byte that is no text", "\udcff", "cannot be the name of a run"),
    Case("88", "a model that climbs", 2, "'../../../etc/passwd@champion' names no version of a model", "registry.jsonl", "there are: people", command=("predict", "../../../etc/passwd@champion", TABLE, "-o", "o.csv"), files={TABLE: PEOPLE}, recipe=None),
    Case("88", "a model with NUL", 2, "'a\\x00b' cannot be the name of a run", "RUN on the command line", "there are: ", command=("predict", "a\0b", TABLE, "-o", "o.csv"), files={TABLE: PEOPLE}, recipe=None),
    Case("88", "a model of a million letters", 2, "cannot be the name of a run", "RUN on the command line", "there are: ", command=("predict", "x" * 1_000_000, TABLE, "-o", "o.csv"), files={TABLE: PEOPLE}, recipe=None),
    Case("88", "a model by URL", 2, "'http://example.org/model' names no version of a model", "registry.jsonl", "there are: people", command=("serve", "http://example.org/model"), recipe=None),
    Case("88", "a version that is not there", 2, "people has no version 99", "registry.jsonl", "its versions are 1 to 1", command=("predict", "people/99", TABLE, "-o", "o.csv"), files={TABLE: PEOPLE}, recipe=None),
    Case("88", "version 0", 2, "'people/0' names no version of a model", "registry.jsonl", "did you mean people?", command=("predict", "people/0", TABLE, "-o", "o.csv"), files={TABLE: PEOPLE}, recipe=None),
    Case("88", "an alias that is not there", 2, "people has no latest", "registry.jsonl", "name a version: people/1", command=("predict", "people@latest", TABLE, "-o", "o.csv"), files={TABLE: PEOPLE}, recipe=None),
    Case("88", "a model that is not there", 2, "no model is called 'poeple'", "registry.jsonl", "did you mean people?", command=("predict", "poeple@champion", TABLE, "-o", "o.csv"), files={TABLE: PEOPLE}, recipe=None),
]  # fmt: skip

COMMANDS = [
    odd("no such verb", 2, "No such command 'trian'", "trainwright", "trainwright --help", "trian"),
    odd("no such option", 2, "No such option: --sed", "trainwright prepare", "trainwright prepare --help", "prepare", RECIPE, "--sed", "1"),
    odd("an argument missing", 2, "Missing argument 'RECIPE'", "trainwright run", "trainwright run --help", "run"),
    odd("a port that is none", 2, "Invalid value for '--port'", "trainwright serve", "trainwright serve --help", "serve", "{run}", "--port", "70000"),
    odd("predict without an output", 2, "Missing option '--output' / '-o'", "trainwright predict", "trainwright predict --help", "predict", PACKAGE, TABLE),
    odd("predict onto its input", 2, "the output is the input", "t.csv", "name another file with -o", "predict", PACKAGE, TABLE, "-o", TABLE),
    odd("predict to an unknown ending", 2, "no output format has the ending '.xls'", "o.xls", "name it o.csv, .parquet or .jsonl", "predict", PACKAGE, TABLE, "-o", "o.xls"),
    odd("predict onto a folder", 2, "the output is a folder", "d.csv", "name a file", "predict", PACKAGE, TABLE, "-o", "d.csv", make=lambda folder: (folder / "d.csv").mkdir()),
    odd("predict a file that is not there", 3, "there is no such file", "gone.csv", "mend the path", "predict", PACKAGE, "gone.csv", "-o", "o.csv"),
    odd("predict a folder", 3, "a folder of images has no column 'age'", "d", "name a table", "predict", PACKAGE, "d", "-o", "o.csv", make=lambda folder: (folder / "d").mkdir()),
    odd("predict a file with a name of NUL", 2, "embedded null byte", "trainwright predict", "trainwright predict --help", "predict", PACKAGE, "a\0b.csv", "-o", "o.csv"),
    odd("predict without a column", 3, "column 'age' is missing", "w.csv", "rename the column 'agee' to 'age'", "predict", PACKAGE, "w.csv", "-o", "o.csv", files={"w.csv": PEOPLE.replace(b"age", b"agee", 1)}),
    odd("predict a table of other columns", 3, "column 'city' is missing", "w.csv", "every column that the model was trained on", "predict", PACKAGE, "w.csv", "-o", "o.csv", files={"w.csv": SOUND}),
    odd("predict a word for a number", 3, "'old' in column 'age' is no number", "w.csv:2", "mend the value, or leave the field empty", "predict", PACKAGE, "w.csv", "-o", "o.csv", files={"w.csv": b"age,city,member,joined\nold,Bern,true,2020-09-13\n"}),
    odd("predict an empty file", 3, "the file is empty", "w.csv", "name a file that has a header and rows", "predict", PACKAGE, "w.csv", "-o", "o.csv", files={"w.csv": b""}),
    odd("predict a header alone", 0, "", "", "", "predict", PACKAGE, "w.csv", "-o", "o.csv", files={"w.csv": b"age,city,member,joined\n"}),
    odd("monitor an empty file", 3, "the file is empty", "w.csv", "name a file that has a header and rows", "monitor", PACKAGE, "w.csv", files={"w.csv": b""}),
    odd("monitor a header alone", 0, "", "", "", "monitor", PACKAGE, "w.csv", files={"w.csv": b"age,city,member,joined,churn\n"}),
    odd("monitor a table of other columns", 3, "column 'city' is missing", "w.csv", "every column that the model was trained on", "monitor", PACKAGE, "w.csv", files={"w.csv": SOUND}),
    odd("monitor a file that is not there", 3, "there is no such file", "gone.csv", "mend the path", "monitor", PACKAGE, "gone.csv"),
    odd("monitor a class that is not known", 0, "", "", "", "monitor", PACKAGE, "w.csv", files={"w.csv": PEOPLE.replace(b",no\n", b",never\n", 1)}),
    odd("a package that is not there", 2, "no run is called 'nowhere'", "runs", "there are: ", "predict", "nowhere", TABLE, "-o", "o.csv"),
    odd("a folder that is no package", 4, "a file is missing", "d/manifest.json", "take the package from where it was made", "predict", "./d", TABLE, "-o", "o.csv", make=lambda folder: (folder / "d").mkdir()),
    odd("a registered package in whose place stands another", 4, "another package stands where people/1 was registered", "package", "name the folder itself if you trust it", "predict", "people@champion", TABLE, "-o", "o.csv", make=replace_registered),
    odd("evaluate a run that is not there", 2, "no run is called 'gone'", "runs", "there are: ", "evaluate", "gone"),
    odd("evaluate a split that is not there", 2, "no split 'train' to evaluate", "--split", "--split validation", "evaluate", "{run}", "--split", "train"),
    odd("evaluate a run without a package", 2, "has no package: it is ", "runs/", "run its recipe again", "evaluate", "{run}", make=lambda folder: shutil.rmtree(next((folder / "workspace/runs").iterdir()) / "package")),
    odd("evaluate where the snapshot is gone", 4, "a file is missing", "snapshots", "trainwright run RECIPE --new", "evaluate", "{run}", make=lambda folder: shutil.rmtree(folder / "workspace/snapshots")),
    odd("evaluate where the run's record is gone", 4, "a file is missing", "run.json", "trainwright run RECIPE --new", "evaluate", "{run}", make=lambda folder: (next((folder / "workspace/runs").iterdir()) / "run.json").unlink()),
    odd("evaluate where the events are damaged", 4, "a line of the record was changed", "events.jsonl:1", "restore the file", "evaluate", "{run}", make=lambda folder: _spoil(next((folder / "workspace/runs").iterdir()) / "events.jsonl")),
    odd("a registry that was changed", 4, "a line of the record was changed", "registry.jsonl:1", "restore the file", "models", make=lambda folder: _spoil(folder / "workspace/registry.jsonl")),
    odd("a registry that is no text", 4, "not valid JSON", "registry.jsonl:1", "restore it from a backup", "models", make=lambda folder: (folder / "workspace/registry.jsonl").write_bytes(b"\xff\xfe\n")),
    odd("a registry that is a folder", 5, "Is a directory", "registry.jsonl", "move away what stands there", "models", make=lambda folder: ((folder / "workspace/registry.jsonl").unlink(), (folder / "workspace/registry.jsonl").mkdir())),
    odd("audit of nothing", 2, "no run is called 'gone'", "runs", "there are: ", "audit", "gone"),
    odd("reproduce of nothing", 2, "no run is called 'gone'", "runs", "there are: ", "reproduce", "gone"),
    odd("compare one run", 2, "one run cannot be compared", "RUN", "trainwright compare RUN RUN", "compare", "{run}"),
    odd("compare with nothing", 2, "no run is called 'gone'", "runs", "there are: ", "compare", "{run}", "gone"),
    odd("lineage of nothing", 2, "no run is called 'gone'", "runs", "there are: ", "lineage", "gone"),
    odd("lineage of a row that is not there", 2, "no row 't.csv:99999' among 240", "--row", "the sources are: t.csv", "lineage", "{run}", "--row", "t.csv:99999"),
    odd("lineage of a row that is no number", 2, "no row 't.csv:first'", "--row", "--row 17", "lineage", "{run}", "--row", "t.csv:first"),
    odd("lineage of a row of another file", 2, "no row 'u.csv:1' among 240", "--row", "the sources are: t.csv", "lineage", "{run}", "--row", "u.csv:1"),
    odd("init of nothing", 3, "there is no such file", "gone.csv", "mend the path", "init", "gone.csv"),
    odd("init with a target that is not there", 2, "there is no column 'chur'", "--target", "use 'churn'", "init", TABLE, "--target", "chur"),
    odd("init onto a file that is there", 2, "this recipe is there already", "t.csv", "-o other.yaml", "init", TABLE, "-o", TABLE),
    odd("init of an empty file", 3, "the file is empty", "e.csv", "name a file that has a header and rows", "init", "e.csv", files={"e.csv": b""}),
    odd("init into a folder that is not there", 5, "No such file or directory", "no/r.yaml", "make the folder first", "init", TABLE, "-o", "no/r.yaml"),
    odd("a workspace that is a file", 5, "a file stands where the workspace must be a folder", "t.csv", "--workspace DIR", "runs", "--workspace", TABLE),
    odd("a workspace below a file", 5, "a file stands where the workspace must be a folder", "t.csv", "--workspace DIR", "runs", "--workspace", f"{TABLE}/below"),
    odd("a workspace with a name of NUL", 2, "embedded null byte", "trainwright runs", "trainwright runs --help", "runs", "--workspace", "a\0b"),
    odd("a workspace with a name of 300 letters", 5, "File name too long", "xxx", "shorten the name", "prepare", RECIPE, "--workspace", "x" * 300, files={TABLE: SOUND}, recipe=LEAST),
    odd("a workspace where no folder can be made", 5, "No such file or directory", "/proc/nothing", "name another one", "prepare", RECIPE, "--workspace", "/proc/nothing", files={TABLE: SOUND}, recipe=LEAST),
    odd("a port that is taken", 5, "cannot listen on 127.0.0.1 port", "--port", "--port 0 takes a free one", "serve", "{run}", "--port", "{port}", make=hold),
    odd("all addresses without a token", 2, "to serve on 0.0.0.0 a token is needed, and TRAINWRIGHT_TOKEN is not set", "--host", "export TRAINWRIGHT_TOKEN=$(openssl rand -hex 32)", "serve", "{run}", "--host", "0.0.0.0"),
    odd("extra columns neither refused nor ignored", 2, "'maybe' is not one of 'refuse', 'ignore'", "trainwright serve", "trainwright serve --help", "serve", "{run}", "--extra", "maybe"),
]  # fmt: skip


def _spoil(path: Path) -> None:
    """Change one word in the first line of a record."""
    path.write_bytes(path.read_bytes().replace(b'"kind":"', b'"kind":"x', 1))
