"""Stage 4: from a fitted model to numbers that can be trusted."""
