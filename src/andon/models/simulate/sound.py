"""What can be seen to be wrong with a site before it is run: times that cannot be, and people who are never there."""

from __future__ import annotations

from andon.models.simulate.crews import told_apart
from andon.models.simulate.laws import Unrunnable, mean_of, scale_of
from andon.models.simulate.tables import signed_assumptions, used_assumptions
from andon.site.floor import Assumption, Distribution
from andon.site.model import Site

TIME_MAX_S = 3.2e8
"""Ten years: the longest mean of a time; whatever is drawn is cut off at `nanos`' thirty years."""
START_MAX_NS = 7_258_118_400 * 10**9
"""The year 2200: later moments have no calendar here."""


def refuse_unsound(site: Site, start_ns: int) -> None:
    """Look at everything that a run reads.

    Raises:
        Unrunnable: one sentence that names the element.
    """
    if not 0 <= start_ns <= START_MAX_NS:
        raise Unrunnable(f"a start at {start_ns} ns is not between 1970 and 2200; give nanoseconds since 1970")
    declared = {a.name: a for a in site.assumptions}
    for name in used_assumptions(site):
        if name not in signed_assumptions(site):
            _refuse_law(declared[name])
    for demand in site.demand:
        if _mean_s(declared[demand.every]) <= 0:
            raise Unrunnable(
                f"orders of `{demand.product}` come without time passing (`{demand.every}` is 0);"
                f" check that its times are not 0"
            )
    _refuse_people(site)


def _mean_s(a: Assumption) -> float:
    return mean_of(a.distribution) * scale_of(a.unit, a.name)


def _refuse_law(a: Assumption) -> None:
    """Parameters that make no distribution of times.

    Raises:
        Unrunnable: naming the assumption.
    """
    d = a.distribution
    wrong = _wrong(d)
    if not wrong:
        mean = _mean_s(a)
        if mean < 0:
            wrong = f"has the mean {mean:g} s, and no time is below 0"
        elif mean > TIME_MAX_S:
            wrong = f"has the mean {mean:g} s, which is longer than ten years"
    if wrong:
        raise Unrunnable(f"assumption `{a.name}` {wrong}; mend its distribution in assumptions.yaml")


def _wrong(d: Distribution) -> str:
    """What is wrong with the parameters by themselves; empty when nothing is."""
    for name in ("sd", "shape", "scale"):
        value = getattr(d, name)
        if value is not None and (value < 0 or (value == 0 and name != "sd")):
            return f"has the `{name}` {value:g}"
    if d.kind in {"lognormal", "gamma"} and d.mean is not None and d.mean <= 0:
        return f"has the `mean` {d.mean:g}, and a {d.kind} distribution is above 0"
    if d.kind == "empirical" and not d.values:
        return "has no `values`"
    if d.kind == "empirical" and min(d.values) < 0:
        return f"has the value {min(d.values):g}, and no time is below 0"
    low, mode, high = d.low, d.mode, d.high
    if low is not None and high is not None and (low > high or (mode is not None and not low <= mode <= high)):
        return f"has `low` {low:g} and `high` {high:g} in the wrong order"
    if low is not None and low < 0:
        return f"has `low` {low:g}, and no time is below 0"
    if d.kind in {"weibull", "gamma"} and d.shape is not None and not 0.02 <= d.shape <= 1e5:
        return f"has the `shape` {d.shape:g}, which is not between 0.02 and 100,000"
    if d.mean and d.sd and d.kind in {"lognormal", "gamma"} and not 3e-3 <= d.sd / d.mean <= 7:
        return f"has the `sd` {d.sd:g} for the mean {d.mean:g}, which is not between a 300th and seven times of it"
    return ""


def _refuse_people(site: Site) -> None:
    """Crews that are needed and never there, and shifts that never come.

    Raises:
        Unrunnable: naming the crew or the shift.
    """
    if site.shifts and not any(shift.days for shift in site.shifts):
        raise Unrunnable(f"shift `{site.shifts[0].id}` has no days, so nobody ever works; name its `days`")
    needed = {s.crew: f"station `{s.id}` needs it" for s in site.stations if s.crew}
    helpers = [(s.breakdown.crew, f"repairs of station `{s.id}` need it") for s in site.stations if s.breakdown]
    helpers += [(f.breakdown.crew, f"repairs of fleet `{f.id}` need it") for f in site.fleets if f.breakdown]
    helpers += [(f.battery.recovery.crew, f"recoveries of fleet `{f.id}` need it") for f in site.fleets if f.battery]
    for crew_id, why in helpers:
        if crew_id is not None:
            needed.setdefault(crew_id, why)
    crews = {crew.id: crew for crew in site.crews}
    on = {shift.id for shift in site.shifts if shift.days}
    for name, why in needed.items():
        if name not in crews:
            raise Unrunnable(f"crew `{name}` is not declared, and {why}; declare it")
        sizes = [n for shift, n in crews[name].size.items() if shift in on or not site.shifts]
        if any(n < 0 for n in sizes):
            raise Unrunnable(f"crew `{name}` has fewer than no people in a shift; give it 0 or more")
        if not any(sizes):
            raise Unrunnable(f"crew `{name}` has nobody in any shift, and {why}; give it a size in some shift")
    means = {a.name: mean_of(a.distribution) for a in site.assumptions if not _wrong(a.distribution)}
    for crew in site.crews:
        if crew.absence and means.get(crew.absence, 0.0) > 1.0:
            what = f"`{crew.absence}` is {means[crew.absence]:g}, and crew `{crew.id}` takes it as a share"
            raise Unrunnable(f"{what}; write 0.05 for one in twenty")
    told_apart(site)  # refuses skills that nobody has
