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
import logging
import os
import pkgutil
import sys
import types
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np

from andon.models.simulate import kernel as folder
from andon.models.simulate.keeping import keep, own_folder, read_kept

LOG = logging.getLogger(__name__)
USUAL = b"numba's usual way\n"
"""What is kept in place of code where numba compiles in its usual way."""

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
        from andon.models.simulate.ordinary import checked  # noqa: PLC0415 - numba, only where it is needed

        return checked(plain, MODULES)
    return {ENTRY: _compiled(plain)}


def code_file() -> Path:
    """Where the compiled kernel is kept: for this source, this processor and this compiler."""
    from llvmlite import __version__, binding  # noqa: PLC0415 - only the compiled flavour needs it

    digest = hashlib.sha256(f"{__version__} {version('numba')} {binding.get_host_cpu_name()}".encode())
    digest.update(binding.get_host_cpu_features().flatten().encode())
    for source in ("jit", "compiling", "ordinary"):
        digest.update(Path(__file__).with_name(f"{source}.py").read_bytes())
    return cache_folder() / f"{digest.hexdigest()[:16]}.bin"


def ready() -> bool:
    """Whether the kernel was compiled before, so that nobody waits for it."""
    return read_kept(code_file()) is not None


def _compiled(plain: dict[str, Callable[..., Any]]) -> Callable[..., None]:
    """The entry as machine code, made now or by a process before.

    `compiling` reaches into numba's inside, which no version of numba promises to keep. Where it fails, or what it
    makes does not say the same as plain Python, numba compiles in its usual way; a note in the code's place says so.
    """
    path = code_file()
    kept = read_kept(path)
    if kept is not None and not kept.startswith(USUAL):
        return _loaded(kept)
    try:
        if kept is not None:
            return _usual(plain, path)
        data = _machine_code(plain)
        entry = _loaded(data)
        if not _same_bits(entry):
            raise ValueError("it does not say the same as plain Python")  # noqa: TRY301 - one way out
    except Exception as error:  # noqa: BLE001 - whatever of numba's inside is not as it was
        LOG.warning(
            "numba %s is not as expected (%s: %s), so the kernel is compiled in its usual way; that takes longer, once",
            version("numba"),
            type(error).__name__,
            error,
        )
        keep(path, USUAL + f"{type(error).__name__}: {error}".encode())
        return _usual(plain, path)
    keep(path, data)
    return entry


def _machine_code(plain: dict[str, Callable[..., Any]]) -> bytes:
    """The entry's symbol, a line end, and object code."""
    from andon.models.simulate.compiling import machine_code  # noqa: PLC0415 - numba: half a second to import

    return b"\n".join(machine_code(plain, MODULES, INLINED, ENTRY, ARGUMENTS))


def _same_bits(entry: Callable[..., None]) -> bool:
    from andon.models.simulate.alike import same_bits  # noqa: PLC0415 - it needs what is built on this module

    return same_bits(entry)


def _usual(plain: dict[str, Callable[..., Any]], path: Path) -> Callable[..., None]:
    from andon.models.simulate.ordinary import usual  # noqa: PLC0415 - numba: half a second to import

    cache = path.with_suffix("")
    return usual(plain, MODULES, ENTRY, cache if own_folder(path.parent) and own_folder(cache) else None)


def _loaded(data: bytes) -> Callable[..., None]:
    """The entry of object code, without numba."""
    from llvmlite import binding  # noqa: PLC0415 - only the compiled flavour needs it

    name, _, code = data.partition(b"\n")
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    machine = binding.Target.from_default_triple().create_target_machine(jit=True)
    engine = binding.create_mcjit_compiler(binding.parse_assembly(""), machine)
    engine.add_object_file(binding.ObjectFileRef.from_data(code))
    engine.finalize_object()
    # What numba makes takes two places before its arguments, for a result and for an error; neither is ever written.
    kinds = [ctypes.c_void_p if each in {"words", "reals"} else ctypes.c_int64 for each in ARGUMENTS]
    address = engine.get_function_address(name.decode())
    if not address:
        raise ValueError(f"the code does not hold `{name.decode()}`")
    entry = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *kinds)(address)

    def run_chunk(*arguments: Any, _engine: Any = engine) -> None:  # the code lives as long as its engine
        places = (ctypes.c_int64 * 2)()
        values = [a.ctypes.data if isinstance(a, np.ndarray) else a for a in arguments]
        entry(ctypes.addressof(places), ctypes.addressof(places) + 8, *values)

    return run_chunk
