"""The kernel in three flavours from one source: compiled, compiled with bounds checks, and as plain Python.

The kernel's modules are plain functions. For the compiled flavours every function is made anew over globals in which
the other kernel functions are compiled too. numba's own cache does not see changes in imported functions, so the cache
folder is named after a hash of the whole kernel's source.
"""

from __future__ import annotations

import functools
import hashlib
import os
import sys
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from andon.models.simulate.kernel import (
    book,
    chance,
    control,
    desk,
    due,
    events,
    floor,
    flow,
    layout,
    machine,
    numbers,
    pace,
    people,
    queues,
    rota,
    work,
)

Flavour = Literal["compiled", "checked", "plain"]
MODULES = (numbers, chance, events, queues, people, floor, due, work, flow, pace, rota, desk, control, book, machine)
INLINED = frozenset(
    {"mix", "unit", "who_is", "which_is", "nanos", "has_room", "append", "shift", "enter", "count", "wake", "schedule"}
    | {"step", "get", "work", "worked", "leave", "service"}
)
"""Functions that are put in place where they are called: measured, a fifth faster than none, no slower to compile.
"""


def source_hash() -> str:
    """A hash of the kernel's whole source: names the cache folder, and stands in the model's bill of materials."""
    digest = hashlib.sha256()
    for module in (layout, *MODULES):
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Where compiled code is kept between processes: ANDON_CACHE, else the user's cache folder."""
    base = os.environ.get("ANDON_CACHE")
    root = Path(base) if base else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "andon"
    version = f"{sys.version_info.major}{sys.version_info.minor}"
    return root / f"kernel-{source_hash()}-py{version}"


@functools.cache
def kernel(flavour: Flavour = "compiled") -> dict[str, Callable[..., Any]]:
    """Every function of the kernel by name, in one flavour."""
    plain: dict[str, Callable[..., Any]] = {
        name: value
        for module in MODULES
        for name, value in vars(module).items()
        if isinstance(value, types.FunctionType) and value.__module__ == module.__name__
    }
    if flavour == "plain":
        return plain
    return _compiled(plain, checked=flavour == "checked")


def _compiled(plain: dict[str, Callable[..., Any]], *, checked: bool) -> dict[str, Callable[..., Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numba's own import warnings are not about this kernel
        import numba  # noqa: PLC0415 - half a second that only a simulation needs
        from numba.core import config as module  # noqa: PLC0415 - as above

        from andon.models.simulate.compiling import Compiler  # noqa: PLC0415 - as above
    config: Any = module
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder)
    try:
        made: dict[str, Callable[..., Any]] = {}
        spaces = {module.__name__: dict(vars(module)) for module in MODULES}
        for name, function in plain.items():
            space = spaces[function.__module__]
            copy = types.FunctionType(function.__code__, space, name, function.__defaults__)
            copy.__module__ = function.__module__
            copy.__qualname__ = name
            copy.__annotations__ = {}
            options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "boundscheck": checked}
            if not checked:
                options |= {"pipeline_class": Compiler, "no_cfunc_wrapper": True, "no_cpython_wrapper": True}
            if name == "run_chunk" and not checked:
                options |= {"cache": True, "no_cpython_wrapper": False}
            if name in INLINED and not checked:
                options["forceinline"] = True
            special = () if checked else SPECIAL
            made[name] = SPECIAL[name]() if name in special else numba.njit(**options)(copy)
        for space in spaces.values():
            for name in plain:
                if name in space:
                    space[name] = made[name]
    finally:
        config.CACHE_DIR = before
    return made


def _ownerless() -> Callable[..., Any]:
    """The compiled `bare`: an array's address alone. Nothing is counted, wrapped around or checked at an access."""
    from numba import types as kinds  # noqa: PLC0415 - only the compiled flavours need it
    from numba.extending import intrinsic  # noqa: PLC0415 - as above
    from numba.np import arrayobj as module  # noqa: PLC0415 - as above

    arrays: Any = module

    @intrinsic
    def bare(_typing: Any, a: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return arrays.make_array(signature.args[0])(context, builder, arguments[0]).data

        pointer: Any = kinds.CPointer
        return pointer(a.dtype)(a), generate

    return bare


def _pick() -> Callable[..., Any]:
    """The compiled `pick`: said to be unpredictable, a choice stays a choice and is not made a jump."""
    from numba.extending import intrinsic  # noqa: PLC0415 - only the compiled flavours need it

    @intrinsic
    def pick(_typing: Any, first: Any, a: Any, b: Any) -> Any:  # noqa: ARG001 - an intrinsic names what it takes
        def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            chosen = builder.select(*arguments)
            chosen.set_metadata("unpredictable", builder.module.add_metadata([]))
            return chosen

        return a(first, a, a), generate

    return pick


SPECIAL = {"bare": _ownerless, "pick": _pick}
