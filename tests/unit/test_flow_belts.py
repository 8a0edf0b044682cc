"""Conveyors against recursions, to the nanosecond: what travels, what waits at the end, what stands as a whole."""

from __future__ import annotations

import pytest
from flow_kit import runs

from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.textbook import Stage, constant, exponential, line
from andon.plant.draws import PlantError
from andon.plant.unplayed import refuse
from andon.site.floor import Conveyor
from andon.site.model import Site

JOBS = 25


def _belted(times: tuple[float, float], room: int, *, accumulating: bool, length: float = 10.0) -> Site:
    """Two stations with a belt between them: 10 m at 0.5 m/s, 2 m from job to job."""
    stages = [Stage(constant(times[0]), capacity=JOBS), Stage(constant(times[1]), capacity=room)]
    belt = Conveyor(
        id="belt",
        start="s0",
        end="s1",
        length_m=length,
        speed_m_per_s=0.5,
        spacing_m=2.0,
        accumulating=accumulating,
    )
    return line(stages, constant(1e6), quantity=JOBS).model_copy(update={"conveyors": (belt,)})


def _last_exit_s(times: tuple[float, float], room: int, *, accumulating: bool, places: int = 5) -> float:
    """The same by hand: when each job comes on, is off, begins and ends; transit 20 s, headway 4 s."""
    on: list[float] = []
    off: list[float] = []
    begun: list[float] = []
    left: list[float] = []
    free = 0.0
    stood: list[tuple[float, float]] = []
    for n in range(JOBS):
        came = free + times[0]
        if n >= places:
            came = max(came, off[n - places])
        for a, b in stood if not accumulating else ():
            came = b if a <= came < b else came
        free = came
        start = max(came, on[-1] + 4.0 if on else 0.0)
        end = start + 20.0
        if not accumulating:
            for a, b in stood:  # while it stands, nothing on it moves
                if start < b and a < end:
                    end += b - max(a, start)
        end = max(end, off[-1] + 4.0 if off and accumulating else 0.0)
        gone = max(end, begun[n - room] if n >= room else 0.0)
        if gone > end:
            stood.append((end, gone))
        on.append(start)
        off.append(gone)
        begun.append(max(gone, left[-1] if left else 0.0))
        left.append(begun[-1] + times[1])
    return left[-1]


@pytest.mark.parametrize("times", [(10.0, 3.0), (3.0, 3.0), (1.0, 9.0), (6.0, 7.0)])
@pytest.mark.parametrize("room", [1, 3])
def test_an_accumulating_belt_is_its_recursion(times: tuple[float, float], room: int) -> None:
    rows = runs(_belted(times, room, accumulating=True), 1e4, 1, plain=True)
    assert rows.done()[0] == JOBS
    assert rows.product(0, at.LAST_EXIT)[0] == round(_last_exit_s(times, room, accumulating=True) * 1e9)


@pytest.mark.parametrize("times", [(10.0, 3.0), (6.0, 6.0)])
def test_a_belt_that_is_never_blocked_accumulates_or_not_alike(times: tuple[float, float]) -> None:
    both = [runs(_belted(times, 5, accumulating=a), 1e4, 1, plain=True) for a in (True, False)]
    assert both[0].product(0, at.LAST_EXIT)[0] == both[1].product(0, at.LAST_EXIT)[0]
    assert both[1].belt_share(0, at.BLOCKED)[0] == 0.0
    assert both[0].on_belt(0)[0] == pytest.approx(JOBS * 20.0 / 1e4)  # Little: every job is on it for 20 s


def test_a_belt_that_stands_as_a_whole_lets_jobs_come_one_transit_apart() -> None:
    """Jobs every 5 s onto the belt, 30 s on the second machine, one place before it.

    Off the belt: 1 at 25 s (to the machine), 2 at 30 s (to the buffer); 3 reaches the end at 35 s and waits until the
    machine takes 2, at 55 s. The belt stands for those 20 s, so 4, which would have come at 40 s, comes at 60 s.
    """
    site = _belted((5.0, 30.0), 1, accumulating=False)
    for until, off in ((29.0, 1), (34.0, 2), (54.0, 2), (56.0, 3), (84.0, 3), (86.0, 4)):
        rows = runs(site, until, 1, plain=True)
        assert sum(rows.words[0, rows.places == _counter(rows)]) == off, until
    rows = runs(site, 54.0, 1, plain=True)
    assert rows.belt_share(0, at.BLOCKED)[0] * 54.0 == pytest.approx(54.0 - 35.0)
    assert rows.count(0)[0] == 7  # the last one comes on at 35 s, as it stops; then nothing is taken on


def _counter(rows: object) -> int:
    image = rows.image  # type: ignore[attr-defined]
    return next(p for p, name in image.processes.items() if name == "belt") + at.COUNT


def test_compiled_and_plain_leave_the_same_bits() -> None:
    for accumulating in (True, False):
        site = _belted((5.0, 5.0), 1, accumulating=accumulating)
        law = exponential(5.0)
        noisy = tuple(
            a.model_copy(update={"distribution": law}) if a.name.startswith("time") else a for a in site.assumptions
        )
        site = site.model_copy(update={"assumptions": noisy})
        assert (runs(site, 2000.0, 4).prints == runs(site, 2000.0, 4, plain=True).prints).all()


def test_belts_that_cannot_be_are_told() -> None:
    site = _belted((5.0, 5.0), 1, accumulating=True)
    lost = site.conveyors[0].model_copy(update={"start": "s1", "end": "s0"})
    with pytest.raises(Unrunnable, match="goes from `s1` to `s0`, and no route does"):
        runs(site.model_copy(update={"conveyors": (lost,)}), 10.0, 1, plain=True)
    with pytest.raises(Unrunnable, match="holds nothing"):
        runs(_belted((5.0, 5.0), 1, accumulating=True, length=1.0), 10.0, 1, plain=True)
    with pytest.raises(PlantError, match="`belt` is a conveyor"):
        refuse(site)
