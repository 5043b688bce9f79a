"""MLflow as a reader of our record: an experiment a recipe, a run a run, a version a version.

Nothing local says what was mirrored: each run carries the tag `trainwright.run_id` and, set last,
the hash of what was brought over. So a mirror that was cut off is completed, not doubled, and a
server that lost its store is filled again. Metric points carry the run's own times, so that
bringing one over twice is the same point; those of a training's history carry the run's beginning,
which a resume does not move, and their step.

A store of our own (SQLite in the workspace) names package folders where they lie; a server gets
them uploaded as artifacts, because it refuses sources that lie outside its own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Experiment, Metric, Param, Run, RunTag, ViewType
from mlflow.exceptions import MlflowException

from trainwright.core.durable import make_folder, write_with
from trainwright.runs.folder import RunFolder
from trainwright.runs.history import History, names, series, thinned
from trainwright.runs.redaction import redact, redact_json
from trainwright.runs.registry import ALIASES, Registry, Version

RUN_TAG = "trainwright.run_id"
_DIGEST_TAG = "trainwright.mirrored"
_VERSION_TAG = "trainwright.version"
_PACKAGE_TAG = "trainwright.package_hash"
_STATUS = {"done": "FINISHED", "failed": "FAILED", "interrupted": "KILLED"}
_MIRRORED_FILES = ("report.html", "evaluation.json", "recipe.yaml", "provenance.json", "run.json")
_NOT_IN_KEYS = re.compile(
    r"[^A-Za-z0-9_.: -]"
)  # MLflow takes "/" too, and refuses what "../" would do
_BATCH = 100  # MLflow takes at most 100 params or tags and 1,000 metrics a call
_SQLITE = "sqlite:///"
_LIMIT_POINTS = 1_000  # of one metric of a training; all of them are in history.jsonl


class MLflowTracker:
    """A `Tracker` that writes through MLflow's own client.

    Args:
        uri: A tracking server, or a database URI.
        root: The workspace that is mirrored.
    """

    def __init__(self, uri: str, *, root: Path) -> None:
        self._root = root
        self._is_server = uri.startswith(("http://", "https://"))
        if uri.startswith(_SQLITE):
            _make_store(Path(uri.removeprefix(_SQLITE)))
        self._client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        self._experiments: dict[str, str] = {}
        self._known: dict[str, dict[str, Run]] = {}

    def mirror_run(self, run_dir: Path) -> bool:
        """Bring one ended run over; True when something was new."""
        run = RunFolder(run_dir)
        status = _ending(run)
        if status is None:
            return False
        digest = _digest(run, status)
        there = self._runs_of(run.name).get(run.id)
        if there is not None and there.data.tags.get(_DIGEST_TAG) == digest:
            return False
        self._bring_over(run, status, digest, there)
        return True

    def mirror_versions(self, registry: Path) -> int:
        """Bring versions and aliases over, in order; how many were new."""
        changes = 0
        for name, versions in Registry(registry).models().items():
            changes += self._mirror_model(Registry(registry), name, versions)
        return changes

    def _bring_over(self, run: RunFolder, status: str, digest: str, there: Run | None) -> None:
        """Everything of one run; the tag that says so comes last."""
        summary = _json(run, "run.json")
        events = run.events()
        started = _milliseconds(events[0]["at"]) if events else 0
        ended = _milliseconds(events[-1]["at"]) if events else started
        if there is None:
            there = self._client.create_run(
                self._experiment(run.name),
                start_time=started,
                tags={RUN_TAG: run.id, "mlflow.source.name": "trainwright"},
                run_name=run.id,
            )
            self._known[run.name][run.id] = there
        mlflow_id = there.info.run_id
        params = [Param(key, value) for key, value in _params(run)]
        metrics = [*_metrics(run, summary, at=ended), *_training_metrics(run, summary, at=started)]
        tags = [RunTag(key, value) for key, value in _tags(summary, status)]
        for start in range(0, len(params), _BATCH):
            self._client.log_batch(mlflow_id, params=params[start : start + _BATCH])
        for start in range(0, len(metrics), 10 * _BATCH):
            self._client.log_batch(mlflow_id, metrics=metrics[start : start + 10 * _BATCH])
        self._client.log_batch(mlflow_id, tags=tags)
        for name in _MIRRORED_FILES:
            if (run.path / name).is_file():
                self._client.log_artifact(mlflow_id, str(run.path / name))
        self._client.set_terminated(mlflow_id, status=status, end_time=ended)
        self._client.set_tag(mlflow_id, _DIGEST_TAG, digest)

    def _experiment(self, name: str) -> str:
        """Its id; made when it is not there, brought back when it was deleted."""
        if name not in self._experiments:
            found: Experiment | None = self._client.get_experiment_by_name(name)
            if found is None:
                location = None if self._is_server else (self._root / "mlartifacts").as_uri()
                experiment_id = self._client.create_experiment(name, artifact_location=location)
            else:
                experiment_id = found.experiment_id
                if found.lifecycle_stage == "deleted":
                    self._client.restore_experiment(experiment_id)
            self._experiments[name] = experiment_id
        return self._experiments[name]

    def _runs_of(self, name: str) -> dict[str, Run]:
        """What the tracker has of a recipe's runs, by our ids; asked once."""
        if name not in self._known:
            found: dict[str, Run] = {}
            token: str | None = None
            while True:
                page = self._client.search_runs(
                    [self._experiment(name)],
                    run_view_type=ViewType.ALL,
                    max_results=1000,
                    page_token=token,
                )
                found.update(
                    {run.data.tags[RUN_TAG]: run for run in page if RUN_TAG in run.data.tags}
                )
                token = page.token
                if not token:
                    break
            self._known[name] = found
        return self._known[name]

    def _mirror_model(self, registry: Registry, name: str, versions: list[Version]) -> int:
        """One registered model with its versions and aliases."""
        changes = 0
        try:
            model = self._client.get_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            model = self._client.create_registered_model(name)
        there = {
            (found.tags.get(_VERSION_TAG), found.tags.get(_PACKAGE_TAG)): str(found.version)
            for found in self._client.search_model_versions(f"name = '{name}'")
        }
        for version in versions:
            key = (str(version.number), version.package_hash)
            if key not in there:
                there[key] = self._create_version(registry, version)
                changes += 1
        wanted = {
            alias: there[str(version.number), version.package_hash]
            for version in versions
            for alias in version.aliases
        }
        present = {alias: str(number) for alias, number in model.aliases.items()}
        for alias in ALIASES:
            if alias in wanted and present.get(alias) != wanted[alias]:
                self._client.set_registered_model_alias(name, alias, wanted[alias])
                changes += 1
        return changes

    def _create_version(self, registry: Registry, version: Version) -> str:
        """Enter one version; returns MLflow's own number, which is ours unless others registered too."""
        folder = registry.package_folder(version)
        run = self._runs_of(RunFolder(folder.parent.with_name(version.run)).name).get(version.run)
        run_id = run.info.run_id if run is not None else None
        source = str(folder)
        if self._is_server and run_id is not None:
            self._client.log_artifacts(run_id, str(folder), "package")
            source = f"runs:/{run_id}/package"
        made = self._client.create_model_version(
            version.name,
            source,
            run_id,
            tags={
                _VERSION_TAG: str(version.number),
                _PACKAGE_TAG: version.package_hash,
                RUN_TAG: version.run,
            },
            description=f"trainwright {version.label}, run {version.run}",
        )
        return str(made.version)


