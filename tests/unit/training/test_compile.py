"""torch.compile on request: the same training, to rounding, and the same checkpoints."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from training_case import digest, source, trainer
from trainwright.core.errors import EnvironmentFault
from trainwright.training import CrossEntropy, Trainer


@pytest.mark.slow
def test_a_compiled_module_trains_to_the_same_losses_and_resumes(tmp_path):
    def fit(folder, **settings):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
        one = Trainer(net, CrossEntropy(), train=source(), epochs=2, folder=folder, **settings)
        return net, one.fit()

    _, plain = fit(None)
    net, outcome = fit(tmp_path, compile=True)
    for one, other in zip(plain.history, outcome.history, strict=True):
        assert other.values["loss"] == pytest.approx(one.values["loss"], rel=1e-5)
    again, _ = fit(tmp_path, compile=True)
    assert digest(again) == digest(net)


def test_a_compiler_that_fails_is_told_with_what_to_write(monkeypatch):
    class Failing(RuntimeError):
        __module__ = "torch._dynamo.exc"

    def compiled(model):
        def call(*arguments):
            raise Failing("no C++ compiler")

        return call

    monkeypatch.setattr(torch, "compile", compiled)
    with pytest.raises(EnvironmentFault, match=r"no C\+\+ compiler[\s\S]*compile: false"):
        trainer(None, compile=True).fit()
