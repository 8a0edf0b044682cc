"""What the gateway knows after a restart, from its journal and latch alone; and what of a long journal must be kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

from andon.gateway.checks import MINUTE, SITE, pruned
from andon.gateway.decide import ENDED_KEPT_MAX
from andon.gateway.state import ENDED, Change, Command, Effect, Halt, Phase, Settle, State

ENDS = {phase.value for phase in ENDED} | {Phase.INDETERMINATE.value}


def restore(
    entries: Sequence[Mapping[str, Any]], saved_epoch: int, started: int, boot: str
) -> tuple[State, tuple[Effect, ...]]:
    """The state after a start, and the fencing of what a crash left open.

    Args:
        entries: the journal.
        saved_epoch: the epoch file; 0 when there is none.
        started: monotonic nanoseconds now.
        boot: which boot of the machine this is: monotonic times of other boots mean nothing now.

    The epoch is raised above everything that was ever signed for. A command that begun and has no end is fenced and
    read back; one that was indeterminate stays so until a person resolves it.
    """
    commands: dict[str, Command] = {}
    changes: dict[str, tuple[Change, ...]] = {}
    for entry in entries:
        name = entry["command"]
        if entry["do"] == "begun":
            commands[name] = _begun(entry)
        elif entry["do"] in ENDS and name in commands:
            commands[name] = replace(
                commands[name],
                phase=Phase(entry["do"]),
                back=entry.get("back"),
                why=entry.get("why", ""),
                taken=entry.get("taken", False),
            )
            if entry.get("moved"):
                at = int(entry["at"]) if boot and entry.get("boot") == boot else started
                signal = commands[name].signal
                changes[signal] = pruned((*changes.get(signal, ()), Change(at, entry["moved"])), started)
    epoch = max([saved_epoch, *(command.epoch for command in commands.values())]) + 1
    state = State(epoch=epoch, started=started, commands=_recent(commands), changes=changes)
    opened = [each for each in state.commands.values() if each.phase == Phase.SETTLING]
    return state, tuple(Settle(command) for command in opened)


def worth_keeping(entries: Iterable[Mapping[str, Any]], now: int, boot: str) -> list[Mapping[str, Any]]:
    """The entries of a journal that a restart still needs.

    Kept: every open command; the last `ENDED_KEPT_MAX` ended ones; the changes of the last minute and each signal's
    last one. An id that is dropped cannot come back: its permit is of an older epoch, or died half a second after.
    """
    listed = list(entries)
    ends = {entry["command"]: entry for entry in listed if entry["do"] in ENDS}
    begun = [entry for entry in listed if entry["do"] == "begun"]
    ended = [e["command"] for e in begun if ends.get(e["command"], {}).get("do", "") in {p.value for p in ENDED}]
    dropped = set(ended[: max(0, len(ended) - ENDED_KEPT_MAX)])
    last = {entry["signal"]: entry["command"] for entry in begun if ends.get(entry["command"], {}).get("moved")}
    dropped -= set(last.values())
    dropped -= {
        name for name, e in ends.items() if e.get("moved") and e.get("boot") == boot and now - int(e["at"]) < MINUTE
    }
    return [entry for entry in listed if entry["command"] not in dropped]


def standing(lines: Iterable[tuple[bytes, Mapping[str, Any] | None]]) -> tuple[Halt, ...]:
    """The halts that a latch file holds.

    A line that cannot be read is a halt of the whole site: `echo halt >> latch` is one, and so is a halt that a power
    loss cut short.
    """
    halts: dict[str, Halt] = {}
    for line, entry in lines:
        if entry is None or entry.get("do") not in {"halt", "reset"} or not isinstance(entry.get("halt"), str):
            name = f"H-{sha256(line).hexdigest()[:12]}"
            halts[name] = Halt(name, SITE, "", "a line of the latch file that is not readable")
        elif entry["do"] == "reset":
            halts.pop(entry["halt"], None)
        else:
            text = {key: str(entry.get(key, "")) for key in ("scope", "who", "why")}
            halts[entry["halt"]] = Halt(entry["halt"], text["scope"] or SITE, text["who"], text["why"])
    return tuple(halts.values())


def were_reset(lines: Iterable[tuple[bytes, Mapping[str, Any] | None]]) -> frozenset[str]:
    """The halts that a latch file says were reset."""
    return frozenset(str(entry.get("halt")) for _, entry in lines if entry and entry.get("do") == "reset")


def _begun(entry: Mapping[str, Any]) -> Command:
    return Command(
        id=entry["command"],
        signal=entry["signal"],
        element=entry["element"],
        epoch=entry["epoch"],
        value=entry["value"],
        phase=Phase.SETTLING,
        previous=entry["previous"],
        why="begun before a restart, end unknown",
    )


def _recent(commands: Mapping[str, Command]) -> dict[str, Command]:
    ended = [name for name, each in commands.items() if each.phase in ENDED]
    old = set(ended[: max(0, len(ended) - ENDED_KEPT_MAX)])
    return {name: each for name, each in commands.items() if name not in old}
