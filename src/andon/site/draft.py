"""A site folder as read so far: every part, right or wrong, so that one mistake does not hide another."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Files
from dataclasses import dataclass, field
from typing import Any

from andon.site import csvtext, yamltext
from andon.site.problems import Problem, did_you_mean, nearest, shown, words
from andon.site.sections import (
    FILE_BYTES_MAX,
    FILES,
    FILES_NEEDED,
    FILES_TO_RUN,
    RELEASE,
    SECTIONS,
    SETTINGS,
    Section,
    keys_of,
    section,
)
from andon.site.shape import Item, read_node, read_row
from andon.site.yamltext import Listing, Mapping, Node, Scalar


@dataclass(slots=True)
class Draft:
    """Items of each section, by what one of them is called."""

    items: dict[str, list[Item]] = field(default_factory=lambda: {s.noun: [] for s in SECTIONS})
    unread: set[str] = field(default_factory=set)
    """Sections that could not be read whole: nobody can say that an id is missing from them."""
    settings: dict[str, str] = field(default_factory=dict)
    setting_lines: dict[str, int] = field(default_factory=dict)
    release: Item | None = None
    has_ot: bool = False
    runs: bool = True
    """Whether it is a twin's folder: else a floor to simulate, of which less is asked."""
    has_roads: bool = False
    problems: list[Problem] = field(default_factory=list)
    by_id: dict[str, dict[str, Item]] = field(default_factory=dict)

    def all(self, noun: str) -> list[Item]:
        """Every item of a section."""
        return self.items[noun]

    def ids(self, noun: str) -> dict[str, Item]:
        """Items of a section by id, once all files are read; of two with the same id the first."""
        if noun not in self.by_id:
            self.by_id[noun] = {i.written_id: i for i in reversed(self.items[noun]) if i.written_id}
        return self.by_id[noun]

    def names(self, noun: str) -> list[str]:
        """Ids of a section that may be suggested: those that are right."""
        return [name for name, item in self.ids(noun).items() if item.id]

    def report(self, problem: Problem) -> None:
        """Keep a problem."""
        self.problems.append(problem)


def draft(files: Files[str, str]) -> Draft:
    """Read every file that is there; never raises for what a file says."""
    runs = any(name in FILES_TO_RUN or name.endswith(".cedar") for name in files)
    made = Draft(runs=runs or "site.yaml" not in files)
    needed = FILES_NEEDED if made.runs else tuple(name for name in FILES_NEEDED if name not in FILES_TO_RUN)
    _names(made, files, needed)
    for name in FILES:
        if name not in files:
            made.unread |= {s.noun for s in SECTIONS if s.file == name and name in needed}
            continue
        text = files[name].removeprefix("\ufeff")
        if len(text) > FILE_BYTES_MAX:
            what = f"the file is larger than {FILE_BYTES_MAX // 2**20} MiB"
            made.report(Problem(name, 0, what, "split the site into several folders"))
            made.unread |= {s.noun for s in SECTIONS if s.file == name}
        elif name.endswith(".csv"):
            _csv(made, next(s for s in SECTIONS if s.file == name), text)
        else:
            _yaml(made, name, text)
    if not made.runs and not made.all("element") and "element" not in made.unread:
        _placed(made)
    for each in SECTIONS:
        if each.id_field:
            _duplicates(made, each)
    return made


def _stem(name: str) -> str:
    return name.partition(".")[0]


def _placed(made: Draft) -> None:
    """Machines and vehicles of a floor without `elements` stand in the middle of their area (vehicles: the first)."""
    areas = made.ids("area")
    claims = [(item, "machines", item.get("area")) for item in made.all("station")]
    claims += [(item, "vehicles", next(iter(areas), None)) for item in made.all("fleet")]
    for item, field_name, area in claims:
        found = areas.get(area or "")
        names = item.raw.get(field_name)
        if found is None or found.part is None or not isinstance(names, list):
            continue
        for name in names:
            if isinstance(name, str) and name not in made.ids("element"):
                x, y = found.get("x_m") + found.get("width_m") / 2, found.get("y_m") + found.get("height_m") / 2
                values = {"id": name, "kind": "equipment", "name": name, "area": found.id, "x_m": x, "y_m": y}
                node = Mapping(item.line, {key: Scalar(item.line, value) for key, value in values.items()}, {})
                made.items["element"].append(read_node(section("element"), node)[0])
                made.by_id.pop("element")


