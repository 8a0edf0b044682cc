"""What a question changes against the declared site: names and values, checked; a slip gets the nearest valid name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from andon.models.simulate.laws import Unrunnable, mean_of
from andon.models.simulate.scenario import is_switch
from andon.models.simulate.settable import sequence_signal, setpoint_signals, setting, settings, station_of
from andon.site.model import Site

__all__ = ["Asked", "asked", "changed", "sequence_signal", "setpoint_signals", "settable"]


@dataclass(frozen=True)
class Asked:
    """What is changed against the declared site."""

    factors: dict[str, float] = field(default_factory=dict)
    """Assumption to the factor on its mean."""
    setpoints: dict[str, float] = field(default_factory=dict)
    """Signal id to set-point."""
    sequence: int | None = None
    pace: dict[str, float] = field(default_factory=dict)
    """Station to the factor on every processing time there."""
    site: Site | None = None
    """The site as it is built otherwise; None: as declared."""
    numbers: dict[str, int] = field(default_factory=dict)
    """Machine to the number that its own draws are named by, so that a new machine shifts nobody else's luck."""


def settable(site: Site) -> tuple[str, ...]:
    """Every name that a question may set."""
    return tuple(settings(site))


def changed(site: Site, overrides: Mapping[str, float]) -> Site:
    """The site with the structural ones of the overrides built in; the others change nothing here.

    Raises:
        Unrunnable: an unknown name, or a value that cannot be.
    """
    for name, value in overrides.items():
        known = setting(site, name) if is_switch(name) else settings(site).get(name)
        if known is not None and known.build is not None:
            known.refuse(value)
            site = known.build(site, value)
    return site


def asked(site: Site, overrides: Mapping[str, float], like: Site | None = None) -> Asked:
    """The overrides, sorted into means, set-points, the sequence, speeds and structure.

    Args:
        site: as declared.
        overrides: name to value.
        like: the site that this one is compared with: machines of the same name then have the same luck.

    Raises:
        Unrunnable: an unknown name, or a value that cannot be; one sentence with what to do.
    """
    built = changed(site, overrides)
    assumptions = {a.name: a for a in built.assumptions}
    factors: dict[str, float] = {}
    setpoints: dict[str, float] = {}
    pace: dict[str, float] = {}
    sequence: int | None = None
    for name, value in overrides.items():
        known = settings(built).get(name) or settings(site).get(name) or setting(built, name)
        known.refuse(value)
        match known.kind:
            case "sequence":
                sequence = _sequence(built, value)
            case "set-point":
                setpoints[name] = value
            case "pace":
                pace[station_of(built, name).id] = 1.0 / value
            case "mean":
                mean = mean_of(assumptions[name].distribution)
                if mean <= 0:
                    raise Unrunnable(
                        f"the mean of `{name}` is {mean:g} as declared, so it cannot be scaled; declare it"
                    )
                factors[name] = value / mean
            case "structure":
                pass
    same = built is site and like is None
    return Asked(factors, setpoints, sequence, pace, None if built is site else built, {} if same else _numbers(
        like or site, built
    ))  # fmt: skip


def _numbers(first: Site, site: Site) -> dict[str, int]:
    """Machines of `first` in its order; those that only `site` has follow."""
    old = [m for s in first.stations for m in s.machines]
    new = [m for s in site.stations for m in s.machines if m not in set(old)]
    return {m: i for i, m in enumerate([*old, *new])}


def _sequence(site: Site, value: float) -> int:
    """A sequence code names every product's number once."""
    code = int(value)
    if code != value or sorted(str(code)) != [str(i + 1) for i in range(len(site.products))]:
        example = "".join(str(i + 1) for i in range(len(site.products)))
        raise Unrunnable(
            f"sequence `{value:g}` does not name every product once; use the digits of {example} in the wanted order"
        )
    return code
