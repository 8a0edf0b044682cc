"""Times that are not always as stated: correlated by job, by the hour, learnt, with tools, at a speed, when cold.

Each against a result that is known exactly, or against a computation of its own.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from andon.models.simulate import jit
from andon.models.simulate.asked import asked
from andon.models.simulate.energy import energy_figures
from andon.models.simulate.kernel import chance, pace
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.question import overrides_of
from andon.models.simulate.rows import Rows
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.settable import levels
from andon.models.simulate.textbook import Stage, constant, day_shift, line
from andon.site.floor import Assumption, Distribution
from andon.site.model import Site
from andon.site.pace import Hours, Learning, Speed, WarmUp, Wear

HOUR = 3600.0


def law(site: Site, name: str, d: Distribution) -> Site:
    more = Assumption(
        name=name, unit="s", distribution=d, origin="test", who="nobody", when="2026-01-01", review_by="2030-01-01"
    )
    return site.model_copy(update={"assumptions": (*site.assumptions, more)})


def station(site: Site, **fields: Any) -> Site:
    return site.model_copy(update={"stations": (site.stations[0].model_copy(update=fields), *site.stations[1:])})


def run(site: Site, seconds: float, n: int = 1, flavour: jit.Flavour = "plain", **overrides: float) -> Rows:
    return replicate(compile_site(site, None, seconds, asked(site, overrides), bins=1), n, 7, flavour=flavour)


def always(time: Distribution, **stage: Any) -> Site:
    """One machine that always has work."""
    return line([Stage(time, capacity=100_000, **stage)], constant(1e7), quantity=10_000)


@pytest.mark.parametrize("rho", [0.0, 0.4, 0.9, 1.0])
def test_rank_correlation_of_a_job_s_times_is_that_of_the_gaussian_copula(rho: float) -> None:
    """Spearman's is 6 / pi asin(rho / 2); each time keeps its own law."""
    n = 4000
    m = np.zeros(64, np.int64)
    with np.errstate(over="ignore"):
        m[at.KEY] = chance.key_of(5, 0)
        v = np.array([[pace.alike(m, _job(m, i), rho, 1 << 32, (i << 8) + k) for k in range(2)] for i in range(n)])
    exact = 6.0 / math.pi * math.asin(rho / 2.0)
    found = stats.spearmanr(v[:, 0], v[:, 1]).statistic
    assert abs(found - exact) < 4.0 * max(1.0 - exact**2, 0.001) / math.sqrt(n)
    for k in range(2):
        assert stats.kstest(v[:, k], "uniform").pvalue > 0.001


def _job(m: np.ndarray, serial: int) -> int:
    m[40 + at.SERIAL], m[40 + at.PRODUCT] = serial, 0
    return 40


def test_correlated_times_spread_the_time_through_a_line_as_their_sum_does() -> None:
    """Jobs that never meet: the variance of the sum of two lognormal times with a known covariance."""
    d = Distribution(kind="lognormal", mean=100.0, sd=50.0)
    site = line([Stage(d), Stage(d)], constant(5000.0))
    s2 = math.log(1.25)
    for rho in (0.0, 0.7):
        product = site.products[0].model_copy(update={"correlation": rho})
        rows = run(site.model_copy(update={"products": (product,)}), 4900.0, 4000, "compiled")
        flow = rows.lead_s(word=at.FLOW_US)
        exact = 2 * 2500.0 + 2 * 100.0**2 * (math.exp(rho * s2) - 1.0)
        assert flow.mean() == pytest.approx(200.0, abs=4 * math.sqrt(exact / 4000))
        assert flow.var() == pytest.approx(exact, rel=0.2)


def test_hours_of_the_day_change_what_is_begun_in_them() -> None:
    """From midnight: 10 minutes a job, 15 from 01:00 to 02:00, twice that in the shift from 06:00."""
    site = always(constant(600.0))
    night = (Hours(start="01:00", end="02:00", factor=1.5),)
    assert run(station(site, hours=night), HOUR).done()[0] == 6
    assert run(station(site, hours=night), 2 * HOUR).done()[0] == 10
    assert run(station(site, hours=night), 3 * HOUR).done()[0] == 16
    shifts = (day_shift("00:00", "06:00"), day_shift("06:00", "12:00").model_copy(update={"id": "late"}))
    late = station(site.model_copy(update={"shifts": shifts}), hours=(*night, Hours(shift="late", factor=2.0)))
    assert run(late, 8 * HOUR).done()[0] == 6 + 4 + 24 + 6


