"""Wear that makes machines fail, and planned work that makes them new: integrals of the hazard, Poisson counts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from andon.models.simulate import jit
from andon.models.simulate.asked import asked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import wear as kernel
from andon.models.simulate.rows import Rows
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, constant, exponential, line
from andon.site.floor import Assumption, Distribution
from andon.site.model import Site
from andon.site.pace import Wear
from andon.site.stops import Maintenance

HOUR = 3600.0


def law(site: Site, name: str, d: Distribution) -> Site:
    more = Assumption(
        name=name, unit="s", distribution=d, origin="test", who="nobody", when="2026-01-01", review_by="2030-01-01"
    )
    return site.model_copy(update={"assumptions": (*site.assumptions, more)})


def station(site: Site, **fields: Any) -> Site:
    return site.model_copy(update={"stations": (site.stations[0].model_copy(update=fields), *site.stations[1:])})


def run(site: Site, seconds: float, n: int = 1, flavour: jit.Flavour = "compiled") -> Rows:
    return replicate(compile_site(site, None, seconds, asked(site, {}), bins=1), n, 7, flavour=flavour)


def always(**stage: Any) -> Site:
    """One machine that always has jobs of a minute."""
    return line([Stage(constant(60.0), capacity=100_000, **stage)], constant(1e7), quantity=10_000)


@pytest.mark.parametrize(("k", "u", "x"), [(0.0, 5.0, 3.0), (2.0, 0.0, 40.0), (3.0, 30.0, 90.0), (3.0, 120.0, 7.0)])
def test_exposure_is_the_integral_of_the_hazard_s_factor_and_can_be_turned_back(k: float, u: float, x: float) -> None:
    life = 100.0
    whole, _ = integrate.quad(lambda t: 1.0 + k * min(t / life, 1.0), u, u + x, points=[life])
    assert kernel.exposure(k, life, u, x) == pytest.approx(whole, rel=1e-12)
    assert kernel.unexposed(k, life, u, whole) == pytest.approx(x, rel=1e-12)


def worn(fails: float, mean_h: float, life_h: float = 2.0) -> Site:
    """Tools of two hours, changed in no time worth the name; repairs of 3.6 s, so failures can be counted."""
    site = always(fails=exponential(mean_h * HOUR), repair=constant(3.6))
    site = law(law(site, "life", constant(life_h * HOUR)), "change", constant(0.001))
    return station(site, wear=Wear(life="life", change="change", fails=fails))


@pytest.mark.parametrize("fails", [0.0, 1.0, 8.0])
def test_failures_of_a_worn_tool_are_poisson_with_the_integral_of_the_hazard(fails: float) -> None:
    """A cycle of two hours has (L / M) (1 + k / 2) failures; a look from anywhere in one has as many an hour."""
    mean_h, hours, n = 5.0, 24.0, 1500
    rows = run(worn(fails, mean_h), hours * HOUR, n)
    failures = rows.share(0, at.FAILED) * hours * HOUR / 3.6
    exact = hours / mean_h * (1.0 + fails / 2.0)
    exact *= 1.0 - 3.6 * exact / hours / HOUR  # while it is repaired it does not wear
    assert abs(failures.mean() - exact) < 4 * math.sqrt(exact / n) + 0.004 * exact
    assert failures.var() == pytest.approx(exact, rel=0.12)


def test_a_hazard_that_grows_with_use_alone_is_weibull_s_with_minimal_repair() -> None:
    """k large and M as large: the hazard 2 u / s^2 of a Weibull law of shape 2, whose age is the tool's."""
    life_h, scale_h, k, n = 4.0, 3.0, 1e3, 1000
    mean_h = k * scale_h**2 / (2.0 * life_h)  # so that k / (M L) is 2 / s^2
    rows = run(worn(k, mean_h, life_h), 40.0 * HOUR, n)
    failures = rows.share(0, at.FAILED) * 40.0 * HOUR / 3.6
    exact = 10.0 * (life_h / scale_h) ** 2
    exact *= 1.0 - 3.6 * exact / 40.0 / HOUR
    assert abs(failures.mean() - exact) < 4 * math.sqrt(exact / n) + 0.006 * exact


def thinned(chance: np.random.Generator, hours: float, k: float, mean_h: float) -> int:
    """The failures of the same machine by thinning (Lewis and Shedler 1979).

    Tools last between one and three hours; jobs take a minute, and a tool is changed between two of them.
    """
    found, now = 0, 0.0
    life = chance.uniform(1.0, 3.0)
    use = chance.uniform() * life
    ahead = chance.exponential(mean_h / (1.0 + k))
    while True:
        to_change = math.ceil(max(0.0, life - use) * 60.0 - 1e-9) / 60.0
        if now + min(ahead, to_change) >= hours:
            return found
        if ahead < to_change:
            now, use = now + ahead, use + ahead
            if chance.uniform() * (1.0 + k) < 1.0 + k * min(use / life, 1.0):
                found += 1
            ahead = chance.exponential(mean_h / (1.0 + k))
        else:
            now, ahead, use, life = now + to_change, ahead - to_change, 0.0, chance.uniform(1.0, 3.0)


