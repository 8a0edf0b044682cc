"""What cannot be simulated ends with one sentence that names the element, never with a hang or a traceback."""

from __future__ import annotations

import pytest
from drawn_sites import change
from hypothesis import given, settings
from hypothesis import strategies as st

from andon.models.simulate import run
from andon.models.simulate.asked import asked
from andon.models.simulate.compare import compare
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.question import Question
from andon.models.simulate.result import simulate
from andon.models.simulate.rows import Rows
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.stable import warnings
from andon.models.simulate.textbook import Stage, constant, day_shift, exponential, line
from andon.site.floor import Distribution, Outcome, Release
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


def _law(law: Distribution) -> Site:
    return line([Stage(law)], constant(9.0))


def _crew(**sizes: int) -> Site:
    """A crew of those sizes by shift at the only station, and a day shift."""
    site = line([Stage(constant(1.0), crew=1)], constant(9.0), shifts=(day_shift(),))
    crew = site.crews[0].model_copy(update={"size": sizes})
    return site.model_copy(update={"crews": (crew,)})


def _no_menders() -> Site:
    stage = Stage(constant(1.0), fails=exponential(9.0), repair=exponential(9.0), menders=1)
    site = line([stage], constant(9.0))
    return site.model_copy(update={"crews": (site.crews[0].model_copy(update={"size": {"all": 0}}),)})


def _crew_unknown() -> Site:
    return line([Stage(constant(1.0), crew=1)], constant(9.0)).model_copy(update={"crews": ()})


def _no_days() -> Site:
    shift = day_shift().model_copy(update={"days": ()})
    return line([Stage(constant(1.0))], constant(9.0), shifts=(shift,))


def _nowhere() -> Site:
    site = line([Stage(constant(1.0))], constant(9.0))
    step = site.products[0].route[0].model_copy(update={"station": "s7"})
    return site.model_copy(update={"products": (site.products[0].model_copy(update={"route": (step,)}),)})


def _wide_ring() -> Site:
    """Two products that go round three stations in opposite directions, with one place each."""
    stages = [Stage(constant(10.0), capacity=1) for _ in range(3)]
    return line(stages, constant(1e6), quantity=50, products=((0, 1, 2), (2, 1, 0)))


def _again_for_ever() -> Site:
    """Every job is sent back to a step that takes no time."""
    site = line([Stage(constant(0.0))], constant(9.0))
    step = change(site.products[0].route[0], outcomes=(Outcome(share=1.0, to="s0"),))
    return change(site, products=(change(site.products[0], route=(step,)),))


def _sent_nowhere() -> Site:
    site = line([Stage(constant(1.0))], constant(9.0))
    step = change(site.products[0].route[0], outcomes=(Outcome(share=0.5, to="s9"),))
    return change(site, products=(change(site.products[0], route=(step,)),))


def _cards() -> Site:
    """Two products that go through two stations in opposite directions, with one card each."""
    site = line([Stage(constant(9.0)), Stage(constant(9.0))], constant(30.0), products=((0, 1), (1, 0)))
    return change(site, stations=tuple(change(s, cards=1) for s in site.stations))


def _skill() -> Site:
    site = line([Stage(constant(1.0))], constant(9.0))
    return change(site, stations=(change(site.stations[0], skill="weld"),))


