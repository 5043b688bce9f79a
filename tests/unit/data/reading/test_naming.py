"""What `data.source` names: told by its scheme, its ending, and for a folder by what lies in it."""

import pytest

from trainwright.core.errors import DataError, RecipeError
from trainwright.data.reading.naming import expand
from trainwright.recipe.loading import parse_recipe


@pytest.mark.parametrize(
    "source",
    [
        "https://example.org/x.csv",
        "ftp://h/x.db",
        "file:///x.csv",
        "gs://b/x",
        "mysql://h/d",
        "S3://b/k",
    ],
)
def test_only_known_addresses_are_read(tmp_path, source):
    with pytest.raises(DataError, match="is an address, not a file") as caught:
        expand(source, base=tmp_path)
    assert "s3://, postgresql://, sqlite:///" in caught.value.mend


@pytest.mark.parametrize(
    "source",
    [
        "postgresql://me:hunter2!@host/db",
        "postgres://me@host/db?password=hunter2!",
        "s3://key:hunter2!@bucket/t.csv",
    ],
)
def test_a_password_in_plain_words_is_refused_and_not_repeated(tmp_path, source):
    with pytest.raises(RecipeError, match="password in plain words") as caught:
        expand(source, base=tmp_path)
    assert "env:PGPASSWORD" in caught.value.mend
    with pytest.raises(RecipeError, match="password in plain words") as refused:
        parse_recipe({"data": {"source": source, "target": "y"}})
    for error in (caught.value, refused.value):
        assert "hunter2" not in str(error)
        assert error.status == 2


@pytest.mark.parametrize(
    "value", ["/etc/passwd", "mysql://me:hunter2!@h/d", "postgres:/me:hunter2!@h"]
)
def test_a_variable_may_hold_nothing_but_an_address_and_is_not_repeated(
    tmp_path, monkeypatch, value
):
    monkeypatch.setenv("WHERE", value)
    with pytest.raises(RecipeError, match="'env:WHERE' holds no address that is read") as caught:
        expand("env:WHERE", base=tmp_path)
    assert "hunter2" not in str(caught.value)


def test_a_malformed_address_is_refused_without_repeating_it(tmp_path, monkeypatch):
    monkeypatch.setenv("WHERE", "postgresql://me:hunter2!@host:port/db")
    with pytest.raises(RecipeError, match="malformed") as caught:
        expand("env:WHERE", base=tmp_path)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "said", "told"),
    [
        ("t.csv", {"table": "t"}, "cannot use: table"),
        ("t.parquet", {"sheet": "s"}, "a file of this kind cannot use: sheet"),
        ("t.db", {"sheet": "s", "encoding": "latin-1"}, "a database cannot use: encoding, sheet"),
        ("postgresql://h/d", {"read": "documents"}, "a database cannot use: read"),
        ("s3://b/k.csv", {"query": "SELECT 1"}, "an object store cannot use: query"),
        ("t.xlsx", {"delimiter": ";"}, "a workbook cannot use: delimiter"),
        ("t.db", {"table": "t", "query": "SELECT 1"}, "a table and a query are named"),
    ],
)
def test_a_key_that_the_source_cannot_use_is_refused_before_data_are_touched(source, said, told):
    with pytest.raises(RecipeError, match=told) as caught:
        parse_recipe({"data": {"source": source, "target": "y", **said}})
    assert "remove" in caught.value.mend
    assert caught.value.status == 2


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("t.xlsx", {"sheet": "s"}),
        ("books/*.xlsx", {"sheet": "s"}),
        ("books", {"sheet": "s"}),
        ("env:URL", {"table": "t"}),
        ("sqlite:///t.db", {"query": "SELECT 1 AS y"}),
        (["a.db", "b.db"], {"table": "t"}),
        ("docs", {"read": "documents", "encoding": "latin-1"}),
        ("s3://b/k", {"encoding": "latin-1"}),
    ],
)
def test_a_key_that_the_source_can_use_is_taken(source, said):
    parse_recipe({"data": {"source": source, "target": "y", **said}})
