"""Verification and validation of the simulator for one site: run here, now, on this machine, and measured.

Verification: the engine against itself without compilation, against itself on several threads, and against exact
results of queueing theory. Validation: its forecasts against a virtual plant that shares no code with it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from andon.adapters.pool import ThreadPool
from andon.app.live import permitted_state
from andon.evidence.rehearsal import CheckRun
from andon.evidence.validation import Comparison
from andon.models.simulate.asked import Asked
from andon.models.simulate.run import compile_site, replicate
from andon.plant.core import Plant
from andon.site.floor import Area, Assumption, Buffer, Demand, Distribution, Product, Release, Shift, Station, Step
from andon.site.model import Element, ElementKind, Site

Say = Callable[[str], None]
WINDOWS = 24
"""Forecasts that are held against the virtual plant."""
WINDOW_S = 2 * 3600.0
BETWEEN_S = 1800.0
REPLICATIONS = 200
ORACLE_S = 1800.0
EXACT_ERRORS_MAX = 4.0
"""Standard errors that an estimate may lie from the exact result: about 1 in 16,000 by chance."""


def verification(site: Site, say: Say) -> list[CheckRun]:
    """Every check of the engine, on this site and on models whose answer is known."""
    checks: list[CheckRun] = []
    for name, check in (
        ("compiled and plain Python agree to the bit", lambda: _same_bits(site, "plain")),
        ("one thread and several agree to the bit", lambda: _same_bits(site, "threads")),
        ("two stations, exponential, one place between", lambda: _two_stations(1)),
        ("two stations, exponential, four places between", lambda: _two_stations(4)),
        ("jobs are conserved", lambda: _conserved(site)),
    ):
        say(f"verification: {name}")
        checks.append(check_run(name, check))
    return checks


def check_run(name: str, check: Callable[[], tuple[bool, dict[str, Any], str]]) -> CheckRun:
    """Run one check; one that cannot run has failed, and says why."""
    try:
        passed, measured, against = check()
    except Exception as error:  # noqa: BLE001 - whatever stops a check is a failed check
        return CheckRun(name, False, {"error": str(error)[:300]}, "self")
    return CheckRun(name, passed, measured, against)  # type: ignore[arg-type] # one of the three literals


def _same_bits(site: Site, other: str) -> tuple[bool, dict[str, Any], str]:
    image = compile_site(site, None, ORACLE_S, Asked())
    count = 2 if other == "plain" else 60
    one = replicate(image, count, 1)
    two = (
        replicate(image, count, 1, flavour="plain")
        if other == "plain"
        else replicate(image, count, 1, pool=ThreadPool(2))
    )
    return bool(np.array_equal(one.prints, two.prints)), {"replications": count, "horizon_s": ORACLE_S}, "self"


def _conserved(site: Site) -> tuple[bool, dict[str, Any], str]:
    """No job is lost or made twice: the counts of two runs of the same futures, one cut short, never decrease."""
    short = replicate(compile_site(site, None, ORACLE_S, Asked()), 40, 3).done()
    longer = replicate(compile_site(site, None, 3 * ORACLE_S, Asked()), 40, 3).done()
    return bool((longer >= short).all()), {"replications": 40}, "self"


def _two_stations(room: int) -> tuple[bool, dict[str, Any], str]:
    """Throughput of two exponential stations at rate 1 with `room` places between: (b + 2) / (b + 3), Hunt 1956.

    The first station never starves and its jobs block it when there is no room; the second starts from its buffer, so
    that b counts the places between the machines.
    """
    hours = 200.0
    image = compile_site(line_of_two(room), None, hours * 3600, Asked(), warmup_s=20 * 3600.0, uncertain=False)
    done = replicate(image, 100, 5, pool=ThreadPool(2)).done() / ((hours - 20) * 60)
    exact = (room + 2) / (room + 3)
    error = float(done.std(ddof=1) / math.sqrt(len(done)))
    off = abs(float(done.mean()) - exact)
    measured = {"exact": exact, "estimate": float(done.mean()), "standard_error": error}
    return off <= EXACT_ERRORS_MAX * error, measured, "exact"


def line_of_two(room: int) -> Site:
    """Two machines of mean time one minute; the first always has work."""
    places = {"feed": 50, "between": room}
    elements = tuple(
        Element(id=name, kind=ElementKind.EQUIPMENT, name=name, area="hall", x_m=1 + i, y_m=1)
        for i, name in enumerate(("first-1", "second-1", *places))
    )
    stations = (
        Station(id="first", name="First", area="hall", machines=("first-1",), buffer="feed"),
        Station(id="second", name="Second", area="hall", machines=("second-1",), buffer="between"),
    )
    minute = Assumption(
        name="work",
        unit="s",
        distribution=Distribution(kind="exponential", mean=60.0),
        origin="exact model",
        who="",
        when="",
        review_by="",
    )
    often = minute.model_copy(update={"name": "orders", "distribution": Distribution(kind="constant", value=58.0)})
    return Site(
        name="two stations",
        time_zone="UTC",
        shifts=(Shift(id="all", days=("mon", "tue", "wed", "thu", "fri", "sat", "sun"), start="00:00", end="00:00"),),
        areas=(Area(id="hall", name="Hall", x_m=0, y_m=0, width_m=20, height_m=20),),
        elements=elements,
        stations=stations,
        buffers=tuple(Buffer(id=name, capacity=capacity) for name, capacity in places.items()),
        crews=(),
        fleets=(),
        products=(
            Product(
                id="part", name="Part", route=(Step(station="first", time="work"), Step(station="second", time="work"))
            ),
        ),
        curves=(),
        demand=(Demand(product="part", every="orders", quantity=1, due_h=24),),
        release=Release(wip_limit=1000),
        signals=(),
        sources=(),
        assumptions=(minute, often),
        uses=(),
        people=(),
        purposes=(),
        digests={},
    )


def validation(site: Site, start_ns: int, seed: int, say: Say) -> list[Comparison]:
    """Forecasts of the next two hours, again and again along one run of a virtual plant, and what then came."""
    plant = Plant(site, start_ns=start_ns, seed=seed)
    counters = [f"{p.id}.completed" for p in site.products]
    found: list[Comparison] = []
    pool = ThreadPool(2)
    for window in range(WINDOWS):
        say(f"validation: window {window + 1} of {WINDOWS}")
        values = {s.signal: s.value for s in plant.sample_all() if s.value is not None}
        live = permitted_state(site, values, plant.now_ns)
        rows = replicate(compile_site(site, live, WINDOW_S, Asked()), REPLICATIONS, seed + window, pool=pool)
        before = sum(float(values[c]) for c in counters)
        plant.run_until(plant.now_ns + round(WINDOW_S * 1e9))
        after = {s.signal: s.value for s in plant.sample_all()}
        observed = sum(float(after[c] or 0) for c in counters) - before
        found.append(_comparison(rows.done(), observed))
        plant.run_until(plant.now_ns + round(BETWEEN_S * 1e9))
    return found


def _comparison(done: np.ndarray, observed: float) -> Comparison:
    low, median, high = (float(q) for q in np.quantile(done, (0.05, 0.5, 0.95)))
    return Comparison("jobs completed in two hours", "1", median, low, high, observed)


def coverage(found: Sequence[Comparison]) -> str:
    """One line for a person."""
    inside = sum(c.inside for c in found)
    return f"{inside} of {len(found)} outcomes lay inside their 90 % interval"
