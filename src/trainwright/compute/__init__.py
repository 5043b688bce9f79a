"""Where work on rows runs: in this process, or by the workers of a Ray cluster. The results are the same."""
