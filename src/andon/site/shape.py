"""One part at a time: from raw values to a typed part, with a sentence and a line for everything that does not fit."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from andon.site.csvtext import Row
from andon.site.part import Part
from andon.site.problems import Problem, did_you_mean, nearest, shown, words
from andon.site.sections import Section
from andon.site.yamltext import Listing, Mapping, Node, plain

Path = tuple[str | int, ...]


@dataclass(slots=True)
class Item:
    """One part as it was read: typed when it is right, and otherwise those of its fields that are."""

    section: Section
    line: int
    node: Mapping | None = None
    part: Part | None = None
    values: dict[str, Any] = field(default_factory=dict)
    """Typed values of the fields that were given and are right."""
    raw: dict[str, Any] = field(default_factory=dict)
    """What was written, right or wrong, as JSON values; of a CSV row without the cells in `refused`."""
    refused: set[str] = field(default_factory=set)
    """Columns whose cell was given and is wrong."""

    @property
    def id(self) -> str | None:
        """What names it, when that is right."""
        return self.values.get(self.section.id_field) if self.section.id_field else None

    @property
    def written_id(self) -> str | None:
        """What stands where its id should, even when it cannot be one: others may mean it all the same."""
        raw = self.raw.get(self.section.id_field)
        return self.id or (raw if isinstance(raw, str) and raw else None)

    @property
    def label(self) -> str:
        """What a sentence calls it: `station `turning``."""
        return f"{self.section.noun} {shown(self.id)}" if self.id else f"this {self.section.noun}"

    def get(self, name: str) -> Any:
        """The typed value of a field; its default when it was not given; None when it is wrong or missing."""
        if name in self.values:
            return self.values[name]
        return getattr(self.part, name) if self.part is not None else None

    def at(self, *path: str | int) -> int:
        """The line of what stands under `path`, or of the nearest thing above it."""
        return line_of(self.node, path) if self.node is not None else self.line

    def problem(self, path: Path, what: str, fix: str) -> Problem:
        """A problem of this part, on the line of `path`."""
        return Problem(self.section.file, self.at(*path), what, fix)


def line_of(node: Node, path: Path) -> int:
    """The line of what `path` leads to: of the key in a mapping, of the value in a list.

    A step that leads nowhere ends the walk, so the nearest thing above answers.
    """
    line = node.line
    for step in path:
        if isinstance(node, Mapping) and isinstance(step, str) and step in node.entries:
            line, node = node.lines[step], node.entries[step]
        elif isinstance(node, Listing) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
            line = node.line
        else:
            break
    return line


def read_node(section: Section, node: Node) -> tuple[Item, list[Problem]]:
    """One part from YAML."""
    if not isinstance(node, Mapping):
        what = f"one of `{section.key}` is not a mapping of keys"
        return Item(section, node.line), [Problem(section.file, node.line, what, f"write `{example(section)}`")]
    item = Item(section, node.line, node)
    return item, _fill(item, plain(node))


def read_row(section: Section, row: Row, columns: tuple[str, ...]) -> tuple[Item, list[Problem]]:
    """One part from a CSV row; empty cells take the default, cells of missing columns are not asked for."""
    item = Item(section, row.line)
    if not row.whole:
        item.values = {k: v for k, v in row.cells.items() if k == section.id_field and v}
        return item, []
    raw: dict[str, Any] = {}
    problems: list[Problem] = []
    wrong: set[str] = set()
    for name, cell in row.cells.items():
        if cell == "":
            continue
        value = _typed(section, name, cell)
        if value is None:
            wrong.add(name)
            wanted, advice = _cell_advice(section, name, cell)
            who = shown(row.cells.get(section.id_field, ""))
            problems.append(
                Problem(
                    section.file,
                    row.line,
                    f"`{name}` of {section.noun} {who} must be {wanted}, not {shown(cell)}",
                    advice,
                )
            )
        else:
            raw[name] = value
    item.refused = wrong
    absent = {n for n in section.part.model_fields if n not in columns}
    return item, problems + _fill(item, raw, quiet=wrong | absent)


def _fill(item: Item, raw: dict[str, Any], quiet: set[str] | None = None) -> list[Problem]:
    """Validate `raw` into `item`; problems of fields in `quiet` were told before."""
    section = item.section
    item.raw = raw
    id_raw = raw.get(section.id_field)
    try:
        item.part = section.part.model_validate_json(json.dumps(raw), strict=True)
    except ValidationError as error:
        bad = {str(e["loc"][0]) for e in error.errors(include_url=False, include_context=False) if e["loc"]}
        item.values = {k: _field(section.part, k, v) for k, v in raw.items() if k not in bad}
        label = f"{section.noun} {shown(id_raw)}" if isinstance(id_raw, str) and id_raw else f"this {section.noun}"
        return _told(item, label, error, quiet or set())
    item.values = {k: getattr(item.part, n) for n, f in section.part.model_fields.items() if (k := f.alias or n) in raw}
    return []


def _told(item: Item, label: str, error: ValidationError, quiet: set[str]) -> list[Problem]:
    problems: list[Problem] = []
    for e in error.errors(include_url=False):
        loc = tuple(e["loc"])
        if loc and loc[0] in quiet:
            continue
        what, fix = _sentence(item.section.part, label, dict(e), loc)
        problems.append(item.problem(loc, what, fix))
    return problems


def _sentence(part: type[Part], label: str, error: dict[str, Any], loc: Path) -> tuple[str, str]:
    """What is wrong, and what to do, for one error that validation found."""
    kind, given, ctx = str(error["type"]), error.get("input"), error.get("ctx", {})
    name = ".".join(str(p) for p in loc if isinstance(p, str) and p != "[key]")
    where = f"`{name}` of {label}"
    owner = _owner(part, loc[:-1])
    if kind == "missing":
        return f"{label} has no `{name}`", f"add `{loc[-1]}`"
    if kind == "extra_forbidden":
        known = [f.alias or n for n, f in owner.model_fields.items()] if owner else []
        return f"{label} has an unknown key {shown(name)}", did_you_mean(
            str(loc[-1]), known, f"remove it (known keys: {words(known, 24)})"
        )
    if kind in {"enum", "literal_error"}:
        choices = _choices(str(ctx.get("expected", "")))
        close = nearest(str(given), choices)
        return f"{where} is {shown(given)}", f"did you mean `{close}`?" if close else f"use one of {words(choices, 12)}"
    if kind == "string_pattern_mismatch":
        if "\\." in str(ctx.get("pattern")) and "[a-z0-9_]+$" in str(ctx.get("pattern")):
            return f"{where} is {shown(given)}", "write `element.property`, lower case"
        return f"{where} is {shown(given)}", "use lower-case letters, digits, `-` and `_` only"
    limits = _limit(kind, ctx)
    if kind == "too_short" and not given:
        return f"{where} is empty", str(limits)
    if limits:
        return f"{where} is {shown(_brief(given))}", limits
    wanted = _WANTED.get(kind)
    if wanted:
        return f"{where} must be {wanted}, not {shown(_brief(given))}", _mend(kind, given, wanted)
    return f"{where} is not right ({error['msg'].lower()})", "see the reference of the site folder"


_WANTED = {
    "string_type": "text",
    "float_type": "a number",
    "float_parsing": "a number",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "`true` or `false`",
    "bool_parsing": "`true` or `false`",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping of keys",
    "model_type": "a mapping of keys",
    "model_attributes_type": "a mapping of keys",
    "finite_number": "a finite number",
    "int_parsing_size": "a smaller whole number",
}


def _mend(kind: str, given: Any, wanted: str) -> str:
    if kind == "string_type" and given is not None and not isinstance(given, list | dict):
        return f'put it in quotes: `"{given}"`' if not isinstance(given, bool) else "put it in quotes"
    if wanted == "a list":
        return "write `[...]` or one `- ` line each"
    return f"write {wanted}"


def _limit(kind: str, ctx: dict[str, Any]) -> str | None:
    table = {
        "greater_than": ("gt", "use more than {}"),
        "greater_than_equal": ("ge", "use {} or more"),
        "less_than": ("lt", "use less than {}"),
        "less_than_equal": ("le", "use {} or less"),
        "string_too_long": ("max_length", "use at most {} characters"),
        "too_short": ("min_length", "give at least {}"),
        "too_long": ("max_length", "give at most {}"),
    }
    if kind not in table:
        return None
    key, text = table[kind]
    limit = ctx.get(key)
    return text.format(f"{limit:g}" if isinstance(limit, float) else limit)


def _brief(given: Any) -> Any:
    return {list: "a list", dict: "a mapping", type(None): "nothing"}.get(type(given), given)


def _choices(expected: str) -> list[str]:
    """The allowed words out of pydantic's `'a', 'b' or 'c'`."""
    return expected.split("'")[1::2]


