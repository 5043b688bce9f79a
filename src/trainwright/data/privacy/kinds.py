"""What personal data look like: a shape that a linear-time regex finds, and a check of what has that shape.

A shape is cheap and finds too much; a checksum (Luhn, ISO 7064, mod 97 ...) tells a card from any other long
number. Random digits pass such a check too, one time in ten or so: `share` is the least part of a column's
shapes that must pass before anything is said. Kinds that have no check and no distinctive form (a national
phone number) count only in a column whose name says so.

Not here: names of people, which no pattern tells from other words (see `privacy.naming`), and of places.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from trainwright.data.privacy import checksums


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of personal data.

    Attributes:
        name: For a person.
        shape: A pattern in the syntax that Polars and Python share; it may not look around.
        holds: Is a text of this shape really one?
        share: Least part of the shapes in a column that must hold for a finding.
        named: A pattern that the column's name must match for a finding; None for any.
        behind: Or one that stands right before it in the text.
        whole: Before and after it stands neither a letter nor a digit.
    """

    name: str
    shape: str
    holds: Callable[[str], bool] = lambda _: True
    share: float = 0.0
    named: str | None = None
    behind: str | None = None
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


_B = "[ \u00a0\u2009\u202f]"  # a blank, as word processors set it too
_J = "[ \u00a0\u2009\u202f./\u2010-\u2013-]"  # what may stand between parts of a number
_D = "[ \u00a0\u2009\u202f\u2010-\u2013-]"
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})"
_HEX = "[0-9A-Fa-f]{1,4}"
_PHONE = (
    r"(?i)phone|tel(?:e?f|$|[^a-z])|mobile?(?:$|[^a-z]|n(?:r|o|um))|(?:^|[^a-z])cell(?:$|[^a-z]|n(?:o|um))|fax"
    r"|whatsapp|handy(?:$|[^a-z]|n)|rufnummer|portable|(?:^|[^a-z])(?:gsm|tlf|fon|contact[ _-]?n(?:o|um))"
    r"|телефон|电话|手机|電話|携帯|전화|هاتف"
)
_CALLED = (
    r"(?i)\b(?:tel(?:e(?:ph|f)oo?n[eo]?)?"
    r"|(?:mobile?|cell|phone|fax|handy|portable)(?: ?(?:phone|number|nr|no))?"
    r"|whatsapp|rufnummer|(?:call|ring|text|dial|reach)(?: (?:me|us|him|her|them))?(?: (?:at|on|under))?)"
    r"[.:#]{0,2}\s{0,3}"
)
_INSURANCE = r"(?i)nino(?:$|[^a-z])|national[ _-]?ins|(?:^|[^a-z])ni[ _-]?n(?:o|um)"
_INSURED = r"(?i)\b(?:nino|n\.?i\.?|national insurance)(?: number| no)?[.:#]{0,2}\s{0,3}"
_NATIONAL = (
    rf"(?:\(0[0-9]{{1,5}}\)|0[0-9]{{1,5}}){_J}?[0-9]{{2,4}}(?:{_J}?[0-9]{{2,4}}){{1,4}}"
    rf"|[0-9]{{3}}{_J}?[0-9]{{3}}{_J}?[0-9]{{4}}"
    rf"|[5-9][0-9]{{2}}(?:{_D}[0-9]{{3}}){{2}}|[5-9][0-9]{{2}}(?:{_D}[0-9]{{2}}){{3}}"
    rf"|[2-9][0-9](?:{_B}[0-9]{{2}}){{3}}|[12][0-9]{_B}[0-9]{{3,4}}(?:{_B}[0-9]{{2,4}}){{1,2}}"
    rf"|1[3-9][0-9]{_D}?[0-9]{{4}}{_D}?[0-9]{{4}}"
    rf"|8{_D}?\([0-9]{{3,5}}\){_D}?[0-9]{{1,3}}(?:{_D}?[0-9]{{2}}){{2}}"
    rf"|\([1-9][0-9]\){_B}?9?[0-9]{{4}}{_D}?[0-9]{{4}}"
)


def _iban() -> str:
    """As long as the country has it, so that a word behind it is no part of it; in groups of four or none."""
    countries: dict[int, list[str]] = {}
    for country, length in checksums.IBAN_LENGTHS.items():
        countries.setdefault(length, []).append(country)
    forms = []
    for length, names in countries.items():
        groups, rest = divmod(length - 4, 4)
        end = f"{_D}?[a-z0-9]{{{rest}}}" if rest else ""
        forms.append(f"(?:{'|'.join(names)})[0-9]{{2}}(?:{_D}?[a-z0-9]{{4}}){{{groups}}}{end}")
    return f"(?i:{'|'.join(forms)})"


