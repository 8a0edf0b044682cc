"""One question worked out: from what the desk was asked to the simulator's own question, and its answer as JSON."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from andon.adapters.event_log import event_log_bytes
from andon.adapters.pool import ThreadPool
from andon.adapters.starts import keep_start
from andon.core.refusals import Refusal, refuse
from andon.core.time import iso
from andon.operate.simulation import Simulate
from andon.site.model import Site

if TYPE_CHECKING:
    from andon.models.simulate.compare import Comparison
    from andon.models.simulate.image import Image
    from andon.models.simulate.live import LiveState
    from andon.models.simulate.question import Question
    from andon.models.simulate.replay import Replay
    from andon.models.simulate.screen import Method, Screen

EMPTY_HOURS = 8.0
"""How far is looked ahead from an empty floor when nobody says."""
EVENTS_MAX = 800_000
"""Events of one future that a page or a log takes."""
Tell = Callable[[int, int, str], None]
Stop = Callable[[], bool]
Show = Callable[[Callable[[], Mapping[str, Any]]], None]
"""Called with what makes the answer so far: made only when it is time to show it."""


@dataclass(frozen=True)
class Floor:
    """What was simulated, the base or an alternative, so that one of its futures can be looked at again."""

    label: str
    image: Image
    typical: int
    futures: int
    seed: int


@dataclass
class Work:
    """A question that may be asked, ready to be worked out; and what it leaves behind."""

    site: Site
    folder: Path
    asked: Simulate
    question: Question
    live: LiveState | None
    begins_ns: int
    asked_ns: int
    validated: bool
    floors: tuple[Floor, ...] = field(default=())
    begun_from: str = "empty"

    def answer(self, tell: Tell, stop: Stop, show: Show) -> Mapping[str, Any]:
        """Work it out in this thread.

        Raises:
            Unrunnable: what was asked cannot be simulated; one sentence.
            OSError: the state that it began from cannot be kept.
        """
        return self._leaning(tell, stop, show) if self.asked.leans_on else self._futures(tell, stop, show)

    def _futures(self, tell: Tell, stop: Stop, show: Show) -> Mapping[str, Any]:
        from andon.models.simulate.bottleneck import by_sensitivity  # noqa: PLC0415 - the simulator is an optional part
        from andon.models.simulate.compare import compare  # noqa: PLC0415 - same

        pool = ThreadPool(1)
        found = compare(
            self.site, self.question, self.live, pool=pool, tell=tell, stop=stop, validated=self.validated,
            show=lambda make: show(lambda: self._json(make())),
        )  # fmt: skip
        pull = None
        if self.question.bottleneck and not stop():
            tell(found.base.rows.n, found.base.rows.n, "each station a tenth faster")
            show(lambda: self._json(found))
            changed = self.question.overrides
            pull = by_sensitivity(self.site, self.live, self.question, changed, found.base, pool=pool, stop=stop)
        self._keep_start()
        results = (found.base, *(a.result for a in found.alternatives))
        self.floors = tuple(_floor(label, r) for label, r in zip(found.labels, results, strict=True))
        more = {} if pull is None else {"bottleneck_by_sensitivity": pull.as_json()}
        return {**self._json(found), **more, "reproduce": found.again(str(self.folder), self.begun_from)}

    def _leaning(self, tell: Tell, stop: Stop, show: Show) -> Mapping[str, Any]:
        from andon.models.simulate.screen import again, screen  # noqa: PLC0415 - the simulator is an optional part

        method: Method = "morris" if self.asked.leans_on == "morris" else "one-way"
        found = screen(
            self.site, self.question, self.asked.of, method, self.live, trajectories=self.asked.trajectories,
            pool=ThreadPool(1), tell=tell, stop=stop, validated=self.validated,
            show=lambda make: show(lambda: self._json(make())),
        )  # fmt: skip
        self._keep_start()
        return {**self._json(found), "reproduce": again(found, self.question, str(self.folder), self.begun_from)}

    def _json(self, found: Comparison | Screen) -> Mapping[str, Any]:
        end = self.begins_ns + round(self.question.horizon_s * 1e9)
        about = {
            "at_ns": str(self.begins_ns),
            "asked_ns": str(self.asked_ns),
            "until": iso(end),
            "horizon_s": self.question.horizon_s,
            "from": "empty" if self.live is None else "now",
            "set": dict(self.question.overrides),
            "sampled": list(self.live.sampled) if self.live is not None else [],
            "live_state": self.live.digest() if self.live is not None else None,
            "reproduce": "",
        }
        whole: dict[str, Any] = finite({**about, **found.as_json()})
        return whole

    def _keep_start(self) -> None:
        if self.live is not None:
            self.begun_from = str(keep_start(self.folder, self.live.digest(), self.live.as_json()))


def finite(value: Any) -> Any:
    """The same with null for every number that is none: JSON has no other way to say it.

    >>> finite({"a": [1.5, float("nan")], "b": (2,)})
    {'a': [1.5, None], 'b': [2]}
    """
    if isinstance(value, Mapping):
        return {k: finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _floor(label: str, result: Any) -> Floor:
    from andon.models.simulate.replay import typical  # noqa: PLC0415 - the simulator is an optional part

    return Floor(label, result.rows.image, typical(result.rows), result.rows.n, result.seed)


def chosen_future(floors: tuple[Floor, ...], floor: int, number: int | None) -> tuple[Floor, int] | Refusal:
    """The floor and the number of its future that are meant."""
    if not 0 <= floor < len(floors):
        return refuse("floor", f"the answer has no floor {floor}", f"use 0 to {len(floors) - 1}")
    which = floors[floor]
    wanted = which.typical if number is None else number
    if not 0 <= wanted < which.futures:
        return refuse("replication", f"there is no replication {wanted}", f"use 0 to {which.futures - 1}")
    return which, wanted


def replayed(floor: Floor, number: int) -> Replay:
    """One future again, event by event.

    Raises:
        Unrunnable: it could not end.
    """
    from andon.models.simulate.replay import replay  # noqa: PLC0415 - the simulator is an optional part

    return replay(floor.image, number, floor.seed, most=EVENTS_MAX)


def future_json(floors: tuple[Floor, ...], floor: int, number: int, site: Site) -> dict[str, Any]:
    """Who did what when, and the queues; seconds from the beginning. Machines and vehicles, never people."""
    chosen = floors[floor]
    seen = replayed(chosen, number)
    image = seen.image
    processes = {name: address for address, name in image.processes.items()}

    def rows(names: Any) -> list[dict[str, Any]]:
        return [
            {"id": n, "bars": [[round(a, 3), round(b, 3), state, product] for a, b, state, product in bars]}
            for n in names
            if n in processes and (bars := list(seen.bars(processes[n])))
        ]

    capacity = {b.id: b.capacity for b in image.site.buffers}
    buffers = []
    for i, name in enumerate(image.stores):
        seconds, level = seen.levels(i)
        points = [[round(float(t), 3), int(n)] for t, n in zip(seconds, level, strict=True)]
        buffers.append({"id": name, "capacity": capacity.get(name), "points": points})
    return {
        "floors": [one.label for one in floors],
        "floor": floor,
        "label": chosen.label,
        "replication": number,
        "replications": chosen.futures,
        "typical": chosen.typical,
        "seed": chosen.seed,
        "horizon_s": seen.horizon_s,
        "whole": seen.whole,
        "products": list(image.products),
        "machines": rows(image.machines),
        "vehicles": rows(image.vehicles),
        "buffers": buffers,
        "stations": {m: s.id for s in site.stations for m in s.machines},
    }


def event_log(floor: Floor, number: int, answer: Mapping[str, Any]) -> bytes:
    """The same as a Parquet file, with what it rests on as metadata.

    Raises:
        Unrunnable: it could not end.
    """
    seen = replayed(floor, number)
    about = {
        "baseline": str(answer["baseline"]),
        "kernel": str(answer["kernel"]),
        "seed": str(floor.seed),
        "replication": str(number),
        "floor": floor.label,
        "begins": str(answer.get("begins", "")),
        "command": str(answer["reproduce"]),
        "whole": "yes" if seen.whole else "no: the events are more than a log holds",
    }
    return event_log_bytes(seen, about)
