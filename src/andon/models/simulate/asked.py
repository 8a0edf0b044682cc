"""What a question changes against the declared site: names and values, checked; a slip gets the nearest valid name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field

from andon.models.simulate.laws import Unrunnable, mean_of
from andon.models.simulate.tables import used_assumptions
from andon.site.model import Site


@dataclass(frozen=True)
class Asked:
    """What is changed against the declared site."""

    factors: dict[str, float] = field(default_factory=dict)
    """Assumption to the factor on its mean."""
    setpoints: dict[str, float] = field(default_factory=dict)
    """Signal id to set-point."""
    sequence: int | None = None


def setpoint_signals(site: Site) -> tuple[str, ...]:
    """Signals of set-points that a processing curve reads."""
    return tuple(f"{m}.{s.setpoint}" for s in site.stations if s.setpoint for m in s.machines)


def sequence_signal(site: Site) -> str | None:
    """The signal that holds the release sequence, if there is one."""
    return site.release.sequence_signal if site.release is not None else None


def settable(site: Site) -> tuple[str, ...]:
    """Every name that a question may set."""
    sequence = sequence_signal(site)
    return (*used_assumptions(site), *setpoint_signals(site), *((sequence,) if sequence else ()))


def asked(site: Site, overrides: Mapping[str, float]) -> Asked:
    """The overrides, sorted into means, set-points and the sequence.

    Raises:
        Unrunnable: an unknown name, or a value that cannot be; one sentence with what to do.
    """
    factors: dict[str, float] = {}
    setpoints: dict[str, float] = {}
    sequence: int | None = None
    assumptions = {a.name: a for a in site.assumptions}
    names = settable(site)
    for name, value in overrides.items():
        if name not in names:
            near = difflib.get_close_matches(name, names, n=3, cutoff=0.3) or list(names[:3])
            raise Unrunnable(f"`{name}` is nothing that can be set; nearest: {', '.join(f'`{n}`' for n in near)}")
        if name == sequence_signal(site):
            sequence = _sequence(site, value)
        elif name in setpoint_signals(site):
            setpoints[name] = value
        else:
            if value <= 0:
                raise Unrunnable(f"the mean of `{name}` cannot be {value:g}; give a number above 0")
            factors[name] = value / mean_of(assumptions[name].distribution)
    return Asked(factors, setpoints, sequence)


def _sequence(site: Site, value: float) -> int:
    """A sequence code names every product's number once."""
    code = int(value)
    if code != value or sorted(str(code)) != [str(i + 1) for i in range(len(site.products))]:
        example = "".join(str(i + 1) for i in range(len(site.products)))
        raise Unrunnable(
            f"sequence `{value:g}` does not name every product once; use the digits of {example} in the wanted order"
        )
    return code
