"""The recipe: the one document that says everything about a run.

YAML on disk, pydantic in memory.
"""

from trainwright.recipe.loading import load_recipe, parse_recipe
from trainwright.recipe.reads import Reads
from trainwright.recipe.schema import Recipe

__all__ = ["Reads", "Recipe", "load_recipe", "parse_recipe"]
