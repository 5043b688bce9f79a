"""Run an example: make its data, pre-train, run each of its recipes, and print what came of them.

    python examples/run.py spam            # every recipe of the folder, in the order of their names
    python examples/run.py spam tfidf lora # these alone

Data come out of packages (`make test` installs them) and go with the workspace into the example's folder.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def main(name: str, *only: str) -> None:
    """Run the example `name`, or some of its recipes."""
    folder = HERE / name
    for before in ("data.py", "pretrain.py"):
        if (folder / before).exists():
            subprocess.run([sys.executable, str(folder / before)], check=True)
    os.environ["TRAINWRIGHT_WORKSPACE"] = str(folder / "workspace")
    lines = []
    for recipe in sorted(folder.glob("*.yaml")):
        if only and not any(part in recipe.stem for part in only):
            continue
        started = time.monotonic()
        result = run(recipe)
        lines.append(line_of(recipe.stem, result, time.monotonic() - started))
        print(lines[-1], flush=True)
    print(f"\n{name}\n" + "\n".join(lines))


def run(recipe: Path, *options: str) -> dict[str, Any]:
    """`trainwright run`, as a user types it."""
    command = ["trainwright", "run", str(recipe), "--json", *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    result: dict[str, Any] = json.loads(done.stdout)
    if "error" in result:
        raise SystemExit(f"{recipe}: {result['error']}")
    return result


def line_of(name: str, result: dict[str, Any], seconds: float) -> str:
    """One line: the family and its metrics with their intervals."""
    usual = (
        "accuracy",
        "roc_auc",
        "mae",
        "rmse",
        "r2",
        "bits_per_byte",
        "perplexity",
        "rouge_l",
        "chrf",
    )
    shown = [metric for metric in usual if metric in result["validation"]]
    told = [
        f"{metric} {v['value']:.4f} ({v['low']:.4f} to {v['high']:.4f})"
        for metric in shown[:3]
        for v in [result["validation"][metric]]
    ]
    size = sum(path.stat().st_size for path in Path(result["package"]).rglob("*") if path.is_file())
    family = result["model"]["family"]
    return f"  {name:22} {family:18} {'; '.join(told)}; {size / 1e6:.1f} MB, {seconds:.0f} s"


if __name__ == "__main__":
    main(*sys.argv[1:])
