"""Wrong labels found: ours beside cleanlab, on labels of which 3 and 8 % were flipped at random.

    python benchmarks/label_errors.py [--clean | --promise] [digits] [credit] [mails]

Digits, e-mails, credit; three seeds. Average precision of the ranking; the cut that promises at most
20 % false alarms in 19 cases of 20, and what came of it; with `--clean`, what is said of sets that nobody
touched; with `--promise`, how often the promise was kept at four shares on ten sets, six seeds each.
cleanlab runs in an environment of its own, with three models and its three scores; the best of the nine, on
average over the seeds, stands for it, and beside that its best score on our own first round.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from label_sets import CACHE, CLEAN, Labelled, credit, digits, environment, flipped, mails
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from trainwright.core.clock import Unhurried
from trainwright.data.labels.judging import Judged, judge_classes
from trainwright.flow.out_of_fold import out_of_fold

SETS = {"digits": digits, "credit": credit, "mails": mails}
SHARES = (0.03, 0.08)
SEEDS = (0, 1, 2)
FALSE_ALARMS = 0.2
PROMISES = (0.1, 0.2, 0.3, 0.5)
FEWEST = 500  # rows of a set on which promises are looked at
PEER = Path(__file__).parent / "peers" / "cleanlab_scores.py"
RESULTS = CACHE / "label_errors.jsonl"


def main() -> None:
    """Measure and print; results go to a file as well, a line each."""
    CACHE.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if "--clean" in sys.argv:
        for build in CLEAN:
            labelled = build()
            cut = judge(labelled, labelled.codes).noise.cut(FALSE_ALARMS)
            rows = len(labelled.codes)
            note({"set": labelled.name, "rows": rows, "named": len(cut.rows)})
        return
    if "--promise" in sys.argv:
        keep_promise()
        return
    python = environment("cleanlab", "scikit-learn", "pandas", "pyarrow")
    sets = [name for name in SETS if name in sys.argv] or list(SETS)
    for labelled in (SETS[name]() for name in sets):
        for share in SHARES:
            for seed in SEEDS:
                note(measure(labelled, share=share, seed=seed, python=python))


def keep_promise() -> None:
    """Cuts at several shares on sets that the method was not made with as well, each beside what came."""
    for build in CLEAN:
        labelled = build()
        if len(labelled.codes) < FEWEST:
            continue
        for share, seed in ((share, seed) for share in SHARES for seed in range(6)):
            codes, wrong = flipped(labelled.codes, len(labelled.classes), share, seed)
            noise = judge(labelled, codes).noise
            for promised in PROMISES:
                cut = noise.cut(promised)
                said = {"set": labelled.name, "share": share, "seed": seed, "promised": promised}
                came = {
                    "named": len(cut.rows),
                    "expected": cut.expected,
                    "at most": cut.at_most,
                    "false": int((~wrong[cut.rows]).sum()),
                }
                note(said | came)


def judge(labelled: Labelled, codes: NDArray[np.int64]) -> Judged:
    """As stage 1 does it, without a clock."""
    models = out_of_fold(labelled.frame, labelled.inputs, target=labelled.target)
    judged = judge_classes(models, codes, folds=labelled.folds, pacer=Unhurried())
    assert judged is not None
    return judged


def measure(labelled: Labelled, *, share: float, seed: int, python: str) -> dict[str, Any]:
    """One cell of the table."""
    codes, wrong = flipped(labelled.codes, len(labelled.classes), share, seed)
    judged = judge(labelled, codes)
    cut = judged.noise.cut(FALSE_ALARMS)
    rows = cut.rows
    first = judged.rounds.first[np.arange(len(codes)), codes]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        labelled.frame.write_parquet(folder / "inputs.parquet")
        np.save(folder / "labels.npy", codes)
        np.save(folder / "probabilities.npy", judged.rounds.first)
        subprocess.run([python, str(PEER), str(folder), str(folder)], check=True)
        with np.load(folder / "scores.npz") as found:
            theirs = {name: found[name] for name in found.files}
    return {
        "set": labelled.name,
        "share": share,
        "seed": seed,
        "planted": int(wrong.sum()),
        "ours": average_precision_score(wrong, judged.score),
        "first round": average_precision_score(wrong, 1 - first),
        "estimated": judged.noise.rate,
        "named": len(rows),
        "expected": cut.expected,
        "at most": cut.at_most,
        "false": int((~wrong[rows]).sum()),
        "theirs": {
            name: average_precision_score(wrong, score)
            for name, score in theirs.items()
            if not name.endswith("cut")
        },
        "their cut": {
            name: [int(cut.sum()), int((cut & ~wrong).sum())]
            for name, cut in theirs.items()
            if name.endswith("cut")
        },
    }


def note(line: dict[str, Any]) -> None:
    """Print a result and keep it."""
    text = json.dumps(line)
    print(text, flush=True)
    with RESULTS.open("a") as file:
        file.write(text + "\n")


if __name__ == "__main__":
    main()
