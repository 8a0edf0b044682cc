"""YAML 1.2 text to a tree that remembers lines; pure, bounded, and never an exception for bad text."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from andon.site.problems import Problem, shown

NODES_MAX = 500_000
"""Largest number of values in one file, aliases counted as often as they are used."""
DEPTH_MAX = 24
NUMBER_CHARS_MAX = 40

_INT = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL = re.compile(r"0o[0-7]+\Z")
_HEX = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(["true", "True", "TRUE"], True),
    **dict.fromkeys(["false", "False", "FALSE"], False),
    **dict.fromkeys(["", "~", "null", "Null", "NULL"]),
}
_UNPRINTABLE = re.compile("[^\x09\x0a\x0d\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value and its line (from 1)."""

    line: int
    value: str | int | float | bool | None
    size: int = 1


@dataclass(frozen=True, slots=True)
class Listing:
    """A sequence."""

    line: int
    items: tuple[Node, ...]
    size: int = 1


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping with text keys; `lines` has the line of each key."""

    line: int
    entries: dict[str, Node]
    lines: dict[str, int]
    size: int = 1


Node = Scalar | Listing | Mapping


def plain(node: Node) -> Any:
    """The tree as JSON values, without lines."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Listing):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, value in node.entries.items()}


class _Stop(Exception):  # noqa: N818 - ends the reading of one file, is not an error of the program
    def __init__(self, line: int, what: str, fix: str) -> None:
        super().__init__(what)
        self.line, self.what, self.fix = line, what, fix


@dataclass(slots=True)
class _Builder:
    file: str
    events: Iterator[Any]
    problems: list[Problem] = field(default_factory=list)
    anchors: dict[str, Node] = field(default_factory=dict)
    read: int = 0

    def problem(self, line: int, what: str, fix: str) -> None:
        self.problems.append(Problem(self.file, line, what, fix))

    def document(self) -> Node | None:
        root: Node | None = None
        documents = 0
        for event in self.events:
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    raise _Stop(event.start_mark.line + 1, "a second document begins here", "keep one and remove `---`")
                root = self.node(next(self.events), 0)
        return root

    def node(self, event: Any, depth: int) -> Node:
        line = event.start_mark.line + 1
        self.read += 1
        if self.read > NODES_MAX:
            raise _Stop(line, f"more than {NODES_MAX} values", "split the site into several folders")
        if depth > DEPTH_MAX:
            raise _Stop(line, f"more than {DEPTH_MAX} levels of nesting", "flatten it")
        if type(event).__name__ == "AliasEvent":
            return self.alias(event.anchor, line)
        if event.tag not in {None, "!"}:
            self.problem(line, f"tag {shown(event.tag)} is not understood", "remove the tag, since values need none")
        built: Node
        match type(event).__name__:
            case "ScalarEvent":
                built = self.scalar(event, line)
            case "SequenceStartEvent":
                built = self.listing(line, depth)
            case _:
                built = self.mapping(line, depth)
        if built.size > NODES_MAX:
            raise _Stop(line, f"more than {NODES_MAX} values once aliases are followed", "write fewer")
        if event.anchor is not None:
            self.anchors[event.anchor] = built
        return built

    def alias(self, name: str, line: int) -> Node:
        if name in self.anchors:
            return self.anchors[name]
        self.problem(line, f"alias {shown('*' + name)} stands before or without its anchor", f"define `&{name}` first")
        return Scalar(line, None)

    def listing(self, line: int, depth: int) -> Listing:
        items: list[Node] = []
        while type(event := next(self.events)).__name__ != "SequenceEndEvent":
            items.append(self.node(event, depth + 1))
        return Listing(line, tuple(items), 1 + sum(i.size for i in items))

    def mapping(self, line: int, depth: int) -> Mapping:
        entries: dict[str, Node] = {}
        lines: dict[str, int] = {}
        while type(event := next(self.events)).__name__ != "MappingEndEvent":
            key = self.node(event, depth + 1)
            value = self.node(next(self.events), depth + 1)
            if not isinstance(key, Scalar):
                self.problem(key.line, "a key is a list or a mapping", "use plain text as key")
                continue
            written = event.value if type(event).__name__ == "ScalarEvent" else str(key.value)
            name = key.value if isinstance(key.value, str) else written  # `true:` and `1:` are text as keys
            if name in entries:
                self.problem(
                    key.line, f"key {shown(name)} stands twice, first on line {lines[name]}", "keep one of them"
                )
                continue
            entries[name], lines[name] = value, key.line
        return Mapping(line, entries, lines, 1 + sum(v.size for v in entries.values()))

    def scalar(self, event: Any, line: int) -> Scalar:
        text: str = event.value
        if event.style is not None or event.tag == "!":
            text = _paired(text)
            if _UNPRINTABLE.search(text):
                self.problem(line, f"text {shown(text)} contains a character that cannot be shown", "remove it")
                text = ""
            return Scalar(line, text)
        if text in _WORDS:
            return Scalar(line, _WORDS[text])
        number = _INT.match(text) or _OCTAL.match(text) or _HEX.match(text) or _FLOAT.match(text)
        if number is None or len(text) > NUMBER_CHARS_MAX:
            return Scalar(line, text)
        if _INT.match(text):
            return Scalar(line, int(text))
        if _OCTAL.match(text) or _HEX.match(text):
            return Scalar(line, int(text, 0))
        value = float(text)
        return Scalar(line, value if math.isfinite(value) else text)


