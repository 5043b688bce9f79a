"""What every room stands on: errors, artifact types, protocols, parts, durable writes, clock and seeds.

Imports the standard library and pydantic only, so that anything may import it at no cost.
"""
