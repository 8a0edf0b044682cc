"""Compiled code: read only where nobody else can have written it; made otherwise where numba is not as expected."""

from __future__ import annotations

import importlib.util
import logging
import os
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from andon.models.simulate import jit, keeping

SMALL = '''
def twice(x: int) -> int:
    """Twice."""
    return 2 * x


def run_chunk(memory, used, m, reals, reals_n, f, code, seed, first, n, rows, width, factors, wide):
    """As the kernel's entry, and much smaller."""
    for i in range(n):
        rows[i * width] = twice(seed + first + i) + memory[0]
        factors[i * wide] = reals[0] * 0.5
'''


def _set_aside(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a file or folder somebody else's."""
    if os.getuid() == 0:
        os.chown(path, 4321, 4321)
    else:
        mine = os.getuid()
        monkeypatch.setattr(os, "getuid", lambda: mine + 1)


def test_what_is_kept_is_the_users_alone(tmp_path: Path) -> None:
    path = tmp_path / "kernel" / "x.bin"
    keeping.keep(path, b"code")
    assert keeping.read_kept(path) == b"code"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [p.name for p in path.parent.iterdir()] == ["x.bin"]


@pytest.mark.parametrize("place", ["file", "folder"])
@pytest.mark.parametrize("mode", [0o770, 0o707])
def test_what_others_may_write_is_not_read(tmp_path: Path, place: str, mode: int) -> None:
    path = tmp_path / "kernel" / "x.bin"
    keeping.keep(path, b"code")
    (path if place == "file" else path.parent).chmod(mode)
    assert keeping.read_kept(path) is None
    keeping.keep(path, b"mine")
    assert keeping.read_kept(path) == b"mine", "made anew, file and folder are the user's alone again"


@pytest.mark.parametrize("place", ["file", "folder"])
def test_what_somebody_else_owns_is_not_read(tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "kernel" / "x.bin"
    keeping.keep(path, b"code")
    _set_aside(path if place == "file" else path.parent, monkeypatch)
    assert keeping.read_kept(path) is None


def test_nothing_is_put_into_somebody_elses_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "kernel" / "x.bin"
    path.parent.mkdir()
    _set_aside(path.parent, monkeypatch)
    with caplog.at_level(logging.WARNING):
        keeping.keep(path, b"code")
    assert "set ANDON_CACHE to a folder of your own" in caplog.text
    assert not list(path.parent.iterdir())


def test_a_link_and_a_cut_file_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "kernel" / "x.bin"
    keeping.keep(path, b"code" * 100)
    link = path.with_name("y.bin")
    link.symlink_to(path)
    assert keeping.read_kept(link) is None
    path.write_bytes(path.read_bytes()[:-3])
    assert keeping.read_kept(path) is None
    assert keeping.read_kept(tmp_path / "none") is None


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """A kernel of two functions in the place of the real one, and an empty cache."""
    path = tmp_path / "andon_small_kernel.py"
    path.write_text(SMALL)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(jit, "MODULES", (module,))
    monkeypatch.setattr(jit, "INLINED", frozenset({"twice"}))
    monkeypatch.setattr(jit, "_same_bits", lambda entry: _says(entry) == _says(module.run_chunk))
    monkeypatch.setenv("ANDON_CACHE", str(tmp_path / "cache"))
    return module


def _says(entry: Callable[..., Any]) -> list[float]:
    memory, reals = np.full(1, 5, np.int64), np.full(1, 3.0)
    rows, factors = np.zeros(6, np.int64), np.zeros(3)
    entry(memory, 1, memory, reals, 1, reals, memory, 7, 10, 3, rows, 2, factors, 1)
    return [*rows.tolist(), *factors.tolist()]


def _stub(plain: dict[str, Callable[..., Any]], *_: object) -> Callable[..., Any]:
    return plain[jit.ENTRY]


def test_code_is_made_once_and_then_loaded(small: types.ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = jit.functions()
    assert not jit.ready()
    assert _says(jit._compiled(plain)) == _says(small.run_chunk)
    assert jit.ready()
    monkeypatch.setattr(jit, "_machine_code", lambda _: pytest.fail("compiled again"))
    assert _says(jit._compiled(plain)) == _says(small.run_chunk)


def test_code_that_somebody_may_have_planted_is_made_anew(
    small: types.ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = jit.functions()
    keeping.keep(jit.code_file(), b"run_chunk\nplanted")
    jit.code_file().chmod(0o666)
    assert not jit.ready()
    assert _says(jit._compiled(plain)) == _says(small.run_chunk)
    assert b"planted" not in (keeping.read_kept(jit.code_file()) or b"planted")


def _gone(_: object = None, *__: object, **___: object) -> Any:
    raise AttributeError("it is not there any more")


def _no_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "andon.models.simulate.compiling", None)


def _no_private_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("numba.core.compiler._LowerResult")
    monkeypatch.delitem(sys.modules, "andon.models.simulate.compiling", raising=False)


def _other_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("andon.models.simulate.compiling.Lowering.run_pass", _gone)


def _other_descriptor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("numba.core.funcdesc.PythonFunctionDescriptor.from_specialized_function", _gone)


def _other_links(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("andon.models.simulate.compiling._parts", _gone)


def _other_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("andon.models.simulate.compiling._unfilled", _gone)


def _no_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("numba.core.codegen.CPUCodeLibrary._get_module_for_linking")


def _other_call(monkeypatch: pytest.MonkeyPatch) -> None:
    real = jit._machine_code

    def more(plain: dict[str, Callable[..., Any]]) -> bytes:
        from andon.models.simulate import compiling

        refuse = compiling.refuse_other_form
        monkeypatch.setattr(compiling, "refuse_other_form", lambda m, n, a: refuse(m, n, ("number", *a)))
        return real(plain)

    monkeypatch.setattr(jit, "_machine_code", more)


def _needs_more(monkeypatch: pytest.MonkeyPatch) -> None:
    from andon.models.simulate import compiling

    monkeypatch.setattr(compiling, "LIBC", frozenset())
    refuse = compiling.refuse_other_form

    def with_stranger(module: Any, name: str, arguments: Any) -> None:
        stranger = types.SimpleNamespace(is_declaration=True, name="NRT_incref")
        both = types.SimpleNamespace(get_function=module.get_function, functions=[*module.functions, stranger])
        refuse(both, name, arguments)

    monkeypatch.setattr(compiling, "refuse_other_form", with_stranger)


def _other_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "_same_bits", lambda _: False)


def _other_name(monkeypatch: pytest.MonkeyPatch) -> None:
    real = jit._machine_code
    monkeypatch.setattr(jit, "_machine_code", lambda plain: b"x" + real(plain))


@pytest.mark.parametrize(
    "broken",
    [
        _no_module, _no_private_name, _other_pass, _other_descriptor, _other_links, _other_module, _no_object,
        _other_call, _needs_more, _other_bits, _other_name,
    ],
)  # fmt: skip
def test_a_numba_that_is_otherwise_compiles_in_its_usual_way(
    broken: Callable[[pytest.MonkeyPatch], None],
    small: types.ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    import andon.models.simulate.compiling
    import andon.models.simulate.ordinary  # noqa: F401 - what is patched stands here

    monkeypatch.setattr("andon.models.simulate.ordinary.usual", _stub)
    broken(monkeypatch)
    with caplog.at_level(logging.WARNING):
        assert _says(jit._compiled(jit.functions())) == _says(small.run_chunk)
    assert "is not as expected" in caplog.text
    caplog.clear()
    monkeypatch.setattr(jit, "_machine_code", lambda _: pytest.fail("tried again"))
    assert _says(jit._compiled(jit.functions())) == _says(small.run_chunk)
    assert not caplog.text


def test_numbas_usual_way_says_the_same_and_keeps_it(small: types.ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    _other_name(monkeypatch)
    assert _says(jit._compiled(jit.functions())) == _says(small.run_chunk)
    kept = list(jit.code_file().with_suffix("").rglob("*.nbc"))
    assert len(kept) == 1
    assert jit.code_file().with_suffix("").stat().st_mode & 0o777 == 0o700
