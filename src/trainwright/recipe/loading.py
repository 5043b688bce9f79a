"""From a file, a mapping and `--set` to a checked recipe.

Every fault is named at once, with line and key.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from trainwright.core.errors import CommandError, Fault, RecipeError, nearest, shorten
from trainwright.core.parts import Part, families, faults_of
from trainwright.core.pretrained import family_of
from trainwright.recipe.document import Document, KeyPath, parse_document, read_document
from trainwright.recipe.language import with_language_defaults
from trainwright.recipe.schema import Heading, Recipe

IMAGE_LABEL = "label"  # the target of a folder of images
DOCUMENT_LABEL = "label"  # of documents: the sub-folder of each
DOCUMENT_INPUTS = {"text": "text"}  # their paths would tell their labels
IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")


def load_recipe(path: str | Path, *, overrides: Sequence[str] = ()) -> Recipe:
    """Load a recipe file.

    Args:
        path: A YAML file. Paths inside it are relative to its folder.
        overrides: `section.key=value` each, applied after the file; values are YAML.

    Raises:
        RecipeError: with every fault found, each with FILE:LINE → key.
        CommandError: an override is malformed.
    """
    path = Path(path)
    document = read_document(path)
    for override in overrides:
        _apply(document.values, override)
    stem = "".join(c if c.isalnum() and c.isascii() else "-" for c in path.stem.lower()).strip("-")
    document.values.setdefault("name", stem[:64] or "model")
    return _check(document, base=path.resolve().parent)


def parse_recipe(values: Mapping[str, Any]) -> Recipe:
    """Check a recipe given as a mapping (as YAML would give it).

    Relative paths are relative to the working folder.
    """
    return _check(Document("recipe", json.loads(json.dumps(values))), base=Path.cwd())


def _check(document: Document, *, base: Path) -> Recipe:
    """Validate section by section, so that the faults of all sections are told at once."""
    values = dict(document.values)
    values.setdefault("model", {"family": "auto"})
    values = with_language_defaults(values, base=base)
    if isinstance(values.get("compute"), str):
        values["compute"] = {"kind": values["compute"]}
    if "horizon" in values and isinstance(values.get("data"), dict):  # said beside the task
        values["data"] = {"horizon": values.pop("horizon"), **values["data"]}
    if isinstance(values.get("data"), dict) and _is_image_folder(
        values["data"].get("source"), base
    ):
        values["data"] = {"target": IMAGE_LABEL, **values["data"]}
    if isinstance(values.get("data"), dict) and values["data"].get("read") == "documents":
        values["data"] = {"target": DOCUMENT_LABEL, "inputs": DOCUMENT_INPUTS, **values["data"]}
    faults: list[Fault] = []
    sections: dict[str, Any] = {}
    for key, value in values.items():
        field = Recipe.model_fields.get(key)
        if field is None:
            near = nearest(key, Recipe.model_fields)
            known = ", ".join(Recipe.model_fields)
            mend = f"did you mean {near!r}?" if near else f"the sections are: {known}"
            faults.append(Fault(f"unknown key {key!r}", document.where((key,)), mend))
        elif key == "model":
            _part(value, sections, faults, document, base=base)
        elif isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            _section(key, field.annotation, value, sections, faults, document)
        else:
            sections[key] = value
    if "data" not in values:
        faults.append(
            Fault(
                "the section 'data' is missing",
                document.where(()),
                "data: {source: FILE, target: COLUMN}",
            )
        )
    heading = {key: sections.pop(key) for key in Heading.model_fields if key in sections}
    _section("", Heading, heading, sections, faults, document)
    if faults:
        raise RecipeError.of(faults)
    head = sections.pop("")
    return Recipe(**sections, **{key: getattr(head, key) for key in head.model_fields_set})


def _is_image_folder(source: Any, base: Path) -> bool:  # noqa: ANN401 - any YAML value
    """A folder whose sub-folders hold images: their names are the classes."""
    if not isinstance(source, str) or "\0" in source or len(source) > 4096:
        return False
    try:
        folders = [entry for entry in (base / source).iterdir() if entry.is_dir()]
        return any(
            entry.suffix.lower() in IMAGE_ENDINGS
            for folder in folders
            for entry in folder.iterdir()
        )
    except OSError:
        return False


def _section(
    key: str,
    model: type[BaseModel],
    value: Any,  # noqa: ANN401 - any YAML value
    sections: dict[str, Any],
    faults: list[Fault],
    document: Document,
) -> None:
    if not isinstance(value, dict):
        fields = ", ".join(model.model_fields)
        faults.append(
            Fault(
                f"{key!r} must be a mapping, got {value!r}"[:120],
                document.where((key,)),
                f"its keys: {fields}",
            )
        )
        return
    try:
        sections[key] = model.model_validate_json(json.dumps(value))
    except ValidationError as error:
        found = faults_of(error, model, where=key)
        faults.extend(_with_line(key, found, document))


def _part(
    value: Any,  # noqa: ANN401 - any YAML value
    sections: dict[str, Any],
    faults: list[Fault],
    document: Document,
    *,
    base: Path,
) -> None:
    if not isinstance(value, dict):
        faults.append(
            Fault(
                f"'model' must be a mapping, got {value!r}"[:120],
                document.where(("model",)),
                "model: {family: auto}",
            )
        )
        return
    if "family" not in value and isinstance(value.get("pretrained"), str):
        try:
            value = {"family": family_of(value["pretrained"], base=base), **value}
        except RecipeError as error:
            keys = ("model", "pretrained")
            faults.append(Fault(error.what, document.where(keys), error.mend))
            return
    parsed = families.parse({"family": "auto", **value}, where="model")
    if isinstance(parsed, Part):
        sections["model"] = parsed
    else:
        faults.extend(_with_line("model", parsed, document))


def _with_line(
    key: str, found: Sequence[tuple[tuple[str, ...], Fault]], document: Document
) -> Iterator[Fault]:
    """The faults of one section, each with its FILE:LINE."""
    for path, fault in found:
        steps = (*((key,) if key else ()), *path)
        keys: KeyPath = tuple(int(step) if step.isdigit() else step for step in steps)
        yield Fault(fault.what, document.where(keys), fault.mend)


def _apply(values: dict[str, Any], override: str) -> None:
    """Set one dotted key of the recipe's values."""
    keys, equals, text = override.partition("=")
    steps = keys.strip().split(".")
    if not equals or not all(steps):
        raise CommandError(
            f"{override!r} sets nothing", where="--set", mend="--set training.seed=1"
        )
    data = f"value: {text}".encode(errors="surrogateescape")  # as the shell gave it
    parsed = parse_document(data, path=f"--set {keys}").values
    if set(parsed) != {"value"}:
        raise CommandError(
            f"{shorten(override)} sets more than one key",
            where="--set",
            mend="repeat --set for each key",
        )
    here = values
    for step in steps[:-1]:
        nested = here.setdefault(step, {})
        if not isinstance(nested, dict):
            raise CommandError(
                f"{keys!r} goes through {step!r}, which is a value",
                where="--set",
                mend=f"set {step!r} itself, or a key beside it",
            )
        here = nested
    here[steps[-1]] = parsed["value"]
