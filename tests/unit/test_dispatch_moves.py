"""A command's life is the table: every pair of phase and event, and the diagram that is drawn from it."""

from __future__ import annotations

import itertools

import pytest

from andon.dispatch.moves import EVENT_OF_OUTCOME, IN_FLIGHT, MOVES, Event, Impossible, Phase, may, mermaid, move

P, E = Phase, Event
ALLOWED = {
    (P.PROPOSED, E.ACCEPT): P.APPROVED,
    (P.PROPOSED, E.REFUSE): P.REFUSED,
    (P.PROPOSED, E.LAPSE): P.LAPSED,
    (P.APPROVED, E.INTEND): P.INTENDED,
    (P.APPROVED, E.LAPSE): P.LAPSED,
    (P.INTENDED, E.SEND): P.SENT,
    (P.INTENDED, E.ACKNOWLEDGE): P.ACKNOWLEDGED,
    (P.INTENDED, E.REFUSE): P.REFUSED,
    (P.INTENDED, E.VOID): P.VOID,
    (P.INTENDED, E.LOSE): P.INDETERMINATE,
    (P.SENT, E.ACKNOWLEDGE): P.ACKNOWLEDGED,
    (P.SENT, E.REFUSE): P.REFUSED,
    (P.SENT, E.VOID): P.VOID,
    (P.SENT, E.LOSE): P.INDETERMINATE,
    (P.INDETERMINATE, E.ACKNOWLEDGE): P.ACKNOWLEDGED,
    (P.INDETERMINATE, E.VOID): P.VOID,
    (P.INDETERMINATE, E.RESOLVE): P.RESOLVED,
    (P.ACKNOWLEDGED, E.CONFIRM): P.CONFIRMED,
    (P.ACKNOWLEDGED, E.MISS): P.NOT_CONFIRMED,
    (P.ACKNOWLEDGED, E.UNDO): P.UNDONE,
    (P.CONFIRMED, E.UNDO): P.UNDONE,
    (P.NOT_CONFIRMED, E.UNDO): P.UNDONE,
    (P.NOT_CONFIRMED, E.RESOLVE): P.RESOLVED,
    (P.RESOLVED, E.UNDO): P.UNDONE,
}


@pytest.mark.parametrize(("phase", "event"), list(itertools.product(Phase, Event)))
def test_every_pair(phase: Phase, event: Event) -> None:
    wanted = ALLOWED.get((phase, event))
    assert may(phase, event) is (wanted is not None)
    if wanted is None:
        with pytest.raises(Impossible, match=f"`{phase}` cannot `{event}`"):
            move(phase, event)
    else:
        assert move(phase, event) is wanted


def test_the_table_has_a_row_for_every_phase() -> None:
    assert set(MOVES) == set(Phase)


def test_nothing_leads_back_before_the_write() -> None:
    before = {P.PROPOSED, P.APPROVED, P.INTENDED, P.SENT}
    after = set(Phase) - before
    reached = set(after)
    while True:
        more = {target for phase in reached for target in MOVES[phase].values()} - reached
        if not more:
            break
        reached |= more
    assert not reached & before, "a command that was answered, or is in doubt, is never sent again"


def test_void_refused_undone_and_lapsed_are_final() -> None:
    assert {p for p, row in MOVES.items() if not row} == {P.VOID, P.REFUSED, P.UNDONE, P.LAPSED}


def test_every_phase_is_reachable() -> None:
    reached = {P.PROPOSED}
    while more := {t for p in reached for t in MOVES[p].values()} - reached:
        reached |= more
    assert reached == set(Phase)


def test_every_outcome_that_is_recorded_is_an_event_of_the_table() -> None:
    for phase, event in EVENT_OF_OUTCOME.items():
        assert any(row.get(event) == Phase(phase) for row in MOVES.values())


def test_what_is_in_doubt_keeps_the_next_one_waiting() -> None:
    assert {P.INTENDED, P.SENT, P.INDETERMINATE, P.ACKNOWLEDGED} == IN_FLIGHT


def test_the_diagram_has_an_arrow_for_every_row() -> None:
    drawn = mermaid()
    for (phase, event), target in ALLOWED.items():
        assert f"{phase.replace('-', '_')} --> {target.replace('-', '_')}: {event}" in drawn
    assert drawn.count(": ") == len(ALLOWED)
