"""Wrong readings: each future begins from another truth than the one that was read, by the law that is stated."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from andon.models.simulate import jit
from andon.models.simulate.asked import asked
from andon.models.simulate.hidden import hidden
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.limits import not_represented
from andon.models.simulate.live import LiveState, MachineNow
from andon.models.simulate.rows import Rows
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, constant, line
from andon.site.floor import Assumption, Distribution
from andon.site.model import Site
from andon.site.stops import Disturbance

NOW = LiveState(1_767_571_200 * 10**9, {"m0-0": MachineNow("running", "p0", 400.0)}, queues={"b0": ("p0",) * 12})


def shop(law: Distribution, **error: Any) -> Site:
    """A machine with jobs of 1000 s and a buffer of 20 places."""
    site = line([Stage(constant(1000.0), capacity=20)], constant(1e7), quantity=1)
    more = Assumption(
        name="error", unit="1", distribution=law, origin="test", who="nobody", when="2026-01-01", review_by="2030-01-01"
    )
    wrong = Disturbance(id="wrong", kind="sensor-error", **error)
    return site.model_copy(update={"assumptions": (*site.assumptions, more), "disturbances": (wrong,)})


def run(site: Site, seconds: float, n: int, flavour: jit.Flavour = "compiled") -> Rows:
    return replicate(compile_site(site, NOW, seconds, asked(site, {}), bins=1), n, 3, flavour=flavour)


def test_a_level_is_wrong_by_the_stated_law_and_stays_between_none_and_full() -> None:
    """Normal with a spread of 3 around 12 seen, rounded, of 20 places: the true level at the beginning."""
    rows = run(shop(Distribution(kind="normal", mean=0.0, sd=3.0), levels="error"), 1.0, 4000)
    level = rows.series("level:b0")[:, 0]
    assert np.array_equal(rows.wip().round(), level + 1)
    for k in (6, 9, 12, 14, 17, 20):
        low = -math.inf if k == 0 else k - 0.5
        high = math.inf if k == 20 else k + 0.5
        exact = stats.norm.cdf(high, 12, 3) - stats.norm.cdf(low, 12, 3)
        assert abs((level == k).mean() - exact) < 4 * math.sqrt(exact / 4000)
    assert level.min() >= 0
    assert level.max() == 20


def test_an_elapsed_time_is_wrong_by_a_factor() -> None:
    """400 s read, half to twice of it true: between 800 and 200 s are left of 1000."""
    site = shop(Distribution(kind="uniform", low=0.5, high=2.0), elapsed="error")
    for seconds, share in ((199.0, 0.0), (500.0, (2.0 - 1.25) / 1.5), (801.0, 1.0)):
        done = run(site, seconds, 2000).done()
        assert abs((done > 0).mean() - share) < 4 * math.sqrt(share * (1 - share) / 2000) + 1e-9


def test_a_machine_that_is_seen_at_work_may_be_idle() -> None:
    """It then takes the first of the buffer, from the beginning."""
    rows = run(shop(constant(1.0), misread=0.3), 601.0, 2000)
    assert abs((rows.done() == 0).mean() - 0.3) < 4 * math.sqrt(0.21 / 2000)
    idle = rows.done() == 0
    assert set(rows.series("level:b0")[idle, 0]) == {11}
    assert rows.share(0, at.BUSY) == pytest.approx(1.0)


def test_from_an_empty_floor_nothing_is_read_and_so_nothing_is_wrong() -> None:
    site = shop(Distribution(kind="normal", mean=0.0, sd=3.0), levels="error", misread=1.0)
    plain = site.model_copy(update={"disturbances": ()})
    one, two = (
        replicate(compile_site(s, None, 5000.0, asked(s, {})), 2, 1, flavour="plain").done() for s in (site, plain)
    )
    assert np.array_equal(one, two)


def test_compiled_and_plain_begin_from_the_same_truths() -> None:
    site = shop(Distribution(kind="normal", mean=1.0, sd=3.0), levels="error", elapsed="error", misread=0.5)
    assert np.array_equal(run(site, 5000.0, 6).prints, run(site, 5000.0, 6, "plain").prints)


def test_what_is_stated_leaves_the_list_of_what_is_not_represented() -> None:
    site = shop(constant(1.0), misread=0.1)
    assert not any(text.startswith("sensor error") for text in not_represented(site))
    bare = site.model_copy(update={"disturbances": ()})
    assert any(text.startswith("sensor error") for text in not_represented(bare))
    assert [h.name for h in hidden(bare) if h.stated] == ["demand"]
