"""What a larger model would come to: a law fitted to small runs, checked on one that was held back.

    python examples/pretraining/scaling.py   # nine runs of 0.2 to 1.3 million weights, then one of 2.5

Prints each run, the law, and for the run that was held back the prediction with its interval beside what it
came to. Bits a byte on the validation documents, by one tokenizer size for all.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

from safetensors import safe_open

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import run as examples  # noqa: E402 - beside this folder

from trainwright.models.language.scaling import (  # noqa: E402 - after the path is set
    ScalingRun,
    fit_scaling_law,
    predict_loss,
)

RECIPE = HERE / "2-llama.yaml"
SIZES, TOKENS = (48, 80, 128), (150_000, 400_000, 1_000_000)
HELD_BACK = (192, 2_000_000)


def main() -> None:
    """Run, fit, predict, and look."""
    subprocess.run([sys.executable, str(HERE / "data.py")], check=True)
    os.environ["TRAINWRIGHT_WORKSPACE"] = str(HERE / "workspace")
    runs = [made(size, tokens) for size, tokens in itertools.product(SIZES, TOKENS)]
    print(fit_scaling_law(runs))
    held = made(*HELD_BACK)
    told = predict_loss(runs, parameters=held.parameters, tokens=held.tokens)
    print(
        f"held back: {held.loss:.4f}; predicted {told.value:.4f} ({told.low:.4f} to {told.high:.4f})"
    )


def made(hidden: int, tokens: int) -> ScalingRun:
    """One run of the recipe with another width and amount of text."""
    sets = (
        f"model.hidden={hidden}",
        f"training.tokens={tokens}",
        f"name=scaling-{hidden}-{tokens}",
    )
    result = examples.run(RECIPE, *(part for one in sets for part in ("--set", one)))
    weights = Path(result["package"]) / "model" / "estimator" / "weights.safetensors"
    with safe_open(weights, "np") as file:
        count = sum(file.get_tensor(name).size for name in file.keys())  # noqa: SIM118 - no mapping
    found = ScalingRun(count, tokens, result["validation"]["bits_per_byte"]["value"])
    print(found, flush=True)
    return found


if __name__ == "__main__":
    main()
