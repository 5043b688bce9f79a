"""Filters of texts, as the published corpora apply them."""
