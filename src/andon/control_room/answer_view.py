"""What a page shows of an answer: every figure whole, in words, with its interval and its mark."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from andon.control_room import charts
from andon.control_room.pages_govern import effect_bar
from andon.control_room.present import Shown, computed, number, unit_text
from andon.control_room.room import Room
from andon.core.time import parse_iso
from andon.operate.simulation import Asked

FIRST = ("completed", "orders on time", "lead time", "work in progress")
"""Figures that are shown large."""
UNITS = {"jobs": "{jobs}", "share": "%"}
MINUS = "\u2212"


def shown(room: Room, asked: Asked | None) -> dict[str, Any]:
    """What the part of a page with the answer needs."""
    if asked is None:
        return {"asked": None, "answer": None}
    answer = asked.answer
    if answer is None or ("figures" not in answer and "assumptions" not in answer):
        return {"asked": asked, "answer": None}
    at, made = int(answer["at_ns"]), int(answer["asked_ns"])
    part = {
        "asked": asked,
        "answer": answer,
        "at": at,
        "until": parse_iso(str(answer["until"])),
        "hours": charts.short(float(answer["horizon_s"]) / 3600.0),
        "partial": not asked.over,
        "signed": charts.signed,
        "short": charts.short,
    }
    if "assumptions" in answer:
        return {**part, "tornado": charts.tornado(answer), "tile": _base(answer, made, room)}
    return {**part, **_futures(room, answer, made, asked.question.of)}


def _futures(room: Room, answer: Mapping[str, Any], at: int, of: str) -> dict[str, Any]:
    now = int(room.desk.facts().at)
    names = {s.id: s.name for s in room.site.stations}
    others = [_alternative(i, a, answer, at, now) for i, a in enumerate(answer["alternatives"])]
    figures = [f for f in answer["figures"] if f["n"]]
    first = [f for name in FIRST for f in figures if f["name"] == name]
    tiles = [(f["name"], outlook_tile(f, answer, at, now), _half(f)) for f in first]
    told = others[0] if len(others) == 1 else next((o for o in others if o["best"]), None)
    if told is not None:
        tiles = told["tiles"]
    return {
        "tiles": tiles,
        "told": told,
        "figures": [figure_line(f) for f in figures],
        "others": others,
        "race": _race(answer, of),
        "fans": charts.fans(answer, room.names.zone),
        "bars": charts.stations(answer, names),
        "states": [(k, w) for k, w in charts.STATES.items() if _occurs(answer, k)],
        "stations": names,
        "before": answer["bottleneck"],
        "pull": answer.get("bottleneck_by_sensitivity"),
        "orders": [o for o in answer["orders"] if o["on_time"] is not None or o["complete_h"]["n"]][:40],
        "crews": [_crew(s) for s in answer["staff"] if (s.get("load") or {}).get("mean") is not None],
        "products": {p.id: p.name for p in room.site.products},
    }


def _crew(row: Mapping[str, Any]) -> tuple[str, int, int | None]:
    """A crew, its load and the rest that it keeps, in percent."""
    rest = (row.get("rest_kept") or {}).get("mean")
    return str(row["crew"]), round(100.0 * row["load"]["mean"]), None if rest is None else round(100.0 * rest)


def _occurs(answer: Mapping[str, Any], state: str) -> bool:
    return any(s["shares"].get(state) for _, part in charts.floors_of(answer) for s in part["stations"])


def _alternative(i: int, other: Mapping[str, Any], answer: Mapping[str, Any], at: int, now: int) -> dict[str, Any]:
    differences = [d for d in other["differences"] if d["n"]]
    first = [d for name in FIRST for d in differences if d["name"] == name]
    chosen = answer.get("chosen")
    return {
        "letter": charts.LETTERS[i],
        "label": other["label"],
        "tiles": [(d["name"], difference_tile(d, answer, at, now), _before(d)) for d in first],
        "lines": [difference_line(d) for d in differences],
        "bottleneck": other["bottleneck"],
        "mark": other["mark"],
        "best": chosen is not None and chosen["label"] == other["label"],
        "left_at": None if chosen is None else chosen["left_at"].get(other["label"]),
        "lasting": other.get("lasting_interval"),
    }


def _race(answer: Mapping[str, Any], of: str) -> list[dict[str, Any]]:
    """Every floor by the figure that the choice is made by, each over its own futures, the best one first."""
    chosen = answer.get("chosen")
    if chosen is None:
        return []
    found = []
    for i, (label, part) in enumerate(charts.floors_of(answer)):
        f = next((f for f in part["figures"] if f["name"] == of), None)
        if f is None or f["mean"] is None:
            continue
        left = chosen["left_at"].get(label)
        found.append(
            {
                "letter": charts.LETTERS[i - 1] if i else "",
                "label": label,
                "mean": f["mean"],
                "value": plain(f["mean"], f["unit"]),
                "unit": unit_text(UNITS.get(f["unit"], f["unit"])),
                "error": "not known" if f["monte_carlo_error"] is None else plain(f["monte_carlo_error"], f["unit"]),
                "n": part["replications"],
                "best": label == chosen["label"],
                "left_at": left,
            }
        )
    return sorted(found, key=lambda row: (not row["best"], -(row["left_at"] or 10**9)))


def outlook_tile(f: Mapping[str, Any], answer: Mapping[str, Any], at: int, now: int) -> Shown:
    """A figure of the floor as asked about: the middle of the futures with what half and nine tenths of them hold."""
    low, high = plain(f["low_90"], f["unit"]), plain(f["high_90"], f["unit"])
    return computed(
        plain(f["median"], f["unit"]), unit_text(UNITS.get(f["unit"], f["unit"])), at, now, answer["mark"], "simulated",
        uncertainty=f"90 %: {low} to {high}", mark=answer["mark"], why="; ".join(answer["why"]),
    )  # fmt: skip


def difference_tile(d: Mapping[str, Any], answer: Mapping[str, Any], at: int, now: int) -> Shown:
    """A difference, with what nine tenths of the futures hold."""
    return computed(
        signed(d["mean"], d["unit"]), unit_text(UNITS.get(d["unit"], d["unit"])), at, now, answer["mark"], "simulated",
        uncertainty="90 %: {} to {}".format(*interval(d)), mark=answer["mark"], why="; ".join(answer["why"]),
    )  # fmt: skip


def _half(f: Mapping[str, Any]) -> str:
    return f"half of them: {plain(f['low_50'], f['unit'])} to {plain(f['high_50'], f['unit'])}"


def _before(d: Mapping[str, Any]) -> str:
    unit = unit_text(UNITS.get(d["unit"], d["unit"]))
    after = None if d["base"] is None else plain(d["base"] + (d["mean"] or 0.0), d["unit"], d["base"])
    return f"from {plain(d['base'], d['unit'])} to {after} {unit}"


def _base(answer: Mapping[str, Any], at: int, room: Room) -> Shown:
    text, now = plain(answer["base"], answer["unit"]), int(room.desk.facts().at)
    unit = unit_text(UNITS.get(answer["unit"], answer["unit"]))
    why = "; ".join(answer["why"])
    return computed(text, unit, at, now, answer["mark"], "simulated", mark=answer["mark"], why=why)


def figure_line(f: Mapping[str, Any]) -> dict[str, Any]:
    """One figure of the table, in words."""
    unit, fine = f["unit"], max((abs(x) for x in (f["low_90"], f["high_90"]) if x is not None), default=0.0)
    said = {k: plain(f[k], unit, fine) for k in ("mean", "median", "low_50", "high_50", "low_90", "high_90")}
    unknown = f["unknown_share"]
    return {
        **said,
        "name": f["name"],
        "unit": unit_text(UNITS.get(unit, unit)),
        "error": "not known" if f["monte_carlo_error"] is None else plain(f["monte_carlo_error"], unit),
        "unknown": None if unknown is None else round(100.0 * unknown),
    }


def difference_line(d: Mapping[str, Any]) -> dict[str, Any]:
    """One figure of the table of differences, in words."""
    unit = d["unit"]
    base = d["base"] * 100.0 if unit == "share" else d["base"]
    return {
        "name": d["name"],
        "unit": unit_text(UNITS.get(unit, unit)),
        "base": number(float(base)),
        "mean": signed(d["mean"], unit),
        "low": interval(d)[0],
        "high": interval(d)[1],
        "half": "{} to {}".format(*interval(d, "50")),
        "error": signed(d["monte_carlo_error"], unit).removeprefix("+"),
        "better": d["probability_better"],
        "worse": d["probability_worse"],
        "bar": effect_bar({"low90": d["low_90"], "mean": d["mean"], "high90": d["high_90"]}),
    }


def interval(d: Mapping[str, Any], share: str = "90") -> tuple[str, str]:
    """Both ends of an interval of a difference, as fine as the larger end of the 90 % one."""
    ends = d[f"low_{share}"], d[f"high_{share}"]
    widest = max((abs(x) for x in (d["low_90"], d["high_90"]) if x is not None), default=0.0)
    return signed(ends[0], d["unit"], widest), signed(ends[1], d["unit"], widest)


def plain(value: float | None, unit: str, fine: float | None = None) -> str:
    """A figure, three digits of it or as fine as three digits of `fine`; shares in percent.

    >>> plain(112.0, "jobs"), plain(0.9712, "share"), plain(1.6342, "h"), plain(0.02, "h", 2.0), plain(None, "h")
    ('112', '97.1', '1.63', '0.02', 'not known')
    """
    if value is None or not math.isfinite(value):
        return "not known"
    by = 100.0 if unit == "share" else 1.0
    scaled, size = value * by, abs(value if fine is None else fine) * by
    digits = 0 if size == 0.0 else min(6, max(0, 2 - math.floor(math.log10(size))))
    text = f"{scaled:,.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text.replace(",", "\u202f").replace("-", MINUS)


def signed(value: float | None, unit: str, fine: float | None = None) -> str:
    """A difference with its sign, two digits of it; or as fine as two digits of `fine`.

    >>> signed(2.104, "jobs"), signed(0.012, "share"), signed(-0.0793, "h") == MINUS + "0.079", signed(0.0, "h")
    ('+2.1', '+1.2', True, '0')
    >>> signed(0.00007, "h", 0.14), signed(0.0312, "h", 0.14), signed(123.4, "jobs")
    ('0', '+0.03', '+123')
    """
    if value is None or not math.isfinite(value):
        return "not known"
    by = 100.0 if unit == "share" else 1.0
    scaled, size = value * by, abs(value if fine is None else fine) * by
    digits = 0 if size == 0.0 else min(6, max(0, 1 - math.floor(math.log10(size))))
    text = f"{abs(scaled):.{digits}f}"
    if float(text) == 0.0:
        return "0"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return ("+" if scaled > 0 else MINUS) + text


def changed(changes: Mapping[str, float]) -> Sequence[tuple[str, str]]:
    """Changes as a heading says them: what is set, and to what.

    >>> changed({"curing.machines": 3.0, "missing-worker:setters@30min+1h": 2.0, "network-outage@0min+60min": 1.0})
    [('curing.machines', '3'), ('missing worker (setters) for 1h after 30min', '2'), ('network outage for 60min', '')]
    """
    return [(_trouble(n), "" if "@" in n and v == 1 else f"{v:.6g}") for n, v in changes.items()]


def _trouble(name: str) -> str:
    kind, at, when = name.partition("@")
    if not at:
        return name
    begins, _, lasts = when.partition("+")
    what, _, hits = kind.partition(":")
    where = f" ({hits})" if hits else ""
    return f"{what.replace('-', ' ')}{where} for {lasts}{'' if begins == '0min' else f' after {begins}'}"