@pytest.mark.parametrize(
    ("site", "words"),
    [
        (_again_for_ever(), ("`m0-0`", "without time passing", "check that its times are not 0")),
        (_sent_nowhere(), ("`s9`",)),
        (_cards(), ("waits for room in `b", "the machines behind it wait for", "and its station more cards")),
        (_skill(), ("needs `weld`", "no crew has that skill")),
        (
            line([Stage(constant(1.0))], Distribution(kind="empirical", values=(0.0, 0.0))),
            ("orders of `p0`", "without time passing"),
        ),
        (_wide_ring(), ("waits for room in `b", "more room or lower the release limit")),
        (_nowhere(), ("product `p0` goes to station `s7`", "declare it")),
        (_crew(day=0), ("crew `crew0` has nobody in any shift", "station `s0` needs it")),
        (_crew(night=3), ("crew `crew0` has nobody in any shift", "give it a size")),
        (_crew(day=-1), ("crew `crew0` has fewer than no people",)),
        (_no_menders(), ("crew `menders0` has nobody", "repairs of station `s0` need it")),
        (_crew_unknown(), ("crew `crew0` is not declared", "station `s0` needs it")),
        (_no_days(), ("shift `day` has no days",)),
        (_law(constant(-3.0)), ("`time0` has the mean -3 s",)),
        (_law(constant(1e30)), ("`time0`", "longer than ten years")),
        (_law(Distribution(kind="lognormal", mean=0.0, sd=1.0)), ("`time0` has the `mean` 0",)),
        (_law(Distribution(kind="gamma", mean=5.0, sd=-1.0)), ("`time0` has the `sd` -1",)),
        (_law(Distribution(kind="weibull", shape=0.0, scale=1.0)), ("`time0` has the `shape` 0",)),
        (_law(Distribution(kind="uniform", low=5.0, high=1.0)), ("`time0` has `low` 5 and `high` 1",)),
        (_law(Distribution(kind="triangular", low=1.0, mode=9.0, high=5.0)), ("in the wrong order",)),
        (_law(Distribution(kind="empirical")), ("`time0` has no `values`",)),
        (_law(Distribution(kind="empirical", values=(3.0, -1.0))), ("`time0` has the value -1",)),
        (_ring(), ("`m0-0`", "waits for room in `b1`", "give `b1` more room")),
        (_instant(), ("orders of `p0`", "without time passing", "check that its times are not 0")),
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


def test_silly_sizes_are_said_before_they_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    site = line([Stage(constant(1.0))] * 20, constant(2.0))
    image = compile_site(site, None, 60.0, asked(site, {}))
    each = Rows.bytes_each(image)
    rows = replicate(image, 2, 1, flavour="plain")
    taken = sum(part.nbytes for part in (rows.words, rows.counts, rows.prints, *rows.times.kinds.values()))
    assert each < taken < 2 * each
    monkeypatch.setattr(run, "MEMORY_MAX", 100 * each)
    with pytest.raises(Unrunnable, match=r"101 futures of a floor of this size take .* ask for at most 100"):
        replicate(image, 101, 1, flavour="plain")
    with pytest.raises(Unrunnable, match=r"ask for at most [45]"):
        compare(site, Question(60.0, 60, against=({"s0.machines": 2},)))
    monkeypatch.setattr(run, "STATIONS_MAX", 19)
    with pytest.raises(Unrunnable, match="20 stations are more than the 19 of one simulation; leave some out"):
        compile_site(site, None, 60.0, asked(site, {}))


@pytest.mark.parametrize(
    ("horizon_s", "replications"), [(0.0, 2), (1e-9, 2), (-5.0, 2), (1e9, 2), (10.0, 0), (10.0, 10**9)]
)
def test_sizes_are_bounded(horizon_s: float, replications: int) -> None:
    site = line([Stage(exponential(1.0))], exponential(2.0))
    with pytest.raises(Unrunnable):
        simulate(site, None, horizon_s, replications, 1)


def test_an_override_moves_the_mean() -> None:
    site = line([Stage(constant(2.0), capacity=20)], constant(1e6), quantity=500)
    assert simulate(site, None, 100.0, 1, 1).figure("completed").mean == 50
    assert simulate(site, None, 100.0, 1, 1, {"time0": 4.0}).figure("completed").mean == 25


@pytest.mark.parametrize("start_ns", [-1, 10**19])
def test_a_start_beyond_the_calendar_is_refused(start_ns: int) -> None:
    site = line([Stage(exponential(1.0))], exponential(2.0))
    with pytest.raises(Unrunnable, match="between 1970 and 2200"):
        simulate(site, None, 10.0, 2, 1, start_ns=start_ns)


LONG_BREAK = day_shift(pause=("08:00", 240.0))
"""Half of the shift."""


def _unordered() -> Site:
    site = line([Stage(constant(1.0)), Stage(constant(1.0))], constant(9.0), products=((0, 1), (0,)))
    return site.model_copy(update={"demand": site.demand[:1]})


@pytest.mark.parametrize(
    ("site", "words"),
    [
        (line([Stage(constant(3.0))], constant(2.0)), ("station `s0` is asked for 150% of its time", "without end")),
        (line([Stage(constant(3.0), machines=2)], constant(1.5)), ("station `s0` is asked for 100%",)),
        (line([Stage(constant(1.0))], constant(4.0), products=((0,), (0, 0, 0))), ("`s0` is asked for 100%",)),
        (
            line([Stage(constant(1.0), fails=exponential(10.0), repair=exponential(90.0))], constant(9.0)),
            ("station `s0` is asked for 111%",),
        ),
        (line([Stage(constant(2.0), crew=1)], constant(5.0), shifts=(LONG_BREAK,)), ()),
        (
            line([Stage(constant(3.0), crew=1)], constant(5.0), shifts=(LONG_BREAK,)),
            ("station `s0` is asked for 120%",),
        ),
        (line([Stage(constant(3.0))], constant(5.0), shifts=(LONG_BREAK,)), ()),
        (line([Stage(constant(1.0)), Stage(constant(1.0))], constant(9.0), products=((0,),)), ("to station `s1`",)),
        (_unordered(), ("nothing orders product `p1`", "add a demand or remove it")),
    ],
)
def test_what_cannot_keep_up_or_is_never_reached_is_said(site: Site, words: tuple[str, ...]) -> None:
    said = warnings(site, asked(site, {}))
    assert bool(said) == bool(words), said
    assert all(word in said[0] for word in words)


def test_a_crew_that_two_stations_share_can_be_what_does_not_keep_up() -> None:
    site = line([Stage(constant(3.0), crew=1), Stage(constant(3.0))], constant(5.0))
    second = site.stations[1].model_copy(update={"crew": "crew0"})
    site = site.model_copy(update={"stations": (site.stations[0], second)})
    (said,) = warnings(site, asked(site, {}))
    assert said.startswith("crew `crew0` is asked for 120% of its time")


def test_the_answer_says_what_cannot_keep_up_and_what_an_override_mends() -> None:
    site = line([Stage(constant(3.0))], constant(2.0))
    assert "`s0` is asked for 150%" in simulate(site, None, 100.0, 2, 1).warnings[0]
    assert simulate(site, None, 100.0, 2, 1, {"time0": 1.0}).warnings == ()


def test_a_product_that_never_comes_out_is_said_with_where_it_stands() -> None:
    stage = Stage(constant(5.0), fails=constant(1.0), repair=constant(3e8))
    said = simulate(line([stage], constant(20.0)), None, 1000.0, 2, 1).warnings[0]
    assert "no `p0` is completed in any future: most jobs wait in `b0`, and station `s0` is down" in said


# Nonsense of every kind


@st.composite
def _any_law(draw: st.DrawFn) -> Distribution:
    kinds = st.sampled_from(("constant", "uniform", "triangular", "normal", "lognormal", "gamma", "weibull"))
    number = st.none() | st.sampled_from((0.0, -1.0, 1e-9, 1e-3, 1.0, 7.0, 1e4, 1e9, 1e18, 1e300))
    names = ("value", "low", "mode", "high", "mean", "sd", "shape", "scale")
    kind = draw(kinds | st.sampled_from(("exponential", "empirical")))
    values = tuple(draw(st.lists(number.filter(lambda x: x is not None), max_size=3)))
    return Distribution(kind=kind, values=values, **{name: draw(number) for name in names})


@given(laws=st.lists(_any_law(), min_size=3, max_size=3), horizon_s=st.sampled_from((1.0, 10.0, 100.0, 3e7)))
@settings(max_examples=300)
def test_no_parameter_ends_in_a_traceback_or_a_hang(laws: list[Distribution], horizon_s: float) -> None:
    stage = Stage(laws[0], fails=laws[1], repair=laws[2], setup=laws[1])
    site = line([stage, stage], laws[2], products=((0, 1), (1, 0)), uncertainty=0.1)
    said = ""
    try:
        replicate(compile_site(site, None, horizon_s, asked(site, {}), steps=20_000), 1, 1, flavour="plain")
    except Unrunnable as error:
        said = str(error)
    assert "\n" not in said
    assert not said or "`" in said or "20,000 steps" in said


@pytest.mark.parametrize(
    ("words", "outcomes", "said"),
    [
        ({"release": Release(times=("23:00",))}, (), "none is let onto the floor; see `release`"),
        ({"release": Release(wip_limits={"p0": 0})}, (), "none is let onto the floor; see `release`"),
        ({}, (Outcome(share=1.0, to="scrap"),), "whatever comes to an end is scrapped; see the `outcomes`"),
    ],
)
def test_a_product_that_never_comes_in_or_is_never_good_is_said(
    words: dict[str, object], outcomes: tuple[Outcome, ...], said: str
) -> None:
    site = change(line([Stage(constant(5.0))], constant(20.0)), **words)
    route = tuple(change(step, outcomes=outcomes) for step in site.products[0].route)
    site = change(site, products=(change(site.products[0], route=route),))
    assert f"no `p0` is completed in any future: {said}" in simulate(site, None, 3600.0, 2, 1).warnings[0]
