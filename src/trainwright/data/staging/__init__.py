"""Rows on their way to a snapshot, on disk: what lets a table be larger than memory."""
