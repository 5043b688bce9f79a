"""Leakage: columns, or pairs of them, that know the answer."""

from trainwright.data.leakage.check import find_leaks

__all__ = ["find_leaks"]
