"""The plain kernel broken by hand, to see whether a check notices."""

from __future__ import annotations

import ast
import contextlib
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any

from andon.models.simulate import jit


@contextlib.contextmanager
def broken(name: str, right: str, wrong: str) -> Iterator[None]:
    """The plain kernel with one function that says `wrong` where it said `right`."""
    function: Any = jit.kernel("plain")[name]
    text = textwrap.dedent(inspect.getsource(function))
    assert text.count(right) >= 1, f"`{name}` does not say `{right}` any more; break it otherwise"
    tree = ast.parse("from __future__ import annotations\n" + text.replace(right, wrong))
    space: dict[str, Any] = {}
    exec(compile(tree, f"broken {name}", "exec"), {**vars(inspect.getmodule(function))}, space)  # noqa: S102 - our own source
    was = function.__code__
    function.__code__ = space[name].__code__
    try:
        yield
    finally:
        function.__code__ = was
