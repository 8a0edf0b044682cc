"""Assumptions and curves: distributions with the parameters of their kind, and units that fit what they stand for."""

from __future__ import annotations

from collections.abc import Iterator

from andon.core import units
from andon.site.check_names import EACH, STEPS, walk
from andon.site.draft import Draft
from andon.site.floor import Distribution
from andon.site.problems import Problem, shown, words
from andon.site.shape import Item, Path

PARAMETERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "constant": (("value",),),
    "uniform": (("low", "high"),),
    "triangular": (("low", "mode", "high"),),
    "normal": (("mean", "sd"),),
    "lognormal": (("mean", "sd"),),
    "gamma": (("mean", "sd"), ("shape", "scale")),
    "weibull": (("shape", "scale"),),
    "exponential": (("mean",),),
    "empirical": (("values",),),
}
"""Parameters of each kind; where there are two sets, one of them is given. `mean` and `sd` are the quantity's own."""

_ABOVE_ZERO = ("sd", "shape", "scale")
_POSITIVE_MEAN = frozenset({"lognormal", "gamma", "exponential"})

ROLES: tuple[tuple[str, Path, str, str], ...] = (
    ("station", ("setup",), "time", "a set-up time"),
    ("station", ("breakdown", "time_to_failure"), "time", "a time to failure"),
    ("station", ("breakdown", "time_to_repair"), "time", "a time to repair"),
    ("crew", ("absence",), "dimensionless", "a share of absent people"),
    ("station", ("maintenance", EACH, "time"), "time", "a time of planned work"),
    ("station", ("wear", "life"), "time", "a tool's life"),
    ("station", ("wear", "change"), "time", "a time of tool changes"),
    ("station", ("warm_up", "time"), "time", "a time of warming up"),
    ("disturbance", ("every",), "time", "a time between stops"),
    ("disturbance", ("lasts",), "time", "a length of stops"),
    ("disturbance", ("levels",), "dimensionless", "a number of jobs"),
    ("disturbance", ("elapsed",), "dimensionless", "a factor on elapsed times"),
    ("fleet", ("handling",), "time", "a handling time"),
    *(("product", (*path, "time"), "time", "a processing time") for path in STEPS),
    ("fleet", ("breakdown", "time_to_failure"), "time", "a time to failure"),
    ("fleet", ("breakdown", "time_to_repair"), "time", "a time to repair"),
    ("fleet", ("battery", "recovery", "time"), "time", "a time of recovery"),
    ("demand", ("every",), "time", "a time between orders"),
    ("curve", ("spread",), "dimensionless", "a factor"),
)
"""Where an assumption is named, what it must measure there, and what it is there."""
_NEVER_ZERO = frozenset({"a time to failure", "a time between orders", "a time between stops", "a tool's life"})
_ANY_SIGN = frozenset({"a number of jobs"})


def check(made: Draft) -> Iterator[Problem]:
    """Distributions, units and curves."""
    for item in made.all("assumption"):
        yield from _unit(item, "unit")
        if isinstance(found := item.get("distribution"), Distribution):
            yield from _distribution(item, found)
    for item in made.all("curve"):
        yield from _curve(item)
    yield from _roles(made)
    yield from _unused(made)


def _unit(item: Item, name: str) -> Iterator[Problem]:
    code = item.values.get(name)
    if isinstance(code, str) and not units.is_known(code):
        yield item.problem((name,), f"`{name}` {shown(code)} of {item.label} is not a UCUM code", _code(code))


def _code(code: str) -> str:
    close = units.suggest(code)
    return f"did you mean `{close}`?" if close else "use a UCUM code such as `min`, `mm` or `Cel`"


def _distribution(item: Item, found: Distribution) -> Iterator[Problem]:
    sets = PARAMETERS[found.kind]
    given = {n for n in found.model_fields_set if n != "kind" and getattr(found, n) is not None}
    best = max(sets, key=lambda names: len(given & set(names)))
    wants = " or ".join(" and ".join(f"`{n}`" for n in names) for names in sets)
    place = ("distribution",)
    missing = [n for n in best if n not in given]
    if missing:
        what = f"the {found.kind} distribution of {item.label} has no {words(missing)}"
        yield item.problem(place, what, f"give {wants}")
    extra = sorted(given - set(best))
    if extra:
        what = f"{words(extra)} of {item.label} means nothing for a {found.kind} distribution"
        yield item.problem((*place, extra[0]), what, f"give {wants}, and nothing else")
    yield from _values(item, found, given)


