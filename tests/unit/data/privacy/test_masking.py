from __future__ import annotations

import re

import pytest

from trainwright.core.errors import EnvironmentFault
from trainwright.data.privacy.masking import (
    hash_step,
    masked,
    masked_json,
    private_step,
    replace_private,
    shape_of,
)
from trainwright.data.privacy.secrets import GATE, find_secrets

TEXT = "mail jane.doe@example.org or 4111 1111 1111 1111, from 84.17.49.12"


def test_every_text_of_a_json_value_is_masked() -> None:
    told = {"bins": ["jane@example.org", "other"], "n": 3, "jane@example.org": {"share": 0.5}}
    assert masked_json(told) == {
        "bins": ["xxxx@xxxxxxx.xxx", "other"],
        "n": 3,
        "xxxx@xxxxxxx.xxx": {"share": 0.5},
    }


def test_each_piece_is_replaced_by_its_kind_and_the_rest_stays():
    assert (
        private_step("redact").mend(TEXT)
        == "mail [e-mail address] or [card number], from [IP address]"
    )
    assert (
        private_step("redact").mend("nothing here, call 12 times") == "nothing here, call 12 times"
    )


def test_a_redacted_text_holds_nothing_to_redact():
    redact = private_step("redact").mend
    assert redact(redact(TEXT)) == redact(TEXT)


def test_a_mask_keeps_the_shape_alone():
    assert masked(TEXT) == "mail xxxx.xxx@xxxxxxx.xxx or 9999 9999 9999 9999, from 99.99.99.99"
    assert shape_of("Ab-12 é") == "xx-99 x"


def test_a_secret_is_replaced_and_the_word_before_it_stays():
    told = replace_private("password: hunter22x and more", lambda kind, _: f"[{kind}]")
    assert told == "password: [secret] and more"


@pytest.mark.parametrize(
    "text",
    ["AKIAIOSFODNN7EXAMPLE", "ghp_" + "a1B2" * 9, "password=correct7horse", "api_key: 0123456789abcdef",
     "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----", "xoxb-123456789012-abcdef"],
)  # fmt: skip
def test_secrets_are_found(text):
    assert len(list(find_secrets(f"see {text} there"))) == 1


@pytest.mark.parametrize(
    "text",
    ["the password is on the door", "ask-me-anything-you-like", "token ring network", "secret: nobody-knows",
     "a task-force of sk-eleven", "pwd: /home"],
)  # fmt: skip
def test_prose_about_secrets_holds_none(text):
    assert list(find_secrets(text)) == []


HEX, MIXED = "0a1b2c3d" * 4, "a1B2c" * 12
KEYS = {
    "whsec_": MIXED, "gsk_": MIXED, "xai-": MIXED, "GOCSPX-": MIXED, "lin_api_": MIXED, "hvs.": MIXED,
    "dckr_pat_": MIXED, "SK": HEX, "key-": HEX, "123456789:AA": MIXED[:33], "AGE-SECRET-KEY-1": "A2B3C4" * 10,
    "https://hooks.slack.com/services/": "T00/B00/" + MIXED, "https://discord.com/api/webhooks/12/": MIXED,
    "M": f"{MIXED[:23]}.{MIXED[:6]}.{MIXED[:27]}",
}  # fmt: skip


@pytest.mark.parametrize("prefix", KEYS)
def test_a_key_of_a_published_form_is_found_whole(prefix):
    key = prefix + KEYS[prefix]
    text = f"see {key} there"
    assert [text[start:stop] for start, stop in find_secrets(text)] == [key]
    assert re.search(GATE, text)


@pytest.mark.parametrize(
    ("text", "secret"),
    [("postgres://app:S3cr3tPw9x@db.example.com:5432/x", "S3cr3tPw9x"),
     ("curl -u bob:pa55word99 https://x", "pa55word99"),
     (f"Authorization: Bearer {MIXED}", MIXED), ("my password is Tr0ub4dor", "Tr0ub4dor"),
     ("Passwort: Geheim123!", "Geheim123!"), ("mot de passe : Secret123", "Secret123"),
     (f"AccountKey={MIXED}==;Endpoint", f"{MIXED}==")],
)  # fmt: skip
def test_of_a_value_behind_its_word_the_value_alone_is_a_secret(text, secret):
    assert [text[start:stop] for start, stop in find_secrets(text)] == [secret]
    assert re.search(GATE, text)


@pytest.mark.parametrize(
    "text",
    ["password=${DB_PASSWORD_1}", "password: $PASSWORD123", "api_key=YOUR_API_KEY_123",
     "token = tokenizer.encode2(text)", "password = get_password1()", "token: the_first_one2",
     "sk-learn-1.2.3-tutorial-2024", "hf_model_name_2_3", "https://example.org:8080/a@b",
     "basic english lessons", HEX, "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d0a1b",
     "data:image/png;base64," + MIXED * 20,
     "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----", "ssh-rsa AAAAB3NzaC1yc2E" + MIXED],
)  # fmt: skip
def test_a_place_for_a_secret_a_hash_and_a_picture_are_none(text):
    assert list(find_secrets(f"see {text} there")) == []


def test_a_hash_depends_on_the_key_and_not_on_the_place(monkeypatch):
    monkeypatch.setenv("A_KEY", "first key of sixteen bytes")
    monkeypatch.setenv("B_KEY", "second key of sixteen bytes")
    first, second = (private_step(hash_step(name, whole=False)).mend for name in ("A_KEY", "B_KEY"))
    assert first("to a@b.org") == first("to a@b.org")
    assert first("to a@b.org, now").removesuffix(", now") == first("to a@b.org")
    assert first("to a@b.org") != first("to c@b.org")
    assert first("to a@b.org") != second("to a@b.org")
    assert not any(char.isdigit() for char in first("to a@b.org"))


def test_a_whole_value_is_hashed_as_one(monkeypatch):
    monkeypatch.setenv("A_KEY", "first key of sixteen bytes")
    whole = private_step(hash_step("A_KEY", whole=True)).mend
    assert whole("Jane Doe").startswith("[hidden ")
    assert whole("Jane Doe") == whole("Jane Doe") != whole("John Doe")
    assert private_step("redact-whole").mend("Jane Doe") == "[hidden]"


def test_the_contract_holds_no_part_of_the_key(monkeypatch):
    monkeypatch.setenv("A_KEY", "first key of sixteen bytes")
    name = hash_step("A_KEY", whole=False)
    assert name.startswith("hash:A_KEY:")
    assert len(name) == len("hash:A_KEY:") + 12


@pytest.mark.parametrize(
    ("value", "what"), [(None, "is not set"), ("short", "has 5 bytes, under 16")]
)
def test_no_key_or_a_short_one_is_refused(monkeypatch, value, what):
    monkeypatch.delenv("A_KEY", raising=False)
    if value:
        monkeypatch.setenv("A_KEY", value)
    with pytest.raises(EnvironmentFault, match=what) as caught:
        hash_step("A_KEY", whole=False)
    assert caught.value.mend.startswith("export A_KEY=")


def test_a_long_text_is_masked_in_linear_time():
    assert len(masked("a" * 300_000 + "@" + "1" * 300_000)) > 0
    assert len(masked("1 2-3." * 50_000)) > 0
