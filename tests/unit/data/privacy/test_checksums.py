"""Numbers that the standards, laws and issuers publish as examples; none is anybody's."""

from __future__ import annotations

import polars as pl
import pytest

from trainwright.data.privacy.checksums import is_luhn
from trainwright.data.privacy.kinds import GATE, KINDS
from trainwright.data.privacy.masking import masked

EXAMPLES = {
    "e-mail address": ["a.b@c.co.uk", "first+last@sub.example.org"],
    "IBAN": ["DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819", "NL91ABNA0417164300",
             "FR1420041010050500013M02606", "NO9386011117947", "de89370400440532013000",
             "DE89-3704-0044-0532-0130-00", "DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000",
             "RU0204452560040702810412345678901"],
    "card number": ["4111 1111 1111 1111", "378282246310005", "5555-5555-5555-4444", "6011111111111117",
                    "4111\u00a01111\u00a01111\u00a01111"],
    "French social security number (NIR)": ["255081416802538", "2 55 08 14 168 025 38"],
    "Chinese resident identity number": ["11010519491231002X"],
    "Italian tax code (codice fiscale)": ["RSSMRA85T10A562S"],
    "Brazilian tax number (CPF)": ["529.982.247-25"],
    "German tax number (IdNr)": ["86095742719", "47036892816", "65 929 970 489"],
    "Polish identity number (PESEL)": ["44051401359"],
    "Spanish identity number (DNI, NIE)": ["12345678Z", "X1234567L"],
    "Dutch citizen number (BSN)": ["111222333"],
    "Swiss social security number (AHV)": ["756.9217.0769.85", "7569217076985"],
    "Belgian national number": ["85.07.30-033.28", "01.05.11-050.93"],
    "Finnish identity code (HETU)": ["131052-308T", "131052A308T"],
    "Swedish identity number (personnummer)": ["811228-9874", "19811228-9874", "811228+9874"],
    "British national insurance number": ["JG103759A", "JG 10 37 59 A"],
    "Indian identity number (Aadhaar)": ["2341 2341 2346", "2341-2341-2346"],
    "Canadian social insurance number": ["123 456 782", "123-456-782"],
    "US social security number": ["078-05-1120"],
    "IP address": ["84.17.49.12", "2001:0db8:85a3:0000:0000:8a2e:0370:7334", "2001:db8::8a2e:370:7334",
                   "2001:db8::1", "::ffff:84.17.49.12"],
    "phone number": ["+49 30 901820", "(212) 555-0123", "212-555-0123", "+44 (0)20 7946 0958",
                     "(+49) 30 901820", "+33\u00a01\u00a042\u00a068\u00a053\u00a000",
                     "212\u2013555\u20130123"],
    "national phone number": ["030 901820", "01 23 45 67 89", "0171/1234567", "(030) 901820",
                              "8 (301) 123-45-67", "612 34 56 78", "512 345 678", "21 234 5678",
                              "32 12 34 56", "131 2345 6789",
                              "(11) 96123-4567"],
}  # fmt: skip
BY_NAME = {kind.name: kind for kind in KINDS}


def test_every_kind_has_an_example():
    assert set(EXAMPLES) == set(BY_NAME)


@pytest.mark.parametrize(
    ("name", "text"), [(name, one) for name, many in EXAMPLES.items() for one in many]
)
@pytest.mark.parametrize("around", ["{}", "see {}, please", "({})", "\n{}\n"])
def test_an_example_is_found_whole_and_its_text_passes_gate_and_shape(name, text, around):
    kind, cell = BY_NAME[name], around.replace("{}", text)
    assert [found[0] for found in kind.find(cell)] == [text]
    assert pl.Series([cell]).str.contains(GATE)[0]
    assert pl.Series([cell]).str.contains(kind.shape)[0]


UNCHECKED = (
    "e-mail address",
    "IP address",
    "US social security number",
    "phone number",
    "British national insurance number",
)
CHECKED = [name for name in EXAMPLES if not name.endswith(UNCHECKED)]


@pytest.mark.parametrize("name", CHECKED)
def test_any_single_wrong_digit_is_noticed(name):
    kind = BY_NAME[name]
    for text in EXAMPLES[name]:
        for place, char in enumerate(text):
            if char.isdigit():
                wrong = text[:place] + str((int(char) + 1) % 10) + text[place + 1 :]
                assert not [found[0] for found in kind.find(wrong) if found[0] == wrong], wrong


@pytest.mark.parametrize(
    ("name", "text"),
    [("IP address", "version 1.2.3.4"), ("IP address", "0.0.0.0"), ("IP address", "255.255.255.0"),
     ("IP address", "12:30:45"), ("IP address", "1.10.20.30.40"), ("IP address", "127.0.0.1"),
     ("phone number", "2024-11-22 10:15"), ("phone number", "1234567.8901"),
     ("phone number", "3.14159265358979"), ("phone number", "+52.5200066"),
     ("phone number", "+52.5200066+013.4049540/"), ("phone number", "C++17 2020-12-31"),
     ("IP address", "std::a::b::c"), ("IP address", "fe80::1"), ("IP address", "84.17.49.12:x"),
     ("British national insurance number", "GB123456A"), ("British national insurance number", "AB123456X"),
     ("card number", "4111 1111 1111 1112"), ("card number", "4444444444444448x"),
     ("US social security number", "666-12-3456"), ("US social security number", "123-00-3456"),
     ("e-mail address", "@handle and a@b"), ("e-mail address", "user@host")],
)  # fmt: skip
def test_what_only_looks_like_one_is_none(name, text):
    assert list(BY_NAME[name].find(text)) == []


def test_luhn_takes_one_number_in_ten():
    assert sum(is_luhn(f"{number:08d}") for number in range(10_000)) == 1_000


@pytest.mark.parametrize("behind", [" please", "EUR", " THE", " 100 EUR", " 1234 5678"])
def test_what_stands_behind_an_account_is_no_part_of_it(behind):
    for iban in ("BE68 5390 0754 7034", "BE68539007547034"):
        found = [found[0] for found in BY_NAME["IBAN"].find(f"to {iban}{behind}")]
        assert found == ([] if behind == "EUR" else [iban])


def test_an_address_with_a_port_is_one():
    assert [found[0] for found in BY_NAME["IP address"].find("at 84.17.49.12:8080")] == [
        "84.17.49.12"
    ]


@pytest.mark.parametrize(
    "day", ["02/01/2024", "02.01.2024", "02-01-1999", "1/12/2024", "12/31/2024"]
)
def test_a_day_is_no_phone_number(day):
    assert not any(list(kind.find(day)) for kind in KINDS)
    assert masked(f"seen on {day}") == f"seen on {day}"
