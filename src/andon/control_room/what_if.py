"""What-if: a page and an endpoint that ask the simulator from the live state, beside the floor as it stands."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from andon.control_room.api import Json, answer_refused, may_read, rows_json
from andon.control_room.api_acts import Acting
from andon.control_room.forms import Form, TheRoom
from andon.control_room.pages_govern import effect_bar
from andon.control_room.present import Shown, computed, number, unit_text
from andon.control_room.room import Room
from andon.core.refusals import Refusal, refuse
from andon.core.time import parse_iso
from andon.operate.port import Simulate, Who

router = APIRouter(include_in_schema=False)
api_router = APIRouter(prefix="/api", tags=["see"], dependencies=[Depends(may_read)])
CHANGES = 3
"""Changes that one question may make."""
FUTURES = (50, 200, 500, 1000)
GROUPS = {
    "structure": "Machines, crews, buffers, vehicles, orders",
    "pace": "Speed",
    "set-point": "Set-points",
    "sequence": "Release",
    "mean": "Assumptions (mean)",
}
FIRST = ("completed", "lead time", "orders on time", "work in progress")
"""Figures that are shown large."""
UNITS = {"jobs": "{jobs}", "share": "%"}
MINUS = "\u2212"


@dataclass(frozen=True, slots=True)
class Row:
    """One chosen change, as typed."""

    name: str = ""
    value: str = ""


class WhatIfBody(BaseModel):
    """One question."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    changes: Annotated[dict[str, float], Field(min_length=1, max_length=CHANGES)]
    replications: Annotated[int, Field(ge=1, le=1000)] = 200
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 1
    bottleneck: bool = False


@api_router.get("/what-if", summary="What a what-if may change, with the values in force")
def api_settable(room: TheRoom) -> list[Json]:
    """Name, words, unit, value in force, whether it is whole, and a range that is worth a look."""
    return rows_json(room.desk.settable())


@api_router.post("/what-if", summary="Changes to the floor, simulated from now, beside the floor as it stands")
def api_ask(room: TheRoom, body: WhatIfBody, who: Acting) -> Any:
    """Paired differences with intervals, mark, what is not represented, and the command that gives the same bits."""
    answer = room.desk.what_if(Simulate(body.changes, body.replications, body.seed, body.bottleneck), who or Who())
    return answer_refused(answer) if isinstance(answer, Refusal) else dict(answer)


@router.get("/what-if")
def page(request: Request, room: TheRoom) -> Response:
    """The form; changes may stand in the address as n1, v1, n2, v2, n3, v3."""
    rows = [
        Row(request.query_params.get(f"n{i}", "")[:128], request.query_params.get(f"v{i}", "")[:40])
        for i in range(1, CHANGES + 1)
    ]
    return _page(request, room, rows, "200")


@router.post("/what-if")
def ask(request: Request, room: TheRoom, form: Form) -> Response:
    """Run it from now. A page that is open asks for the answer alone (`x-part: answer`)."""
    rows = [Row(form.get(f"n{i}", "")[:128], form.get(f"v{i}", "")[:40]) for i in range(1, CHANGES + 1)]
    question = _question(rows, form.get("futures", "200"), bool(form.get("bottleneck")))
    refusal: Refusal | None
    answer: Mapping[str, Any] | None = None
    if isinstance(question, Refusal):
        refusal, status = question, 422
    else:
        found = room.desk.what_if(question, room.who(request) or Who())
        refusal, status = (found, 403) if isinstance(found, Refusal) else (None, 200)
        answer = None if isinstance(found, Refusal) else found
    if request.headers.get("x-part") == "answer":
        return HTMLResponse(room.fragment("answer", _shown(room, answer, refusal)), status)
    return _page(request, room, rows, form.get("futures", "200"), answer, refusal, status)


