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


_OCTET = "(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})"
_PHONE = r"(?i)phone|tel(?:e|$|[^a-z])|mobile?|cell|fax|whatsapp|handy|rufnummer|portable"
_NATIONAL = (
    r"(?:\(0[0-9]{1,5}\)|0[0-9]{1,5})[ ./-]?[0-9]{2,4}(?:[ ./-]?[0-9]{2,4}){1,4}"
    r"|[0-9]{3}[ .-]?[0-9]{3}[ .-]?[0-9]{4}"
)
# In the order in which a text is masked: what is surest first.
KINDS = (
    Kind(
        "e-mail address",
        r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24}",
        whole=r"(?<![A-Za-z0-9._%+-]){}(?![A-Za-z0-9-]*@)",
    ),
    Kind("IBAN", r"[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?", checksums.is_iban),
    Kind("card number", r"[2-6][0-9]{3}(?:[ -]?[0-9]{3,6}){2,4}", checksums.is_card, share=0.5),
    Kind(
        "French social security number (NIR)",
        r"[12][ .]?[0-9]{2}[ .]?[0-9]{2}[ .]?(?:[0-9]{2}|2[ABab])[ .]?[0-9]{3}[ .]?[0-9]{3}[ .]?[0-9]{2}",
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
    Kind("Brazilian tax number (CPF)", r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", checksums.is_cpf, share=0.5),
    Kind("German tax number (IdNr)", "[1-9][0-9](?: ?[0-9]{3}){3}", checksums.is_steuer_id, share=0.5),
    Kind("Polish identity number (PESEL)", "[0-9]{11}", checksums.is_pesel, share=0.8),
    Kind("Spanish identity number (DNI, NIE)", "(?:[0-9]{8}|[XYZ][0-9]{7})-?[A-HJ-NP-TV-Z]",
         checksums.is_dni, share=0.5),
    Kind("Dutch citizen number (BSN)", "[0-9]{9}", checksums.is_bsn, share=0.9),
    Kind(
        "US social security number",
        "[0-9]{3}-[0-9]{2}-[0-9]{4}",
        checksums.is_ssn,
    ),
    Kind(
        "IP address",
        rf"{_OCTET}(?:\.{_OCTET}){{3}}|[0-9A-Fa-f]{{1,4}}(?::[0-9A-Fa-f]{{0,4}}){{4,7}}",
        checksums.is_ip,
        whole=r"(?<![\w.:+-]){}(?![\w:-])(?!\.[0-9])",
    ),
    Kind(
        "phone number",
        r"\+[1-9][0-9]{0,2}[ ./-]?(?:\(0?[0-9]{1,5}\)[ ./-]?)?[0-9]{1,5}(?:[ ./-]?[0-9]{2,5}){1,5}"
        r"|\([2-9][0-9]{2}\) ?[2-9][0-9]{2}[ .-][0-9]{4}"
        r"|(?:1[ .-])?[2-9][0-9]{2}[.-][2-9][0-9]{2}[.-][0-9]{4}",
        checksums.is_phone,
        whole=r"(?<![\w.-]){}(?![\w-])(?!\.[0-9])",
    ),
    Kind("national phone number", _NATIONAL, checksums.is_phone, named=_PHONE, share=0.5,
         whole=r"(?<![\w.+-]){}(?![\w-])(?!\.[0-9])"),
)  # fmt: skip
# What every text that holds any of the kinds has; all others are passed over.
GATE = (
    r"@|[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]|:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:"
    r"|[0-9](?:[ ./()-]{0,3}[0-9]){6}"
    r"|[A-Za-z]{6}[0-9]{2}[A-Za-z][0-9]{2}|[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4}"
)
