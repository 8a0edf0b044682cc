"""Checks that look at the floor as it is now: signals, gateway, halt, clock, conditions."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

from andon.authority.case import Case, Verdict, met, named, unmet
from andon.authority.facts import SignalFact
from andon.core.readings import Origin, Quality
from andon.site.model import ModelRef, Signal

BACKWARDS_NS_MAX = 2_000_000_000
"""How far the clock may be behind the newest record before it counts as running backwards."""
BOUNDS_SIGNERS_MIN = 2


def _each_signal(case: Case, problem: Callable[[SignalFact], str]) -> list[str]:
    """`problem` of every signal of the use; a signal that nothing is known of is a problem."""
    found = []
    for name in case.use.signals:
        fact = case.fact(name)
        text = f"nothing was ever received of `{name}`" if fact is None else problem(fact)
        if text:
            found.append(text)
    return found


def _all_signals(case: Case, problem: Callable[[SignalFact], str], good: str) -> Verdict:
    if not case.use.signals:
        return unmet("the use names no signal, so nothing on the floor stands behind it")
    found = _each_signal(case, problem)
    return unmet(named(found)) if found else met(f"{len(case.use.signals)} signals: {good}")


def declared(case: Case) -> Verdict:
    """R1: every signal that the use touches is a row of signals.csv, from a declared source."""
    names = (*case.use.signals, *case.use.writes)
    if not names:
        return unmet("the use names no signal")
    found = []
    for name in names:
        signal = case.index.signals.get(name)
        if signal is None:
            found.append(f"`{name}` is not declared in signals.csv")
        elif signal.source not in case.index.sources:
            found.append(f"source `{signal.source}` of `{name}` is not declared in sources.yaml")
        elif signal.element not in case.index.elements:
            found.append(f"element `{signal.element}` of `{name}` is not declared in site.yaml")
    return unmet(named(found)) if found else met(f"{len(names)} signals declared")


def origin(case: Case) -> Verdict:
    """R1, R18: no simulated value stands where a measured one is expected."""
    found = []
    for name in case.use.signals:
        fact = case.fact(name)
        if fact is not None and fact.origin is Origin.SIMULATED:
            found.append(f"`{name}` is simulated and stands where a measurement should")
    return unmet(named(found)) if found else met("no value is simulated")


def fresh(case: Case) -> Verdict:
    """R36: every signal is current."""
    return _all_signals(
        case,
        lambda f: "" if f.fresh is True else f"`{f.signal}` is not current: {f.why or 'no reason given'}",
        "current",
    )


def quality_usable(case: Case) -> Verdict:
    """R19: no signal is Bad, and each has a value."""

    def problem(fact: SignalFact) -> str:
        if fact.quality == Quality.BAD:
            return f"quality of `{fact.signal}` is Bad"
        return "" if fact.value is not None else f"`{fact.signal}` has no value"

    return _all_signals(case, problem, "none Bad")


def quality_good(case: Case) -> Verdict:
    """R19, R36: every signal is Good; Uncertain is enough to analyse, not to act on."""
    return _all_signals(
        case,
        lambda f: "" if f.quality == Quality.GOOD else f"quality of `{f.signal}` is {Quality(f.quality).name.title()}",
        "Good",
    )


def measured(case: Case) -> Verdict:
    """R1: every signal was measured on the floor, none replayed, inferred or simulated."""
    return _all_signals(
        case,
        lambda f: "" if f.origin is Origin.MEASURED else f"`{f.signal}` is {f.origin or 'not seen'}, not measured",
        "measured",
    )


def live(case: Case) -> Verdict:
    """R36: under replay nothing is recommended."""
    if case.facts.mode != "live":
        return unmet("the twin replays recorded data; under replay authority ends at analyse")
    return met("live")


def clock_forward(case: Case) -> Verdict:
    """Evil 2: a clock that runs backwards would let what expired look valid."""
    newest = case.view.run_latest_at if case.facts.virtual else case.view.latest_at
    if case.at < newest - BACKWARDS_NS_MAX:
        return unmet(f"the clock is {(newest - case.at) / 1e9:.0f} s behind the newest record")
    return met("the clock is not behind the records")


def clock_true(case: Case) -> Verdict:
    """A scaled clock commands nothing but a declared virtual plant."""
    if case.facts.speed == 1.0:
        return met("site time runs at its own speed")
    if case.facts.virtual is True:
        return met(f"site time runs at {case.facts.speed:g} times, and what it commands is a virtual plant")
    return unmet(f"site time runs at {case.facts.speed:g} times; a scaled clock commands only a virtual plant")


def validity(case: Case) -> Verdict:
    """R16, R42: the conditions lie inside the range that the model was validated in."""
    found = []
    for name, (low, high) in case.use.validity.items():
        fact = case.fact(name)
        value = fact.value if fact is not None else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            found.append(f"`{name}` has no number to compare with the validated range {low:g} to {high:g}")
        elif not low <= value <= high:
            found.append(f"`{name}` is {value:g}, outside the validated range {low:g} to {high:g}")
    if found:
        return unmet(named(found))
    return met("conditions inside the validated range" if case.use.validity else "the use states no range of its own")


def gateway(case: Case) -> Verdict:
    """R37: the one way out answers."""
    if case.facts.gateway.reachable is True:
        sources = {s.source for s in case.written()}
        silent = [why for source, why in case.facts.gateway.no_session.items() if source in sources]
        return met("; but ".join([f"the gateway answers, epoch {case.facts.gateway.epoch}", *silent]))
    return unmet(f"the gateway does not answer: {case.facts.gateway.why or 'no reason given'}")


def writes(case: Case) -> Verdict:
    """R22: each signal that may be written is bounded, confirmed by another signal, and has a remote switch."""
    if not case.use.writes:
        return unmet("the use names no signal that it may write")
    found = []
    for name in case.use.writes:
        signal = case.index.signals.get(name)
        if signal is None or not signal.writable:
            found.append(f"`{name}` is not declared writable")
            continue
        if signal.min is None or signal.max is None:
            found.append(f"`{name}` has no bounds")
        if not signal.confirm_signal or signal.confirm_tol is None or signal.confirm_s is None:
            found.append(f"`{name}` names no signal that confirms it, with a tolerance and a time")
        elif signal.confirm_signal == name or signal.confirm_signal not in case.index.signals:
            found.append(f"`{name}` must be confirmed by another declared signal")
        if not signal.permissive_signal or signal.permissive_signal not in case.index.signals:
            found.append(f"`{name}` names no remote switch")
    return unmet(named(found)) if found else met(f"{len(case.use.writes)} writable signals bounded and confirmed")


def observable(case: Case) -> Verdict:
    """Law 13: what is written and what confirms it are both seen, current and Good."""
    if not case.written():
        return unmet("the use writes no declared signal")
    found = []
    for name in chain.from_iterable((s.id, s.confirm_signal or "") for s in case.written()):
        fact = case.fact(name)
        if fact is None or fact.fresh is not True or fact.quality != Quality.GOOD or fact.value is None:
            found.append(f"`{name}` is not seen, current and Good")
        elif fact.origin is not Origin.MEASURED:
            found.append(f"`{name}` is {fact.origin or 'not seen'}, not measured")
    return unmet(named(found)) if found else met("what is written and what confirms it are seen")


def permissive(case: Case) -> Verdict:
    """The machine's own switch stands on remote."""
    if not case.written():
        return unmet("the use writes no declared signal")
    found = [text for text in (_permissive(case, signal) for signal in case.written()) if text]
    return unmet(named(found)) if found else met("every machine stands on remote")


