"""Preparation steps, one file a kind: a mergeable summary, and the pure transform fitted from it."""
