"""Thirty planted secrets are in nothing that a run writes, and what is no secret stays as it is."""

from __future__ import annotations

import pytest

from trainwright.core.durable import sha256_bytes
from trainwright.runs.redaction import (
    REDACTED,
    is_secret_name,
    redact,
    redact_arguments,
    redact_json,
    redacted_recipe,
)

# (secret, the text in which it stands); the forms are put together here so that no scanner stops.
CANARIES = [
    ("AKIA" + "IOSFODNN7EXAMPLE", "key {} in use"),
    ("ASIA" + "Y34FZKBOKMUTVV7A", "{}"),
    ("ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a", "git push {}"),
    ("github_pat_" + "11ABCDEFG0abcdefghij_klmnop", "remote {}"),
    ("glpat-" + "x8Kf0sJq2LmN4pR6tV9z", "gitlab {}"),
    ("xoxb-" + "123456789012-abcdefABCDEF", "slack {}"),
    ("hf_" + "AbCdEfGhIjKlMnOpQrStUvWxYz", "hub {}"),
    ("sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc", "stripe {}"),
    ("sk-proj-" + "aB3dE5fG7hI9jK1lM3nO5pQ7", "model {}"),
    ("AIza" + "SyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe", "maps {}"),
    ("npm_" + "abcdefghijklmnopqrstuvwxyz0123456789", "npm {}"),
    ("eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "jwt {}"),
    ("hunter2", "password={}"),
    ("hunter3", "--set x.password='{}'"),
    ("hunter four", 'passwd="{}"'),
    ("correcthorse", "PGPASSWORD={} psql"),
    ("s3cr3t-value", '{{"client_secret": "{}"}}'),
    ("t0psecret", "secret: {}"),
    ("0f1e2d3c4b5a69788796a5b4c3d2e1f0", "api_key={}&page=2"),
    ("deadbeefdeadbeef", "https://host/path?token={}"),
    ("Zm9vYmFyYmF6", "Authorization: Bearer {}"),
    ("dXNlcjpwYXNz", "authorization: Basic {}"),
    ("p4ssw0rd", "http://user:{}@tracker.example:5000"),
    ("pa:ss@wd", "postgresql://user:{}@db/mlflow"),
    ("justtoken", "https://{}@github.com/a/b"),
    ("wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY", "aws_secret_access_key = {}"),
    ("q8Zp2LxV5nTb7RkW3mYc9Jd1", "found {} in the answer"),
    ("Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq", "AccountKey={};x"),
    ("MIIEpAIBAAKCAQEA", "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----"),
    ("plain-words-only", "the environment holds {} too"),
]


@pytest.fixture(autouse=True)
def secret_in_the_environment(monkeypatch):
    monkeypatch.setenv("VENDOR_API_TOKEN", "plain-words-only")


def test_the_working_folder_is_no_secret(monkeypatch):
    monkeypatch.setenv("PWD", "/home/somebody/loans")
    monkeypatch.setenv("OLDPWD", "/home/somebody")
    monkeypatch.setenv("DB_PWD", "plainwords")
    assert redact("base /home/somebody/loans") == "base /home/somebody/loans"
    assert redact("base plainwords") == f"base {REDACTED}"


@pytest.mark.parametrize(
    "source",
    [
        "me@db/shop",
        "me:env:PGPASSWORD@db:5432/shop",
        "me@db/shop?password=env:PGPASSWORD",
        "db/shop",
    ],
)
def test_a_database_and_the_variable_of_its_password_stay_readable(source):
    assert redact(f"source: postgresql://{source}") == f"source: postgresql://{source}"
    assert redact("source: env:DATABASE_URL") == "source: env:DATABASE_URL"


def test_there_are_thirty():
    assert len(CANARIES) == 30


@pytest.mark.parametrize(("secret", "text"), CANARIES)
def test_a_secret_does_not_survive(secret, text):
    planted = text.format(secret)
    assert secret in planted
    assert secret not in redact(planted)
    assert secret not in str(redact_json({"a": [{"b": planted}]}))


@pytest.mark.parametrize(("secret", "text"), CANARIES)
def test_redacting_twice_changes_nothing_more(secret, text):
    once = redact(text.format(secret))
    assert redact(once) == once


@pytest.mark.parametrize(
    "text",
    [
        sha256_bytes(b"x"),
        "late-flights-20261122-032225-b0e3",
        "runs/late-flights-20261122-032225-b0e3/package/manifest.json",
        "TotalWorkingYearsSinceLastPromotion2",
        "scheduled_departure_temperature_rolling_mean_24h",
        "YearsInCurrentRoleAndSalaryHike2013",
        "column 'token' has 3 nulls",
        "leakage:password",
        "token: 12 nulls",
        "num_tokens=12",
        "https://host:5000/api/2.0?page=3",
        "s3://bucket/key.parquet",
        "user@example.org wrote",
        "2013-01-01T05:00:00.000Z",
        "123e4567-e89b-12d3-a456-426614174000",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "/home/me/data/flights_2013.csv",
    ],
)
def test_what_is_no_secret_stays(text):
    assert redact(text) == text


@pytest.mark.parametrize("name", ["password", "DB_PASSWORD", "hub-token", "apiKey", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD", "clientSecret", "credentials"])  # fmt: skip  # noqa: E501
def test_names_of_secrets_are_known(name):
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["tokenizer", "num_tokens_seen", "passenger_count", "monkey", "author", "signature", "key"])  # fmt: skip  # noqa: E501
def test_names_that_only_look_alike_are_left(name):
    assert not is_secret_name(name)


def test_only_a_text_below_a_telling_key_is_hidden():
    value = {"token": "abc", "columns": {"password": {"type": "text"}}, "secret": 3, "tokens": None}
    assert redact_json(value) == {**value, "token": REDACTED}


def test_a_command_line_loses_the_value_after_its_option():
    words = ["trainwright", "serve", "--token", "abc", "--api-key=xyz", "--port", "80"]
    clean = redact_arguments(words)
    assert clean == [
        "trainwright",
        "serve",
        "--token",
        REDACTED,
        f"--api-key={REDACTED}",
        "--port",
        "80",
    ]


def test_a_recipe_tells_where_its_secrets_stood_and_keeps_the_rest():
    resolved = {
        "data": {
            "source": "s3://AKIAIOSFODNN7EXAMPLE:x@bucket/a",
            "columns": {"token": {"type": "text"}},
        },
        "tracking": {"uri": "http://u:p@host"},
        "training": {"seed": 1},
    }
    clean, found = redacted_recipe(resolved)
    assert found == ("data.source", "tracking.uri")
    assert clean["data"]["source"] == f"s3://{REDACTED}@bucket/a"
    assert clean["training"] == {"seed": 1}
    assert clean["data"]["columns"] == resolved["data"]["columns"]


def test_a_byte_that_is_no_text_becomes_its_escape():
    assert redact("caf\udce9.csv") == r"caf\udce9.csv"
