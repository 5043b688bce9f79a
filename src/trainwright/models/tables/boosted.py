"""A saved tree ensemble: LightGBM's own text, checked, loaded, and asked for one row in microseconds.

Only what decides an answer is kept of the text: the header and the trees. The sections after them
(split counts, and every parameter of the fit, paths and thread counts among them) are cut off, so
that equal trees are equal bytes. A file is checked for its outline before the native parser, which
a truncated one would kill, sees a byte; that it was not changed is the manifest's hash to tell.

One row goes through LightGBM's prepared single-row call: about 10 microseconds where `predict` on a
matrix of one row takes 100 and more. Both add up the same trees in the same order: equal bits.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainwright.core.errors import TrustError
from trainwright.core.features import Features

_END = "end of trees\n"
_SMALL_CELLS = 500_000
_SMALL_VISITS = 200_000  # of a tree by a row: some 10 ms


class Trees:
    """Raw scores of an ensemble.

    Args:
        text: LightGBM's text format, as `trimmed` leaves it.
        num_features: Dense features and terms that it was fitted on.
        num_scores: Scores a row: 1, or the number of classes.

    Raises:
        TrustError: the text is no such ensemble.
    """

    def __init__(self, text: str, *, num_features: int, num_scores: int, where: str = "") -> None:
        _check(text, num_features=num_features, num_scores=num_scores, where=where)
        import lightgbm

        self.text = text
        self.num_features = num_features
        self.num_scores = num_scores
        self._booster = lightgbm.Booster(model_str=text)
        self._single = _SingleRow(self._booster, num_features, num_scores)

    def scores(self, features: Features) -> NDArray[np.float64]:
        """Raw scores, shape (rows, scores)."""
        if features.num_rows == 1:
            return self._single.scores(_one_row(features, self.num_features))
        if features.num_rows == 0:
            return np.empty((0, self.num_scores))
        visits = features.num_rows * self._booster.num_trees()
        threads = 1 if visits < _SMALL_VISITS else 2
        found = self._booster.predict(table(features), raw_score=True, num_threads=threads)
        return np.asarray(found, dtype=np.float64).reshape(-1, self.num_scores)


def threads_for(cells: int, *, most: int) -> int:
    """One thread for a small table: waiting for the others costs more than they bring.

    Beside busy neighbours much more (3,000 x 13: 0.5 s with one thread, 10 s with two). The trees
    and the answers are the same for any number.
    """
    return 1 if cells < _SMALL_CELLS else most


def table(features: Features) -> Any:  # noqa: ANN401 - an array or a scipy matrix
    """Dense features and terms side by side, as LightGBM takes them."""
    if features.sparse is None:
        return features.dense
    from scipy.sparse import csr_matrix, hstack

    return hstack([csr_matrix(features.dense), features.sparse], format="csr", dtype=np.float64)


def trimmed(text: str) -> str:
    """LightGBM's text without what decides no answer (see the head of this file)."""
    return text[: text.index(_END) + len(_END)]


class _SingleRow:
    """LightGBM's prepared call for one dense row; safe for several threads."""

    def __init__(self, booster: Any, num_features: int, num_scores: int) -> None:  # noqa: ANN401
        basic: Any = import_module("lightgbm.basic")  # the prepared call has no public face

        self._library = basic._LIB
        self._check = basic._safe_call
        self._booster = booster  # kept alive for the handle below
        self._num_scores = num_scores
        self._lock = threading.Lock()  # the prepared call owns one buffer
        self._call = ctypes.c_void_p()
        self._check(
            self._library.LGBM_BoosterPredictForMatSingleRowFastInit(
                booster._handle,
                ctypes.c_int(basic._C_API_PREDICT_RAW_SCORE),
                ctypes.c_int(0),
                ctypes.c_int(-1),
                ctypes.c_int(basic._C_API_DTYPE_FLOAT64),
                ctypes.c_int32(num_features),
                ctypes.c_char_p(b"num_threads=1"),
                ctypes.byref(self._call),
            )
        )

    def scores(self, row: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shape (features,) in, (1, scores) out."""
        found = np.empty((1, self._num_scores))
        length = ctypes.c_int64(0)
        with self._lock:
            self._check(
                self._library.LGBM_BoosterPredictForMatSingleRowFast(
                    self._call,
                    row.ctypes.data_as(ctypes.c_void_p),
                    ctypes.byref(length),
                    found.ctypes.data_as(ctypes.POINTER(ctypes.c_double)),
                )
            )
        return found

    def __del__(self) -> None:
        if getattr(self, "_call", None):
            self._library.LGBM_FastConfigFree(self._call)


def _one_row(features: Features, num_features: int) -> NDArray[np.float64]:
    """The only row, terms included; contiguous, shape (features,)."""
    if features.dense.shape[1] == num_features:
        return np.ascontiguousarray(features.dense[0], dtype=np.float64)
    row = np.zeros(num_features)
    num_dense = features.dense.shape[1]
    row[:num_dense] = features.dense[0]
    if features.sparse is not None:
        row[num_dense + features.sparse.indices] = features.sparse.data
    return row


def _check(text: str, *, num_features: int, num_scores: int, where: str) -> None:
    """Refuse a text whose outline is not that of the ensemble that was saved."""
    header = _header(text)
    sizes = header.get("tree_sizes", "").split()
    begin = text.find("\nTree=0\n") + 1
    expected = {
        "num_class": str(num_scores),
        "num_tree_per_iteration": str(num_scores),
        "max_feature_idx": str(num_features - 1),
    }
    sound = (
        text.startswith("tree\n")
        and text.endswith("\n" + _END)
        and all(header.get(key) == value for key, value in expected.items())
        and begin > 0
        and all(size.isdecimal() for size in sizes)
        and text.count("\nTree=") == len(sizes)
        and begin + sum(map(int, sizes)) == len(text.encode()) - len(_END)
    )
    if not sound:
        raise TrustError(
            "this is not the tree ensemble that was saved here",
            where=where,
            mend="restore the package from a backup, or run the recipe again",
        )


def _header(text: str) -> Mapping[str, str]:
    head = text[: max(text.find("\n\n"), 0)]
    return dict(line.split("=", 1) for line in head.splitlines() if "=" in line)


def read_trees(path: Path, *, num_features: int, num_scores: int) -> Trees:
    """The ensemble of a file that `Trees.text` was written to; the caller has verified its hash."""
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise TrustError("the tree ensemble cannot be read", where=str(path)) from error
    return Trees(text, num_features=num_features, num_scores=num_scores, where=str(path))
