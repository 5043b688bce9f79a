"""`trainwright prove`: a run's own mathematics, on its own model, data and collation."""
