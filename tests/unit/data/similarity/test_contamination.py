from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from trainwright.core.errors import RecipeError
from trainwright.data.similarity.contamination import contaminated, evaluation_runs, leave_out

RUN = "one two three four five six seven eight nine ten eleven twelve thirteen"


def test_thirteen_words_in_a_row_are_too_many(view_of, tmp_path) -> None:
    (tmp_path / "test.txt").write_text(f"Question: {RUN}?")
    texts = [
        f"so it said {RUN.upper()}, yes",
        "one two three " * 9,
        "quite another text of some words",
    ]
    frame = pl.DataFrame({"t": [*texts, texts[0]]})
    view = view_of(
        frame, texts=("t",), parts=[0, 0, 0, 2], base=tmp_path, decontaminate=["test.txt"]
    )
    left = leave_out(view)
    assert left.rows.tolist() == [1000]
    assert left.reasons == ["shares text with test.txt"]
    assert left.findings[0].count == 1


def test_tables_of_evaluation_texts_are_read(view_of, tmp_path) -> None:
    (tmp_path / "test.csv").write_text(f"question,y\nsomething short,a\n{RUN},b\n")
    view = view_of(
        pl.DataFrame({"t": [RUN, "free of it"]}),
        texts=("t",), parts=0, base=tmp_path, decontaminate="test.csv",
    )  # fmt: skip
    assert leave_out(view).rows.tolist() == [1000]


def test_a_share_of_runs_may_be_asked_for() -> None:
    runs = evaluation_runs([pl.Series([RUN])], words=8)
    texts = pl.Series([RUN + " fourteen", RUN + " then" * 30])
    assert contaminated(texts, runs, words=8, share=0.7).tolist() == [True, False]
    assert contaminated(texts, runs, words=8).tolist() == [True, True]


def test_what_many_evaluation_texts_share_marks_none() -> None:
    many = pl.Series([f"{RUN} {number}" for number in range(11)])
    assert contaminated(pl.Series([RUN]), evaluation_runs([many], words=13), words=13).tolist() == [
        False
    ]
    few = evaluation_runs([many[:10]], words=13)
    assert contaminated(pl.Series([RUN]), few, words=13).tolist() == [True]


def test_short_texts_count_from_eight_words_on() -> None:
    eight, seven = " ".join(RUN.split()[:8]), " ".join(RUN.split()[:7])
    runs = evaluation_runs([pl.Series([eight, seven])], words=13)
    assert contaminated(pl.Series([eight, seven]), runs, words=13).tolist() == [True, False]


def test_no_evaluation_text_marks_nothing() -> None:
    assert contaminated(pl.Series([RUN]), np.zeros(0, np.uint64), words=13).tolist() == [False]


def test_a_table_without_texts_is_refused(view_of) -> None:
    view = view_of(pl.DataFrame({"x": [1.0]}), decontaminate=["test.txt"])
    with pytest.raises(RecipeError, match=r"columns: \{NAME: text\}"):
        leave_out(view)
