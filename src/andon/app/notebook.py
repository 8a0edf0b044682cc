"""A twin opened from a notebook: the same questions as on the command line, answered as tables and pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa

from andon.adapters.event_log import event_table
from andon.adapters.policies import policy_of
from andon.adapters.pool import ThreadPool
from andon.adapters.schedules import schedule_of
from andon.adapters.site_folder import load
from andon.adapters.starts import keep_start
from andon.app.live import live_of
from andon.models.simulate.compare import Comparison, compare
from andon.models.simulate.figures import figures
from andon.models.simulate.live import LiveState
from andon.models.simulate.question import REPLICATIONS_MAX, Question, overrides_of, width_of
from andon.models.simulate.replay import Replay, replay, typical
from andon.models.simulate.result import Result
from andon.models.simulate.screen import METHODS, Screen, screen
from andon.models.simulate.settable import levels, settings
from andon.models.simulate.tornado import tornado
from andon.site.model import Site
from andon.site.problems import foremost

Changes = Mapping[str, float | str]
"""What is different, by settable name: a number, or a word such as `spt` where there are words."""


class Svg(str):
    """SVG text that a notebook shows as a picture."""

    __slots__ = ()

    def _repr_svg_(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Answer:
    """What may happen, and what a change would do. `comparison` holds everything; the methods give tables."""

    comparison: Comparison
    command: str
    """What to type in a shell to get the same bits."""

    @property
    def base(self) -> Result:
        """The answer for the site as asked about, without its alternatives."""
        return self.comparison.base

    def __repr__(self) -> str:
        """Mark, first figures, alternatives, and the command that repeats it."""
        base = self.base
        lines = [f"{base.site}: {base.replications} futures of {base.horizon_s / 3600:g} h, {base.mark.mark}"]
        lines += [f"  {f.name}: {f.median:.4g} {f.unit} ({f.low_90:.4g} .. {f.high_90:.4g})" for f in base.figures[:6]]
        for other in self.comparison.alternatives:
            d = other.difference("throughput")
            lines.append(f"  {other.label}: throughput {d.mean:+.4g} {d.unit}, better in {d.probability_better:.0%}")
        return "\n".join([*lines, *base.warnings, f"again: {self.command}"])

    def figures(self) -> pa.Table:
        """One row a figure and alternative: mean, median, intervals, Monte Carlo error, share that is not known."""
        rows = [
            {"alternative": label, **{k: v for k, v in spread.as_json().items() if k != "n"}}
            for label, result in self._results()
            for spread in result.figures
        ]
        return pa.Table.from_pylist(rows)

    def futures(self) -> pa.Table:
        """One row a replication and alternative, one column a figure; NaN where a figure does not exist in a future."""
        parts = []
        for label, result in self._results():
            n = result.rows.n
            columns: dict[str, pa.Array] = {
                "alternative": pa.array([label] * n).dictionary_encode(),
                "replication": pa.array(np.arange(n)),
            }
            columns |= {f"{f.name} ({f.unit})": pa.array(f.values, pa.float64()) for f in figures(result.rows)}
            parts.append(pa.table(columns))
        return pa.concat_tables(parts, promote_options="default")

    def differences(self) -> pa.Table:
        """One row a figure and alternative: how it differs from the base, future by future."""
        rows = [{"alternative": a.label, **d.as_json()} for a in self.comparison.alternatives for d in a.differences]
        return pa.Table.from_pylist(rows)

    def stations(self) -> pa.Table:
        """One row a station, state and alternative: the share of its time, with mean, median and intervals."""
        rows = [
            {"alternative": label, "station": station.id, "state": state, **spread.as_json()}
            for label, result in self._results()
            for station in result.stations
            for state, spread in station.spreads.items()
        ]
        return pa.Table.from_pylist([{k: v for k, v in row.items() if k not in {"name", "n"}} for row in rows])

    def events(self, replication: int | None = None) -> pa.Table:
        """Every event of one future of the base; none given: the one nearest to the median."""
        return event_table(self._replay(replication))

    def gantt(self, replication: int | None = None) -> Svg:
        """Machines over time in one future of the base."""
        from andon.models.simulate.gantt import gantt  # noqa: PLC0415 - matplotlib takes half a second to load

        return Svg(gantt(self._replay(replication)))

    def queues(self, replication: int | None = None) -> Svg:
        """Queues over time in one future of the base."""
        from andon.models.simulate.gantt import queues  # noqa: PLC0415 - as above

        return Svg(queues(self._replay(replication)))

    def picture(self) -> Svg:
        """Jobs completed over time with intervals, and what the stations do."""
        from andon.models.simulate.plot import picture  # noqa: PLC0415 - as above

        return Svg(picture(self.base))

    def _results(self) -> list[tuple[str, Result]]:
        others = ((a.label, a.result) for a in self.comparison.alternatives)
        return [(self.comparison.label, self.base), *others]

    def _replay(self, replication: int | None) -> Replay:
        rows = self.base.rows
        number = typical(rows) if replication is None else replication
        if not 0 <= number < rows.n:
            raise ValueError(f"there is no replication {number}; use 0 to {rows.n - 1}")
        return replay(rows.image, number, self.base.seed)


@dataclass(frozen=True)
class Leaning:
    """What a figure leans on, the assumption that matters most first."""

    screen: Screen

    def effects(self) -> pa.Table:
        """One row an assumption: its range, and what it does to the figure."""
        return pa.Table.from_pylist(self.screen.as_json()["assumptions"])

    def tornado(self) -> Svg:
        """The same as a picture."""
        return Svg(tornado(self.screen))


@dataclass(frozen=True)
class OpenTwin:
    """A site folder that questions may be asked about."""

    folder: Path
    site: Site

    def ask(
        self,
        changes: Changes | None = None,
        *,
        against: Changes | Iterable[Changes] = (),
        hours: float = 8.0,
        replications: int = 200,
        seed: int = 1,
        start: Literal["empty", "now"] | LiveState = "empty",
        until: str = "",
        of: str = "throughput",
        select: str = "",
        indifference: float = 0.0,
        confidence: float = 0.95,
        replications_max: int = REPLICATIONS_MAX,
        policy: str = "",
        policy_at: Sequence[str] = (),
        schedule: str | Path = "",
        threads: int | None = None,
    ) -> Answer:
        """What may happen on this floor.

        Args:
            changes: what is different from the declared site, by settable name.
            against: alternatives to compare with, each a set of changes; future by future on the same luck.
            hours: how far to look ahead.
            replications: futures.
            seed: same seed, same bits.
            start: an empty floor, what the running twin sees now, or a state.
            until: such as `throughput±1%`: go on until the mean is known so well; `decided`: until the sign of the
                difference is.
            of: the figure that `decided` is about.
            select: the figure by which the best alternative is chosen.
            indifference: with `select`: the smallest difference that matters, in its unit.
            confidence: of a decision or a selection.
            replications_max: bound of `until` and `select`, of each alternative.
            policy: who says which job comes next, as on the command line: `module:function` or `file.py:function`.
            policy_at: stations and fleets at which it is asked; none: all stations.
            schedule: a CSV file that the machines execute as given.
            threads: none: all cores.

        Raises:
            Unrunnable: what is asked cannot be simulated; one sentence.
            NoTwin: `start` is `now` and no twin runs for this site.
            ValueError: a word cannot be read; one sentence.
        """
        live = self._beginning(start)
        question = Question(
            horizon_s=hours * 3600.0,
            replications=replications,
            seed=seed,
            overrides=self._changes(changes or {}),
            against=tuple(self._changes(one) for one in ([against] if isinstance(against, Mapping) else against)),
            until=width_of(until) if until and until != "decided" else None,
            decided=of if until == "decided" else "",
            select=select,
            indifference=indifference,
            confidence=confidence,
            replications_max=replications_max,
            policy=policy_of(self.site, policy or None, policy_at),
            schedule=schedule_of(self.site, Path(schedule) if schedule else None),
        )
        found = compare(self.site, question, live, pool=ThreadPool(threads))
        begun = "empty" if live is None else str(keep_start(self.folder, live.digest(), live.as_json()))
        return Answer(found, found.again(str(self.folder), begun))

    def leans_on(
        self,
        of: str = "throughput",
        changes: Changes | None = None,
        *,
        method: Literal["one-way", "morris"] = "one-way",
        hours: float = 8.0,
        replications: int = 100,
        trajectories: int = 10,
        seed: int = 1,
        start: Literal["empty", "now"] | LiveState = "empty",
        threads: int | None = None,
    ) -> Leaning:
        """What a figure leans on: every assumption moved over what is believed of it, on the same futures.

        Args:
            of: the figure.
            changes: what is different from the declared site, by settable name.
            method: one assumption at a time, or Morris's screening.
            hours: how far to look ahead.
            replications: futures of each point.
            trajectories: of Morris's screening.
            seed: same seed, same bits.
            start: as in `ask`.
            threads: none: all cores.

        Raises:
            Unrunnable: what is asked cannot be simulated; one sentence.
            NoTwin: `start` is `now` and no twin runs for this site.
        """
        if method not in METHODS:
            raise ValueError(f"`{method}` is no method; use one of {', '.join(METHODS)}")
        live = self._beginning(start)
        question = Question(
            horizon_s=hours * 3600.0, replications=replications, seed=seed, overrides=self._changes(changes or {})
        )
        pool = ThreadPool(threads)
        return Leaning(screen(self.site, question, of, method, live, trajectories=trajectories, pool=pool))

    def settable(self) -> pa.Table:
        """One row a name that may be changed: what it is now, its unit, what it means."""
        found = settings(self.site).values()
        return pa.Table.from_pylist([{"name": s.name, "now": s.now, "unit": s.unit, "what": s.what} for s in found])

    def _changes(self, changes: Changes) -> dict[str, float]:
        """Words that stand for numbers, made numbers.

        Raises:
            ValueError: a word stands for none.
        """
        words = levels(self.site)
        return {
            name: overrides_of([f"{name}={value}"], words)[name] if isinstance(value, str) else float(value)
            for name, value in dict(changes).items()
        }

    def _beginning(self, start: str | LiveState) -> LiveState | None:
        if not isinstance(start, str):
            return start
        if start not in {"empty", "now"}:
            raise ValueError(f"`{start}` is no start; use `empty`, `now`, or a state")
        return self.now() if start == "now" else None

    def now(self) -> LiveState:
        """What the running twin sees.

        Raises:
            NoTwin: none runs.
        """
        return live_of(self.folder, self.site)


def open_twin(folder: str | Path) -> OpenTwin:
    """Open a site folder.

    Raises:
        ValueError: it cannot be read; the first problem in one sentence.
    """
    site = load(Path(folder))
    if not isinstance(site, Site):
        more = f" (`andon check {folder}` lists everything)" if Path(folder).is_dir() else ""
        raise ValueError(f"{foremost(site).sentence()}{more}")  # noqa: TRY004 - its text is wrong, not its type
    return OpenTwin(Path(folder), site)
