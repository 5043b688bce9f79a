"""Repair: what is mended in typed values, by the column's contract, and what was changed where."""
