"""A policy is asked and answers: the same bits as the built-in rule, resumable, bounded, refused when it is wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from control_kit import Kind, shop

from andon.models.simulate import jit
from andon.models.simulate.asked import asked
from andon.models.simulate.bottleneck import by_sensitivity
from andon.models.simulate.compare import compare
from andon.models.simulate.episode import Episode
from andon.models.simulate.image import Image
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.live import LiveState
from andon.models.simulate.policy import FEATURES, PAIR_FEATURES, Choice, Decision, Policy
from andon.models.simulate.question import Question
from andon.models.simulate.replay import replay
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, constant, exponential
from andon.site.floor import DISPATCH
from andon.site.model import Site

KINDS = [
    Kind(exponential(611.0), ((0, exponential(61.7)), (1, exponential(83.1)), (2, constant(17.9))), 3, 0.31, 7),
    Kind(exponential(523.0), ((0, exponential(45.2)), (2, exponential(52.6))), 2, 0.12, 3),
    Kind(exponential(877.0), ((1, exponential(120.4)), (0, exponential(30.3)), (2, constant(41.8))), 4, 0.5, 3),
]


def _site(rule: str = "fifo") -> Site:
    stages = [
        Stage(constant(1.0), setup=constant(13.7)),
        Stage(constant(1.0), machines=2),
        Stage(constant(1.0), batch=3),
    ]
    return shop(stages, KINDS, {i: {"dispatch": rule} for i in range(2 if rule == "setup-minimising" else 3)})


def _least(name: str, sign: float = 1.0) -> Choice:
    return lambda decision: int(np.argmin(sign * decision.feature(name)))


SAME = {
    "fifo": lambda _: 0,
    "spt": _least("expected"),
    "edd": _least("due in"),
    "priority": _least("priority"),
}


def _image(site: Site, choose: Choice | None, live: LiveState | None = None, stations: tuple[str, ...] = ()) -> Image:
    policy = Policy(choose, "mine", stations=stations) if choose is not None else None
    return compile_site(site, live, 3_600.0, asked(site, {}), policy=policy)


@pytest.mark.parametrize("rule", SAME)
def test_a_policy_that_says_what_a_rule_says_gives_the_same_bits(rule: str) -> None:
    live = LiveState(10**18, levels={"b0": 4, "b1": 3}, waiting={"p0": 5})
    for start in (None, live):
        built_in = replicate(_image(_site(rule), None, start), 3, 5)
        for flavour in ("plain", "compiled"):
            mine = replicate(_image(_site(), SAME[rule], start), 3, 5, flavour=flavour)
            differing = built_in.places[(mine.words != built_in.words).any(axis=0)]
            assert set(differing.tolist()) <= {at.READY_FROM}  # where in the ring the next one stood
            assert np.array_equal(mine.factors, built_in.factors)


def test_a_policy_may_be_asked_at_some_stations_only() -> None:
    seen: set[str] = set()

    def look(decision: Decision) -> int:
        seen.add(decision.station)
        return 0

    image = _image(_site(), look, stations=("s1",))
    replicate(image, 1, 5)
    assert seen == {"s1"}


def test_what_a_decision_shows() -> None:
    seen: list[Decision] = []

    def look(decision: Decision) -> int:
        seen.append(decision)
        return len(decision.products) - 1

    replicate(_image(_site(), look), 1, 5)
    assert len(seen) > 30
    assert [d.number for d in seen] == list(range(len(seen)))
    for d in seen:
        n = len(d.products)
        assert n >= 2
        assert d.features.shape == (n, len(FEATURES))
        assert np.isfinite(d.features).all()
        assert list(d.feature("place")) == list(range(n))
        assert (d.feature("queue") == n).all()
        assert (d.feature("remaining") >= d.feature("expected")).all()
        assert d.feature("slack ratio") == pytest.approx(d.feature("due in") / d.feature("remaining"))
        assert set(d.feature("same product")) <= {0.0, 1.0}
        assert (d.feature("on the floor") >= 0).all()
        assert d.machine.startswith(f"m{d.station[1:]}-")


@pytest.mark.parametrize("answer", [99, -1, 1.0, None, True, "first"])
def test_nonsense_is_refused_with_the_name_of_the_decision(answer: object) -> None:
    with pytest.raises(Unrunnable) as told:
        replicate(_image(_site(), lambda _: answer), 1, 5)
    sentence = str(told.value)
    assert sentence.startswith(f"policy `mine` answered `{answer}` at decision 0 of replication 0 (`m")
    assert "jobs to choose from); answer a whole number from 0 to " in sentence


def test_an_episode_is_resumed_from_a_copy_of_its_memory() -> None:
    """The memory is all that a replication is: two copies that get the same answers end alike."""
    image = _image(_site(), lambda _: 0)
    first = Episode(image, 5, 2, "plain")
    for _ in range(7):
        first.answer(1)
    second = Episode(image, 5, 2, "plain")
    second.memory[:], second.reals[:] = first.memory, first.reals
    for episode in (first, second):
        while episode.asks:
            episode.answer(1)
    summary = image.summary
    assert np.array_equal(first.memory[:summary], second.memory[:summary])


def test_a_run_with_a_policy_can_be_cut_anywhere() -> None:
    image = _image(_site(), SAME["spt"])
    assert np.array_equal(replicate(image, 4, 5).prints[2:], replicate(image, 2, 5, first=2).prints)


def test_an_image_without_a_policy_never_asks() -> None:
    image = _image(_site("spt"), None)
    assert not Episode(image, 1, 0, "plain").asks
    with pytest.raises(Unrunnable, match="asks a policy and there is none"):
        replicate(replace(_image(_site(), SAME["fifo"]), policy=None), 1, 1)
    assert jit.ENTRY == "run_chunk"


def test_the_page_tells_every_feature_and_every_rule() -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "control-the-floor.md").read_text(encoding="utf-8")
    for name, unit, meaning in (*FEATURES, *PAIR_FEATURES):
        assert f"| `{name}` | {unit}{' ' if unit else ''}| {meaning} |" in page
    for rule in DISPATCH:
        assert f"| `{rule}` |" in page


def test_the_bottleneck_by_sensitivity_is_sought_under_the_same_policy() -> None:
    def pulls(rule: str, policy: Policy | None) -> object:
        site, question = _site(rule), Question(1_800.0, 8, policy=policy)
        found = by_sensitivity(site, None, question, {}, compare(site, question).base)
        return found.pulls if found else None

    assert pulls("fifo", Policy(SAME["spt"], "mine")) == pulls("spt", None)


def _told(site: Site, question: Question) -> list[dict[str, object]]:
    return [d.as_json() for a in compare(site, question).alternatives for d in a.differences]


def test_the_same_policy_on_both_sides_is_the_same_rule_on_both_sides() -> None:
    """To the last bit: the figures, their differences, and what common random numbers save."""
    asked_both = Policy(SAME["spt"], "mine")
    more = ({"s0.machines": 3.0}, {"s1.machines": 2.0})
    question = Question(1_800.0, 6, against=more, policy=asked_both, against_policies=(asked_both,))
    assert _told(_site("fifo"), question) == _told(_site("spt"), Question(1_800.0, 6, against=more))
    assert question.command("x", "empty").endswith(
        "--policy mine --against-policy mine --against s0.machines=3 --against s1.machines=2"
    )


def test_each_side_may_have_a_policy_of_its_own() -> None:
    first, other = Policy(SAME["spt"], "one", stations=("s0", "s1")), Policy(SAME["edd"], "two", stations=("s0", "s1"))
    question = Question(1_800.0, 6, against=({}, {}), policy=first, against_policies=(other, None))
    site = _site("fifo")
    edd = {"s0.dispatch": 2.0, "s1.dispatch": 2.0}
    ruled = Question(1_800.0, 6, overrides={"s0.dispatch": 1.0, "s1.dispatch": 1.0}, against=(edd, {}))
    assert _told(site, question) == _told(site, ruled)
    found = compare(site, question)
    assert found.labels == ("policy one", "policy two", "as declared")
    assert [a["policy"] and a["policy"]["name"] for a in found.as_json()["alternatives"]] == ["two", None]
    assert "--policy one --against-policy two --against-policy rule --policy-at s0 --policy-at s1" in found.again(
        "x", "empty"
    )


@pytest.mark.parametrize(
    ("against", "policies", "sentence"),
    [
        (({},), ("a", "b"), "2 policies for 1 alternatives; give one for all, or one for each"),
        (({},), ("mine",), "`policy mine` would be compared with itself; leave one of the two out"),
        (({"s0.machines": 2.0},), ("elsewhere",), "policy `elsewhere` is to be asked at `x`, which `textbook` has not"),
    ],
)
def test_policies_that_do_not_fit_are_refused(
    against: tuple[dict[str, float], ...], policies: tuple[str, ...], sentence: str
) -> None:
    theirs = tuple(Policy(SAME["spt"], n, stations=("x",) if n == "elsewhere" else ()) for n in policies)
    question = Question(600.0, 2, against=against, policy=Policy(SAME["spt"], "mine"), against_policies=theirs)
    with pytest.raises(Unrunnable) as told:
        compare(_site("fifo"), question)
    assert sentence in str(told.value)


def test_one_replication_with_a_policy_is_told_event_by_event() -> None:
    image = _image(_site(), SAME["spt"])
    told = replay(image, 2, 5)
    assert (told.kind == at.TRACE_EXIT).sum() == replicate(image, 3, 5).done()[2]
