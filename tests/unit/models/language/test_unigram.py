from __future__ import annotations

import numpy as np
import pytest

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.durable import write_json
from trainwright.core.errors import TrustError
from trainwright.core.parts import families
from trainwright.models.language.unigram import UnigramEstimator


def test_it_tells_by_add_one_frequencies(tongue):
    train = tongue.joined([([2, 5, 5, 1], [0, 1, 1, 1]), ([2, 6, 1], [0, 1, 1])])
    part = families.parse({"family": "unigram"}, where="model")
    estimator = tongue.fit(part, train).estimator
    (row,) = estimator.predict(tongue.joined([([2, 5, 9, 1], [0, 1, 1, 1])]))
    wanted = -np.log(3 / 45) - np.log(1 / 45) - np.log(3 / 45)
    assert row == pytest.approx([wanted, 3, 6])


def test_its_curve_tells_nats_a_token(tongue):
    part = families.parse({"family": "unigram"}, where="model")
    found = tongue.fit(part, tongue.passages(), validation=tongue.passages(seed=1))
    nats, tokens, _ = found.estimator.predict(tongue.passages(seed=1)).sum(0)
    assert found.curve[0].validation == pytest.approx(nats / tokens)


def test_a_row_of_several_passages_is_their_sum(tongue):
    estimator = UnigramEstimator((1,) * 40)
    told = [([2, 5, 1], [0, 1, 1]), ([2, 6], [0, 1])]
    found = estimator.predict(tongue.joined(told, rows=[1, 1], num_rows=3))
    assert found[:, 1].tolist() == [0, 3, 0]
    assert found[1, 0] == pytest.approx(3 * np.log(40))


def test_it_is_saved_and_found_again(tongue, tmp_path):
    estimator = UnigramEstimator((3, 0, 7))
    estimator.save(tmp_path)
    assert UnigramEstimator.load(tmp_path) == estimator


def test_another_file_is_refused(tmp_path):
    write_json(tmp_path / "estimator.json", {"counts": ["a"]})
    with pytest.raises(TrustError, match="not an estimator"):
        UnigramEstimator.load(tmp_path)


def test_it_tells_texts_alone():
    part = families.parse({"family": "unigram"}, where="model")
    numbers = Target(Column("y", ColumnType.NUMBER), Task.REGRESSION)
    assert "regression" in part.unfit([], numbers)
    assert part.cost == 0
    assert part.needs.form == "bytes"
