"""Questions to the simulator as the desk takes them, what becomes of one, and what is put on record of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from andon.core.refusals import Refusal, refuse
from andon.ledger.record import NewRecord
from andon.operate.outcome import Outcome, World
from andon.operate.port import Who

ASKED = "simulation.asked"
KEPT = "simulation.kept"
FIGURES_KEPT = 8
"""Figures of an answer that are put on record with it; all of them come back with its command."""
State = Literal["waiting", "running", "done", "stopped", "refused"]


@dataclass(frozen=True, slots=True)
class Simulate:
    """One question. It changes nothing on the floor: what comes out is an answer, not a recommendation."""

    changes: Mapping[str, float] = field(default_factory=dict)
    """How the base differs from the declared site, by settable name or scenario."""
    against: tuple[Mapping[str, float], ...] = ()
    """Alternatives, each a set of changes."""
    start: Literal["now", "empty"] = "now"
    hours: float = 0.0
    """How far to look ahead; 0: to the end of the shift, or eight hours from an empty floor."""
    replications: int = 200
    seed: int = 1
    bottleneck: bool = False
    """Whether the bottleneck is sought by sensitivity, too: each station a tenth faster."""
    of: str = "throughput"
    """The figure that `until`, `decided`, `select` and `leans_on` are about."""
    until: str = ""
    """Half-width of the 95 % interval of the mean that is wanted, such as `1%` or `0.2`; empty: none."""
    decided: bool = False
    """Go on until it is known which is better."""
    select: bool = False
    """Choose the best of base and alternatives."""
    indifference: float = 0.0
    """With `select`: the smallest difference that matters, in the figure's unit."""
    confidence: float = 0.95
    replications_max: int = 2000
    """Where a question that goes on until something is known ends."""
    leans_on: Literal["", "one-way", "morris"] = ""
    """What the figure leans on, instead of what may happen."""
    trajectories: int = 10

    @property
    def long(self) -> bool:
        """Whether it may take minutes: it then waits for other such questions, and never for quick ones."""
        return bool(self.leans_on or self.select or self.decided or self.until)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it stands. `version` grows with everything that is new."""

    id: str
    question: Simulate
    state: State
    version: int = 0
    done: int = 0
    wanted: int = 0
    """Futures, or points of a sensitivity: done, and wanted at most."""
    text: str = ""
    """A running interval in words."""
    answer: Mapping[str, Any] | None = None
    """The answer so far; whole when `state` is done."""
    refusal: Refusal | None = None
    """Why there is none."""

    @property
    def over(self) -> bool:
        """Whether nothing more comes."""
        return self.state in {"done", "stopped", "refused"}


def asked_record(question: Simulate, who: Who, about: Mapping[str, Any]) -> NewRecord:
    """That somebody looked ahead, and what for: the intent, before the answer is worked out."""
    payload = {
        "station": who.station,
        "changes": dict(question.changes),
        "against": [dict(one) for one in question.against],
        "from": question.start,
        "hours": question.hours,
        "leans_on": question.leans_on,
        "select": question.select,
        **about,
    }
    return NewRecord(ASKED, who.person, payload)


def kept_record(asked: Asked, reason: str, who: Who) -> NewRecord:
    """An answer that somebody relies on: its figures, what it rests on, and the command that repeats it."""
    answer = asked.answer or {}
    same = (
        *("reproduce", "baseline", "kernel", "seed", "replications", "live_state", "mark", "why", "not_represented"),
        *("sampled", "interrupted", "begins", "horizon_s", "figure", "chosen", "stopped"),
    )
    payload = {
        "id": asked.id,
        "reason": reason,
        **{name: answer[name] for name in same if answer.get(name) is not None},
        "figures": list(answer.get("figures", ()))[:FIGURES_KEPT],
        "assumptions": list(answer.get("assumptions", ()))[:FIGURES_KEPT],
        "alternatives": [
            {"label": one["label"], "set": one["set"], "differences": list(one["differences"])[:FIGURES_KEPT]}
            for one in answer.get("alternatives", ())
        ],
    }
    return NewRecord(KEPT, who.person, payload)


def recorded(records: Sequence[NewRecord], message: str = "") -> Any:
    """What the one path carries out: these records and nothing else."""

    def make(_world: World) -> Outcome:
        return Outcome(tuple(records), message=message)

    return make


class NoSimulator:
    """Stands where there is none; it says so."""

    NO = refuse("no-simulator", "this twin cannot simulate", "install `andon[simulate]`, describe a flow")

    def settable(self) -> Sequence[Mapping[str, Any]]:
        """Nothing."""
        return ()

    def troubles(self) -> Sequence[Mapping[str, Any]]:
        """Nothing."""
        return ()

    def ask(self, question: Simulate, who: Who, tab: str = "") -> Asked | Refusal:  # noqa: ARG002 - the port's form
        """Refused."""
        return self.NO

    def asked(self, answer: str) -> Asked | None:  # noqa: ARG002 - the port's form
        """Nothing."""
        return None

    def cancel(self, answer: str) -> Asked | None:  # noqa: ARG002 - the port's form
        """Nothing."""
        return None

    def keep(self, answer: str) -> Asked | Refusal:  # noqa: ARG002 - the port's form
        """Refused."""
        return self.NO

    def future(self, answer: str, floor: int = 0, number: int | None = None) -> Mapping[str, Any] | Refusal:  # noqa: ARG002 - the port's form
        """Refused."""
        return self.NO

    def events(self, answer: str, floor: int = 0, number: int | None = None) -> bytes | Refusal:  # noqa: ARG002 - the port's form
        """Refused."""
        return self.NO
