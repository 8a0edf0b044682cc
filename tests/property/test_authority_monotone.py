"""Authority is monotone: what supports never lowers it, what defeats never raises it, and replay gives it again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from small_world import EVIDENCE, RUNNING, T0, USE, Shell, facts, forced, site, with_gateway, with_signal

from andon.authority.baseline import baseline_of, index_of
from andon.authority.compute import compute, parts_now
from andon.authority.facts import Facts
from andon.authority.records import FOLDS, RecordView
from andon.authority.transitions import all_held, transitions
from andon.core.readings import Origin, Quality
from andon.core.time import SECOND, Nanos
from andon.ledger.record import NewRecord, Record
from andon.site import model as m

DAY = 86_400 * SECOND
SITE = site()
BASELINE = baseline_of(parts_now(USE, facts(SITE), SITE))
BOUND = {"use": USE, "baseline": BASELINE, "parts": {}, "until_ns": str(T0 + 30 * DAY)}


def evidence(kind: str, passed: bool) -> NewRecord:
    return NewRecord("evidence", "twin", {**BOUND, "kind": kind, "passed": passed, "measured": {"against": "virtual"}})


def approval(tier: str) -> NewRecord:
    return NewRecord("approval", "amina", {**BOUND, "tier": tier, "proposer": "jonas", "reason": "read"})


def challenge(name: str, place: str) -> NewRecord:
    return NewRecord(
        "challenge", "", {"id": name, "element": place, "reason": "mismatch", "deadline_ns": str(T0 + DAY)}
    )


def answered(name: str, outcome: str) -> NewRecord:
    return NewRecord("challenge.answered", "maria", {"challenge": name, "outcome": outcome, "reason": "seen"})


def halt(name: str) -> NewRecord:
    return NewRecord("halt", "", {"id": name, "scope": "oven-1"})


def reset(name: str) -> NewRecord:
    return NewRecord("halt.reset", "twin", {"halt": name, "by": ["maria", "amina"], "reason": "seen"})


Change = Callable[[Facts], Facts]
NAMES = ("X-1", "X-2")
PUBLISHED = NewRecord("use.published", "jonas", {"use": USE, "digest": index_of(SITE).documents[USE]})
supporting = st.one_of(
    st.builds(evidence, st.sampled_from(EVIDENCE), st.just(True)),
    st.builds(approval, st.sampled_from(["recommend", "control"])),
    st.just(PUBLISHED),
    st.just(NewRecord("run.started", "twin", {"mbom": dict(RUNNING)})),
)
defeating = st.one_of(
    st.builds(evidence, st.sampled_from(EVIDENCE), st.just(False)),
    st.builds(challenge, st.sampled_from(NAMES), st.sampled_from(["oven-1", "curing", "lathe-1", "nowhere"])),
    st.builds(halt, st.sampled_from(NAMES)),
    st.just(NewRecord("use.published", "jonas", {"use": USE, "digest": "sha256:other"})),
    st.just(NewRecord("run.started", "twin", {"mbom": {}})),
    st.just(NewRecord("drift", "twin", {"use": USE})),
    st.just(NewRecord("approval.revoked", "maria", {"use": USE, "reason": "x"})),
    st.builds(
        lambda kind: NewRecord("incident", "twin", {"id": "I", "kind": kind, "about": USE, "use": USE}),
        st.sampled_from(["override", "not-confirmed", "rubber-stamp", "near-miss"]),
    ),
    st.builds(
        lambda left: NewRecord("authority.lost", "twin", {"use": USE, "from": "control", "to": left, "lost": []}),
        st.sampled_from(["none", "visualise", "analyse", "recommend"]),
    ),
    st.builds(lambda kind: NewRecord(kind, "x", {}), st.sampled_from(["challenge", "halt", "drift", "evidence"])),
)
either = st.one_of(
    supporting,
    defeating,
    st.builds(answered, st.sampled_from(NAMES), st.sampled_from(["upheld", "not-upheld", "mended"])),
    st.builds(reset, st.sampled_from(NAMES)),
)


def shell_with(records: list[NewRecord], *, commissioned: bool) -> Shell:
    shell = forced(SITE) if commissioned else Shell(SITE)
    shell.append(records)
    return shell


@given(st.booleans(), st.lists(either, max_size=8), supporting)
def test_what_supports_never_lowers(commissioned: bool, before: list[NewRecord], one: NewRecord) -> None:
    shell = shell_with(before, commissioned=commissioned)
    held = shell.authority().tier
    shell.append([one])
    assert shell.authority().tier.rank >= held.rank


@given(st.booleans(), st.lists(either, max_size=8), defeating)
def test_what_defeats_never_raises(commissioned: bool, before: list[NewRecord], one: NewRecord) -> None:
    shell = shell_with(before, commissioned=commissioned)
    held = shell.authority().tier
    shell.append([one])
    assert shell.authority().tier.rank <= held.rank


worse = st.sampled_from(
    [
        lambda f: with_signal(f, "oven-1.temperature", fresh=False),
        lambda f: with_signal(f, "oven-1.temperature", quality=Quality.BAD),
        lambda f: with_signal(f, "oven-1.temperature", quality=Quality.UNCERTAIN),
        lambda f: with_signal(f, "oven-1.temperature", origin=Origin.SIMULATED),
        lambda f: with_signal(f, "oven-1.temperature", value=99.0),
        lambda f: with_signal(f, "oven-1.remote", value=False),
        lambda f: replace(f, signals={}),
        lambda f: replace(f, mode="replay"),
        lambda f: replace(f, virtual=False),
        lambda f: replace(f, running={}),
        lambda f: replace(f, at=Nanos(f.at + 31 * DAY)),
        lambda f: replace(f, at=Nanos(f.at - DAY)),
        lambda f: with_gateway(f, reachable=False),
        lambda f: with_gateway(f, halted=("site",)),
        lambda f: with_gateway(f, bounded=()),
        lambda f: with_gateway(f, bounds_digest=""),
        lambda f: with_gateway(f, blocked=("oven-1",)),
    ]
)


@given(st.lists(supporting, max_size=4), st.lists(worse, max_size=3), worse)
def test_worse_facts_never_raise(records: list[NewRecord], first: list[Change], one: Change) -> None:
    shell = shell_with(records, commissioned=True)
    now = shell.facts()
    for change in first:
        now = change(now)
    held = compute(USE, shell.view, now, SITE).tier
    assert compute(USE, shell.view, one(now), SITE).tier.rank <= held.rank


@given(st.lists(either, max_size=12))
def test_the_fold_is_the_same_one_by_one_and_anew(records: list[NewRecord]) -> None:
    shell = shell_with(records, commissioned=True)
    again = RecordView.of(shell.ledger.rows)
    now = shell.facts()
    assert compute(USE, again, now, SITE) == compute(USE, shell.view, now, SITE)
    assert all_held(again) == all_held(shell.view)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8) | st.integers(-(2**53), 2**53),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from(
    ["use", "id", "tier", "baseline", "until_ns", "by", "halt", "challenge", "element", "kind", "passed", "command"]
)


@given(st.lists(st.tuples(st.sampled_from([*FOLDS, "other"]), st.dictionaries(keys, json_values, max_size=6))))
def test_whatever_a_record_contains_nothing_raises_and_nothing_is_gained(
    noise: list[tuple[str, dict[str, object]]],
) -> None:
    shell = Shell(SITE)
    for kind, payload in noise:
        shell.view.add(Record(shell.view.size, kind, T0, "x", payload))
    assert shell.authority().tier.rank <= m.Tier.VISUALISE.rank


@given(st.lists(either, max_size=8))
def test_a_lost_tier_is_on_record_once_and_stays_lost_until_it_is_approved_afresh(records: list[NewRecord]) -> None:
    shell = shell_with(records, commissioned=True)
    lost = transitions(all_held(shell.view), {USE: shell.authority()})
    shell.append(lost)
    assert transitions(all_held(shell.view), {USE: shell.authority()}) == ()
    if lost:
        left = m.Tier(lost[0].payload["to"])
        assert lost[0].payload["lost"]
        for kind in EVIDENCE:
            shell.append([evidence(kind, True)])
        assert shell.authority().tier.rank <= max(left.rank, m.Tier.ANALYSE.rank)