def _values(item: Item, found: Distribution, given: set[str]) -> Iterator[Problem]:
    def wrong(name: str, fix: str) -> Problem:
        what = f"`distribution.{name}` of {item.label} is {shown(getattr(found, name))}"
        return item.problem(("distribution", name), what, fix)

    for name in _ABOVE_ZERO:
        value = getattr(found, name)
        if value is not None and value <= 0:
            yield wrong(name, "use more than 0, or kind `constant` for what does not vary")
    if found.kind in _POSITIVE_MEAN and found.mean is not None and found.mean <= 0:
        yield wrong("mean", "use more than 0")
    if found.kind == "empirical" and "values" in given and len(found.values) < 2:
        yield wrong("values", "give at least two, or use kind `constant`")
    low, mode, high = found.low, found.mode, found.high
    if low is not None and high is not None and low >= high:
        what = f"`low` {low:g} of {item.label} is not below `high` {high:g}"
        yield item.problem(("distribution", "low"), what, "exchange them, or use `constant`")
    elif mode is not None and ((low is not None and mode < low) or (high is not None and mode > high)):
        yield wrong("mode", "put it between `low` and `high`")


def _curve(item: Item) -> Iterator[Problem]:
    yield from _unit(item, "input_unit")
    yield from _unit(item, "output_unit")
    code = item.values.get("output_unit")
    if isinstance(code, str) and units.is_known(code) and units.dimension(code) != "time":
        what = (
            f"`output_unit` of {item.label} is `{code}` ({units.dimension(code)}), and a curve gives a processing time"
        )
        yield item.problem(("output_unit",), what, "use a unit of time such as `min`")
    points: tuple[tuple[float, float], ...] = item.get("points") or ()
    for place in range(1, len(points)):
        if points[place][0] <= points[place - 1][0]:
            what = f"point {place + 1} of {item.label} does not lie behind the one before it"
            yield item.problem(("points", place), what, "order the points by set-point, each once")
    for place, (_, time) in enumerate(points):
        if time <= 0:
            yield item.problem(
                ("points", place), f"point {place + 1} of {item.label} takes {time:g}", "use more than 0"
            )


def _roles(made: Draft) -> Iterator[Problem]:
    assumptions = made.ids("assumption")
    seen: set[tuple[str, str]] = set()
    for noun, path, kind, role in ROLES:
        for item in made.all(noun):
            for _, name in walk(item.raw, path):
                if not isinstance(name, str) or name not in assumptions or (name, role) in seen:
                    continue
                seen.add((name, role))
                yield from _role(assumptions[name], item, kind, role)


def _role(assumption: Item, user: Item, kind: str, role: str) -> Iterator[Problem]:
    code = assumption.values.get("unit")
    if isinstance(code, str) and units.is_known(code) and units.dimension(code) != kind:
        what = f"{assumption.label} is in `{code}` ({units.dimension(code)}), and {user.label} takes it as {role}"
        fix = "use a unit of time such as `min`" if kind == "time" else "use unit `1`"
        yield assumption.problem(("unit",), what, fix)
    found = assumption.get("distribution")
    if not isinstance(found, Distribution) or role in _ANY_SIGN:
        return
    if (lowest := _lowest(found)) is not None and (
        lowest < 0 or (lowest == 0 and _all_zero(found) and role in _NEVER_ZERO)
    ):
        what = f"{assumption.label} can be {lowest:g}, and {user.label} takes it as {role}"
        yield assumption.problem(("distribution",), what, "use values above 0")


def _lowest(found: Distribution) -> float | None:
    """The smallest value that is certain from the parameters; for a normal distribution its mean."""
    match found.kind:
        case "constant":
            return found.value
        case "uniform" | "triangular":
            return found.low
        case "empirical":
            return min(found.values, default=None)
        case "normal":
            return found.mean
        case _:
            return None


def _all_zero(found: Distribution) -> bool:
    return found.kind in {"constant", "normal"} or (found.kind == "empirical" and not any(found.values))


def _unused(made: Draft) -> Iterator[Problem]:
    """Notes: what nothing uses is either forgotten or misspelt where it was meant."""
    if made.unread & {"station", "crew", "fleet", "product", "demand", "curve", "disturbance"}:
        return
    used = {n for noun, path, _, _ in ROLES for i in made.all(noun) for _, n in walk(i.raw, path) if isinstance(n, str)}
    for item in made.all("assumption"):
        if item.id and item.id not in used:
            yield Problem(item.section.file, item.line, f"nothing uses {item.label}", "use it or remove it", "note")
    curves = {
        n for i in made.all("product") for path in STEPS for _, n in walk(i.raw, (*path, "curve")) if isinstance(n, str)
    }
    for item in made.all("curve"):
        if item.id and item.id not in curves:
            yield Problem(item.section.file, item.line, f"no step uses {item.label}", "use it or remove it", "note")
