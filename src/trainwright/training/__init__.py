"""The loop and what it is made of: objectives, optimisers, schedules, feeding, checkpoints, observers.

It knows no family, no modality, no tracker and no file format but its own checkpoints.
"""
