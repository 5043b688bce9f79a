from __future__ import annotations

import torch

from trainwright.training import utilisation
from trainwright.training.utilisation import peak_flops


def test_the_peak_is_measured_once_for_each_precision():
    utilisation._measured.cache_clear()
    cpu = torch.device("cpu")
    first = peak_flops(cpu, "fp32")
    assert first > 1e6
    assert peak_flops(cpu, "fp32") == first
    assert utilisation._measured.cache_info().misses == 1
