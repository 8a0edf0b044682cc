"""The order book: read and checked, released by date and priority, complete when a SimPy desk says so, warm too."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from control_kit import Booked, Kind, Peer, memory_after, shop

from andon.adapters.site_folder import texts_of
from andon.models.simulate.asked import asked
from andon.models.simulate.calendar import first_shift_start, moment_ns
from andon.models.simulate.image import Image
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.live import LiveState, MachineNow
from andon.models.simulate.orders import orders_due
from andon.models.simulate.result import simulate
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, constant, day_shift, exponential
from andon.site.floor import Release
from andon.site.model import Site
from andon.site.orders import Order
from andon.site.parse import read

VALVES, _ = texts_of(Path(__file__).parents[2] / "examples" / "valve-works")
HEAD = "order,product,quantity,due,priority,release\n"
DAY = "2026-03-02"


def _finish(image: Image, m: np.ndarray) -> dict[str, float]:
    base = int(m[at.FINISHES])
    return {b.order.order: int(m[base + k]) / 1e9 for k, b in enumerate(image.book) if m[base + k]}


def _clock(seconds: float) -> str:
    return f"{DAY} {int(seconds) // 3600:02d}:{int(seconds) // 60 % 60:02d}"


def _site(kinds: list[Kind], booked: list[Booked], machines: tuple[int, ...], **fields: object) -> Site:
    site = shop([Stage(constant(1.0), machines=n) for n in machines], kinds)
    orders = tuple(
        Order(
            order=b.name,
            product=f"p{b.kind}",
            quantity=b.quantity,
            due=_clock(b.due_s),
            priority=b.priority,
            release=_clock(b.came_s),
        )
        for b in booked
    )
    return site.model_copy(update={"orders": orders, **fields})


@pytest.mark.parametrize(
    ("row", "sentences"),
    [
        ("a1,ball-valve,4,2026-11-23 14:00,2,2026-11-23 06:00", []),
        ("a1,ball-valve,4,2026-11-23 14:00,,", []),
        (
            "a1,ball-valves,4,2026-11-23 14:00,,",
            [
                (
                    "orders.csv:2: `product` of order `a1` names product `ball-valves`, which is not declared; "
                    "did you mean `ball-valve`?"
                )
            ],
        ),
        (
            "a1,ball-valve,0,23.11.2026,,",
            [
                "orders.csv:2: `due` of order `a1` is `23.11.2026`; write a wall time as YYYY-MM-DD HH:MM",
                "orders.csv:2: `quantity` of order `a1` is `0`; use 1 or more",
            ],
        ),
        (
            "a1,ball-valve,4.5,2026-11-23 14:00,,2026-11-24 06:00",
            [
                (
                    "orders.csv:2: `quantity` of order `a1` must be a whole number, not `4.5`; "
                    "write digits only, such as `4`"
                ),
                "orders.csv:2: order `a1` is due before it may be released; give a later due time",
            ],
        ),
        (
            "a1,ball-valve,4,2026-11-23 14:00,0,",
            ["orders.csv:2: `priority` of order `a1` is `0`; use 1 or more"],
        ),
    ],
)
def test_rows_of_the_book_are_read_and_checked(row: str, sentences: list[str]) -> None:
    outcome = read(VALVES | {"orders.csv": HEAD + row + "\n"})
    assert [p.sentence() for p in outcome.errors] == sentences
    if not sentences:
        assert outcome.site is not None
        assert outcome.site.orders[0].order == "a1"


def test_an_order_stands_once_and_the_book_is_under_the_digest_of_flows() -> None:
    row = "a1,ball-valve,4,2026-11-23 14:00,,\n"
    outcome = read(VALVES | {"orders.csv": HEAD + row + row})
    assert [p.sentence() for p in outcome.errors] == [
        "orders.csv:3: order `a1` stands twice, first on line 2; rename one of them or remove it"
    ]
    plain, booked = read(VALVES).site, read(VALVES | {"orders.csv": HEAD + row}).site
    assert plain is not None
    assert booked is not None
    assert plain.digests["flows"] != booked.digests["flows"]


def test_a_run_from_an_empty_floor_begins_with_the_first_order() -> None:
    shifts = (day_shift("06:00", "14:00"),)
    site = _site([Kind(constant(1e6), ((0, constant(60.0)),))], [Booked("a", 0, 1, 36_000.0, 1, 30_000.0)], (1,))
    at_six = datetime.fromisoformat(f"{DAY}T06:00").replace(tzinfo=UTC).timestamp()
    assert first_shift_start(site.model_copy(update={"shifts": shifts})) == at_six * 1e9
    assert first_shift_start(site) == moment_ns(site, f"{DAY} 00:00")


def test_the_desk_serves_orders_as_an_independent_one_does() -> None:
    kinds = [
        Kind(constant(4111.3), ((0, constant(61.7)), (1, constant(83.1))), 3, priority=7),
        Kind(exponential(1.0), ((0, constant(45.2)), (1, constant(52.6))), priority=100),
        Kind(exponential(1.0), ((1, constant(120.4)), (0, constant(30.3))), priority=100),
    ]
    booked = [
        Booked("a", 0, 5, 3000.0, 7, 1200.0),
        Booked("b", 1, 12, 5400.0, 3),
        Booked("c", 1, 4, 2400.0, 1, 1800.0),
        Booked("d", 2, 9, 7200.0, 3, 60.0),
        Booked("e", 2, 2, 4800.0, 3, 600.0),
        Booked("f", 0, 6, 4800.0, 2, 2400.0),
    ]
    for limit in (2, 5):
        peer = Peer((1, 2), kinds, ("fifo", "fifo"), 0.0, booked=booked, limit=limit)
        peer.env.run(until=9000.0)
        site = _site(kinds, booked, (1, 2))
        site = site.model_copy(update={"demand": site.demand[:1]})
        site = site.model_copy(update={"release": Release(wip_limit=limit)})
        image = compile_site(site, None, 9000.0, asked(site, {}))
        ours = _finish(image, memory_after(image))
        assert set(ours) == set("abcdef")
        assert ours == pytest.approx(peer.finished, abs=1e-6)


def test_what_an_answer_says_of_an_order() -> None:
    kinds = [Kind(exponential(1.0), ((0, constant(600.0)),))]
    booked = [
        Booked("late", 0, 4, 1800.0),
        Booked("never", 0, 9, 5400.0, came_s=1800.0),
        Booked("soon", 0, 1, 7200.0, 1),
    ]
    site = _site(kinds, booked, (1,), demand=())
    result = simulate(site, None, 3600.0, 30, 1)
    soon, late, never = (next(o for o in result.orders if o.order == name) for name in ("soon", "late", "never"))
    assert (soon.on_time, soon.complete_h.mean, soon.due_h) == (1.0, pytest.approx(1 / 6), 2.0)
    assert late.on_time == 0.0
    assert late.complete_h.mean == pytest.approx(5 / 6)
    assert late.lateness_h is not None
    assert late.lateness_h.mean == pytest.approx(1 / 3)
    assert never.complete_h.n == 0
    assert np.isnan(never.on_time)  # neither complete nor due within the hour
    assert never.tardiness_h is not None
    assert never.tardiness_h.mean == 0.0  # not due within the hour
    assert result.figure("orders on time").mean == 0.5
    assert result.figure("orders' tardiness").mean == pytest.approx((1 / 3) / 2)
    assert [o["order"] for o in result.as_json()["orders"]] == ["late", "never", "soon"]


def test_from_a_live_state_the_waiting_jobs_are_the_last_and_the_floor_has_those_before() -> None:
    """Three orders of four: five jobs wait (one of `b`, all of `c`), two are on the floor (of `b`); `a` is finished."""
    kinds = [Kind(exponential(1.0), ((0, constant(600.0)),))]
    booked = [Booked(n, 0, 4, 3600.0 * (k + 2), came_s=600.0 * k) for k, n in enumerate("abc")]
    site = _site(kinds, booked, (1,), demand=())
    now = moment_ns(site, f"{DAY} 00:30")
    live = LiveState(now, {"m0-0": MachineNow("running", "p0", 0.0)}, queues={"b0": ("p0",)}, waiting={"p0": 5})
    image = compile_site(site, live, 7 * 3600.0, asked(site, {}))
    m = memory_after(image)
    assert _finish(image, m) == pytest.approx({"b": 1800.0, "c": 4200.0}, abs=1e-3)
    orders = orders_due(replicate(image, 2, 1, flavour="plain"))
    assert [(o.order, round(o.due_h, 2)) for o in orders] == [("b", 2.5), ("c", 3.5)]


def test_the_book_leaves_the_same_bits_compiled_and_as_plain_python() -> None:
    kinds = [Kind(exponential(900.0), ((0, exponential(60.0)), (1, exponential(70.0))), 2) for _ in range(2)]
    booked = [Booked(f"o{k}", k % 2, 3 + k, 3600.0, 1 + k % 3, 300.0 * k) for k in range(6)]
    site = _site(kinds, booked, (1, 1))
    live = LiveState(moment_ns(site, f"{DAY} 00:12"), levels={"b0": 3, "b1": 1}, waiting={"p0": 6, "p1": 1})
    for start in (None, live):
        image = compile_site(site, start, 5400.0, asked(site, {}))
        assert np.array_equal(replicate(image, 3, 5).prints, replicate(image, 3, 5, flavour="plain").prints)


def test_orders_that_are_released_after_the_horizon_are_told() -> None:
    site = _site([Kind(constant(1e6), ((0, constant(5.0)),))], [Booked("late", 0, 2, 80_000.0, came_s=7200.0)], (1,))
    site = site.model_copy(update={"demand": ()})
    said = simulate(site, None, 3600.0, 2, 1).warnings
    assert said[0] == (
        "no order of orders.csv may be released within the horizon of 1 h, the first one is `late` at 2026-03-02 02:00;"
        " look for longer"
    )
    assert not any("may be released" in w for w in simulate(site, None, 9000.0, 2, 1).warnings)
