"""Stage 1: from raw files to a snapshot.

Read, type, clean, validate, split, look for leakage, fit the preparation.
"""