def test_the_same_machine_by_thinning_has_the_same_law() -> None:
    site = always(fails=exponential(6.0 * HOUR), repair=constant(3.6))
    site = law(law(site, "life", Distribution(kind="uniform", low=HOUR, high=3 * HOUR)), "change", constant(0.001))
    ours = run(station(site, wear=Wear(life="life", change="change", fails=5.0)), 20.0 * HOUR, 2000)
    failures = ours.share(0, at.FAILED) * 20.0 * HOUR / 3.6
    chance = np.random.default_rng(3)
    theirs = np.array([thinned(chance, 20.0, 5.0, 6.0) for _ in range(2000)], float)
    error = math.sqrt((failures.var() + theirs.var()) / 2000)
    assert abs(failures.mean() - theirs.mean()) < 4 * error + 0.004 * theirs.mean()
    assert failures.var() == pytest.approx(theirs.var(), rel=0.15)


@pytest.mark.parametrize("counts", ["running", "calendar"])
@pytest.mark.parametrize("by", ["running", "calendar"])
def test_planned_work_that_renews_makes_failures_those_of_a_young_machine(counts: str, by: str) -> None:
    """Minimal repair and renewal every T (Barlow and Hunter 1960): (T / s)^b failures in each T."""
    shape, scale_h, every_h, hours, n = 2.5, 8.0, 6.0, 48.0, 700
    site = always(
        fails=Distribution(kind="weibull", shape=shape, scale=scale_h * HOUR),
        repair=constant(0.36),
        calendar=by == "calendar",
    )
    b = site.stations[0].breakdown
    assert b is not None
    plan = Maintenance(time="service", every_h=every_h, counts=counts, renews=True, interrupts=counts == "calendar")
    site = station(law(site, "service", constant(0.001)), breakdown=b.model_copy(update={"repair": "minimal"}))
    aged = run(station(site, maintenance=(plan.model_copy(update={"renews": False}),)), hours * HOUR, 300)
    rows = run(station(site, maintenance=(plan,)), hours * HOUR, n)
    failures = rows.share(0, at.FAILED) * hours * HOUR / 0.36
    # The first interval is cut anywhere; what is before it begins new, and what is behind the last is short.
    u = np.linspace(0.0, 1.0, 20_001)
    left = (hours - u * every_h) % every_h
    exact = (((u * every_h) / scale_h) ** shape + (left / scale_h) ** shape).mean()
    exact += np.floor((hours - u * every_h) / every_h).mean() * (every_h / scale_h) ** shape
    assert abs(failures.mean() - exact) < 4 * failures.std() / math.sqrt(n) + 0.01 * exact
    assert (aged.share(0, at.FAILED) * hours * HOUR / 0.36).mean() == pytest.approx(
        (hours / scale_h) ** shape, rel=0.05
    )
    again = stats.ttest_ind(failures[: n // 2], failures[n // 2 :]).pvalue
    assert again > 1e-4


def test_replacement_before_failure_by_age_costs_as_many_failures_as_its_renewals_say() -> None:
    """With repairs that renew, and renewal every T: from a new machine on, failures in T are a renewal function."""
    scale_h, every_h, n = 5.0, 10.0, 700
    weibull = Distribution(kind="weibull", shape=3.0, scale=scale_h * HOUR)
    site = law(always(fails=weibull, repair=constant(0.36)), "service", constant(0.001))
    plan = Maintenance(time="service", every_h=every_h, counts="running", renews=True)
    failures = run(station(site, maintenance=(plan,)), 60.0 * HOUR, n).share(0, at.FAILED) * 60.0 * HOUR / 0.36
    chance = np.random.default_rng(9)
    lives = scale_h * chance.weibull(3.0, (60_000, 12))
    a_cycle = float((lives.cumsum(axis=1) < every_h).sum(axis=1).mean())
    assert abs(failures.mean() - 6.0 * a_cycle) < 4 * failures.std() / math.sqrt(n) + 0.25


def test_nothing_of_it_is_in_the_program_of_a_machine_that_does_not_say_it() -> None:
    site = law(
        law(always(fails=exponential(HOUR), repair=constant(3.6)), "life", constant(HOUR)), "change", constant(1.0)
    )
    code = compile_site(station(site, wear=Wear(life="life", change="change")), None, HOUR, asked(site, {})).code
    rows = code.reshape(-1, 4)
    assert not {at.ASIDE_WEIGH, at.ASIDE_TOOL, at.ASIDE_RENEW} & set(rows[rows[:, 0] == at.ASIDE][:, 1].tolist())


def test_compiled_and_plain_leave_the_same_bits() -> None:
    site = worn(4.0, 0.3, 0.1)
    b = site.stations[0].breakdown
    assert b is not None
    plans = (
        Maintenance(time="service", every_h=0.2, counts="running", renews=True),
        Maintenance(time="service", every_h=0.3, renews=True, interrupts=True),
    )
    site = station(law(site, "service", constant(30.0)), breakdown=b.model_copy(update={"repair": "minimal"}))
    site = station(site, maintenance=plans)
    plain, compiled = run(site, 2 * HOUR, 3, "plain"), run(site, 2 * HOUR, 3)
    assert (plain.prints == compiled.prints).all()
