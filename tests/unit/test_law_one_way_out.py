"""Law 2, one way out: outside the gateway's machine adapter nothing writes, calls or publishes to a machine.

Imports are checked by import-linter; this looks at calls by name, in the syntax tree of every module. What a protocol
must send to be read at all would stand in HOUSEKEEPING, by module and call; nothing does now. The gateway's own list of
imports is checked here too, since it is a list of what it may know and not only of what it may not.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "andon"
BANNED = frozenset(
    {
        "call_method",
        "publish",
        "publish_multiple",
        "set_attribute",
        "set_attribute_value",
        "set_data_value",
        "set_value",
        "set_values",
        "set_writable",
        "write_attribute",
        "write_attribute_value",
        "write_attributes",
        "write_params",
        "write_value",
        "write_values",
    }
)
HOUSEKEEPING: frozenset[tuple[str, str]] = frozenset()
"""(module, call) that a protocol needs in order to be read at all. Closed: a new row is a decision, with its record."""
MACHINE_SIDE = ("plant/", "adapters/opcua_server.py")
"""The virtual plant is the machine: it tells its own values."""
WRITER = "adapters/machines/"
GATEWAY_MAY_IMPORT = (
    "andon.adapters.gateway_socket",
    "andon.adapters.journal",
    "andon.adapters.machines.opcua_writer",
    "andon.core",
    "andon.gateway",
    "andon.protocols.permit",
)
GATEWAY_LINES_MAX = 2_200
"""What a person reads in an hour."""


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def calls(tree: ast.AST) -> list[tuple[str, int]]:
    """Banned names that are called, or taken to be called elsewhere. Functions of our own modules are not machines."""
    own = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("andon")
        for alias in node.names
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in BANNED:
            if not (isinstance(node.value, ast.Name) and node.value.id in own):
                found.append((node.attr, node.lineno))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in BANNED:
                found.append((node.func.id, node.lineno))
            elif node.func.id == "getattr":
                found += [(a.value, a.lineno) for a in node.args if isinstance(a, ast.Constant) and a.value in BANNED]
    return found


def outside() -> list[Path]:
    return [path for path in modules() if not name_of(path).startswith((WRITER, *MACHINE_SIDE))]


@pytest.mark.parametrize("path", outside(), ids=name_of)
def test_nothing_outside_the_machine_adapter_writes_to_a_machine(path: Path) -> None:
    listed = calls(ast.parse(path.read_text()))
    found = [(name, line) for name, line in listed if (name_of(path), name) not in HOUSEKEEPING]
    assert not found, f"{name_of(path)} calls {found}; only the gateway writes to machines"


def test_the_lint_finds_what_it_bans() -> None:
    for text in (
        "async def f(n): await n.write_value(1)",
        "client.publish('x', 1)",
        "w = node.write_attribute",
        "from x import set_value\nset_value(1)",
        "getattr(node, 'call_method')(1)",
    ):
        assert calls(ast.parse(text)), text
    assert not calls(ast.parse("node.read_value(); path.write_text('x'); set_values_of = 1"))


def test_the_machine_adapter_writes_in_one_place() -> None:
    found = [
        (name_of(path), name)
        for path in modules()
        if name_of(path).startswith(WRITER)
        for name, _ in calls(ast.parse(path.read_text()))
    ]
    assert found == [("adapters/machines/opcua_writer.py", "write_value")]


def test_housekeeping_holds_no_row_that_is_not_used() -> None:
    used = {(name_of(path), name) for path in outside() for name, _ in calls(ast.parse(path.read_text()))}
    assert used >= HOUSEKEEPING


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            found.add(node.module or "")
    return {name for name in found if name == "andon" or name.startswith("andon.")}


def test_the_gateway_knows_permits_its_journal_its_machines_and_nothing_else() -> None:
    used = set().union(*(imports(path) for path in (SOURCE / "gateway").glob("*.py")))
    assert {name for name in used if not name.startswith(GATEWAY_MAY_IMPORT)} == set()
    for known in ("protocols/permit", "adapters/journal", "adapters/gateway_socket", "adapters/pki"):
        path = SOURCE / f"{known}.py"
        assert all(name.startswith("andon.core") for name in imports(path)), path
    for path in (SOURCE / WRITER).glob("*.py"):
        assert all(name.startswith(("andon.core", "andon.adapters.pki")) for name in imports(path)), path


def test_the_adapters_package_imports_nothing_by_itself() -> None:
    assert len(ast.parse((SOURCE / "adapters" / "__init__.py").read_text()).body) == 1


def test_the_gateway_can_be_read_in_an_hour() -> None:
    lines = sum(len(path.read_text().splitlines()) for path in (SOURCE / "gateway").glob("*.py"))
    assert lines <= GATEWAY_LINES_MAX


def test_decisions_do_no_input_or_output() -> None:
    allowed = {"__future__", "andon", "collections", "dataclasses", "enum", "functools", "hashlib", "typing"}
    for name in ("bounds", "checks", "decide", "restore", "state"):
        tree = ast.parse((SOURCE / "gateway" / f"{name}.py").read_text())
        roots = {
            module.partition(".")[0]
            for node in ast.walk(tree)
            for module in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        assert roots <= allowed, name