def _permissive(case: Case, signal: Signal) -> str:
    name = signal.permissive_signal
    fact = case.fact(name) if name else None
    if fact is None:
        return f"the remote switch of `{signal.id}` is unknown"
    if fact.fresh is not True or fact.quality != Quality.GOOD or fact.origin is not Origin.MEASURED:
        return f"the remote switch `{fact.signal}` is not seen, current and Good"
    return "" if fact.value is True else f"`{fact.signal}` is not on remote"


def bounds(case: Case) -> Verdict:
    """R22, R61: the gateway holds the bounds that the site describes, signed by two people."""
    said = case.facts.gateway
    if not case.use.writes:
        return unmet("the use names no signal that it may write")
    bare = [f"the gateway has no bounds for `{w}`" for w in case.use.writes if w not in said.bounded]
    if bare:
        return unmet(named(bare))
    if said.bounds_digest != case.index.site_bounds:
        return unmet(
            "the gateway's bounds are not the ones that the site describes",
            evidence=said.bounds_digest,
        )
    known = {p.id: " ".join(p.name.casefold().split()) for p in case.site.people}
    signers = {known[s] for s in said.bounds_signers if s in known}
    if len(signers) < BOUNDS_SIGNERS_MIN:
        return unmet(
            f"the gateway's bounds are signed by {len(signers)} of 2 known people", evidence=said.bounds_digest
        )
    return met(f"bounds signed by {', '.join(sorted(said.bounds_signers))}", evidence=said.bounds_digest)


def not_halted(case: Case) -> Verdict:
    """R66-R68: nobody has halted the twin in a scope that this use acts in."""
    leans = case.index.leans.get(case.use.id, frozenset())
    for halt in tuple(case.view.halts.values()):
        if halt.scope == "site" or halt.scope not in case.index.places or halt.scope in leans:
            return unmet(f"halt `{halt.id}` on {halt.scope} is in force", evidence=f"#{halt.index}")
    for scope in case.facts.gateway.halted:
        if scope == "site" or scope not in case.index.places or scope in leans:
            return unmet(f"the gateway is halted on {scope}", evidence="gateway")
    return met("not halted")


def unblocked(case: Case) -> Verdict:
    """A command of which nobody knows what became of it blocks its asset."""
    blocked = sorted(case.elements_written() & set(case.facts.gateway.blocked))
    if blocked:
        return unmet(f"`{blocked[0]}` is blocked by a command of which nobody knows what became of it")
    for command, trace in tuple(case.view.unsettled.items()):
        signal = case.index.signals.get(trace.signal)
        element = signal.element if signal else trace.signal.partition(".")[0]
        if not trace.signal:
            return unmet(f"what command `{command}` was to write is erased, and so is what became of it")
        if trace.last_phase == "indeterminate" and element in case.elements_written():
            return unmet(
                f"nobody knows what became of command `{command}` on `{trace.signal}`",
                evidence=f"#{trace.outcomes[-1].index}",
            )
    return met("no command is in doubt")


def models(case: Case) -> Verdict:
    """R9, R43: the models that answer are known."""
    if not case.use.models:
        return unmet("the use names no model, so there is nothing to analyse with")
    known = {*ModelRef, *case.index.uses}
    strange = [f"model `{m}` is not known" for m in case.use.models if m not in known]
    return unmet(named(strange)) if strange else met(f"answers come from {', '.join(case.use.models)}")
