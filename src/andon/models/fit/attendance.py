"""When a machine was attended, as its logs show it: staffed time is clock time without the long silences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from andon.models.fit.cycles import Log


@dataclass(frozen=True, slots=True)
class Attendance:
    """The absences of one machine: (begin, end) in nanoseconds, in order, apart from each other."""

    absences: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, logs: Iterable[Log], limit: int) -> Attendance:
        """From a machine's logs; a silence longer than `limit` nanoseconds, in a log or between two, is absence."""
        stretches: list[tuple[int, int]] = []
        for log in logs:
            begin = log.first
            for a, b in log.silences:
                stretches.append((begin, a))
                begin = b
            if log.readings:
                stretches.append((begin, log.last))
        stretches.sort()
        out: list[tuple[int, int]] = []
        until: int | None = None
        for begin, end in stretches:
            if until is not None and begin - until > limit:
                out.append((until, begin))
            until = end if until is None else max(until, end)
        return cls(tuple(out))

    def broken(self, begin: int, end: int) -> bool:
        """Whether an absence lies between two moments."""
        return any(a < end and b > begin for a, b in self.absences)

    def staffed_s(self, begin: int, end: int) -> float:
        """Seconds between two moments, absences taken out."""
        away = sum(max(0, min(b, end) - max(a, begin)) for a, b in self.absences)
        return (end - begin - away) / 1e9
