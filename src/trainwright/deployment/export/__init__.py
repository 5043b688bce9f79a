"""Leaving: formats of others, each written by what is laid open and read again before it counts."""
