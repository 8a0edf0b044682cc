"""The chains that the engine is held against must themselves give the published figures."""

from __future__ import annotations

import chains
import pytest


@pytest.mark.parametrize(
    ("stations", "room", "published"),
    [
        (2, 0, 0.6667),
        (3, 0, 0.5641),
        (4, 0, 0.5148),
        (5, 0, 0.4858),
        (6, 0, 0.4667),
        (3, 1, 0.6705),
        (4, 1, 0.6312),
        (3, 2, 0.7340),
    ],
)
def test_balanced_exponential_lines_as_published(stations: int, room: int, published: float) -> None:
    """Hunt 1956 without buffers; Hillier and Boling 1967 with them."""
    found = chains.line([chains.Machine(1.0)] * stations, [room] * (stations - 1))
    assert found.throughput == pytest.approx(published, abs=5e-5)


@pytest.mark.parametrize("room", [0, 1, 2, 5, 20])
def test_two_exponential_machines_in_closed_form(room: int) -> None:
    """Hunt 1956: (b + 2) / (b + 3)."""
    found = chains.line([chains.Machine(1.0)] * 2, [room])
    assert found.throughput == pytest.approx((room + 2) / (room + 3), rel=1e-12)


LINES = (
    ([chains.Machine(1.0, 0.05, 0.2), chains.Machine(1.2, 0.02, 0.1), chains.Machine(0.9, 0.1, 0.5)], [2, 3]),
    ([chains.Machine(0.7), chains.Machine(1.2), chains.Machine(0.9), chains.Machine(1.0)], [1, 0, 4]),
)


@pytest.mark.parametrize(("machines", "rooms"), LINES)
def test_a_line_and_its_mirror_image_make_as_much(machines: list[chains.Machine], rooms: list[int]) -> None:
    """Reversibility (Muth 1979), and every machine passes on what it makes."""
    found = chains.line(machines, rooms)
    mirror = chains.line(machines[::-1], rooms[::-1])
    assert found.throughput == pytest.approx(mirror.throughput, rel=1e-10)
    for machine, share in zip(machines, found.working, strict=True):
        assert machine.rate * share == pytest.approx(found.throughput, rel=1e-10)


def test_with_much_room_the_slowest_machine_alone_decides() -> None:
    """Rate times mends / (mends + fails): operation-dependent failures, the machine never waits."""
    machines = [chains.Machine(1.0, 0.02, 0.2), chains.Machine(0.6, 0.05, 0.2), chains.Machine(1.0)]
    assert chains.line(machines, [60, 60]).throughput == pytest.approx(0.6 * 0.8, rel=1e-4)


@pytest.mark.parametrize(
    ("servers", "load", "published"), [(2, 1.0, 1 / 3), (2, 1.8, 0.8526), (3, 2.4, 0.6472), (10, 8.0, 0.4092)]
)
def test_erlang_c_as_tabulated(servers: int, load: float, published: float) -> None:
    assert chains.erlang_c(servers, load) == pytest.approx(published, abs=5e-5)


def test_one_server_agrees_with_the_general_formulas() -> None:
    assert chains.mmc_queue(1, 0.8) == pytest.approx(3.2)
    assert chains.mg1_queue(0.8, 1.0, 2.0) == pytest.approx(3.2)


def test_a_loop_of_equal_machines_in_closed_form() -> None:
    """N jobs through M equal exponential machines: N / (N + M - 1) of the rate (Gordon and Newell 1967)."""
    rate, held = chains.closed_tandem([2.0] * 4, 6)
    assert rate == pytest.approx(6 / 9 / 2.0)
    assert sum(held) == pytest.approx(6.0)


def test_one_mender_and_one_machine() -> None:
    assert chains.repair_shop(1, 1, 1 / 9.0, 1.0) == pytest.approx(0.9)
