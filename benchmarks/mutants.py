"""Mutation testing of the rooms that hold authority: change one comparison or connective, and see that a test notices.

usage: python benchmarks/mutants.py [--minutes 20] [FILE ...]     FILE below src/andon, such as authority/compute.py

Works on a copy. Prints every mutant that no test noticed, to be read by a person: some are equal in meaning.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
AUTHORITY = ("unit/test_authority_rows.py", "property/test_authority_guards.py", "unit/test_authority_past.py")
OPERATE = (
    "unit/test_operate_commands.py",
    "unit/test_operate_floor.py",
    "unit/test_operate_govern.py",
    "unit/test_dispatch_confirm.py",
    "scenario/test_operate_evil.py",
)
TESTS = {
    "authority/checks_floor.py": AUTHORITY,
    "authority/checks_record.py": AUTHORITY,
    "authority/compute.py": AUTHORITY,
    "authority/transitions.py": (*AUTHORITY, "unit/test_operate_floor.py"),
    "dispatch/confirm.py": ("unit/test_dispatch_confirm.py", "unit/test_operate_commands.py"),
    "dispatch/limits.py": ("unit/test_dispatch_confirm.py", "unit/test_operate_commands.py"),
    "operate/commands.py": OPERATE,
    "operate/floor.py": OPERATE,
    "operate/govern.py": OPERATE,
    "operate/propose.py": OPERATE,
    "operate/tick.py": OPERATE,
    "evidence/rehearsal.py": ("unit/test_evidence_judges.py",),
    "evidence/validation.py": ("unit/test_evidence_judges.py",),
}
OTHER = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """What was changed, and the module with this one change."""
    tree = ast.parse(source)
    for place in range(len(list(ast.walk(tree)))):
        changed = copy.deepcopy(tree)
        node = list(ast.walk(changed))[place]
        before = ast.unparse(node) if isinstance(node, ast.Compare | ast.BoolOp | ast.UnaryOp) else ""
        if isinstance(node, ast.Compare) and type(node.ops[0]) in OTHER:
            node.ops[0] = OTHER[type(node.ops[0])]()
        elif isinstance(node, ast.BoolOp):
            node.op = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            node.operand = ast.UnaryOp(op=ast.Not(), operand=node.operand)
        else:
            continue
        yield f"line {node.lineno}: {before} -> {ast.unparse(node)}", ast.unparse(changed)


def noticed(work: Path, tests: tuple[str, ...]) -> bool:
    """Whether any test fails."""
    environment = {**os.environ, "PYTHONPATH": str(work / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml")]
    command += ["--rootdir", str(work), *(f"tests/{t}" for t in tests)]
    try:
        done = subprocess.run(command, cwd=work, env=environment, capture_output=True, timeout=300, check=False)
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def main() -> None:
    """Every mutant of every file, until the time is over."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("files", nargs="*", default=list(TESTS))
    parser.add_argument("--minutes", type=float, default=60.0)
    asked = parser.parse_args()
    end = time.monotonic() + asked.minutes * 60
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        shutil.copytree(ROOT / "src", work / "src")
        shutil.copytree(ROOT / "tests", work / "tests", ignore=shutil.ignore_patterns("browser", "golden"))
        for name in asked.files:
            path = work / "src" / "andon" / name
            source = path.read_text(encoding="utf-8")
            counts = {True: 0, False: 0}
            for what, text in mutants(source):
                if time.monotonic() > end:
                    break
                path.write_text(text, encoding="utf-8")
                found = noticed(work, TESTS[name])
                counts[found] += 1
                if not found:
                    print(f"not noticed: {name} {what}", flush=True)
            path.write_text(source, encoding="utf-8")
            print(f"{name}: {counts[True]} of {counts[True] + counts[False]} noticed", flush=True)


if __name__ == "__main__":
    main()