# In the order in which a text is masked: what is surest first.
KINDS = (
    Kind(
        "e-mail address",
        r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24}",
        whole=r"(?<![A-Za-z0-9._%+-]){}(?![A-Za-z0-9-]*@)",
    ),
    Kind(
        "IBAN",
        _iban(),
        checksums.is_iban,
        share=0.1,
    ),
    Kind("card number", rf"[2-6][0-9]{{3}}(?:{_D}?[0-9]{{3,6}}){{2,4}}", checksums.is_card, share=0.5),
    Kind(
        "French social security number (NIR)",
        rf"[12](?:{_J}?[0-9]{{2}}){{2}}{_J}?(?:[0-9]{{2}}|2[ABab])(?:{_J}?[0-9]{{3}}){{2}}{_J}?[0-9]{{2}}",
        checksums.is_nir,
        share=0.5,
    ),
    Kind("Chinese resident identity number", "[1-9][0-9]{5}[12][0-9]{10}[0-9Xx]",
         checksums.is_resident_id, share=0.5),
    Kind(
        "Italian tax code (codice fiscale)",
        "[A-Za-z]{6}[0-9]{2}[A-Ea-eHhLMlmPpR-Tr-t][0-9]{2}[A-Za-z][0-9]{3}[A-Za-z]",
        checksums.is_codice_fiscale,
        share=0.5,
    ),
    Kind("Swiss social security number (AHV)", r"756(?:\.[0-9]{4}\.[0-9]{4}\.[0-9]{2}|[0-9]{10})",
         checksums.is_ahv, share=0.5),
    Kind("Belgian national number", r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}\.[0-9]{2}",
         checksums.is_belgian, share=0.5),
    Kind("Finnish identity code (HETU)", "[0-9]{6}[+A-FU-Y-][0-9]{3}[0-9A-FHJ-NPR-Y]",
         checksums.is_hetu, share=0.5),
    Kind("Swedish identity number (personnummer)", "(?:18|19|20)?[0-9]{6}[+-][0-9]{4}",
         checksums.is_personnummer, share=0.5),
    Kind("Brazilian tax number (CPF)", r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}",
         checksums.is_cpf, share=0.5),
    Kind("German tax number (IdNr)", rf"[1-9][0-9](?:{_B}?[0-9]{{3}}){{3}}",
         checksums.is_steuer_id, share=0.5),
    Kind("Polish identity number (PESEL)", "[0-9]{11}", checksums.is_pesel, share=0.8),
    Kind("Spanish identity number (DNI, NIE)", "(?:[0-9]{8}|[XYZ][0-9]{7})-?[A-HJ-NP-TV-Z]",
         checksums.is_dni, share=0.5),
    Kind("Dutch citizen number (BSN)", "[0-9]{9}", checksums.is_bsn, share=0.9),
    Kind("British national insurance number",
         rf"[A-Z]{{2}}{_B}?[0-9]{{2}}{_B}?[0-9]{{2}}{_B}?[0-9]{{2}}{_B}?[A-Z]",
         checksums.is_nino, share=0.9, named=_INSURANCE, behind=_INSURED),
    Kind("Indian identity number (Aadhaar)", rf"[2-9][0-9]{{3}}{_D}[0-9]{{4}}{_D}[0-9]{{4}}",
         checksums.is_aadhaar, share=0.5),
    Kind("Canadian social insurance number", rf"[1-79][0-9]{{2}}{_D}[0-9]{{3}}{_D}[0-9]{{3}}",
         checksums.is_sin, share=0.5),
    Kind(
        "US social security number",
        "[0-9]{3}-[0-9]{2}-[0-9]{4}",
        checksums.is_ssn,
        share=0.95,  # of any other numbers so written 0.89 pass
    ),
    Kind(
        "IP address",
        rf"(?:::[Ff]{{4}}:)?{_OCTET}(?:\.{_OCTET}){{3}}|{_HEX}(?::[0-9A-Fa-f]{{0,4}}){{4,7}}"
        rf"|[23][0-9A-Fa-f]{{3}}(?::{_HEX}){{1,5}}::(?:{_HEX}(?::{_HEX}){{0,3}})?",
        checksums.is_ip,
        share=0.3,
        whole=r"(?<![\w.:+-]){}(?![\w-]|\.[0-9]|:(?![0-9]{2,5}(?![\w:])))",
    ),
    Kind(
        "phone number",
        rf"(?:\+[1-9][0-9]{{0,2}}|\(\+[1-9][0-9]{{0,2}}\)){_J}?(?:\(0?[0-9]{{1,5}}\){_J}?)?"
        rf"[0-9]{{1,5}}(?:{_J}?[0-9]{{2,5}}){{1,5}}"
        rf"|\([2-9][0-9]{{2}}\){_B}?[2-9][0-9]{{2}}{_J}[0-9]{{4}}"
        r"|(?:1[ .-])?[2-9][0-9]{2}(?:[.\u2010-\u2013-][2-9][0-9]{2}[.\u2010-\u2013-])[0-9]{4}",
        checksums.is_phone,
        whole=r"(?<![\w.+-]){}(?![\w-])(?!\.[0-9])",
    ),
    Kind("national phone number", _NATIONAL, checksums.is_phone, named=_PHONE, behind=_CALLED, share=0.5,
         whole=r"(?<![\w.+-]){}(?![\w-])(?!\.[0-9])"),
)  # fmt: skip
# What every text that holds any of the kinds has; all others are passed over.
GATE = (
    r"@|[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]|:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:"
    r"|[0-9](?:[ \u00a0\u2009\u202f./()\u2010-\u2013-]{0,3}[0-9]){6}|[0-9]{6}[+A-FU-Y][0-9]{3}"
    r"|[A-Za-z]{6}[0-9]{2}[A-Za-z][0-9]{2}|[A-Za-z]{2}[0-9]{2}[ \u00a0\u2009\u202f-]?[A-Za-z0-9]{4}"
    r"|[A-Z]{2}[ \u00a0]?[0-9]{2}[ \u00a0]?[0-9]{2}[ \u00a0]?[0-9]{2}[ \u00a0]?[A-D]"
)
