"""What is true right now, as far as the twin can see: the second argument of authority, beside the records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from andon.core.readings import Origin, Quality, Value
from andon.core.time import Nanos
from andon.site.model import Tier


@dataclass(frozen=True, slots=True)
class SignalFact:
    """What authority needs to know of one signal; made from the state's view of it."""

    signal: str
    value: Value | None
    quality: Quality
    fresh: bool
    why: str
    """Why it is not current; empty when it is."""
    origin: Origin | None
    """None while nothing was ever received."""
    age_s: float
    source_time: int | None = None
    """When the source says that the value became what it is; what confirms a command must be later than its write."""


@dataclass(frozen=True, slots=True)
class GatewayFact:
    """What the gateway last said of itself."""

    reachable: bool
    why: str = ""
    epoch: int = 0
    halted: tuple[str, ...] = ()
    """Scopes under halt: `site`, or an element's id."""
    halts: Mapping[str, str] = field(default_factory=dict)
    """The gateway's own id of each halt, and its scope: what a reset names."""
    bounds_digest: str = ""
    bounds_signers: tuple[str, ...] = ()
    bounded: tuple[str, ...] = ()
    """Signals that it has bounds for."""
    blocked: tuple[str, ...] = ()
    """Elements blocked by an indeterminate command."""
    no_session: Mapping[str, str] = field(default_factory=dict)
    """Sources that it holds no session with, and why: nothing can be written there now."""


@dataclass(frozen=True, slots=True)
class Facts:
    """A snapshot. `running` maps each component of the model bill of materials to the digest of what runs."""

    at: Nanos
    mode: Literal["live", "replay"]
    speed: float
    virtual: bool
    """Every source that a use could write to is a virtual plant of ours."""
    signals: Mapping[str, SignalFact]
    gateway: GatewayFact
    running: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RequirementResult:
    """One condition that a tier demands, and how it stands."""

    id: str
    tier: Tier
    """The lowest tier that demands it."""
    title: str
    met: bool
    why: str
    evidence: str = ""
    """Record (`#12`), signal or digest that it rests on."""
    until: Nanos | None = None
    """When it lapses by itself, if that is known."""
    owner: str = ""
    next_step: str = ""
    source: str = ""
    """Numbers of the requirements it serves: `R36 R42`."""


@dataclass(frozen=True, slots=True)
class Authority:
    """The computed value: never stored, never set."""

    use: str
    tier: Tier
    """Held now: the highest tier all of whose requirements are met, no higher than the ceiling."""
    ceiling: Tier
    at: Nanos
    baseline: str
    """Digest of everything that the use rests on."""
    requirements: tuple[RequirementResult, ...]

    def missing(self, tier: Tier) -> tuple[RequirementResult, ...]:
        """What stands between this use and `tier`."""
        return tuple(r for r in self.requirements if not r.met and r.tier.rank <= tier.rank)
