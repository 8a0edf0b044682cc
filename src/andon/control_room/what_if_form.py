"""The forms of What-if: from fields to a question and back, so that every state of a form is an address."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlencode

from andon.control_room.room import Room
from andon.core.refusals import Refusal, refuse
from andon.operate.simulation import Simulate

Tab = Literal["ahead", "best", "matters"]
TABS: Mapping[Tab, tuple[str, str]] = {
    "ahead": ("/what-if", "Ahead, and what a change does"),
    "best": ("/what-if/best", "The best of several"),
    "matters": ("/what-if/matters", "What matters"),
}
CHANGES = 3
"""Changes of one floor on the page Ahead."""
IDEAS, IDEA_CHANGES = 4, 2
"""Alternatives that may compete, and changes of each."""
MANY = 200
"""Settings from which on names are typed, with the list given once, and not chosen from a list of all in every row."""
FUTURES = (50, 200, 500, 1000)
BOUNDS = (500, 2000, 10_000)
GROUPS = {
    "structure": "Machines, crews, buffers, vehicles, orders",
    "pace": "Speed",
    "set-point": "Set-points",
    "sequence": "Release",
    "mean": "Assumptions (mean)",
}
FIGURES = ("completed", "throughput", "lead time", "work in progress", "orders on time")
METHODS = ("one-way", "morris")
DEFAULTS: Mapping[str, str] = {
    "from": "now",
    "hours": "",
    "futures": "200",
    "ends": "futures",
    "of": "completed",
    "width": "1%",
    "confidence": "95",
    "bound": "2000",
    "difference": "",
    "method": "one-way",
    "points": "50",
    "trajectories": "10",
    "seed": "1",
    "trouble": "",
    "hits": "",
    "begins": "0",
    "lasts": "60",
    "amount": "",
    "both": "",
    "bottleneck": "",
}
"""Every field that is not a change, and what it says unless somebody says otherwise."""


class Slip(Exception):  # noqa: N818 - carries a refusal, not a fault
    """A field says something that cannot be meant."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.sentence())
        self.refusal = refusal


def change_fields(tab: Tab) -> list[list[tuple[str, str]]]:
    """Names of the fields of changes, floor by floor: what, and value."""
    if tab == "ahead":
        return [[(f"n{i}", f"v{i}") for i in range(1, CHANGES + 1)]]
    if tab == "best":
        return [[(f"{x}n{i}", f"{x}v{i}") for i in range(1, IDEA_CHANGES + 1)] for x in "abcd"[:IDEAS]]
    return [[]]


def filled(tab: Tab, given: Mapping[str, str], *, connected: bool) -> dict[str, str]:
    """Every field of a form as it is to be shown, bounded in length; what was not given has its default."""
    names = [name for floor in change_fields(tab) for pair in floor for name in pair]
    found = {name: given.get(name, "")[:128] for name in names}
    found |= {name: given.get(name, usual)[:128] for name, usual in DEFAULTS.items()}
    if "from" not in given and not connected:
        found["from"] = "empty"
    for box in ("both", "bottleneck"):
        found[box] = "1" if given.get(box) else ""
    return found


def address(fields: Mapping[str, str]) -> str:
    """The part of an address that says what is asked: only what differs from the defaults."""
    said = {k: v for k, v in fields.items() if v and v != DEFAULTS.get(k, "")}
    return urlencode(said)


def question(tab: Tab, fields: Mapping[str, str], troubles: Any) -> Simulate | Refusal:
    """What the fields ask, or the first slip in one sentence."""
    try:
        floors = [_changes(floor, fields) for floor in change_fields(tab)]
        common = {
            "start": "empty" if fields["from"] == "empty" else "now",
            "hours": _number(fields["hours"], "hours") if fields["hours"] else 0.0,
            "seed": _whole(fields["seed"], "seed"),
            "of": fields["of"] or "completed",
        }
        if tab == "matters":
            return _matters(fields, common)
        if tab == "best":
            return _best(fields, floors, common)
        return _ahead(fields, floors[0], common, troubles)
    except Slip as slip:
        return slip.refusal


