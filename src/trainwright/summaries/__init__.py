"""Summaries of columns: mergeable, deterministic, and the same for validation, preparation and drift.

Arrays in, small frozen objects out; nothing here knows a stage.
"""
