"""The checks that tell a card, an account or a person's number from other digits: check digits and dates.

Each takes a text of the right shape (`privacy.kinds`), blanks and dots included. Sources: the standards
and laws named at each; test numbers in tests/unit/data/privacy/test_checksums.py.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import date

_DIGITS = re.compile("[0-9]")
_NO_SIGN = re.compile(r"[\W_]")  # blanks, points and hyphens of any kind
_ODD_PLACES = (
    *(1, 0, 5, 7, 9, 13, 15, 17, 19, 21),  # digits; then A to Z
    *(1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
)


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


IBAN_LENGTHS = {
    **dict.fromkeys(("NO",), 15),
    **dict.fromkeys(("BE",), 16),
    **dict.fromkeys(("DK", "FI", "FK", "FO", "GL", "NL", "SD"), 18),
    **dict.fromkeys(("MK", "SI"), 19),
    **dict.fromkeys(("AT", "BA", "EE", "KZ", "LT", "LU", "MN", "XK"), 20),
    **dict.fromkeys(("CH", "HR", "LI", "LV"), 21),
    **dict.fromkeys(("BG", "BH", "CR", "DE", "GB", "GE", "IE", "ME", "RS", "VA"), 22),
    **dict.fromkeys(("AE", "GI", "IL", "IQ", "OM", "SO", "TL"), 23),
    **dict.fromkeys(("AD", "CZ", "ES", "MD", "PK", "RO", "SA", "SE", "SK", "TN", "VG"), 24),
    **dict.fromkeys(("LY", "PT", "ST"), 25),
    **dict.fromkeys(("IS", "TR"), 26),
    **dict.fromkeys(("BI", "DJ", "FR", "GR", "IT", "MC", "MR", "SM"), 27),
    **dict.fromkeys(("AL", "AZ", "BY", "CY", "DO", "GT", "HN", "HU", "LB", "NI", "PL", "SV"), 28),
    **dict.fromkeys(("BR", "EG", "PS", "QA", "UA"), 29),
    **dict.fromkeys(("JO", "KW", "MU", "YE"), 30),
    **dict.fromkeys(("MT", "SC"), 31),
    "LC": 32,
    "RU": 33,
}


def is_iban(text: str) -> bool:
    """Country, length and check digits (ISO 13616-1: mod 97 is 1)."""
    plain = _NO_SIGN.sub("", text).upper()
    if IBAN_LENGTHS.get(plain[:2]) != len(plain):
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
    plain = _NO_SIGN.sub("", text).upper()
    number = int(plain[:13].replace("2A", "19").replace("2B", "18"))
    return 97 - number % 97 == int(plain[13:]) and 1 <= int(plain[3:5]) <= 42


def is_dni(text: str) -> bool:
    """Spain: the letter is the number mod 23; X, Y, Z of foreigners are 0, 1, 2."""
    plain = _NO_SIGN.sub("", text).upper()
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
    odd = dict(zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", _ODD_PLACES, strict=True))
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


def is_ahv(text: str) -> bool:
    """Switzerland: thirteen digits from 756 on, with the check digit of EAN-13."""
    digits = [int(digit) for digit in _digits(text)]
    total = sum(digit * (3 if place % 2 else 1) for place, digit in enumerate(digits[:12]))
    return (10 - total % 10) % 10 == digits[12]


def is_belgian(text: str) -> bool:
    """Belgium: 97 less the first nine mod 97, a 2 before them for those born from 2000 on."""
    digits = _digits(text)
    number, check = int(digits[:9]), int(digits[9:])
    return check in (97 - number % 97, 97 - (number + 2_000_000_000) % 97)


def is_hetu(text: str) -> bool:
    """Finland: a date of birth, and a sign by the nine digits mod 31."""
    day, month = int(text[:2]), int(text[2:4])
    sign = "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(text[:6] + text[7:10]) % 31]
    return 1 <= day <= 31 and 1 <= month <= 12 and sign == text[10]


def is_personnummer(text: str) -> bool:
    """Sweden: a date of birth (60 more for a coordination number), and the check of cards over ten digits."""
    ten = _digits(text)[-10:]
    month, day = int(ten[2:4]), int(ten[4:6]) % 60
    return 1 <= month <= 12 and 1 <= day <= 31 and is_luhn(ten)


def is_nino(text: str) -> bool:
    """United Kingdom: no check digit, but letters that are never given out."""
    plain = _NO_SIGN.sub("", text)
    first, second = plain[0], plain[1]
    unused = first in "DFIQUV" or second in "DFIQUVO" or plain[-1] not in "ABCD"
    return not unused and plain[:2] not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ")


def is_aadhaar(text: str) -> bool:
    """India: twelve digits with the check of Verhoeff 1969, of the dihedral group of order ten."""
    check = 0
    for place, digit in enumerate(reversed(_digits(text))):
        check = _product(check, _permuted(int(digit), place))
    return check == 0


def is_sin(text: str) -> bool:
    """Canada: nine digits with the check of cards."""
    return is_luhn(_digits(text))


def is_ssn(text: str) -> bool:
    """United States: no check digit, but numbers that are never given out."""
    area, group, serial = text.split("-")
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


def is_ip(text: str) -> bool:
    """An address that may be somebody's: not a version, a section number, a mask or one's own machine."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if address.version == 6:
        if mapped := address.ipv4_mapped:
            return is_ip(str(mapped))
        is_long = text.count(":") >= 4 or text[:4].isalnum()  # not "a::b", which is code
        return is_long and not address.is_unspecified
    parts = [int(part) for part in text.split(".")]
    return (
        max(parts) > 9
        and sum(part > 9 for part in parts) > 1
        and 0 < parts[0] < 240
        and parts[0] != 127
    )


def is_phone(text: str) -> bool:
    """Eight to fifteen digits (ITU-T E.164), not all alike; no coordinates, no days such as 02/01/2024."""
    digits = _digits(text)
    if _PLACE.fullmatch(text) or _DAY.fullmatch(text):
        return False
    return 8 <= len(digits) <= 15 and len(set(digits)) > 2


_PLACE = re.compile(r"\+[0-9]{1,3}\.[0-9]{1,7}(?:[+-].*)?")  # a latitude, and a longitude behind it
_DAY = re.compile(r"[0-3]?[0-9]([/.-])[0-3]?[0-9]\1(?:19|20)[0-9]{2}")
_FIVES = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def _product(a: int, b: int) -> int:
    """Of two of the ten turns and flips of a pentagon: 0 to 4 turn it, 5 to 9 flip it."""
    turned = (a + b) % 5 if a < 5 else (a - b) % 5
    return turned + 5 * ((a < 5) != (b < 5))


def _permuted(digit: int, times: int) -> int:
    for _ in range(times % 8):
        digit = _FIVES[digit]
    return digit


def _digits(text: str) -> str:
    return "".join(_DIGITS.findall(text))


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        return date(year, month, day).year >= 1800
    except ValueError:
        return False
