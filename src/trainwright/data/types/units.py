"""What may stand beside a number: units by what they measure, currencies, and words for magnitudes.

A factor says how many of the first unit of its kind one is. Units of one kind can be converted into each
other; those whose zero differs (degrees) have a kind each. Source of the factors: NIST Special
Publication 811 (2008), appendix B.8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_KINDS: Mapping[str, Mapping[str, float]] = {
    "length": {
        "m mtr meter meters metre metres": 1.0,
        "nm": 1e-9,
        "µm μm um": 1e-6,
        "mm": 1e-3,
        "cm": 1e-2,
        "dm": 1e-1,
        "km": 1e3,
        "in inch inches": 0.0254,
        "ft feet foot": 0.3048,
        "yd yds yard yards": 0.9144,
        "mi mile miles": 1609.344,
    },
    "mass": {
        "g gr gram grams gramme": 1.0,
        "µg μg ug mcg": 1e-6,
        "mg": 1e-3,
        "kg kgs kilo kilos": 1e3,
        "t to tonne tonnes": 1e6,
        "lb lbs pound pounds": 453.59237,
        "oz ounce ounces": 28.349523125,
    },
    "volume": {
        "l ltr liter liters litre litres": 1.0,
        "ml": 1e-3,
        "cl": 1e-2,
        "dl": 1e-1,
        "hl": 1e2,
        "m3 m³ cbm": 1e3,
        "gal gallon gallons": 3.785411784,
    },
    "time": {
        "s sec secs second seconds": 1.0,
        "ns": 1e-9,
        "µs μs us": 1e-6,
        "ms msec": 1e-3,
        "min mins minute minutes": 60.0,
        "h hr hrs hour hours": 3600.0,
        "d day days": 86400.0,
        "wk wks week weeks": 604800.0,
    },
    "calendar": {"mo mos mth month months": 1.0, "y yr yrs year years": 12.0},
    "area": {
        "m2 m² sqm": 1.0,
        "cm2 cm²": 1e-4,
        "km2 km²": 1e6,
        "ha": 1e4,
        "ft2 ft² sqft": 0.09290304,
        "acre acres": 4046.8564224,
    },
    "data": {"byte bytes": 1.0, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12},
    "data in powers of two": {"kib": 1.0, "mib": 1024.0, "gib": 1048576.0},
    "power": {
        "w watt watts": 1.0,
        "mW": 1e-3,
        "MW": 1e6,
        "kw": 1e3,
        "gw": 1e9,
        "hp ps": 745.69987158,
    },
    "energy": {"wh": 1.0, "kwh": 1e3, "MWh": 1e6, "gwh": 1e9},
    "food energy": {"kcal": 1.0, "cal": 1e-3, "kj": 1 / 4.184},
    "frequency": {"hz": 1.0, "khz": 1e3, "mhz": 1e6, "ghz": 1e9},
    "pressure": {"pa": 1.0, "hpa mbar": 1e2, "kpa": 1e3, "bar": 1e5, "psi": 6894.757293168},
    "speed": {"m/s": 1.0, "km/h kmh kph": 1 / 3.6, "mph": 0.44704, "kn kt kts": 0.514444444444},
    "voltage": {"v volt volts": 1.0, "mv": 1e-3, "kv": 1e3},
    "current": {"ma": 1e-3, "amp amps": 1.0},
    "concentration": {"mg/l": 1.0, "g/l": 1e3, "mg/dl": 10.0, "g/dl": 1e4, "µg/l ug/l": 1e-3},
    "degrees Celsius": {"°c degc": 1.0},
    "degrees Fahrenheit": {"°f degf": 1.0},
    "degrees": {"° deg": 1.0},
    "share": {"%": 1e-2, "percent": 1e-2, "pct": 1e-2, "‰": 1e-3, "ppm": 1e-6, "bps": 1e-4},
}
_CURRENCIES = (
    "$ us$ usd dollar dollars",
    "€ eur euro euros",
    "£ gbp",
    "¥ jpy yen",
    "₹ inr rs rs.",
    "cny rmb yuan",
    "₽ rub",
    "₩ krw",
    "chf fr. sfr",
    "c$ cad",
    "a$ aud",
    "r$ brl",
    "kr kr. sek",
    "nok",
    "dkk",
    "zł zl pln",
    "mxn",
    "₺ try",
    "₪ ils",
    "zar",
)
_MAGNITUDES = {
    "k thousand tsd": 1e3,
    "m mn mm mio mil million millions": 1e6,
    "b bn bio bil billion billions mrd": 1e9,
    "tn trn trillion trillions": 1e12,
}


@dataclass(frozen=True, slots=True)
class Unit:
    """What one word beside a number is.

    Attributes:
        kind: What it measures; "currency NAME", or "magnitude".
        factor: In the first unit of its kind.
    """

    kind: str
    factor: float


UNITS = {
    word: Unit(kind, factor)
    for kind, table in _KINDS.items()
    for words, factor in table.items()
    for word in words.split()
}
CURRENCIES = {
    word: Unit(f"currency {words.split()[0]}", 1.0)
    for words in _CURRENCIES
    for word in words.split()
}
MAGNITUDES = {
    word: Unit("magnitude", factor)
    for words, factor in _MAGNITUDES.items()
    for word in words.split()
}
SHARE = "share"
_CAPITALS = "BKLMVW"


def as_unit(word: str, *, with_magnitudes: bool) -> Unit | None:
    """What a word beside a number is; `m` and `b` are magnitudes beside money or other magnitudes."""
    if len(word) == 1 and word.isupper() and word not in _CAPITALS:
        return None  # 12A is a seat or a size, not 12 of anything
    low = word.lower()
    if low in CURRENCIES:
        return CURRENCIES[low]
    if low in MAGNITUDES and (with_magnitudes or low not in UNITS):
        return MAGNITUDES[low]
    return UNITS.get(word) or UNITS.get(low)  # MW is not mW
