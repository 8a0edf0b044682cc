"""Which vehicle for which call, when somebody else decides: a process of its own that pairs them."""

from __future__ import annotations

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road
from andon.models.simulate.kernel.calls import answer_call, looks_ahead, way_to_call
from andon.models.simulate.kernel.charge import can_do, send_to_charge
from andon.models.simulate.kernel.control import ask
from andon.models.simulate.kernel.queues import unlink


def match_ask(m: at.Words, p: int, fleet: int, pc: int) -> int:
    """Pair free vehicles and calls of `fleet` while there are both; ask where there is more than one pair.

    A pair's number is the call's place in line times the number of free vehicles that can come, plus the vehicle's
    place among them; of each the first MATCHED_MAX.
    """
    while True:
        calls = 0
        q = m[fleet + at.PUT_HEAD]
        while q != 0 and calls < at.MATCHED_MAX:
            calls += 1
            q = m[q + at.NEXT]
        free = 0
        v = next_free(m, fleet, m[fleet + at.GET_HEAD])
        while v != 0 and free < at.MATCHED_MAX:
            free += 1
            v = next_free(m, fleet, m[v + at.NEXT])
        if calls == 0 or free == 0:
            m[p + at.PARKED] = 1
            m[p + at.PC] = pc
            return -1
        pair = 0
        if calls * free > 1:
            if m[at.ANSWER] == 0:
                ask(m, p, pc)
                return -1
            pair = m[at.ANSWER] - 1
            m[at.ANSWER] = 0
        q = m[fleet + at.PUT_HEAD]
        for _ in range(pair // free):
            q = m[q + at.NEXT]
        v = next_free(m, fleet, m[fleet + at.GET_HEAD])
        for _ in range(pair % free):
            v = next_free(m, fleet, m[v + at.NEXT])
        if looks_ahead(m, fleet) and not can_do(m, v, q):
            send_to_charge(m, v, m[v + at.MORE_VEHICLE])
            continue
        unlink(m, fleet + at.PUT_HEAD, fleet + at.PUT_TAIL, q)
        answer_call(m, fleet, v, q)


def next_free(m: at.Words, fleet: int, v: int) -> int:
    """Vehicle `v` of the list of free ones, or the next behind it that can come to the first call; 0: none."""
    q = m[fleet + at.PUT_HEAD]
    while v != 0 and q != 0 and way_to_call(m, v, fleet, m[q + at.STATION]) >= road.FAR:
        v = m[v + at.NEXT]
    return v
