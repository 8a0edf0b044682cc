"""From what a rehearsal found to the requests that record it: evidence takes the one path like everything else."""

from __future__ import annotations

from collections.abc import Iterable

from andon.evidence.found import Found
from andon.operate.port import RecordEvidence


def requests(found: Iterable[Found]) -> tuple[RecordEvidence, ...]:
    """One request for each finding, passed or failed: a failed drill is evidence, too."""
    return tuple(RecordEvidence(f.use, f.kind, f.passed, f.measured) for f in found)