def _paired(text: str) -> str:
    """Characters beyond U+FFFF, which JSON writes as two escapes, made one again; half a pair stays half."""
    if not any("\ud800" <= c <= "\udfff" for c in text):
        return text
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        return text


def compose(file: str, text: str) -> tuple[Node | None, list[Problem]]:
    """The tree of `text`, and every problem that its syntax has.

    The tree is None when the text cannot be read at all. Values follow the YAML 1.2 core schema: `no` and `12:00`
    are text, dates stay text, and so does a number that is not finite or longer than NUMBER_CHARS_MAX: what wants a
    number then says so.

    >>> plain(compose("x.yaml", "a: [1, no, 2.5, 2026-10-01]")[0])
    {'a': [1, 'no', 2.5, '2026-10-01']}
    """
    bad = _UNPRINTABLE.search(text)
    if bad:
        line = text.count("\n", 0, bad.start()) + 1
        return None, [Problem(file, line, f"character U+{ord(bad[0]):04X} cannot stand in YAML", "remove it")]
    builder = _Builder(file, iter(YAML(typ="safe", pure=True).parse(text)))
    try:
        return builder.document(), builder.problems
    except _Stop as stop:
        builder.problem(stop.line, stop.what, stop.fix)
    except YAMLError as error:
        builder.problem(*_syntax(text, error))
    except (ValueError, RecursionError, StopIteration, AssertionError) as error:
        builder.problem(0, f"the text cannot be read as YAML ({shown(error)})", "check quotes, brackets and directives")
    return None, builder.problems


def _syntax(text: str, error: YAMLError) -> tuple[int, str, str]:
    """Line, sentence and advice for what the YAML reader refused."""
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        return 0, "the text cannot be read as YAML", "check quotes, brackets and indentation"
    line = error.problem_mark.line + 1
    said = str(error.problem)
    content = text.splitlines()
    here = content[line - 1] if line <= len(content) else ""
    if "\\t" in said or here[: len(here) - len(here.lstrip())].count("\t"):
        return line, "the line is indented with a tab", "indent with spaces"
    if "mapping values are not allowed" in said:
        return line, "a second `:` stands in this value, or the line above is not finished", "quote text that has `: `"
    unclosed = ("stream end", "document end", "end of stream", "expected ',' or")
    if any(u in said for u in unclosed):
        opened = (error.context_mark.line + 1) if error.context_mark else line
        return opened, "what is opened here is never closed", "close the bracket or quote"
    if "block end" in said or "could not find expected" in said:
        return line, "the indentation or the punctuation does not fit the lines above", "line it up with its siblings"
    if "escape" in said:
        return line, "a backslash in double quotes begins no known escape", "use single quotes"
    return line, f"the YAML cannot be read here ({said})", "check quotes, brackets and indentation"
