"""Shift: parts of the split that differ, in their inputs or in their labels."""
