"""What cannot be simulated ends with one sentence that names the element, never with a hang or a traceback."""

from __future__ import annotations

import pytest

from andon.models.simulate.asked import asked
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.result import simulate
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, constant, exponential, line
from andon.site.floor import Distribution
from andon.site.model import Site


def _simulate(site: Site, horizon_s: float = 3600.0) -> None:
    replicate(compile_site(site, None, horizon_s, asked(site, {}), steps=3_000_000), 1, 1)


def _ring() -> Site:
    stages = [Stage(constant(10.0), capacity=1), Stage(constant(10.0), capacity=1)]
    return line(stages, constant(1e6), quantity=50, products=((0, 1, 0),))


def _instant() -> Site:
    return line([Stage(constant(0.0))], constant(0.0), quantity=1)


def _frantic() -> Site:
    return line([Stage(constant(0.0))], constant(1e-9), quantity=1)


def _flood() -> Site:
    return line([Stage(constant(100.0), capacity=5)], constant(1.0), quantity=1)


def _unit() -> Site:
    site = line([Stage(constant(1.0))], constant(9.0))
    bad = site.assumptions[0].model_copy(update={"unit": "kg"})
    return site.model_copy(update={"assumptions": (bad, *site.assumptions[1:])})


def _undeclared() -> Site:
    site = line([Stage(constant(1.0))], constant(9.0))
    return site.model_copy(update={"assumptions": site.assumptions[:1]})


def _no_demand() -> Site:
    return line([Stage(constant(1.0))], constant(9.0)).model_copy(update={"demand": ()})


def _shared_buffer() -> Site:
    site = line([Stage(constant(1.0)), Stage(constant(1.0))], constant(9.0))
    second = site.stations[1].model_copy(update={"buffer": "b0"})
    return site.model_copy(update={"stations": (site.stations[0], second)})


def _no_parameter() -> Site:
    return line([Stage(Distribution(kind="gamma", mean=3.0))], constant(9.0))


@pytest.mark.parametrize(
    ("site", "words"),
    [
        (_ring(), ("`m0-0`", "waits for room in `b1`", "give `b1` more room")),
        (_instant(), ("`", "without time passing", "check that its times are not 0")),
        (_frantic(), ("more than 3,000,000 steps", "too short")),
        (_flood(), ("8,192 orders of `p0`", "demand outruns")),
        (_unit(), ("`every` is in `kg`", "not a time")),
        (_undeclared(), ("`time0` is used but not declared", "assumptions.yaml")),
        (_no_demand(), ("no demand", "site.yaml")),
        (_shared_buffer(), ("buffer `b0` serves two stations",)),
        (_no_parameter(), ("assumption `time0`", "no `sd`")),
    ],
)
def test_a_site_that_cannot_run_says_why_in_one_sentence(site: Site, words: tuple[str, ...]) -> None:
    with pytest.raises(Unrunnable) as caught:
        _simulate(site, 10_000.0)
    sentence = str(caught.value)
    assert all(word in sentence for word in words), sentence
    assert "\n" not in sentence


def test_a_ring_with_room_enough_runs() -> None:
    stages = [Stage(constant(10.0), capacity=40), Stage(constant(10.0), capacity=40)]
    _simulate(line(stages, constant(1e6), quantity=30, products=((0, 1, 0),)))


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"tme0": 3.0}, ("`tme0` is nothing that can be set", "`time0`")),
        ({"time0": -1.0}, ("the mean of `time0` cannot be -1",)),
        ({"time0": 0.0}, ("give a number above 0",)),
    ],
)
def test_a_wrong_override_names_what_could_be_meant(overrides: dict[str, float], words: tuple[str, ...]) -> None:
    site = line([Stage(exponential(1.0))], exponential(2.0))
    with pytest.raises(Unrunnable) as caught:
        simulate(site, None, 10.0, 2, 1, overrides)
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize(("horizon_s", "replications"), [(0.0, 2), (-5.0, 2), (1e9, 2), (10.0, 0), (10.0, 10**9)])
def test_sizes_are_bounded(horizon_s: float, replications: int) -> None:
    site = line([Stage(exponential(1.0))], exponential(2.0))
    with pytest.raises(Unrunnable):
        simulate(site, None, horizon_s, replications, 1)


def test_an_override_moves_the_mean() -> None:
    site = line([Stage(constant(2.0), capacity=20)], constant(1e6), quantity=500)
    assert simulate(site, None, 100.0, 1, 1).figure("completed").mean == 50
    assert simulate(site, None, 100.0, 1, 1, {"time0": 4.0}).figure("completed").mean == 25