def _make_store(path: Path) -> None:
    """A new SQLite store, whole or not at all: a killed migration would never be taken up again."""
    if path.exists():
        return
    make_folder(path.parent)
    write_with(path, lambda aside: MlflowClient(f"{_SQLITE}{aside}").search_experiments())


def _ending(run: RunFolder) -> str | None:
    """MLflow's word for how the run ended; None while it is at work."""
    outcome = run.outcome
    if outcome is not None:
        return _STATUS[outcome]
    return None if run.state == "running" else _STATUS["interrupted"]


def _digest(run: RunFolder, status: str) -> str:
    """The hash of all that is brought over."""
    digest = hashlib.sha256(status.encode())
    for name in _MIRRORED_FILES:
        path = run.path / name
        content = path.read_bytes() if path.is_file() else b""
        digest.update(f"{name} {len(content)} ".encode() + content)
    if run.history.is_file():
        digest.update(run.history.read_bytes())
    return digest.hexdigest()


def _json(run: RunFolder, name: str) -> dict[str, Any]:
    """One of the run's JSON files; empty when the run ended before it was written."""
    value = run.read_json(name) if (run.path / name).is_file() else {}
    return value if isinstance(value, dict) else {}


def _params(run: RunFolder) -> Iterator[tuple[str, str]]:
    """The resolved recipe, one dotted key a value, within MLflow's limits."""
    import yaml

    text = run.recipe.read_text() if run.recipe.is_file() else "{}"
    seen: set[str] = set()
    for key, value in _flat(redact_json(yaml.safe_load(text)), ""):
        allowed = _key(key)
        if allowed not in seen:
            seen.add(allowed)
            yield allowed, str(value)[:6000]


def _flat(value: Any, path: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - any YAML value
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _flat(item, f"{path}.{key}" if path else str(key))
    elif path:
        yield path, value


def _key(text: str) -> str:
    """A name within MLflow's limits."""
    return _NOT_IN_KEYS.sub("_", text)[:240]


def _metrics(run: RunFolder, summary: Mapping[str, Any], *, at: int) -> Iterator[Metric]:
    """Validation metrics with their bounds, the candidates' numbers, and the curve as history."""
    evaluation = _json(run, "evaluation.json")
    values = evaluation.get("metrics") or summary.get("validation") or {}
    for name, metric in values.items():
        yield Metric(f"validation/{_key(name)}", metric["value"], at, 0)
        for bound in ("low", "high"):
            yield Metric(f"validation/{_key(name)}.{bound}", metric[bound], at, 0)
    for point in evaluation.get("curve", ()):
        for part in ("train", "validation"):
            if point[part] is not None:
                yield Metric(f"curve/{part}", point[part], at, point["iteration"])
    for candidate in summary.get("candidates", ()):
        for key, value in candidate.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                name = _key(f"{candidate.get('name', 'model')}.{key}")
                yield Metric(f"candidate/{name}", value, at, 0)


def _training_metrics(run: RunFolder, summary: Mapping[str, Any], *, at: int) -> Iterator[Metric]:
    """What each network's training recorded, step by step, as `training/CANDIDATE/loss` and so on."""
    rows = {row.get("name"): row for row in summary.get("candidates", ())}
    for candidate, records in History(run.history).read().items():
        best = rows.get(candidate, {}).get("iterations")
        for name in names(records):
            key = f"training/{_key(candidate)}/{_key(name)}"
            for step, value in thinned(series(records, name), _LIMIT_POINTS, keep=[best]):
                yield Metric(key, value, at, step)


def _tags(summary: Mapping[str, Any], status: str) -> Iterator[tuple[str, str]]:
    yield "trainwright.status", status
    for key in ("snapshot", "task", "package"):
        if summary.get(key):
            yield f"trainwright.{key}", str(summary[key])[:5000]
    if family := summary.get("model", {}).get("family"):
        yield "trainwright.family", redact(str(family))


def _milliseconds(text: str) -> int:
    """Milliseconds since 1970 of an ISO 8601 time in UTC."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)
