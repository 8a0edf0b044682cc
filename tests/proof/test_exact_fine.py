"""The engine against exact results over a grid drawn by a seed, with 99 % intervals of 0.2 % half-width or less."""

from __future__ import annotations

from collections.abc import Callable

import exact_cases as cases
import pytest

HALF_WIDTH = 0.002
MOST = 400_000
"""Replications of one case."""


def _queues() -> list[cases.Case]:
    chance = cases.dice(20)
    found = []
    for c in range(1, 9):
        span = 60_000.0 / (c + 1)
        found.append(cases.queue_mmc(c, chance.uniform(0.3 if c < 4 else 0.5, 0.7), span))
        found.append(cases.queue_mmc(c, chance.uniform(0.7, 0.95), 2 * span))
    return found


def _services() -> list[cases.Case]:
    chance = cases.dice(21)
    return [
        cases.queue_mg1(name, chance.uniform(low, high), 20_000.0)
        for name in cases.SERVICES
        for low, high in ((0.3, 0.6), (0.6, 0.9))
    ]


def _networks() -> list[cases.Case]:
    chance = cases.dice(22)
    found = [cases.network(chance, 20_000.0, 0.85) for _ in range(5)]
    return found + [cases.jackson(chance, 20_000.0, 0.85) for _ in range(5)]


def _lines() -> list[cases.Case]:
    chance = cases.dice(23)
    found = [cases.buffered_line(chance, n, 12_000.0, fail=False) for n in (2, 3, 4, 5, 6) for _ in range(3)]
    return found + [cases.buffered_line(chance, n, 20_000.0, fail=True) for n in (2, 2, 2, 3, 3, 3)]


def _unbuffered() -> list[cases.Case]:
    """Hunt's balanced lines of 1956 among them."""
    chance = cases.dice(25)
    found = [cases.line_case([cases.chains.Machine(1.0)] * n, [0] * (n - 1), 12_000.0) for n in (2, 3, 4, 5, 6)]
    found += [cases.unbuffered_line(chance, n, 12_000.0, fail=False) for n in (3, 4, 5, 6) for _ in range(2)]
    return found + [cases.unbuffered_line(chance, n, 20_000.0, fail=True) for n in (2, 2, 3, 3, 3, 4)]


def _loops() -> list[cases.Case]:
    chance = cases.dice(24)
    found = [cases.closed_loop(chance, 12_000.0) for _ in range(6)]
    return found + [cases.repair_shop(chance, 20_000.0) for _ in range(6)]


@pytest.mark.proof
@pytest.mark.parametrize(
    "drawn", [_loops, _lines, _unbuffered, _networks, _services, _queues], ids=lambda f: f.__name__[1:]
)
def test_exact_results_at_a_fifth_of_a_percent(drawn: Callable[[], list[cases.Case]]) -> None:
    """Every figure of the grid's part, all of them at once with 99 %."""
    seen: list[cases.Seen] = []
    for number, case in enumerate(drawn()):
        # a seed for each: with one for all, what the orders' luck does to one case it would do to all of them
        found = cases.look_until(case, HALF_WIDTH, 10_000 * (number + 1), most=MOST)
        for s in found:
            text = f"{s.name}: {s.mean:.6g}, exact {s.exact:.6g}, half-width {s.half_width:.3%}"
            print(text, flush=True)  # noqa: T201 - the record of a long run
        seen += found
    cases.verdict(seen, HALF_WIDTH)