def _owner(part: type[Part], loc: Path) -> type[Part] | None:
    """The part type that `loc` leads to, through lists and nested parts."""
    current: Any = part
    for step in loc:
        if isinstance(step, int):
            continue
        found = current.model_fields.get(step) if isinstance(current, type) and issubclass(current, Part) else None
        current = _part_in(found.annotation) if found is not None else None
    return current if isinstance(current, type) and issubclass(current, Part) else None


def _part_in(annotation: Any) -> type[Part] | None:
    if isinstance(annotation, type) and not get_origin(annotation):
        return annotation if issubclass(annotation, Part) else None
    return next((p for a in get_args(annotation) if (p := _part_in(a))), None)


@cache
def _adapter(part: type[Part], name: str) -> TypeAdapter[Any] | None:
    for n, info in part.model_fields.items():
        if (info.alias or n) == name:
            return TypeAdapter(info.annotation) if info.annotation is not None else None
    return None


def _field(part: type[Part], name: str, value: Any) -> Any:
    """The typed value of one field that is known to be right."""
    adapter = _adapter(part, name)
    if adapter is None:
        return None
    try:
        return adapter.validate_json(json.dumps(value), strict=True)
    except ValidationError:
        return None


@cache
def column_type(section: Section, name: str) -> type[Any]:
    """What a CSV cell of this column holds: float, int, bool, tuple (of words) or str."""
    annotation = section.part.model_fields[name].annotation
    options = (
        [a for a in get_args(annotation) if a is not type(None)] if type(None) in get_args(annotation) else [annotation]
    )
    first: Any = options[0]
    origin = get_origin(first)
    if origin is tuple:
        return tuple
    return {float: float, int: int, bool: bool}.get(first, str)


def _typed(section: Section, name: str, cell: str) -> Any:
    """The value of a cell, or None when it does not fit its column."""
    kind = column_type(section, name)
    if kind is tuple:
        return cell.replace(";", " ").replace(",", " ").split()
    if kind is bool:
        return {"true": True, "false": False}.get(cell.lower())
    if kind is int:
        return int(cell) if cell.lstrip("-").isdecimal() and cell.isascii() else None
    if kind is float:
        try:
            value = float(cell)
        except ValueError:
            return None
        return value if "_" not in cell and abs(value) < float("inf") else None
    return cell


def _cell_advice(section: Section, name: str, cell: str) -> tuple[str, str]:
    if column_type(section, name) is bool:
        return "`true` or `false`", "write `true` or `false`"
    if column_type(section, name) is int:
        return "a whole number", "write digits only, such as `4`"
    if "," in cell and cell.replace(",", "", 1).lstrip("-+").isdigit():
        return "a number", f"write {shown(cell.replace(',', '.'))}, with a point"
    return "a finite number", "write digits with a point, such as `0.5`"


def example(section: Section) -> str:
    """The shortest mapping that shows the form of a section's parts."""
    return f"- {{{section.id_field or next(iter(section.part.model_fields))}: ..., ...}}"
