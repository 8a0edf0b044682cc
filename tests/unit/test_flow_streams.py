"""Streams of orders with a mix of products, against exact results."""

from __future__ import annotations

import numpy as np
import pytest
from flow_kit import holds, runs

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.textbook import Stage, constant, exponential, line
from andon.plant.draws import PlantError
from andon.plant.unplayed import refuse
from andon.site.model import Site


def _mixed(site: Site, *shares: float) -> Site:
    """The site with one stream of orders for all its products."""
    demand = tuple(d.model_copy(update={"share": s}) for d, s in zip(site.demand, shares, strict=True))
    return site.model_copy(update={"demand": demand})


def test_a_mix_of_a_poisson_stream_is_a_poisson_stream_for_each_product() -> None:
    """One order a second, 60 % for a machine of 1 s, 40 % for one of 1.5 s: two M/M/1 queues at a load of 0.6."""
    site = line([Stage(exponential(1.0)), Stage(exponential(1.5))], exponential(1.0), products=((0,), (1,)))
    rows = runs(_mixed(site, 0.6, 0.4), 40_000.0, 30, warmup_s=2_000.0)
    holds(rows.done() / rows.seconds, 1.0, 0.01)
    for i, rate in enumerate((0.6, 0.4)):
        holds(rows.done(i) / rows.seconds, rate, 0.02)
        holds(rows.queue(i), 0.36 / 0.4, 0.08, slack=0.01)


def test_orders_of_a_stream_come_one_at_a_time() -> None:
    """Every 10 s one order, of either product: from 0 to 990 s a hundred, and as many as shares say, within chance."""
    site = line([Stage(constant(1.0))], constant(10.0), products=((0,), (0,)))
    rows = runs(_mixed(site, 0.25, 0.75), 999.0, 60, plain=True)
    assert (rows.done() == 100).all()
    assert abs(rows.done(0).mean() - 25.0) < 4 * np.sqrt(100 * 0.25 * 0.75 / 60)
    assert rows.product(0, at.ORDERED).std() > 2.0


def test_compiled_and_plain_leave_the_same_bits() -> None:
    site = _mixed(line([Stage(exponential(1.0))], exponential(2.0), products=((0,), (0,))), 0.5, 0.5)
    assert (runs(site, 500.0, 3).prints == runs(site, 500.0, 3, plain=True).prints).all()


def test_streams_that_cannot_be_are_told() -> None:
    site = line([Stage(constant(1.0))], constant(10.0), products=((0,), (0,)))
    with pytest.raises(Unrunnable, match=r"the shares of the orders every `every` add up to 0.8"):
        runs(_mixed(site, 0.5, 0.3), 10.0, 1, plain=True)
    with pytest.raises(PlantError, match="a share of a stream"):
        refuse(_mixed(site, 0.5, 0.5))
