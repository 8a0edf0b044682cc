"""More of a resource never hurts, in the same future, where theory says so; and where it does hurt.

A serial line of single machines is a max-plus system (Baccelli et al. 1992): every moment is a maximum of sums of
earlier ones, so a place more, or a shorter time, can only make moments earlier. With machines in parallel this stays
true while jobs keep their order, or where those machines are the last: a job that starts earlier ends earlier (Kiefer
and Wolfowitz 1955). Where jobs overtake one another, it is not: with other jobs side by side, the last one may end
later, as Graham (1966) found for lists of tasks; and two products that share a station may change places in its line.
So nothing is claimed there.
"""

from __future__ import annotations

import numpy as np
from drawn_sites import LAWS
from hypothesis import given, settings
from hypothesis import strategies as st

from andon.models.simulate.asked import asked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, constant, line
from andon.site.floor import Distribution

JOBS = 40
ROOMS = st.lists(st.integers(1, 4), min_size=4, max_size=4)


def _last_exits(stages: list[Stage], overrides: dict[str, float] | None = None) -> np.ndarray:
    """When the last of forty jobs leaves, in three futures."""
    site = line(stages, constant(1e6), quantity=JOBS)
    image = compile_site(site, None, 9e5, asked(site, overrides or {}), bins=1)
    rows = replicate(image, 3, 1, flavour="plain")
    assert (rows.done() == JOBS).all()
    return rows.product(0, at.LAST_EXIT)


def _stages(laws: list[Distribution], rooms: list[int], machines: list[int] | None = None) -> list[Stage]:
    room = [JOBS, *rooms]
    counts = machines or [1] * len(laws)
    return [Stage(law, capacity=r, machines=c) for law, r, c in zip(laws, room, counts, strict=False)]


@given(laws=st.lists(LAWS, min_size=2, max_size=4), rooms=ROOMS, where=st.integers(0, 2))
@settings(max_examples=25)
def test_more_buffer_never_hurts_a_serial_line(laws: list[Distribution], rooms: list[int], where: int) -> None:
    more = [r + (i == where) for i, r in enumerate(rooms)]
    assert (_last_exits(_stages(laws, more)) <= _last_exits(_stages(laws, rooms))).all()


@given(laws=st.lists(LAWS, min_size=1, max_size=4), rooms=ROOMS, where=st.integers(0, 3))
@settings(max_examples=20)
def test_a_faster_machine_never_hurts_a_serial_line(laws: list[Distribution], rooms: list[int], where: int) -> None:
    stages = _stages(laws, rooms)
    name = f"time{where % len(laws)}"
    faster, slower = ({name: mean} for mean in (2.0, 2.5))
    assert (_last_exits(stages, faster) <= _last_exits(stages, slower)).all()


@given(
    times=st.lists(st.floats(0.5, 60), min_size=1, max_size=4),
    rooms=ROOMS,
    machines=st.lists(st.integers(1, 3), min_size=4, max_size=4),
    where=st.integers(0, 3),
)
@settings(max_examples=20)
def test_a_machine_more_never_hurts_where_jobs_keep_their_order(
    times: list[float], rooms: list[int], machines: list[int], where: int
) -> None:
    """Equal times at a station: nobody overtakes."""
    laws = [constant(t) for t in times]
    more = [c + (i == where % len(times)) for i, c in enumerate(machines)]
    assert (_last_exits(_stages(laws, rooms, more)) <= _last_exits(_stages(laws, rooms, machines))).all()


@given(laws=st.lists(LAWS, min_size=1, max_size=3), rooms=ROOMS, machines=st.integers(1, 3))
@settings(max_examples=20)
def test_a_machine_more_at_the_end_never_hurts(laws: list[Distribution], rooms: list[int], machines: int) -> None:
    """Jobs come to the last station in their order; each starts there no later, so each is done no later."""
    ones = [1] * (len(laws) - 1)
    more, fewer = (_last_exits(_stages(laws, rooms, [*ones, c])) for c in (machines + 1, machines))
    assert (more <= fewer).all()


def test_a_machine_more_can_hurt_where_jobs_overtake_one_another() -> None:
    """Why nothing is claimed there: in some of these futures the last job is later with a sixth machine in front."""
    law = Distribution(kind="lognormal", mean=10.0, sd=5.0)
    assert (_last_exits(_stages([law, law], [JOBS], [6, 2])) > _last_exits(_stages([law, law], [JOBS], [5, 2]))).any()
