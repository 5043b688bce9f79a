"""Folders named for a value of their rows, as Hive and Spark write them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trainwright.core.errors import DataError
from trainwright.data.reading.naming import expand
from trainwright.data.staging.partitions import partition_findings
from trainwright.flow.preparation import prepare


@pytest.fixture
def written(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    table = pa.table(
        {
            "x": random.normal(size=120),
            "region": random.choice(["north", "south"], 120),
            "y": random.choice(["a", "b"], 120),
        }
    )
    pq.write_to_dataset(table, tmp_path / "rows", partition_cols=["region"])
    return tmp_path


def test_what_folders_say_and_no_column_does_is_told(written: Path) -> None:
    recipe = written / "r.yaml"
    recipe.write_text('name: t\ndata: {source: "rows/**/*.parquet", target: y}\n')
    snapshot, *_ = prepare(recipe, workspace=written / "w")
    (told,) = [one for one in snapshot.findings if "folders" in one.message]
    assert (told.kind, told.severity, told.column, told.count) == ("schema", "warning", "region", 2)
    assert "'region=north'" in told.message


def test_a_name_that_a_column_has_is_not_told() -> None:
    files = ["rows/region=north/a.parquet", "rows/plain/b=c.parquet"]
    assert partition_findings(files, ["region", "x"]) == []


def test_a_folder_whose_sub_folders_hold_tables_names_the_pattern(written: Path) -> None:
    with pytest.raises(DataError) as raised:
        expand("rows", base=written)
    assert 'data: {source: "rows/**/*.parquet"}' in str(raised.value.mend)
    assert len(expand("rows/**/*.parquet", base=written)) == 2
