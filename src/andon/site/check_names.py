"""Every name that one part uses for another is declared; where it is not, the nearest one that is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from andon.site.draft import Draft
from andon.site.problems import Problem, did_you_mean, shown
from andon.site.shape import Item, Path

EACH = "*"
"""In a path: every value of a list."""
KEYS = "<keys>"
"""In a path: every key of a mapping."""

SUGGESTED_MAX = 200
"""So many names get a suggestion; looking for the nearest is slow, and beyond this something larger is wrong."""

STEPS: tuple[Path, ...] = (
    ("route", EACH),
    ("route", EACH, "others", EACH),
    ("other_routes", EACH, "route", EACH),
    ("other_routes", EACH, "route", EACH, "others", EACH),
)
"""Where a product says at what station something is done, and in what time."""

REFERENCES: tuple[tuple[str, Path, str], ...] = (
    ("element", ("area",), "area"),
    ("station", ("area",), "area"),
    ("station", ("machines", EACH), "element"),
    ("station", ("buffer",), "buffer"),
    ("station", ("crew",), "crew"),
    ("station", ("setup",), "assumption"),
    ("set-up", ("station",), "station"),
    ("set-up", ("from_product",), "product"),
    ("set-up", ("to_product",), "product"),
    ("station", ("breakdown", "time_to_failure"), "assumption"),
    ("station", ("breakdown", "time_to_repair"), "assumption"),
    ("station", ("breakdown", "crew"), "crew"),
    ("station", ("priorities", KEYS), "product"),
    ("station", ("maintenance", EACH, "time"), "assumption"),
    ("station", ("maintenance", EACH, "crew"), "crew"),
    ("station", ("hours", EACH, "shift"), "shift"),
    ("station", ("wear", "life"), "assumption"),
    ("station", ("wear", "change"), "assumption"),
    ("station", ("wear", "crew"), "crew"),
    ("station", ("warm_up", "time"), "assumption"),
    ("disturbance", ("stations", EACH), "station"),
    ("disturbance", ("crew",), "crew"),
    ("disturbance", ("every",), "assumption"),
    ("disturbance", ("lasts",), "assumption"),
    ("disturbance", ("levels",), "assumption"),
    ("disturbance", ("elapsed",), "assumption"),
    ("crew", ("size", KEYS), "shift"),
    ("crew", ("absence",), "assumption"),
    ("fleet", ("vehicles", EACH), "element"),
    ("fleet", ("handling",), "assumption"),
    *(
        ("product", (*path, word), target)
        for path in STEPS
        for word, target in (("station", "station"), ("time", "assumption"), ("curve", "curve"))
    ),
    ("fleet", ("products", EACH), "product"),
    ("fleet", ("areas", EACH), "area"),
    ("fleet", ("breakdown", "time_to_failure"), "assumption"),
    ("fleet", ("breakdown", "time_to_repair"), "assumption"),
    ("fleet", ("breakdown", "crew"), "crew"),
    ("fleet", ("battery", "recovery", "time"), "assumption"),
    ("fleet", ("battery", "recovery", "crew"), "crew"),
    ("node", ("parks",), "element"),
    ("edge", ("from",), "node"),
    ("edge", ("to",), "node"),
    ("stop", ("station",), "station"),
    ("stop", ("pick_up",), "node"),
    ("stop", ("set_down",), "node"),
    ("closure", ("edges", EACH), "edge"),
    *(
        ("product", (*path, verb, EACH, "product"), "product")
        for path in (("route", EACH), ("other_routes", EACH, "route", EACH))
        for verb in ("takes", "gives")
    ),
    ("product", ("route", EACH, "takes", EACH, "buffer"), "buffer"),
    ("product", ("other_routes", EACH, "route", EACH, "takes", EACH, "buffer"), "buffer"),
    ("conveyor", ("start",), "station"),
    ("conveyor", ("end",), "station"),
    ("curve", ("spread",), "assumption"),
    ("demand", ("product",), "product"),
    ("demand", ("every",), "assumption"),
    ("order", ("product",), "product"),
    ("release", ("wip_limits", KEYS), "product"),
    ("release", ("sequence_signal",), "signal"),
    ("signal", ("element",), "element"),
    ("signal", ("source",), "source"),
    ("signal", ("purposes", EACH), "purpose"),
    ("signal", ("confirm_signal",), "signal"),
    ("signal", ("permissive_signal",), "signal"),
    ("use", ("writes", EACH), "signal"),
    ("use", ("validity", KEYS), "signal"),
    ("use", ("purpose",), "purpose"),
    ("use", ("responsible",), "person"),
    ("conduit", ("from",), "zone"),
    ("conduit", ("to",), "zone"),
)
"""Part, path inside it, and what the text there must be the id of."""


def check(made: Draft) -> Iterator[Problem]:
    """Dangling references. A section that could not be read whole is not accused of lacking anything."""
    count = 0
    for noun, path, target in REFERENCES:
        if target in made.unread:
            continue
        known = made.ids(target)
        items = made.all(noun) if noun != "release" else [made.release] if made.release else []
        for item in items:
            for place, name in walk(item.raw, path):
                if isinstance(name, str) and name and name not in known:
                    count += 1
                    yield dangling(item, place, target, name, made.names(target) if count <= SUGGESTED_MAX else [])


def dangling(item: Item, place: Path, target: str, name: str, known: list[str]) -> Problem:
    """The problem of a name that nothing of kind `target` has."""
    fields = ".".join(str(p) for p in place if isinstance(p, str))
    what = f"`{fields}` of {item.label} names {target} {shown(name)}, which is not declared"
    if fields.endswith("." + name):
        what = f"`{fields[: -len(name) - 1]}` of {item.label} names {target} {shown(name)}, which is not declared"
    return item.problem(place, what, did_you_mean(name, known, f"declare the {target} or name another"))


def walk(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Every value under `path`, with the place where it stands; what has another shape is passed over."""
    if not path:
        yield (), value
        return
    step, rest = path[0], path[1:]
    if step == EACH:
        inner: list[tuple[str | int, Any]] = list(enumerate(value)) if isinstance(value, list) else []
    elif step == KEYS:
        yield from (((key,), key) for key in (value if isinstance(value, dict) else ()))
        return
    else:
        inner = [(step, value[step])] if isinstance(value, dict) and step in value else []
    for key, child in inner:
        for place, found in walk(child, rest):
            yield (key, *place), found
