"""The engine against exact results over a drawn grid of parameters; `make proof` does it with 0.2 % intervals."""

from __future__ import annotations

import exact_cases as cases


def _lines(seed: int) -> list[cases.Case]:
    chance = cases.dice(seed)
    drawn = [cases.buffered_line(chance, n, 8_000.0, fail=False) for n in (2, 3, 4, 5, 6)]
    drawn += [cases.buffered_line(chance, n, 25_000.0, fail=True) for n in (2, 2, 3, 3)]
    tight = cases.dice(seed + 50)
    drawn += [cases.unbuffered_line(tight, n, 8_000.0, fail=False) for n in (3, 4, 5)]
    drawn += [cases.unbuffered_line(tight, n, 25_000.0, fail=True) for n in (2, 3)]
    return [*drawn, *(cases.closed_loop(chance, 8_000.0) for _ in range(3))]


def _queues(seed: int) -> list[cases.Case]:
    chance = cases.dice(seed)
    drawn = [cases.queue_mmc(c, chance.uniform(0.5 if c > 3 else 0.3, 0.85), 30_000.0 / (c + 1)) for c in range(1, 9)]
    drawn += [cases.queue_mg1(name, chance.uniform(0.3, 0.8), 12_000.0) for name in cases.SERVICES]
    drawn += [cases.network(chance, 8_000.0, 0.75) for _ in range(3)]
    return [*drawn, *(cases.jackson(chance, 30_000.0, 0.75) for _ in range(3))]


def test_lines_loops_and_repair_over_a_drawn_grid() -> None:
    """Exponential and unreliable lines by their Markov chains, closed tandems by mean value analysis, repair."""
    drawn = _lines(1)
    shops = cases.dice(2)
    drawn += [cases.repair_shop(shops, 10_000.0) for _ in range(3)]
    cases.verdict([seen for case in drawn for seen in cases.look(case, 40, 7)], 0.018)


def test_queues_and_networks_over_a_drawn_grid() -> None:
    """M/M/c, Pollaczek and Khinchine, open networks."""
    cases.verdict([seen for case in _queues(1) for seen in cases.look(case, 40, 7)], 0.04)
