"""How fast the training loop is, beside one written by hand and those of five frameworks.

    python benchmarks/loop.py --case mlp [--repeats N] [--json]

One module, one set of samples, one optimiser (AdamW), one thread. Each loop is a process that waits
between repeats; repeats take turns, and each of a loop has one of the hand-written loop right before
it: their ratio is one measurement, the median over all repeats is told. Time is what the process computed
(all its threads), since other programs run on the machine too; the clock's ratio stands beside it. The module
reads the clock itself when a forward pass begins (benchmarks/loops/cases.py), so start and end of a fit are
not in it. Peers come from an environment of their own below benchmarks/.envs, with this one's torch.
Writes docs/benchmarks/loop.md from the last result of each case.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ENVIRONMENT, KEPT = HERE / ".envs" / "loop", HERE / ".cache" / "loop"
PAGE = HERE.parent / "docs" / "benchmarks" / "loop.md"
INSTALLED = ("lightning==2.6.6", "skorch==1.4.0", "keras==3.15.1")
SHARED = ("torch", "transformers", "accelerate")  # seen in the environment that runs this script
HAND, BARE, USUAL = "hand-written", "trainwright, no observers", "trainwright"
KEEPING, SAVING = "trainwright, checkpoints", "trainwright, many checkpoints"
BEST = "trainwright, bf16 and length buckets"
INTERVAL_SECONDS = 60.0  # between checkpoints, by default


@dataclass(frozen=True)
class Plan:
    """What is run for a case.

    Attributes:
        title: For the page.
        systems: Each beside the hand-written loop.
        repeats: Where the command line does not say.
        starts: Processes for the time to the first step: by hand and ours; of the others there is one.
        stays: Processes stay and are timed again; else each repeat has a new one, for want of memory.
    """

    title: str
    systems: tuple[str, ...]
    repeats: int
    starts: int
    stays: bool = True


OURS = (BARE, USUAL, KEEPING, SAVING)
PLANS = {
    "mlp": Plan(
        "MLP 64-256-256-10, batch 256",
        (
            *OURS,
            "hand-written, DataLoader",
            "Lightning",
            "Lightning, whole batches",
            "HF Trainer",
            "HF Trainer, whole batches",
            "Accelerate",
            "Accelerate, whole batches",
            "skorch",
            "Keras",
        ),
        repeats=15,
        starts=2,
    ),
    "gpt": Plan(
        "GPT of 4 blocks of width 128, batch 16 of 64 tokens",
        (*OURS, "trainwright, bf16", "Lightning", "HF Trainer", "Accelerate"),
        repeats=9,
        starts=1,
    ),
    "text": Plan(
        "BERT in the size of MiniLM-L6, batch 8 of texts of 4 to 128 tokens",
        (
            BARE,
            USUAL,
            SAVING,
            "trainwright, bf16",
            "trainwright, length buckets",
            BEST,
            "hand-written, length buckets",
            "Lightning",
            "HF Trainer",
            "HF Trainer, padded to 128",
            "Accelerate",
        ),
        repeats=3,
        starts=1,
        stays=False,
    ),
}

BIASES = (
    "What speaks for or against whom:",
    "",
    "- All use PyTorch's fused AdamW at one rate, without decay; Keras has its own, which is not fused."
    " HF Trainer keeps its defaults: a rate that falls in a line, gradients clipped to 1, a log every"
    " 500 steps. Ours measures the gradient norm and looks whether it is finite at each step, also"
    " without observers; the others do not.",
    "- Lightning and HF Trainer run without logger, checkpoints, progress bar and summary, which is"
    " faster than they come.",
    "- `whole batches`: the same loop over a DataLoader whose data set gives a batch at once"
    " (`__getitems__`), so that what is left is the framework. Their users must write that.",
    "- A fit's own beginning and end are not in the times of a step, but in the seconds to the first step:"
    " imports, data and module included, in a new process.",
    "- The order of samples differs from loop to loop, but for texts, of which the order decides what is"
    " padded: all loops but those with length buckets see the same ten batches.",
    "- The text model has random weights; its speed is that of the trained one. Lengths are log-normal"
    " (median 32, sigma 0.7, 4 to 128 tokens): with texts of equal length buckets gain nothing. bf16 gains"
    " where the processor computes in it (AVX-512 BF16, AMX); elsewhere it may cost.",
)


def main() -> None:
    """Measure a case, keep its result, write the page."""
    arguments = parse()
    plan = PLANS[arguments.case]
    KEPT.mkdir(parents=True, exist_ok=True)
    result: dict[str, Any] = {}
    for result in measured(arguments.case, plan, repeats=arguments.repeats or plan.repeats):
        result |= {"load": [round(one, 1) for one in os.getloadavg()]}
        (KEPT / f"{arguments.case}.json").write_text(json.dumps(result, indent=1))
    kept = {name: KEPT / f"{name}.json" for name in PLANS}
    results = {name: json.loads(p.read_text()) for name, p in kept.items() if p.exists()}
    PAGE.write_text("\n".join(page_of(results)) + "\n")
    print("\n".join(section_of(arguments.case, result)))
    if arguments.json:
        print(json.dumps(line_of(arguments.case, result)))


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--case", choices=tuple(PLANS), required=True)
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    return parser.parse_args()


class Worker:
    """A loop in its own process; see benchmarks/loops/worker.py."""

    def __init__(self, case: str, system: str) -> None:
        ours = system.startswith(("hand-written", "trainwright"))
        python = sys.executable if ours else str(environment())
        single = {
            "OMP_NUM_THREADS": "1",
            "OMP_WAIT_POLICY": "PASSIVE",
            "CUDA_VISIBLE_DEVICES": "",
            "HF_HUB_OFFLINE": "1",
        }
        self._name = f"{case}, {system}"
        self._process = subprocess.Popen(
            [python, str(HERE / "loops" / "worker.py"), case, system],
            env={**os.environ, **single},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def repeat(self) -> dict[str, Any]:
        """One more fit; the times that the worker tells."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            _, errors = self._process.communicate()
            sys.exit(f"{self._name}: {errors[-2_000:]}")
        return dict(json.loads(line))

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


