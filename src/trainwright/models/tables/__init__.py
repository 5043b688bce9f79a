"""Families for tables: baseline, linear, lightgbm, and `auto`, which tries them all."""
