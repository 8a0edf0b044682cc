"""What `andon simulate` writes of one replication: its event log, its Gantt chart, its queues."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from andon.cli.files import write_whole
from andon.models.simulate.replay import Replay, replay, typical
from andon.models.simulate.result import Result


@dataclass(frozen=True)
class Wanted:
    """Files that were asked for, and of which replication; None: the one nearest to the median."""

    log: Path | None
    gantt: Path | None
    queues: Path | None
    replication: int | None

    @property
    def any(self) -> bool:
        """Whether a file was asked for."""
        return self.log is not None or self.gantt is not None or self.queues is not None


def write(result: Result, wanted: Wanted, again: str) -> list[str]:
    """Run the replication again, write the files; one sentence a file.

    Raises:
        ValueError: there is no such replication, or a file cannot be written; one sentence.
    """
    if not wanted.any:
        return []
    number = typical(result.rows) if wanted.replication is None else wanted.replication
    if not 0 <= number < result.replications:
        raise ValueError(f"there is no replication {number}; use 0 to {result.replications - 1}")
    events = replay(result.rows.image, number, result.seed)
    try:
        return _written(result, wanted, events, again)
    except OSError as error:
        raise ValueError(f"`{wanted.log}` cannot be written ({error}); name another file") from error


def _written(result: Result, wanted: Wanted, events: Replay, again: str) -> list[str]:
    said = []
    if wanted.log is not None:
        from andon.adapters.event_log import write_event_log  # noqa: PLC0415 - Arrow takes a while to load

        about = {
            "baseline": result.baseline,
            "kernel": result.kernel,
            "seed": str(result.seed),
            "replication": str(events.replication),
            "begins": result.begins,
            "command": again,
        }
        rows = write_event_log(events, wanted.log, about)
        said.append(f"{rows:,} events of replication {events.replication} are in {wanted.log}")
    if wanted.gantt is not None or wanted.queues is not None:
        from andon.models.simulate.gantt import gantt, queues  # noqa: PLC0415 - matplotlib takes half a second to load

        for path, draw in ((wanted.gantt, gantt), (wanted.queues, queues)):
            if path is not None:
                write_whole(path, draw(events))
                said.append(f"replication {events.replication} is drawn in {path}")
    if not events.whole:
        said.append("the events are more than a log holds; it ends early: shorten the horizon")
    return said
