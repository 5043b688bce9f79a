"""Each use of randomness has its own stream."""

from __future__ import annotations

import itertools
import subprocess
import sys

from trainwright.core.seeds import derive_seed


def test_seeds_differ_by_seed_and_by_every_name():
    seeds = [
        derive_seed(seed, use, fold)
        for seed, use, fold in itertools.product(range(20), "ab", range(20))
    ]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_names_do_not_run_together():
    assert derive_seed(0, "a", "bc") != derive_seed(0, "ab", "c")
    assert derive_seed(1, "1") != derive_seed(11)


def test_a_seed_does_not_depend_on_the_process():
    code = "from trainwright.core.seeds import derive_seed; print(derive_seed(3, 'lightgbm', 2))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert int(told.stdout) == derive_seed(3, "lightgbm", 2)
