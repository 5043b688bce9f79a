"""Types: what each column is, decided by all of its values, and how its text becomes values."""

from trainwright.data.types.inference import TypedTable, infer_types
from trainwright.data.types.values import parse_series, parse_value

__all__ = ["TypedTable", "infer_types", "parse_series", "parse_value"]
