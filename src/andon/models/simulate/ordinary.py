"""The kernel compiled in numba's usual way: with bounds checks, or where `compiling` does not fit this numba.

It says the same to the bit as the code that `compiling` makes. It takes longer to compile, and every process that uses
it imports numba.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numba


def over(
    plain: dict[str, Callable[..., Any]],
    modules: Sequence[types.ModuleType],
    compiled: Callable[[Callable[..., Any]], Any],
) -> dict[str, Any]:
    """Every function made anew over globals in which the other kernel functions are compiled too."""
    made: dict[str, Any] = {}
    spaces = {module.__name__: dict(vars(module)) for module in modules}
    for name, function in plain.items():
        copy = types.FunctionType(function.__code__, spaces[function.__module__], name, function.__defaults__)
        copy.__module__ = function.__module__
        copy.__qualname__ = name
        copy.__annotations__ = {}
        made[name] = compiled(copy)
    for space in spaces.values():
        for name in plain:
            if name in space:
                space[name] = made[name]
    return made


def checked(plain: dict[str, Callable[..., Any]], modules: Sequence[types.ModuleType]) -> dict[str, Callable[..., Any]]:
    """The functions over arrays whose bounds are checked."""
    return over(plain, modules, numba.njit(nogil=True, error_model="numpy", boundscheck=True))


def usual(
    plain: dict[str, Callable[..., Any]], modules: Sequence[types.ModuleType], entry: str, cache: Path | None
) -> Callable[..., None]:
    """The entry, which numba compiles when it is called first, and keeps in `cache` where there is one."""
    config: Any = numba.config
    before = config.CACHE_DIR
    config.CACHE_DIR = before if cache is None else str(cache)

    def compiled(function: Callable[..., Any]) -> Any:
        kept = cache is not None and function.__name__ == entry
        return numba.njit(nogil=True, error_model="numpy", cache=kept)(function)

    try:
        made: Callable[..., None] = over(plain, modules, compiled)[entry]
    finally:
        config.CACHE_DIR = before
    return made
