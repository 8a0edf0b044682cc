"""The kernel in three flavours from one source: compiled, compiled with bounds checks, and as plain Python.

The kernel's modules are plain functions. Compiled, they become one piece of machine code with one entry. It is kept in
a folder named after a hash of the whole kernel's source and loaded from there without numba: half a second less until
the first result.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import importlib
import os
import pkgutil
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np

from andon.models.simulate import kernel as folder

Flavour = Literal["compiled", "checked", "plain"]
MODULES = tuple(
    importlib.import_module(f"{folder.__name__}.{found.name}") for found in pkgutil.iter_modules(folder.__path__)
)
"""Every module of the kernel's folder."""
ENTRY = "run_chunk"
ARGUMENTS = (
    *("words", "number", "words", "reals", "number", "reals", "words"),
    *("number", "number", "number", "words", "number", "reals", "number"),
)
"""What the entry takes: addresses of whole numbers, addresses of reals, numbers."""
INLINED = frozenset(
    {"mix", "unit", "who_is", "which_is", "nanos", "has_room", "append", "shift", "enter", "count", "wake", "schedule"}
    | {"step", "get", "work", "worked", "leave", "service", "fresh"}
)
"""Functions that are put in place where they are called: measured, a fifth faster than none, no slower to compile.
"""


def source_hash() -> str:
    """A hash of the kernel's whole source: names the cache folder, and stands in the model's bill of materials."""
    digest = hashlib.sha256()
    for module in MODULES:
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Where compiled code is kept between processes: ANDON_CACHE, else the user's cache folder."""
    base = os.environ.get("ANDON_CACHE")
    root = Path(base) if base else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "andon"
    version = f"{sys.version_info.major}{sys.version_info.minor}"
    return root / f"kernel-{source_hash()}-py{version}"


def functions() -> dict[str, Callable[..., Any]]:
    """Every function of the kernel by name.

    Raises:
        ValueError: two have the same name; compiled, one would silently stand for both.
    """
    found: dict[str, Callable[..., Any]] = {}
    for module in MODULES:
        for name, value in vars(module).items():
            if isinstance(value, types.FunctionType) and value.__module__ == module.__name__:
                if name in found:
                    raise ValueError(
                        f"`{name}` stands in {found[name].__module__} and in {module.__name__}; rename one"
                    )
                found[name] = value
    return found


@functools.cache
def kernel(flavour: Flavour = "compiled") -> dict[str, Callable[..., Any]]:
    """Functions of the kernel by name: all of them, or of the compiled flavour the entry alone."""
    plain = functions()
    if flavour == "plain":
        return plain
    if flavour == "checked":
        from andon.models.simulate.compiling import dispatchers  # noqa: PLC0415 - numba, only where it is needed

        return dispatchers(plain, MODULES)
    return {ENTRY: _loaded(plain)}


def code_file() -> Path:
    """Where the compiled kernel is kept: for this source, this processor and this compiler."""
    from llvmlite import __version__, binding  # noqa: PLC0415 - only the compiled flavour needs it

    digest = hashlib.sha256(f"{__version__} {binding.get_host_cpu_name()}".encode())
    digest.update(binding.get_host_cpu_features().flatten().encode())
    for source in (Path(__file__), Path(__file__).with_name("compiling.py")):
        digest.update(source.read_bytes())
    return cache_folder() / f"{digest.hexdigest()[:16]}.bin"


def _loaded(plain: dict[str, Callable[..., Any]]) -> Callable[..., None]:
    """The entry as machine code, made now or by somebody before."""
    from llvmlite import binding  # noqa: PLC0415 - only the compiled flavour needs it

    path = code_file()
    try:
        name, _, code = path.read_bytes().partition(b"\n")
    except OSError:
        from andon.models.simulate.compiling import machine_code  # noqa: PLC0415 - numba: half a second to import

        name, code = machine_code(plain, MODULES, INLINED, ENTRY, ARGUMENTS)
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(f".{os.getpid()}")
        new.write_bytes(name + b"\n" + code)
        new.replace(path)
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    machine = binding.Target.from_default_triple().create_target_machine(jit=True)
    engine = binding.create_mcjit_compiler(binding.parse_assembly(""), machine)
    engine.add_object_file(binding.ObjectFileRef.from_data(code))
    engine.finalize_object()
    # What numba makes takes two places before its arguments, for a result and for an error; neither is ever written.
    kinds = [ctypes.c_void_p if each in {"words", "reals"} else ctypes.c_int64 for each in ARGUMENTS]
    entry = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *kinds)(
        engine.get_function_address(name.decode())
    )

    def run_chunk(*arguments: Any, _engine: Any = engine) -> None:  # the code lives as long as its engine
        places = (ctypes.c_int64 * 2)()
        values = [a.ctypes.data if isinstance(a, np.ndarray) else a for a in arguments]
        entry(ctypes.addressof(places), ctypes.addressof(places) + 8, *values)

    return run_chunk