def environment() -> Path:
    """The interpreter of the peers' environment, made where it is not there."""
    python = ENVIRONMENT / "bin" / "python"
    if not (ENVIRONMENT / "complete").exists():
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        venv.create(ENVIRONMENT, with_pip=True)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        packages = ENVIRONMENT / "lib" / version / "site-packages"
        (packages / "torch_of_this.pth").write_text(sysconfig.get_path("purelib") + "\n")
        subprocess.run([python, "-m", "pip", "install", "--quiet", *INSTALLED], check=True)
        (ENVIRONMENT / "complete").touch()
    return python


def measured(case: str, plan: Plan, *, repeats: int) -> Iterator[dict[str, Any]]:
    """Every system's repeats, each with the hand-written loop's that stands beside it; after each round."""
    systems = (HAND, *plan.systems)
    begun: dict[str, list[dict[str, Any]]] = {name: [] for name in systems}
    for _ in range(plan.starts - 1):
        for name in (HAND, BARE, USUAL):
            begun[name].append(alone(case, name))
    pairs: dict[str, list[list[dict[str, Any]]]] = {name: [] for name in plan.systems}
    with ExitStack() as stack:
        workers = {}
        if plan.stays:
            for name in systems:
                workers[name] = stack.enter_context(Worker(case, name))
                begun[name].append(workers[name].repeat())
        for number in range(repeats):
            hand = None if plan.stays else alone(case, HAND)
            for name in turned(plan.systems, number):
                beside = hand or workers[HAND].repeat()
                found = workers[name].repeat() if plan.stays else alone(case, name)
                pairs[name].append([beside, found])
                if not plan.stays:
                    begun[name].append(found)
            if hand is not None:
                begun[HAND].append(hand)
            sys.stderr.write(f"{case}: {number + 1} of {repeats}\n")
            yield {"repeats": number + 1, "systems": summed_up(begun, pairs)}


def alone(case: str, system: str) -> dict[str, Any]:
    """One repeat in a new process."""
    with Worker(case, system) as worker:
        return worker.repeat()


def turned(systems: Sequence[str], number: int) -> Sequence[str]:
    """The order of a round: each begins one later."""
    at = number % len(systems)
    return (*systems[at:], *systems[:at])


