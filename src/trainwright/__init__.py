"""Trainwright: the training system that proves its own numbers."""
