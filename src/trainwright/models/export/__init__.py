"""What of leaving needs torch: weights laid open, graphs traced, foreign files loaded again."""
