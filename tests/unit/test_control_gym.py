"""The environment is what Gymnasium asks for, and its episodes are replications of the same kernel."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from control_kit import Kind, shop

from andon.adapters.site_folder import load
from andon.models.simulate.asked import asked
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.policy import FEATURES, PAIR_FEATURES, Decision, Policy
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, constant, exponential
from andon.site.model import Site

gymnasium = pytest.importorskip("gymnasium")

HORIZON_S = 4 * 3600.0


def _site(rule: str = "fifo") -> Site:
    kinds = [
        Kind(exponential(180.0), ((0, exponential(30.0)), (1, exponential(60.0))), due_h=0.2),
        Kind(exponential(300.0), ((0, exponential(170.0)), (1, exponential(40.0))), due_h=0.5),
    ]
    return shop([Stage(constant(1.0)), Stage(constant(1.0))], kinds, {0: {"dispatch": rule}})


def _env(**more: Any) -> Any:
    import andon.models.gym  # noqa: F401 - registers

    settings = {"site": _site(), "stations": ("s0",), "horizon_s": HORIZON_S, "flavour": "plain"} | more
    return gymnasium.make("andon/Dispatch-v0", **settings)


def _play(env: Any, choose: Any, seed: int | None) -> tuple[float, dict[str, Any]]:
    seen, info = env.reset(seed=seed)
    total, ended = 0.0, False
    while not ended:
        seen, reward, terminated, ended, info = env.step(choose(seen, info))
        assert not terminated
        assert env.observation_space.contains(seen)
        assert info["action_mask"][0] == 1
        total += reward
    return total, info


def _shortest(seen: dict[str, Any], info: dict[str, Any]) -> np.int64:
    expected = seen["candidates"][:, [f[0] for f in FEATURES].index("expected")]
    return np.int64(np.argmin(np.where(seen["mask"] == 1, expected, np.inf)))


def test_the_checker_finds_nothing() -> None:
    from gymnasium.utils.env_checker import check_env

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(_env(horizon_s=1800.0).unwrapped)


@pytest.mark.parametrize("reward", ["floor", "done", "tardiness"])
def test_episodes_are_the_replications_of_the_rule_that_the_agent_follows(reward: str) -> None:
    site = _site("spt")
    rows = replicate(compile_site(site, None, HORIZON_S, asked(site, {}), bins=1), 3, 7, flavour="plain")
    env = _env(reward=reward, candidates=64)
    for r in range(3):
        total, info = _play(env, _shortest, 7 if r == 0 else None)
        assert info["completed"] == rows.done()[r]
        if reward == "floor":
            # what was before the first decision is nobody's merit, and is booked apart
            assert env.unwrapped._booked == pytest.approx(-rows.wip()[r] * HORIZON_S / 3600.0, rel=1e-6)
            assert env.unwrapped._booked <= total < 0.0
        if reward == "done":
            assert env.unwrapped._booked == rows.done()[r]
        if reward == "tardiness":
            assert total <= 0.0


def test_the_same_seed_gives_the_same_episode() -> None:
    env = _env()
    first = _play(env, _shortest, 3)
    again = _play(env, _shortest, 3)
    other = _play(env, _shortest, None)
    assert first[0] == again[0]
    assert other[0] != first[0]


def test_an_agent_with_a_rule_beats_one_without() -> None:
    env = _env()
    dice = np.random.default_rng(1)

    def anybody(seen: dict[str, Any], info: dict[str, Any]) -> np.int64:
        return np.int64(dice.choice(np.flatnonzero(info["action_mask"])))

    rule = np.mean([_play(env, _shortest, seed)[0] for seed in range(12)])
    luck = np.mean([_play(env, anybody, seed)[0] for seed in range(12)])
    assert rule > luck


def test_an_action_that_is_not_there_is_the_first_in_the_queue() -> None:
    env = _env()
    assert _play(env, lambda *_: np.int64(7), 3)[0] != _play(env, _shortest, 3)[0]
    few = _env(candidates=2)
    assert _play(few, lambda *_: np.int64(0), 3)[0] == _play(env, lambda *_: np.int64(0), 3)[0]


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(Unrunnable, match="there is no station `s9` to ask at"):
        _env(stations=("s9",))
    with pytest.raises(Unrunnable, match="an environment with 1 candidates decides nothing"):
        _env(candidates=1)
    with pytest.raises(gymnasium.error.ResetNeeded):
        _env().unwrapped.step(0)


# Vehicles


def _hall(**fleet: Any) -> Site:
    site = load(Path(__file__).parents[2] / "examples" / "valve-works")
    assert isinstance(site, Site)
    return site.model_copy(update={"fleets": tuple(f.model_copy(update=fleet) for f in site.fleets)})


def _nearest(decision: Decision) -> int:
    """The longest waiting call and the vehicle that is nearest to it; of equals the longest idle one."""
    way = decision.feature("way")
    first = decision.feature("call waits") == decision.feature("call waits")[0]
    return int(np.where(first, way, np.inf).argmin())


@pytest.mark.parametrize("flavour", ["plain", "compiled"])
def test_a_policy_that_sends_the_nearest_vehicle_gives_what_the_fleets_rule_gives(flavour: Any) -> None:
    site = _hall()
    built_in = replicate(compile_site(site, None, 2 * 3600.0, asked(site, {})), 2, 4, flavour=flavour)
    policy = Policy(_nearest, "nearest", stations=("amr",))
    mine = replicate(compile_site(site, None, 2 * 3600.0, asked(site, {}), policy=policy), 2, 4, flavour=flavour)
    assert np.array_equal(mine.done(), built_in.done())
    assert np.array_equal(mine.lead_s(), built_in.lead_s(), equal_nan=True)
    assert np.array_equal(mine.vehicle_use(), built_in.vehicle_use())


def test_what_a_decision_about_vehicles_shows() -> None:
    seen: list[Decision] = []

    def look(decision: Decision) -> int:
        seen.append(decision)
        return len(decision.vehicles) - 1

    site = _hall()
    policy = Policy(look, "last", stations=("amr",))
    replicate(compile_site(site, None, 3600.0, asked(site, {}), policy=policy), 1, 4, flavour="plain")
    assert len(seen) > 10
    for d in seen:
        assert d.station == "amr"
        assert d.features.shape == (len(d.vehicles), len(PAIR_FEATURES))
        assert set(d.vehicles) <= set(site.fleets[0].vehicles)
        assert (d.feature("way") >= 0).all()
        assert (d.feature("idle") >= 0).all()


def test_the_checker_finds_nothing_about_vehicles() -> None:
    from gymnasium.utils.env_checker import check_env

    import andon.models.gym  # noqa: F401 - registers

    env = gymnasium.make("andon/Vehicles-v0", site=_hall(), fleet="amr", horizon_s=1800.0, flavour="plain")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env.unwrapped)
    with pytest.raises(Unrunnable, match="there is no fleet `trucks` to ask about"):
        gymnasium.make("andon/Vehicles-v0", site=_hall(), fleet="trucks")


def test_vehicles_on_roads_are_asked_about_too() -> None:
    """On a road graph with one lane both ways, batteries and closures: any answer keeps the laws of the road."""
    site = load(Path(__file__).parents[2] / "examples" / "vehicles-hall")
    assert isinstance(site, Site)
    seen: list[int] = []

    def last(decision: Decision) -> int:
        seen.append(len(decision.vehicles))
        return len(decision.vehicles) - 1

    policy = Policy(last, "last", stations=tuple(f.id for f in site.fleets))
    rows = replicate(compile_site(site, None, 3 * 3600.0, asked(site, {}), policy=policy), 2, 4, flavour="plain")
    assert sum(seen) > 0
    assert (rows.done() > 0).all()


def test_what_an_environment_cannot_be_is_one_sentence() -> None:
    for wrong, words in (
        ({"reward": "fun"}, "`fun` is no reward; use one of floor, done, tardiness"),
        ({"stations": "nowhere"}, "there is no station `nowhere`"),
        ({"horizon_s": 0.0}, "use one from a second to a year"),
        ({"candidates": 1}, "use 2 to 64"),
    ):
        with pytest.raises(Unrunnable, match=words):
            _env(**wrong)
    env = _env(stations="s0").unwrapped
    with pytest.raises(Unrunnable, match="is no seed"):
        env.reset(seed=2**63)


def test_a_candidate_below_zero_counts_as_the_first() -> None:
    one, other = _env().unwrapped, _env().unwrapped
    one.reset(seed=3)
    other.reset(seed=3)
    for _ in range(20):
        a, b = one.step(-1), other.step(0)
        assert a[1] == b[1]
        assert np.array_equal(a[0]["candidates"], b[0]["candidates"])


def test_an_environment_can_be_copied_to_another_process() -> None:
    env = _env().unwrapped
    env.reset(seed=3)
    again = pickle.loads(pickle.dumps(env.image))  # noqa: S301 - our own bytes
    assert np.array_equal(again.memory, env.image.memory)