def _ahead(fields: Mapping[str, str], changes: dict[str, float], common: dict[str, Any], troubles: Any) -> Simulate:
    trouble = _trouble(fields, troubles)
    base = trouble if fields["both"] else {}
    other = {**trouble, **changes} if changes or not fields["both"] else {}
    against = (other,) if other else ()
    futures = fields["futures"] if fields["futures"] in {str(f) for f in FUTURES} else "200"
    width = fields["width"].replace("±", "").replace(" ", "") if fields["ends"] == "width" else ""
    decided = fields["ends"] == "decided"
    if decided and not against:
        raise Slip(refuse("nothing", "there is nothing to decide between", "choose a change"))
    return Simulate(
        base, against, replications=int(futures), bottleneck=bool(fields["bottleneck"]), until=width, decided=decided,
        confidence=_percent(fields["confidence"]), replications_max=_bound(fields["bound"]), **common,
    )  # fmt: skip


def _best(fields: Mapping[str, str], floors: list[dict[str, float]], common: dict[str, Any]) -> Simulate:
    ideas = tuple(floor for floor in floors if floor)
    if not ideas:
        raise Slip(refuse("nothing", "no alternative is chosen", "choose what to change in one or more of them"))
    if not fields["difference"]:
        none = "the smallest difference that matters is not said"
        raise Slip(refuse("difference", none, f"say how much of `{common['of']}` would make you choose"))
    return Simulate(
        {}, ideas, select=True, indifference=_number(fields["difference"], "smallest difference that matters"),
        confidence=_percent(fields["confidence"]), replications_max=_bound(fields["bound"]), **common,
    )  # fmt: skip


def _matters(fields: Mapping[str, str], common: dict[str, Any]) -> Simulate:
    points = _whole(fields["points"], "futures of each point")
    trajectories = _whole(fields["trajectories"], "trajectories")
    method: Literal["one-way", "morris"] = "morris" if fields["method"] == "morris" else "one-way"
    return Simulate(leans_on=method, replications=points, trajectories=trajectories, **common)


def _changes(names: list[tuple[str, str]], fields: Mapping[str, str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in ((fields[n], fields[v]) for n, v in names):
        if not name:
            continue
        if name in found:
            raise Slip(refuse("twice", f"`{name}` is chosen twice", "choose it once"))
        found[name] = _number(value, name)
    return found


def _trouble(fields: Mapping[str, str], troubles: Any) -> dict[str, float]:
    """The trouble that is supposed, as the simulator names it: KIND:WHAT@START+LENGTH."""
    kind = fields["trouble"]
    if not kind:
        return {}
    known = {t["kind"]: t for t in troubles}
    if kind not in known:
        raise Slip(refuse("trouble", f"`{kind}` is no trouble that this site can have", "choose one of the list"))
    about = known[kind]
    hits = fields["hits"] if fields["hits"] in about["names"] else ""
    if about["names"] and not hits:
        raise Slip(refuse("trouble", f"`{kind}` does not say which {about['of']}", "choose one of the list"))
    begins, lasts = _number(fields["begins"], "begins after"), _number(fields["lasts"], "lasts")
    amount = _number(fields["amount"], "how much") if fields["amount"] else float(about["usual"])
    where = f":{hits}" if about["names"] else ""
    return {f"{kind}{where}@{begins:g}min+{lasts:g}min": amount}


def _number(text: str, name: str) -> float:
    try:
        value = float(text.replace(",", ".").replace("\u2212", "-"))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise Slip(refuse("value", f"`{text}` is no number for `{name}`", "type a number"))
    return value


def _whole(text: str, name: str) -> int:
    value = _number(text, name)
    if value != int(value):
        raise Slip(refuse("value", f"`{text}` is no whole number for `{name}`", "type a whole number"))
    return int(value)


def _percent(text: str) -> float:
    value = _number(text.removesuffix("%").strip(), "confidence")
    if not 50 <= value < 100:
        raise Slip(refuse("confidence", f"`{text}` % is no confidence", "type 50 to 99.9"))
    return value / 100.0


def _bound(text: str) -> int:
    return int(text) if text in {str(b) for b in BOUNDS} else 2000


def choices(room: Room) -> dict[str, Any]:
    """What the forms offer."""
    known = room.desk.simulator.settable()
    groups = [(title, [s for s in known if s["kind"] == kind]) for kind, title in GROUPS.items()]
    products = [f"{p.id} completed" for p in room.site.products]
    return {
        "groups": [(title, part) for title, part in groups if part],
        "many": len(known) > MANY,
        "troubles": room.desk.simulator.troubles(),
        "figures_known": (*FIGURES, *(products if len(products) > 1 else ())),
        "futures": FUTURES,
        "bounds": BOUNDS,
        "letters": "ABCD",
        "connected": bool(room.site.sources),
    }
