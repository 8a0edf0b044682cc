"""What goes wrong inside the twin itself is shown beside its sources, and so becomes an alarm."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from andon.app.desk import TwinDesk

PLANT = {"id": "plant", "kind": "opcua", "up": True}


def desk(*, floor: str = "", tick: str = "", outlook: str = "") -> TwinDesk:
    made: Any = TwinDesk.__new__(TwinDesk)
    made._floor = SimpleNamespace(sources=lambda: [PLANT], trouble=floor)
    made._outlook = SimpleNamespace(trouble=outlook)
    made.trouble = tick
    return made


def test_a_twin_without_trouble_shows_its_sources_alone() -> None:
    assert list(desk().sources()) == [PLANT]


@pytest.mark.parametrize(
    ("trouble", "name"),
    [
        ({"floor": "the disk is full"}, "twin-history"),
        ({"tick": "the last look at authority failed: x"}, "twin-authority"),
        ({"outlook": "no forecast: x"}, "twin-forecast"),
    ],
)
def test_each_trouble_is_a_part_that_is_down_and_says_why(trouble: dict[str, str], name: str) -> None:
    (_, shown) = desk(**trouble).sources()
    assert (shown["id"], shown["up"]) == (name, False)
    assert shown["why"] in trouble.values()
