from __future__ import annotations

import numpy as np
import pytest

from trainwright.models.links import Link, links_for


@pytest.mark.parametrize("curve", ["identity", "log"])
def test_the_inverse_undoes_the_forward_map(curve):
    values = np.array([-1e6, -3.0, 0.0, 1e-3, 5.0, 1e9])
    link = Link(curve, unit=0.7, shift=2.0, scale=3.0)
    np.testing.assert_allclose(link.inverse(link.forward(values)), values, rtol=1e-9, atol=1e-12)
    assert Link.from_json(link.to_json()) == link


def test_only_heavy_tails_are_bent(target_of):
    values = np.exp(np.random.default_rng(0).normal(size=500) * 3)
    plain = links_for(target_of(0), values)
    heavy = links_for(target_of(0, heavy_tailed=True), values)
    assert [link.curve for link in plain] == ["identity"]
    assert [link.curve for link in heavy] == ["log", "identity"]
    for link in (*plain, *heavy):
        assert link.forward(values).mean() == pytest.approx(0, abs=1e-9)
        assert link.forward(values).std() == pytest.approx(1)


def test_a_constant_or_zero_target_has_a_link(target_of):
    for values in (np.zeros(5), np.full(5, 3.0)):
        for link in links_for(target_of(0, heavy_tailed=True), values):
            np.testing.assert_allclose(link.inverse(link.forward(values)), values, atol=1e-12)


def test_no_prediction_is_infinite():
    assert np.isfinite(Link("log").inverse(np.array([-1e9, 1e9]))).all()