def test_learning_follows_wright_s_law_to_its_floor() -> None:
    site = station(always(constant(100.0)), learning=Learning(rate=0.8, floor=0.5))
    b = math.log2(0.8)
    took = np.cumsum([100.0 * max(n**b, 0.5) for n in range(1, 60)])
    for k in (1, 2, 4, 20, 59):
        assert run(site, took[k - 1] + 1e-3).done()[0] == k
        assert run(site, took[k - 1] - 1e-3).done()[0] == k - 1
    old = station(always(constant(100.0)), learning=Learning(rate=0.8, units=15))
    assert run(old, 100.0 * (1 + (17 / 16) ** b) + 1e-3).done()[0] == 2


def test_a_tool_slows_down_with_its_use_and_is_changed_when_it_is_over() -> None:
    """Tools of 1000 s of use, 50 % slower at the end, 200 s a change: cycles are computed here anew."""
    site = law(law(always(constant(100.0)), "life", constant(1000.0)), "change", constant(200.0))
    site = station(site, wear=Wear(life="life", change="change", slows=0.5))
    rows = run(site, 40_000.0, 40)
    used, cycle, jobs = 0.0, 200.0, 0
    while used < 1000.0:
        took = 100.0 * (1.0 + 0.5 * used / 1000.0)
        used, cycle, jobs = used + took, cycle + took, jobs + 1
    assert np.abs(rows.done() - 40_000.0 / cycle * jobs).max() <= jobs
    assert rows.share(0, at.PLANNED) == pytest.approx(200.0 / cycle, abs=200.0 / 40_000.0)


def test_a_machine_warms_up_after_a_standstill_and_switches_itself_off() -> None:
    """A job an hour that takes 10 minutes: 50 minutes of waiting, cold after 30, off after 20."""
    site = law(line([Stage(constant(600.0))], constant(HOUR)), "warming", constant(120.0))
    site = station(site, warm_up=WarmUp(after_min=30, time="warming"), switch_off_min=20.0)
    rows = run(site, 10 * HOUR)
    minutes = {name: rows.share(0, k)[0] * 600 for name, k in (("busy", at.BUSY), ("warming", at.WARMING))}
    assert minutes == pytest.approx({"busy": 100.0, "warming": 20.0})
    assert rows.share(0, at.STARVED)[0] * 600 == pytest.approx(200.0)
    assert rows.share(0, at.OFF)[0] * 600 == pytest.approx(280.0)
    warm = station(site, warm_up=WarmUp(after_min=55, time="warming"))
    assert run(warm, 10 * HOUR).share(0, at.WARMING)[0] * 600 == pytest.approx(2.0)


def test_levels_of_speed_change_times_and_power() -> None:
    site = station(
        always(constant(100.0)),
        speeds={"slow": Speed(factor=0.5, kw=2.0), "fast": Speed(factor=2.0, kw=9.0)},
        energy_kw={"busy": 4.0},
    )
    assert levels(site)["m0-0.speed"] == {"slow": 0.5, "fast": 2.0}
    wanted = overrides_of(["m0-0.speed=fast"], levels(site))
    assert wanted == {"m0-0.speed": 2.0}
    for speed, kw in ((0.5, 2.0), (2.0, 9.0), (1.25, 5.5)):
        rows = run(site, 4000.0, **{"m0-0.speed": speed})
        assert rows.done()[0] == 40 * speed
        assert energy_figures(rows)[0].values[0] == pytest.approx(kw * 4000.0 / HOUR)
    assert run(station(site, speed="slow"), 4000.0).done()[0] == 20


def test_nothing_of_this_costs_a_plain_machine_an_instruction() -> None:
    site = always(constant(100.0))
    plain = compile_site(site, None, HOUR, asked(site, {}))
    other = compile_site(station(site, energy_kw={"busy": 3.0}), None, HOUR, asked(site, {}))
    assert (plain.code == other.code).all()
    assert at.ASIDE not in plain.code[::4]


def test_compiled_and_plain_leave_the_same_bits_of_all_of_it() -> None:
    stage = Stage(Distribution(kind="gamma", mean=60.0, sd=20.0), machines=2, batch=2, capacity=20)
    site = line([stage, stage], Distribution(kind="exponential", mean=100.0), quantity=2)
    for name, d in (("life", 900.0), ("change", 60.0), ("warming", 30.0)):
        site = law(site, name, Distribution(kind="exponential", mean=d))
    site = station(
        site,
        learning=Learning(rate=0.9, floor=0.6),
        wear=Wear(life="life", change="change", slows=0.3),
        warm_up=WarmUp(after_min=3, time="warming"),
        switch_off_min=1.0,
        hours=(Hours(start="00:30", end="01:15", factor=1.3),),
        speed_of={"m0-1": 1.5},
    )
    product = site.products[0].model_copy(update={"correlation": 0.5})
    site = site.model_copy(update={"products": (product,)})
    plain, compiled = run(site, 2 * HOUR, 2), run(site, 2 * HOUR, 2, "compiled")
    assert (plain.prints == compiled.prints).all()
