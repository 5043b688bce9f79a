"""Bias: who is in the data, what each group was labelled, and what gives a group away."""
