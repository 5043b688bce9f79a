"""What personal data look like: a shape that a linear-time regex finds, and a check that the shape alone is not enough for.

A shape is cheap and finds too much; a checksum (Luhn, ISO 7064, mod 97 ...) tells a card from any other long
number. Random digits pass such a check too, one time in ten or so: `share` is the least part of a column's
shapes that must pass before anything is said. Kinds that have no check and no distinctive form (a national
phone number) count only in a column whose name says so.

Not here: names of people and places, which no pattern tells from other words.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

_DIGITS = re.compile("[0-9]")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of personal data.

    Attributes:
        name: For a person.
        shape: A pattern in the syntax that Polars and Python share; it may not look around.
        holds: Is a text of this shape really one?
        share: Least part of the shapes in a column that must hold for a finding.
        named: A pattern that the column's name must match for a finding; None for any.
        whole: Before and after it stands neither a letter nor a digit.
    """

    name: str
    shape: str
    holds: Callable[[str], bool] = lambda _: True
    share: float = 0.0
    named: str | None = None
    whole: str = r"(?<![\w.+-]){}(?![\w-])"

    @property
    def pattern(self) -> re.Pattern[str]:
        """Shape and surroundings, for one text."""
        return _compiled(self.whole, self.shape)

    def find(self, text: str) -> Iterator[re.Match[str]]:
        """All that hold, from left to right."""
        return (found for found in self.pattern.finditer(text) if self.holds(found[0]))


_COMPILED: dict[tuple[str, str], re.Pattern[str]] = {}


def _compiled(whole: str, shape: str) -> re.Pattern[str]:
    key = (whole, shape)
    if key not in _COMPILED:
        _COMPILED[key] = re.compile(whole.replace("{}", f"(?:{shape})", 1))
    return _COMPILED[key]


