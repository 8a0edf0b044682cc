"""What a check, a drill or a comparison came to, before it is recorded as evidence for a use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Found:
    """Becomes one `evidence` record. `measured` is JSON: finite numbers, text, lists, objects."""

    use: str
    kind: str
    passed: bool
    measured: Mapping[str, Any]
