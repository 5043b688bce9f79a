"""A model behind an API as a candidate."""