def _names(made: Draft, files: Files[str, str], needed: tuple[str, ...]) -> None:
    for name in needed:
        if name not in files:
            close = nearest(name, [f for f in files if f not in FILES])
            fix = f"rename `{close}`" if close else "add it (`andon init` writes an example)"
            made.report(Problem(name, 0, "the file is missing", fix))
    for name in files:
        if name.endswith(".cedar"):
            what = "Cedar policies are not evaluated by this version, so this one would forbid nothing"
            made.report(Problem(name, 0, what, "lower the `ceiling` of the use instead, and remove the file"))
        elif name not in FILES:
            close = next((f for f in FILES if nearest(_stem(name), [_stem(f)])), None)
            if name.endswith((".yaml", ".yml")) or (close and close not in files):
                fix = f"did you mean `{close}`?" if close else f"remove it (known files: {words(FILES, 12)})"
                made.report(Problem(name, 0, "the file is not part of a site folder", fix))


def _csv(made: Draft, part: Section, text: str) -> None:
    fields = part.part.model_fields
    required = [n for n, f in fields.items() if f.is_required()]
    table, problems = csvtext.read_table(part.file, text, list(fields), required)
    made.problems.extend(problems)
    if table is None:
        made.unread.add(part.noun)
        return
    if part.id_field not in table.columns or not table.whole:
        made.unread.add(part.noun)
    for row in table.rows:
        item, found = read_row(part, row, table.columns)
        made.items[part.noun].append(item)
        made.problems.extend(found)
        if item.written_id is None:
            made.unread.add(part.noun)


def _yaml(made: Draft, name: str, text: str) -> None:
    nouns = {s.noun for s in SECTIONS if s.file == name}
    root, problems = yamltext.compose(name, text)
    made.problems.extend(problems)
    if root is None or (isinstance(root, Scalar) and root.value is None):
        if not problems:
            keys = words(keys_of(name), 12)
            made.report(Problem(name, 1, "the file is empty", f"give it at least one of {keys}, or remove it"))
        made.unread |= nouns
        return
    if not isinstance(root, Mapping):
        made.report(Problem(name, root.line, "the file is not a mapping of keys", f"begin with `{keys_of(name)[0]}:`"))
        made.unread |= nouns
        return
    known = keys_of(name)
    for key, line in root.lines.items():
        if key not in known:
            fix = did_you_mean(key, known, f"remove it (known keys: {words(known, 16)})")
            made.report(Problem(name, line, f"key {shown(key)} is not known", fix))
    for each in (s for s in SECTIONS if s.file == name):
        _section(made, each, root)
    if name == RELEASE.file:
        _settings(made, root)
    made.has_ot |= name == "ot.yaml"
    made.has_roads |= name == "roads.yaml"


def _section(made: Draft, each: Section, root: Mapping) -> None:
    node = root.entries.get(each.key)
    if node is None:
        misspelt = nearest(each.key, [k for k in root.entries if k not in keys_of(each.file)])
        if misspelt:
            made.unread.add(each.noun)
        if each.needed and (made.runs or each.noun != "element"):
            made.report(Problem(each.file, root.line, f"key `{each.key}` is missing", f"add `{each.key}:` with a list"))
            made.unread.add(each.noun)
        return
    if not isinstance(node, Listing):
        what = f"`{each.key}` is not a list"
        made.report(Problem(each.file, root.lines[each.key], what, f"write `{each.key}: [...]` or one `- ` line each"))
        made.unread.add(each.noun)
        return
    for one in node.items:
        item, problems = read_node(each, one)
        made.items[each.noun].append(item)
        made.problems.extend(problems)
    if any(i.written_id is None for i in made.items[each.noun]) and each.id_field:
        made.unread.add(each.noun)


def _settings(made: Draft, root: Mapping) -> None:
    for key, meaning in SETTINGS.items():
        node: Node | None = root.entries.get(key)
        if node is None:
            made.report(Problem("site.yaml", root.line, f"key `{key}` is missing", f"add `{key}:`, {meaning}"))
            continue
        made.setting_lines[key] = root.lines[key]
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, str) and value:
            made.settings[key] = value
        else:
            made.report(Problem("site.yaml", root.lines[key], f"`{key}` is not text", f"write {meaning}, in quotes"))
    release = root.entries.get(RELEASE.key)
    if release is not None and not (isinstance(release, Scalar) and release.value is None):
        made.release, problems = read_node(RELEASE, release)
        made.release.line = root.lines[RELEASE.key]
        made.problems.extend(problems)


def _duplicates(made: Draft, each: Section) -> None:
    first: dict[str, Item] = {}
    for item in made.items[each.noun]:
        if item.id is None:
            continue
        if item.id in first:
            what = f"{each.noun} {shown(item.id)} stands twice, first on line {first[item.id].line}"
            line = item.at(each.id_field)
            made.report(Problem(each.file, line, what, "rename one of them or remove it"))
        else:
            first[item.id] = item


def parts(made: Draft, noun: str) -> Iterator[Any]:
    """The typed parts of a section, in the order of the file."""
    return (item.part for item in made.items[section(noun).noun] if item.part is not None)