def _question(rows: Sequence[Row], futures: str, bottleneck: bool) -> Simulate | Refusal:
    changes: dict[str, float] = {}
    for row in rows:
        if not row.name:
            continue
        try:
            value = float(row.value.replace(",", "."))
        except ValueError:
            return refuse("value", f"`{row.value}` is no number for `{row.name}`", "type a number")
        if not math.isfinite(value):
            return refuse("value", f"`{row.value}` is no number for `{row.name}`", "type a number")
        if row.name in changes:
            return refuse("twice", f"`{row.name}` is chosen twice", "choose it once")
        changes[row.name] = value
    if not changes:
        return refuse("nothing", "nothing is chosen", "choose what to change, and type a value")
    wanted = int(futures) if futures in {str(f) for f in FUTURES} else 200
    return Simulate(changes, wanted, bottleneck=bottleneck)


def _page(
    request: Request,
    room: Room,
    rows: Sequence[Row],
    futures: str,
    answer: Mapping[str, Any] | None = None,
    refusal: Refusal | None = None,
    status: int = 200,
) -> Response:
    known = room.desk.settable()
    groups = [(title, [s for s in known if s["kind"] == kind]) for kind, title in GROUPS.items()]
    return room.page(
        request,
        "what_if.html",
        status,
        groups=[(title, part) for title, part in groups if part],
        rows=rows,
        futures=futures,
        choices=FUTURES,
        **_shown(room, answer, refusal),
    )


def _shown(room: Room, answer: Mapping[str, Any] | None, refusal: Refusal | None) -> dict[str, Any]:
    """What the part with the answer needs."""
    if answer is None:
        return {"answer": None, "refusal_said": refusal}
    other = answer["alternatives"][0]
    at, now = int(answer["at_ns"]), int(room.desk.facts().at)
    differences = [d for d in other["differences"] if d["n"]]
    first = [d for name in FIRST for d in differences if d["name"] == name]
    return {
        "answer": answer,
        "refusal_said": None,
        "at": at,
        "until": parse_iso(answer["until"]),
        "tiles": [(d["name"], _tile(d, answer, at, now)) for d in first],
        "lines": [_line(d) for d in differences],
        "before": answer["bottleneck"],
        "after": other["bottleneck"],
        "pull": answer.get("bottleneck_by_sensitivity"),
    }


def _tile(d: Mapping[str, Any], answer: Mapping[str, Any], at: int, now: int) -> Shown:
    unit = UNITS.get(d["unit"], d["unit"])
    return computed(
        _signed(d["mean"], d["unit"]),
        unit_text(unit),
        at,
        now,
        answer["mark"],
        "simulated",
        uncertainty="90 %: {} to {}".format(*_interval(d)),
        mark=answer["mark"],
        why="; ".join(answer["why"]),
    )


def _line(d: Mapping[str, Any]) -> dict[str, Any]:
    """One figure of the table, in words."""
    unit = d["unit"]
    base = d["base"] * 100.0 if unit == "share" else d["base"]
    return {
        "name": d["name"],
        "unit": unit_text(UNITS.get(unit, unit)),
        "base": number(float(base)),
        "mean": _signed(d["mean"], unit),
        "low": _interval(d)[0],
        "high": _interval(d)[1],
        "error": _signed(d["monte_carlo_error"], unit).removeprefix("+"),
        "better": d["probability_better"],
        "worse": d["probability_worse"],
        "bar": effect_bar({"low90": d["low_90"], "mean": d["mean"], "high90": d["high_90"]}),
    }


def _interval(d: Mapping[str, Any]) -> tuple[str, str]:
    """Both ends of the 90 % interval, as fine as the larger one."""
    ends = d["low_90"], d["high_90"]
    widest = max((abs(x) for x in ends if x is not None), default=0.0)
    return _signed(ends[0], d["unit"], widest), _signed(ends[1], d["unit"], widest)


def _signed(value: float | None, unit: str, fine: float | None = None) -> str:
    """A difference with its sign, two digits of it; or as fine as two digits of `fine`.

    >>> _signed(2.104, "jobs"), _signed(0.012, "share"), _signed(-0.0793, "h") == MINUS + "0.079", _signed(0.0, "h")
    ('+2.1', '+1.2', True, '0')
    >>> _signed(0.00007, "h", 0.14), _signed(0.0312, "h", 0.14), _signed(123.4, "jobs")
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