def summed_up(
    begun: Mapping[str, Sequence[Mapping[str, Any]]],
    pairs: Mapping[str, Sequence[Sequence[Mapping[str, Any]]]],
) -> dict[str, dict[str, Any]]:
    """Medians a system; `ratio` above 1 is faster than the hand-written loop beside it."""
    found: dict[str, dict[str, Any]] = {}
    for name, starts in begun.items():
        beside = [(hand, hand) for pair in pairs.values() for hand, _ in pair]
        own = pairs.get(name, beside)
        ratios = sorted(hand["cpu"] / one["cpu"] for hand, one in own)
        found[name] = {
            "cpu_ms": 1000 * statistics.median(one["cpu"] for _, one in own),
            "wall_ms": 1000 * statistics.median(one["wall"] for _, one in own),
            "ratio": statistics.median(ratios),
            "ratio_quartiles": [ratios[len(ratios) // 4], ratios[(3 * len(ratios)) // 4]],
            "ratio_by_clock": statistics.median(hand["wall"] / one["wall"] for hand, one in own),
            "first_step_cpu": statistics.median(one["first_step_cpu"] for one in starts),
            "peak_mb": statistics.median(one["peak_bytes"] for one in starts) / 1e6,
        }
        if "stall_seconds" in own[0][1]:
            found[name]["stall_seconds"] = statistics.median(one["stall_seconds"] for _, one in own)
            found[name]["save_every"] = own[0][1]["save_every"]
    return found


def line_of(case: str, result: Mapping[str, Any]) -> dict[str, Any]:
    """What `--json` ends with; ratios are to the hand-written loop, 1 is as fast, above is faster."""
    systems = result["systems"]
    peers = {name: round(one["ratio"], 3) for name, one in systems.items() if is_peer(name)}
    fastest = max((name for name in systems if is_ours(name)), key=lambda n: systems[n]["ratio"])
    ahead = systems[fastest]["ratio"]
    over = systems[USUAL]["peak_mb"] - systems[HAND]["peak_mb"]
    return {
        "case": case,
        "ratio_to_hand_written": round(systems[BARE]["ratio"], 3),
        "peers": peers,
        "with_default_observers": round(systems[USUAL]["ratio"], 3),
        "fastest_of_ours": {"name": fastest, "ratio": round(ahead, 3)},
        "fastest_over_peers": {name: round(ahead / ratio, 3) for name, ratio in peers.items()},
        "cpu_seconds_to_first_step": round(systems[USUAL]["first_step_cpu"], 2),
        "cpu_seconds_to_first_step_hand_written": round(systems[HAND]["first_step_cpu"], 2),
        "memory_over_hand_written_mb": round(over, 1),
        "checkpoint_stall": stall_of(systems),
    }


def is_peer(name: str) -> bool:
    """Not ours, and not written by hand."""
    return not name.startswith(("hand-written", "trainwright"))


def is_ours(name: str) -> bool:
    """This project's loop."""
    return name.startswith("trainwright")


def stall_of(systems: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """What an asynchronous checkpoint costs: the wait, all its work, and both as shares of a minute."""
    saving, usual = systems[SAVING], systems[USUAL]
    work = max(0.0, (saving["cpu_ms"] - usual["cpu_ms"]) * saving["save_every"] / 1000)
    waited = max(0.0, saving["stall_seconds"])
    return {
        "milliseconds": round(1000 * waited, 2),
        "share_of_time": round(waited / INTERVAL_SECONDS, 6),
        "cpu_milliseconds": round(1000 * work, 1),
        "cpu_share_of_time": round(work / INTERVAL_SECONDS, 6),
    }


def page_of(results: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The page in Markdown."""
    yield "# The training loop: Trainwright beside its peers\n"
    versions = ", ".join((*(f"{name} {version_of(name)}" for name in SHARED), *INSTALLED))
    yield (
        f"Made by `python benchmarks/loop.py --case CASE` on {os.cpu_count()} cores"
        f" ({platform.machine()}, Python {platform.python_version()}), one thread; {versions}. How it is"
        " taken stands in the head of that script. The machine was busy with other programs at times (its"
        " load stands at each table), so times"
        " are those that a process computed, and upper bounds; ratios are medians over interleaved"
        " repeats, each to a repeat of the hand-written loop right before it (texts: of the same"
        " round). Above 1 is faster than by hand. The middle half of the ratios stands in brackets: what"
        " lies within it is noise.\n"
    )
    yield from BIASES
    for case, result in results.items():
        yield ""
        yield from section_of(case, result)


def version_of(package: str) -> str:
    """Of the environment that runs this script."""
    from importlib import metadata

    return metadata.version(package)


def section_of(case: str, result: Mapping[str, Any]) -> Iterator[str]:
    """A case's table, and what its checkpoints and its settings come to."""
    systems = result["systems"]
    load = "/".join(str(one) for one in result["load"])
    yield f"## {case}: {PLANS[case].title}\n"
    yield f"{result['repeats']} repeats; load of the machine at the end {load}.\n"
    yield "| | to hand-written, CPU | by the clock | CPU ms a step | CPU s to first step | peak MB |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for name, one in systems.items():
        low, high = one["ratio_quartiles"]
        yield (
            f"| {name} | {one['ratio']:.3f} ({low:.2f} to {high:.2f}) | {one['ratio_by_clock']:.2f}"
            f" | {one['cpu_ms']:.3f} | {one['first_step_cpu']:.2f} | {one['peak_mb']:.0f} |"
        )
    told = stall_of(systems)
    yield (
        f"\nA checkpoint, asynchronous: training waits {told['milliseconds']:.1f} ms for it and it computes"
        f" {told['cpu_milliseconds']:.0f} ms in all, {100 * told['share_of_time']:.3f} % and"
        f" {100 * told['cpu_share_of_time']:.2f} % of the time at the default interval of a minute"
        f" (measured at one every {systems[SAVING]['save_every']} steps)."
    )
    if case == "text":
        yield from effects(systems)


def effects(systems: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What length buckets and bf16 bring, each alone and together."""
    usual = systems[USUAL]["cpu_ms"]
    buckets, bf16, both = (
        usual / systems[name]["cpu_ms"]
        for name in ("trainwright, length buckets", "trainwright, bf16", BEST)
    )
    yield (
        f"\nEach effect by itself, against this loop in fp32 over random batches: length buckets"
        f" {buckets:.2f} x, bf16 {bf16:.2f} x, both {both:.2f} x."
    )


if __name__ == "__main__":
    main()
