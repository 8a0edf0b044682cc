"""What a run of kills left behind, held against the promises; shares no code with what it checks.

Reads three files that three processes wrote, each on its own: the ledger (SQLite and JSON), the plant's log of writes,
the gateway's journal and latch. What people were told is given by the test that asked.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

Json = dict[str, Any]
SAID_UNDONE = frozenset({"void", "refused"})
"""Phases that say that a command was never written and never will be."""
ON_ITS_WAY_NS = 10_000_000_000
"""A write that a deaf gateway had begun before a halt reached its latch file may still land for so long."""


DIED_WITH_IT_NS = 2_000_000_000
"""A machine killed so soon after it received a value may come back without it: then `void` is what it shows."""


@dataclass(slots=True)
class Told:
    """One halt as people saw it. Wall times, nanoseconds."""

    acknowledged: int
    how: str
    in_flight: tuple[str, ...]
    released: int | None = None
    """Just before the second signature was handed in; None when nobody ended it."""


@dataclass(slots=True)
class Left:
    """What a run left behind."""

    ledger: Path
    journal: Path
    writes: Path
    told: list[Json] = field(default_factory=list)
    """Records that the API said were made, as it said them."""
    halts: list[Told] = field(default_factory=list)
    plant_killed: list[int] = field(default_factory=list)
    """Wall times, nanoseconds."""


def records(path: Path) -> list[Json]:
    """Everything on record, straight from the file."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as ledger:
        rows = ledger.execute("SELECT place, kind, at, body FROM records ORDER BY place").fetchall()
    return [{"index": place, "kind": kind, "at_ns": at, **json.loads(body)} for place, kind, at, body in rows]


def journal(path: Path) -> list[Json]:
    """What the gateway began and how it ended; a torn last line was never acknowledged."""
    found = []
    for line in path.read_bytes().split(b"\n")[:-1]:
        checksum, _, body = line.partition(b" ")
        if int(checksum, 16) != zlib.crc32(body):
            raise AssertionError(f"the gateway's journal is damaged: {line!r}")
        found.append(json.loads(body))
    return found


def writes(path: Path) -> list[Json]:
    """What the plant received."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]


def broken(left: Left) -> list[str]:
    """Every promise that was not kept, in words; empty when all were."""
    recorded, begun, received = records(left.ledger), journal(left.journal), writes(left.writes)
    intents = [r for r in recorded if r["kind"] == "command.intent"]
    return [
        *lost(recorded, left.told),
        *without_intent(received, intents),
        *begun_without_intent(begun, intents),
        *twice(received, begun, intents),
        *after_a_halt(received, begun, left.halts),
        *said_undone_and_written(recorded, intents, received, left.plant_killed),
    ]


def lost(recorded: Sequence[Json], told: Iterable[Json]) -> list[str]:
    """No recorded thing lost: whoever was told that a record was made finds it, saying the same."""
    found = []
    for said in told:
        index = said["index"]
        held = recorded[index] if index < len(recorded) else None
        same = held is not None and all(held[key] == said[key] for key in ("kind", "actor", "payload"))
        if not same:
            found.append(f"record {index} was told as {said} and is {held}")
    return found


def without_intent(received: Sequence[Json], intents: Sequence[Json]) -> list[str]:
    """No write without a prior intent: the n-th write of a value follows the n-th intent to write it."""
    by_value = _by_value((r["payload"] | {"at": r["at_ns"]} for r in intents), "at")
    found = []
    for key, times in _by_value(received, "site_ns").items():
        meant = by_value.get(key, [])
        for number, at in enumerate(times):
            if number >= len(meant) or meant[number] > at:
                found.append(f"{key} was written at {at}, write {number + 1}; intents to write it: {meant}")
    return found


def begun_without_intent(begun: Sequence[Json], intents: Sequence[Json]) -> list[str]:
    """The gateway never began a command that is not on record, or that says something else there."""
    known = {r["payload"]["command"]: r["payload"] for r in intents}
    found = []
    for entry in begun:
        if entry["do"] == "begun":
            meant = known.get(entry["command"])
            same = meant is not None and (meant["signal"], meant["value"], meant["epoch"]) == (
                entry["signal"],
                entry["value"],
                entry["epoch"],
            )
            if not same:
                found.append(f"the gateway began {entry}; on record stands {meant}")
    return found


def twice(received: Sequence[Json], begun: Sequence[Json], intents: Sequence[Json]) -> list[str]:
    """None twice: as many writes of a value as commands that the gateway began for it, at most; each begun once."""
    commands = Counter(entry["command"] for entry in begun if entry["do"] == "begun")
    found = [f"command {name} was begun {count} times" for name, count in commands.items() if count > 1]
    meant = Counter(r["payload"]["command"] for r in intents)
    found += [f"command {name} was intended {count} times" for name, count in meant.items() if count > 1]
    allowed = Counter((entry["signal"], float(entry["value"])) for entry in begun if entry["do"] == "begun")
    for key, count in Counter(_key(w) for w in received).items():
        if count > allowed[key]:
            found.append(f"{key} was written {count} times for {allowed[key]} commands")
    return found


def after_a_halt(received: Sequence[Json], begun: Sequence[Json], halts: Iterable[Told]) -> list[str]:
    """None after a halt was acknowledged, until its reset; but for what the halt itself said was on its way."""
    named = {entry["command"]: entry for entry in begun if entry["do"] == "begun"}
    found = []
    for halt in halts:
        late = {(named[c]["signal"], float(named[c]["value"])) for c in halt.in_flight if c in named}
        for write in received:
            at = write["wall_ns"]
            if at <= halt.acknowledged or (halt.released is not None and at >= halt.released):
                continue
            if _key(write) not in late and not _already_going(write, named.values(), halt):
                found.append(f"{write} came after {halt}")
    return found


def _already_going(write: Json, named: Iterable[Json], halt: Told) -> bool:
    """A halt by the latch file cannot name what is on its way: the gateway did not answer."""
    if halt.how != "latch file" or write["wall_ns"] > halt.acknowledged + ON_ITS_WAY_NS:
        return False
    return any(_key(entry) == _key(write) and _wall(entry["wall"]) < halt.acknowledged for entry in named)


def _wall(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1e9)


def said_undone_and_written(
    recorded: Sequence[Json], intents: Sequence[Json], received: Sequence[Json], plant_killed: Sequence[int]
) -> list[str]:
    """What the record calls void or refused was never written: not as often as other commands explain.

    A value that a machine received in the moment of its death does not count: it came back without it.
    """
    final: dict[str, str] = {}
    for record in recorded:
        if record["kind"] == "command.outcome":
            final[record["payload"]["command"]] = record["payload"]["phase"]
    possible = Counter(_key(r["payload"]) for r in intents if final.get(r["payload"]["command"], "") not in SAID_UNDONE)
    kept = [w for w in received if not any(0 <= at - w["wall_ns"] <= DIED_WITH_IT_NS for at in plant_killed)]
    return [
        f"{key} was written {count} times, {possible[key]} of its commands may have been"
        for key, count in Counter(_key(w) for w in kept).items()
        if count > possible[key]
    ]


def _key(item: Mapping[str, Any]) -> tuple[str, float]:
    return item["signal"], float(item["value"])


def _by_value(items: Iterable[Mapping[str, Any]], at: str) -> dict[tuple[str, float], list[int]]:
    found: defaultdict[tuple[str, float], list[int]] = defaultdict(list)
    for item in items:
        found[_key(item)].append(int(item[at]))
    return {key: sorted(times) for key, times in found.items()}
