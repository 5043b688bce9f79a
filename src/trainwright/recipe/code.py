"""Code that a recipe names: `module:function`, in a file beside the recipe, or installed.

Nowhere else is looked: no path, no address, no folder of the data. A file beside the recipe comes first
and is run as it stands, once a process; its name is taken up nowhere, so that it hides no installed module.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from trainwright.core.errors import RecipeError, nearest


def load_function(place: str, *, base: Path, where: str) -> Callable[..., Any]:
    """The function that `module:function` names.

    Args:
        place: As the recipe has it.
        base: The recipe's folder.
        where: The recipe's key, for messages.

    Raises:
        RecipeError: there is no such module or function, or its code fails when it is loaded.
    """
    module_name, _, name = place.partition(":")
    path = file_of(place, base=base)
    try:
        module = _run(path.resolve()) if path else import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name != module_name.partition(".")[0] or path:
            raise RecipeError(
                f"{place}: it needs the module {error.name!r}, which is not installed",
                where=where,
                mend=f"pip install {error.name}",
            ) from error
        raise RecipeError(
            f"{place}: there is neither a file {module_name}.py beside the recipe nor an installed"
            " module of that name",
            where=where,
            mend=f"write {base / module_name}.py with a function {name}",
        ) from error
    except Exception as error:
        raise RecipeError(
            f"{place}: loading it failed: {type(error).__name__}: {error!s:.200}",
            where=str(path or module_name),
            mend="mend the code there",
        ) from error
    found = getattr(module, name, None)
    if not callable(found):
        known = [other for other, value in vars(module).items() if callable(value)]
        like = nearest(name, known)
        raise RecipeError(
            f"{place}: the module has no function {name!r}",
            where=where,
            mend=f"use {module_name}:{like}" if like else f"define {name} in {module_name}",
        )
    return found  # type: ignore[no-any-return]


def file_of(place: str, *, base: Path) -> Path | None:
    """The file beside the recipe that `module:function` names; None where it is an installed module."""
    path = base / f"{place.partition(':')[0]}.py"
    return path if path.is_file() else None


@lru_cache(maxsize=64)
def _run(path: Path) -> ModuleType:
    spec = spec_from_file_location(f"trainwright_recipe_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
