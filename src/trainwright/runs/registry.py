"""The registry: named, numbered packages and their aliases, as one append-only record.

The state is what the record's lines add up to, so nothing is ever overwritten and the way to the
present champion can be read. Numbers are given under a lock: two processes never get the same one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from trainwright.core.durable import lock
from trainwright.core.errors import CommandError, TrustError, shorten
from trainwright.core.record import Record
from trainwright.runs.folder import utc_now
from trainwright.runs.names import check_name, is_name, propose
from trainwright.runs.redaction import redact_json

Alias = Literal["champion", "challenger"]
ALIASES: tuple[Alias, ...] = ("champion", "challenger")
_REFERENCE = re.compile(r"([^@/]+)(?:@([a-z]+)|/([1-9][0-9]{0,8}))?")


@dataclass(frozen=True, slots=True)
class Version:
    """One registered package.

    Attributes:
        name: The model's name.
        number: From 1, in order of registration.
        run: Id of the run that made it.
        package_hash: Of the package's manifest.
        package: The package folder, relative to the workspace.
        metrics: Validation metrics, each with value, low and high.
        facts: Whatever else was told of it, such as its snapshot.
        at: When it was registered, ISO 8601 in UTC.
        aliases: The aliases that point to it now.
    """

    name: str
    number: int
    run: str
    package_hash: str
    package: str
    metrics: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    at: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """NAME/NUMBER."""
        return f"{self.name}/{self.number}"


class Registry:
    """The versions in one workspace's registry.jsonl."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._record = Record(path)

    def register(
        self,
        name: str,
        *,
        run: str,
        package_hash: str,
        package: str,
        metrics: Mapping[str, Any],
        facts: Mapping[str, Any] | None = None,
    ) -> Version:
        """Enter a package as the next version of `name`.

        A run that went on after a crash and registers the same package again gets the same version.

        Raises:
            CommandError: `name` is not of [a-z0-9._-].
            TrustError: the registry was damaged.
        """
        check_name(name, noun="model", known=())
        with self._locked():
            versions = self.models().get(name, [])
            for known in versions:
                if (known.run, known.package_hash) == (run, package_hash):
                    return known
            body = {
                "kind": "registered",
                "name": name,
                "version": len(versions) + 1,
                "run": run,
                "package_hash": package_hash,
                "package": package,
                "metrics": dict(metrics),
                "facts": redact_json(facts or {}),
                "at": utc_now(),
            }
            self._record.append(body)
        return _version(body)

    def set_alias(self, name: str, alias: Alias, version: int, *, reason: str) -> Version:
        """Point an alias to a version; it leaves the one that had it.

        Raises:
            CommandError: no such alias, model or version.
        """
        if alias not in ALIASES:
            raise CommandError(
                f"no alias is called {shorten(alias)}", mend=f"use one of: {', '.join(ALIASES)}"
            )
        with self._locked():
            self.resolve(f"{name}/{version}")
            self._record.append(
                {
                    "kind": "alias",
                    "name": name,
                    "alias": alias,
                    "version": version,
                    "reason": redact_json(reason),
                    "at": utc_now(),
                }
            )
        return self.resolve(f"{name}/{version}")

    def models(self) -> dict[str, list[Version]]:
        """Every model's versions, oldest first, by name.

        Raises:
            TrustError: the registry was damaged.
        """
        models: dict[str, list[Version]] = {}
        aliases: dict[tuple[str, str], int] = {}
        for entry in self._record.read():
            if entry["kind"] == "registered":
                models.setdefault(entry["name"], []).append(_version(entry))
            elif entry["kind"] == "alias":
                aliases[entry["name"], entry["alias"]] = entry["version"]
        for (name, alias), number in sorted(aliases.items()):
            known = models[name][number - 1]
            models[name][number - 1] = replace(known, aliases=(*known.aliases, alias))
        return dict(sorted(models.items()))

    def history(self) -> list[dict[str, Any]]:
        """Every line of the record, oldest first."""
        return self._record.read()

    def resolve(self, reference: str) -> Version:
        """The version meant by `name@champion`, `name/3`, or `name` (its champion, else its newest).

        Raises:
            CommandError: there is none; proposes the nearest.
        """
        models = self.models()
        match = _REFERENCE.fullmatch(reference)
        if match is None or not is_name(match[1]):
            mend = propose(reference, models) or "write NAME@champion or NAME/3"
            what = f"{shorten(reference)} names no version of a model"
            raise CommandError(what, where=str(self.path), mend=mend)
        name, alias, number = match.groups()
        versions = models.get(name)
        if versions is None:
            raise CommandError(
                f"no model is called {name!r}",
                where=str(self.path),
                mend=propose(name, models) or "trainwright run RECIPE registers one",
            )
        if number:
            if int(number) <= len(versions):
                return versions[int(number) - 1]
            mend = f"its versions are 1 to {len(versions)}"
            raise CommandError(f"{name} has no version {number}", where=str(self.path), mend=mend)
        for version in versions:
            if (alias or "champion") in version.aliases:
                return version
        if alias is None:
            return versions[-1]
        raise CommandError(
            f"{name} has no {alias}",
            where=str(self.path),
            mend=f"name a version: {versions[-1].label}",
        )

    def package_folder(self, version: Version) -> Path:
        """Where the package lies.

        Raises:
            TrustError: the record points out of the workspace.
        """
        root = self.path.parent
        folder = root / version.package
        if not folder.resolve().is_relative_to(root.resolve()):
            raise TrustError(f"{version.label} points out of the workspace", where=str(self.path))
        return folder

    def _locked(self) -> Any:  # noqa: ANN401 - a context manager
        return lock(self.path.with_name(".registry.lock"))


def _version(entry: Mapping[str, Any]) -> Version:
    return Version(
        name=entry["name"],
        number=entry["version"],
        run=entry["run"],
        package_hash=entry["package_hash"],
        package=entry["package"],
        metrics=entry["metrics"],
        facts=entry["facts"],
        at=entry["at"],
    )