def is_luhn(digits: str) -> bool:
    """The check of cards (ISO/IEC 7812-1, annex B): doubled from the right, every second digit."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def is_card(text: str) -> bool:
    """A number of the ranges that issuers have, with a right check digit."""
    digits = _digits(text)
    lead = int(digits[:4])
    length = {
        4000 <= lead <= 4999: (13, 16, 19),
        5100 <= lead <= 5599 or 2221 <= lead <= 2720: (16,),
        3400 <= lead <= 3499 or 3700 <= lead <= 3799: (15,),
        lead == 6011 or 6440 <= lead <= 6599: (16, 19),
        3528 <= lead <= 3589: (16,),
        3000 <= lead <= 3059 or 3600 <= lead <= 3699 or 3800 <= lead <= 3999: (14,),
    }.get(True, ())
    return len(digits) in length and len(set(digits)) > 1 and is_luhn(digits)


_IBAN_LENGTHS = dict(
    pair.split(":")
    for pair in (
        "AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BR:29 BY:28 CH:21 CR:22 CY:28 CZ:24 DE:22"
        " DK:18 DO:28 EE:20 EG:29 ES:24 FI:18 FO:18 FR:27 GB:22 GE:22 GI:23 GL:18 GR:27 GT:28 HR:21 HU:28"
        " IE:22 IL:23 IQ:23 IS:26 IT:27 JO:30 KW:30 KZ:20 LB:28 LC:32 LI:21 LT:20 LU:20 LV:21 LY:25 MC:27"
        " MD:24 ME:22 MK:19 MR:27 MT:31 MU:30 NL:18 NO:15 PK:24 PL:28 PS:29 PT:25 QA:29 RO:24 RS:22 SA:24"
        " SC:31 SE:24 SI:19 SK:24 SM:27 ST:25 SV:28 TL:23 TN:24 TR:26 UA:29 VA:22 VG:24 XK:20"
    ).split()
)


def is_iban(text: str) -> bool:
    """Country, length and check digits (ISO 13616-1: mod 97 is 1)."""
    plain = text.replace(" ", "").upper()
    if _IBAN_LENGTHS.get(plain[:2]) != str(len(plain)):
        return False
    return int("".join(str(int(char, 36)) for char in plain[4:] + plain[:4])) % 97 == 1


def is_steuer_id(text: str) -> bool:
    """Germany: eleven digits, one of the first ten two or three times, ISO 7064 mod 11,10."""
    digits = _digits(text)
    counts = sorted((digits[:10].count(digit) for digit in set(digits[:10])), reverse=True)
    if len(digits) != 11 or digits[0] == "0" or counts[0] not in (2, 3) or counts[1] > 1:
        return False
    product = 10
    for digit in digits[:10]:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(digits[10])


def is_nir(text: str) -> bool:
    """France: fifteen places, the last two are 97 less the rest mod 97; 2A and 2B are Corsica."""
    plain = re.sub("[ .-]", "", text).upper()
    number = int(plain[:13].replace("2A", "19").replace("2B", "18"))
    return 97 - number % 97 == int(plain[13:]) and 1 <= int(plain[3:5]) <= 42


def is_dni(text: str) -> bool:
    """Spain: the letter is the number mod 23; X, Y, Z of foreigners are 0, 1, 2."""
    plain = re.sub("[ .-]", "", text).upper()
    number = int(plain[:-1].translate(str.maketrans("XYZ", "012")))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23] == plain[-1]


def is_bsn(text: str) -> bool:
    """The Netherlands: nine digits, weighted 9 ... 2, -1, divisible by 11."""
    digits = [int(digit) for digit in _digits(text)]
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return any(digits) and sum(w * d for w, d in zip(weights, digits, strict=True)) % 11 == 0


def is_pesel(text: str) -> bool:
    """Poland: a date of birth, and weights 1, 3, 7, 9."""
    digits = [int(digit) for digit in _digits(text)]
    century = {0: 1900, 1: 2000, 2: 2100, 3: 2200, 4: 1800}.get(digits[2] // 2)
    month = 10 * (digits[2] % 2) + digits[3]
    year = (century or 0) + 10 * digits[0] + digits[1]
    weights = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
    total = sum(w * d for w, d in zip(weights, digits, strict=False))
    return (
        century is not None
        and _is_day(year, month, 10 * digits[4] + digits[5])
        and (10 - total % 10) % 10 == digits[10]
    )


def is_codice_fiscale(text: str) -> bool:
    """Italy: sixteen places, the last a sum of the others (DM 23/12/1976), odd places by a table."""
    odd = dict(
        zip(
            "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            (
                1,
                0,
                5,
                7,
                9,
                13,
                15,
                17,
                19,
                21,
                1,
                0,
                5,
                7,
                9,
                13,
                15,
                17,
                19,
                21,
                2,
                4,
                18,
                20,
                11,
                3,
            )
            + (6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
            strict=True,
        )
    )
    plain = text.upper()
    total = sum(
        odd[char] if place % 2 == 0 else int(char, 36) - (0 if char.isdigit() else 10)
        for place, char in enumerate(plain[:15])
    )
    return chr(ord("A") + total % 26) == plain[15]


def is_cpf(text: str) -> bool:
    """Brazil: two check digits, each mod 11."""
    digits = [int(digit) for digit in _digits(text)]
    if len(set(digits)) == 1:
        return False
    for place in (9, 10):
        total = sum(d * (place + 1 - i) for i, d in enumerate(digits[:place]))
        if total * 10 % 11 % 10 != digits[place]:
            return False
    return True


def is_resident_id(text: str) -> bool:
    """China (GB 11643): a date of birth and ISO 7064 mod 11-2."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(w * int(d) for w, d in zip(weights, text, strict=False))
    day = _is_day(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    return day and "10X98765432"[total % 11] == text[17].upper()


def is_ip(text: str) -> bool:
    """An address that may be somebody's: not a version, a section number, a mask or one's own machine."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if address.version == 6:
        return text.count(":") >= 4 and not address.is_unspecified
    parts = [int(part) for part in text.split(".")]
    return (
        max(parts) > 9
        and sum(part > 9 for part in parts) > 1
        and 0 < parts[0] < 240
        and parts[0] != 127
    )


def is_phone(text: str) -> bool:
    """Eight to fifteen digits (ITU-T E.164), not all alike."""
    digits = _digits(text)
    return 8 <= len(digits) <= 15 and len(set(digits)) > 2


def _digits(text: str) -> str:
    return "".join(_DIGITS.findall(text))


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        return date(year, month, day).year >= 1800
    except ValueError:
        return False


_OCTET = "(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})"
_PHONE = r"(?i)phone|tel(?:e|$|[^a-z])|mobile?|cell|fax|whatsapp|handy|rufnummer|portable"
_NATIONAL = r"(?:\(0[0-9]{1,5}\)|0[0-9]{1,5})[ ./-]?[0-9]{2,4}(?:[ ./-]?[0-9]{2,4}){1,4}|[0-9]{3}[ .-]?[0-9]{3}[ .-]?[0-9]{4}"
# In the order in which a text is masked: what is surest first.
KINDS = (
    Kind(
        "e-mail address",
        r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24}",
        whole=r"(?<![A-Za-z0-9._%+-]){}(?![A-Za-z0-9-]*@)",
    ),
    Kind("IBAN", r"[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?", is_iban),
    Kind("card number", r"[2-6][0-9]{3}(?:[ -]?[0-9]{3,6}){2,4}", is_card, share=0.5),
    Kind(
        "French social security number (NIR)",
        r"[12][ .]?[0-9]{2}[ .]?[0-9]{2}[ .]?(?:[0-9]{2}|2[ABab])[ .]?[0-9]{3}[ .]?[0-9]{3}[ .]?[0-9]{2}",
        is_nir,
        share=0.5,
    ),
    Kind("Chinese resident identity number", "[1-9][0-9]{5}[12][0-9]{10}[0-9Xx]", is_resident_id, 0.5),
    Kind(
        "Italian tax code (codice fiscale)",
        "[A-Za-z]{6}[0-9]{2}[A-Ea-eHhLMlmPpR-Tr-t][0-9]{2}[A-Za-z][0-9]{3}[A-Za-z]",
        is_codice_fiscale,
        share=0.5,
    ),
    Kind("Brazilian tax number (CPF)", r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", is_cpf, share=0.5),
    Kind("German tax number (IdNr)", "[1-9][0-9](?: ?[0-9]{3}){3}", is_steuer_id, share=0.5),
    Kind("Polish identity number (PESEL)", "[0-9]{11}", is_pesel, share=0.8),
    Kind("Spanish identity number (DNI, NIE)", "(?:[0-9]{8}|[XYZ][0-9]{7})-?[A-HJ-NP-TV-Z]", is_dni, 0.5),
    Kind("Dutch citizen number (BSN)", "[0-9]{9}", is_bsn, share=0.9),
    Kind(
        "US social security number",
        r"(?:00[1-9]|0[1-9][0-9]|[1-578][0-9]{2}|6[0-57-9][0-9]|66[0-57-9])-(?:0[1-9]|[1-9][0-9])-(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})",
    ),
    Kind(
        "IP address",
        rf"{_OCTET}(?:\.{_OCTET}){{3}}|[0-9A-Fa-f]{{1,4}}(?::[0-9A-Fa-f]{{0,4}}){{4,7}}",
        is_ip,
        whole=r"(?<![\w.:+-]){}(?![\w:-])(?!\.[0-9])",
    ),
    Kind(
        "phone number",
        r"\+[1-9][0-9]{0,2}[ ./-]?(?:\(0?[0-9]{1,5}\)[ ./-]?)?[0-9]{1,5}(?:[ ./-]?[0-9]{2,5}){1,5}"
        r"|\([2-9][0-9]{2}\) ?[2-9][0-9]{2}[ .-][0-9]{4}|(?:1[ .-])?[2-9][0-9]{2}[.-][2-9][0-9]{2}[.-][0-9]{4}",
        is_phone,
        whole=r"(?<![\w.-]){}(?![\w-])(?!\.[0-9])",
    ),
    Kind("national phone number", _NATIONAL, is_phone, named=_PHONE, share=0.5,
         whole=r"(?<![\w.+-]){}(?![\w-])(?!\.[0-9])"),
)  # fmt: skip
# What every text that holds any of the kinds has; all others are passed over.
GATE = (
    r"@|[0-9](?:[ ./()-]{0,3}[0-9]){6}|[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]|:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:"
    r"|[A-Za-z]{6}[0-9]{2}[A-Za-z][0-9]{2}|[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4}"
)
