"""Labels in and out: a table of row, label and annotator, or the JSON that Label Studio takes and gives.

A file that ends in `.json` is Label Studio's: going out, a task for each row with what is shown of it
and the answers so far as annotations, and beside it the labelling configuration that its project
needs; coming in, its export in the format "JSON", of which choices are read, and answers that were
cancelled are not. Every other ending is a table.

Source: Label Studio's documentation, "Basic Label Studio JSON format" and "Label Studio JSON format of
annotated tasks".
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import polars as pl

from trainwright.core.durable import read_json, write_json, write_text, write_with
from trainwright.core.errors import CommandError, DataError, TrustError
from trainwright.data.labels.book import SCHEMA
from trainwright.data.labels.items import Items
from trainwright.data.reading.source import read_source
from trainwright.recipe.data import DataSettings

ENDINGS = (".csv", ".jsonl", ".parquet", ".json")
MOST_BYTES = 1 << 30
_MEND = 'export from Label Studio in the format "JSON", of tasks that came from here'
_NAME = "label"  # of the choices in Label Studio's configuration
_SHOWN = "shown"  # of the text, image or table there


def write_labels(path: Path, labels: pl.DataFrame, items: Items, classes: tuple[str, ...]) -> None:
    """Write labels to a file whose format follows from its ending.

    Args:
        path: Ends in .csv, .jsonl, .parquet, or .json for Label Studio.
        labels: Columns row, label, annotator.
        items: The rows; all of them are tasks for Label Studio.
        classes: All labels.

    Raises:
        CommandError: another ending.
        EnvironmentFault: the disk refuses; nothing is left.
    """
    ending = path.suffix.lower()
    if ending == ".json":
        write_json(path, list(_tasks(labels, items)), pretty=False)
        write_text(path.with_suffix(".config.xml"), configuration(items, classes))
    elif ending == ".csv":
        write_with(path, labels.write_csv)
    elif ending == ".jsonl":
        write_with(path, labels.write_ndjson)
    elif ending == ".parquet":
        write_with(path, labels.write_parquet)
    else:
        raise CommandError(
            f"no format of labels has the ending {ending!r}",
            where="--export",
            mend=f"end the name in {', '.join(ENDINGS)}",
        )


def read_labels(path: Path) -> pl.DataFrame:
    """Columns row, label, annotator of a table, or of an export from Label Studio.

    Raises:
        DataError: the file is damaged or is neither; names the line or the task.
    """
    if path.suffix.lower() == ".json":
        return pl.DataFrame(list(_answers(path)), schema=SCHEMA, orient="row")
    settings = DataSettings(source=str(path.resolve()), target="label")
    frame = read_source(settings, base=path.resolve().parent).frame
    lacking = [name for name in ("row", "label") if name not in frame.columns]
    if lacking:
        raise DataError(
            f"a file of labels has the columns row and label; {lacking[0]} is missing",
            where=str(path),
            mend="row is FILE:POSITION, as `trainwright label --export` writes it",
        )
    if "annotator" not in frame.columns:
        frame = frame.with_columns(annotator=pl.lit(path.stem))
    return frame.select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())


def read_row_ids(path: Path) -> list[str]:
    """The rows that a file names: one id a row, or source and position as in a finding's file.

    Raises:
        DataError: the file is damaged or has no such columns.
    """
    settings = DataSettings(source=str(path.resolve()), target="row")
    frame = read_source(settings, base=path.resolve().parent).frame
    if {"source", "position"} <= set(frame.columns):
        named = frame.select(pl.concat_str("source", pl.lit(":"), pl.col("position")))
        return named.to_series().to_list()
    if "row" in frame.columns:
        return frame["row"].cast(pl.String).to_list()
    raise DataError(
        "a file of rows has the column row, or source and position",
        where=str(path),
        mend="row is FILE:POSITION",
    )


def configuration(items: Items, classes: tuple[str, ...]) -> str:
    """Label Studio's labelling configuration for these rows and classes."""
    tags = {
        "text": f'<Text name="{_SHOWN}" value="$text"/>',
        "image": f'<Image name="{_SHOWN}" value="$image"/>',
        "row": f'<Table name="{_SHOWN}" value="$fields"/>',
    }
    choices = "".join(f"<Choice value={quoteattr(label)}/>" for label in classes)
    return (
        f'<View>{tags[items.kind]}<Choices name="{_NAME}" toName="{_SHOWN}" choice="single">'
        f"{choices}</Choices></View>\n"
    )


def _tasks(labels: pl.DataFrame, items: Items) -> Iterator[dict[str, Any]]:
    said: dict[str, list[tuple[str, str]]] = {}
    for row, label, annotator in labels.iter_rows():
        said.setdefault(row, []).append((label, annotator))
    for position, row in enumerate(items.ids):
        answers = [
            {"result": [_choice(label, annotator)], "was_cancelled": False}
            for label, annotator in said.get(row, ())
        ]
        yield {"data": {"row": row, **_data(items, position)}, "annotations": answers}


def _data(items: Items, position: int) -> dict[str, Any]:
    shown = items.show(position)
    if "fields" in shown:
        return {"fields": dict(shown["fields"])}
    if "image" in shown:
        image = base64.b64encode(items.image(position) or b"").decode()
        return {"image": f"data:{items.media_type(position)};base64,{image}"}
    return shown


def _choice(label: str, annotator: str) -> dict[str, Any]:
    """An answer; its annotator beside it, for Label Studio takes as authors its own users alone."""
    return {
        "meta": {"annotator": annotator},
        "from_name": _NAME,
        "to_name": _SHOWN,
        "type": "choices",
        "value": {"choices": [label]},
    }


def _answers(path: Path) -> Iterator[tuple[str, str, str]]:
    """Row, label, annotator of every annotation."""
    try:
        tasks = read_json(path, limit_bytes=MOST_BYTES)
    except TrustError as error:  # of ours it would be; this is another's
        raise DataError(error.what, where=str(path), mend=_MEND) from error
    if not isinstance(tasks, list):
        raise _odd(path, 0, "the file holds no list of tasks")
    for number, task in enumerate(tasks):
        data = task.get("data") if isinstance(task, dict) else None
        row = data.get("row") if isinstance(data, dict) else None
        if not isinstance(row, str):
            raise _odd(path, number, "the task has no data.row, by which we know our rows")
        for annotation in _mappings(task.get("annotations")):
            if annotation.get("was_cancelled"):
                continue
            for result in _mappings(annotation.get("result")):
                value = result.get("value")
                choices = value.get("choices") if isinstance(value, dict) else None
                if result.get("type") != "choices" or not isinstance(choices, list) or not choices:
                    continue
                if len(choices) > 1:
                    raise _odd(path, number, f"{len(choices)} choices for one row")
                yield row, str(choices[0]), _annotator(annotation, result)


def _mappings(said: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - any JSON value
    return (item for item in said if isinstance(item, dict)) if isinstance(said, list) else iter(())


def _annotator(annotation: dict[str, Any], result: dict[str, Any]) -> str:
    """Ours where the answer is as it went out; else Label Studio's user who gave or changed it."""
    meta, changed = result.get("meta"), annotation.get("updated_by")
    if changed is None and isinstance(meta, dict) and isinstance(meta.get("annotator"), str):
        return str(meta["annotator"])
    said = annotation.get("completed_by") if changed is None else changed
    if isinstance(said, dict):  # as older versions have it
        return str(said.get("email") or said.get("id"))
    return f"label-studio-{said}"


def _odd(path: Path, number: int, what: str) -> DataError:
    return DataError(
        what,
        where=f"{path} task {number}",
        mend=_MEND,
    )
