"""Data feeding: what a batch is made of, in which order, and by which process.

`order` and `batching` say which samples come when; `sources` and `memory_mapped` make batches of
them; `loader` is what the loop iterates over.
"""
