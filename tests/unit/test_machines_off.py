"""A machine that switches itself off is off in every answer: shares, chart, event log; and after a warm-up, too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from andon.models.simulate.asked import asked
from andon.models.simulate.gantt import gantt
from andon.models.simulate.image import Image
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.live import LiveState, MachineNow
from andon.models.simulate.replay import replay
from andon.models.simulate.rows import STATES
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, constant, line
from andon.site.model import Site

HOUR = 3600.0


def hourly(**fields: Any) -> Site:
    """A job an hour that takes ten minutes; off after twenty minutes of waiting."""
    site = line([Stage(constant(600.0))], constant(HOUR))
    first = site.stations[0].model_copy(
        update={"switch_off_min": 20.0, "energy_kw": {"off": 2.0, "starved": 6.0}} | fields
    )
    return site.model_copy(update={"stations": (first,)})


def image_of(site: Site, hours: float, live: LiveState | None = None, **more: Any) -> Image:
    return compile_site(site, live, hours * HOUR, asked(site, {}), bins=1, **more)


def test_the_chart_shows_off_as_off_and_as_long_as_the_shares_say() -> None:
    image = image_of(hourly(), 2.5)
    one = replay(image, 0, 1, flavour="plain")
    machine = next(p for p, name in image.processes.items() if name == "m0-0")
    bars = [(a / 60, b / 60, state) for a, b, state, _ in one.bars(machine)]
    wanted = [(0, 10, "busy"), (10, 30, "starved"), (30, 60, "off"), (60, 70, "busy"), (70, 90, "starved")]
    wanted += [(90, 120, "off"), (120, 130, "busy"), (130, 150, "starved")]
    assert bars == wanted
    assert (np.diff(one.time_ns) >= 0).all()
    rows = replicate(image, 1, 1, flavour="plain")
    for k, name in enumerate(STATES):
        assert rows.share(0, k)[0] * 150 == pytest.approx(sum(b - a for a, b, state in bars if state == name)), name
    assert ">off</text>" in gantt(one)
    columns = one.columns()
    assert "off" in set(columns["state"][columns["element"] == "m0-0"])


def test_a_machine_that_is_still_off_at_the_end_is_off_in_the_chart() -> None:
    image = image_of(hourly(), 0.9)
    one = replay(image, 0, 1, flavour="plain")
    machine = next(p for p, name in image.processes.items() if name == "m0-0")
    assert [(a / 60, state) for a, _, state, _ in one.bars(machine)] == [(0, "busy"), (10, "starved"), (30, "off")]


@pytest.mark.parametrize(("warm_up_min", "off_min"), [(15.0, 30.0), (20.0, 30.0), (45.0, 15.0)])
def test_what_a_warm_up_forgets_is_not_that_the_machine_has_waited(warm_up_min: float, off_min: float) -> None:
    rows = replicate(image_of(hourly(), 1.0, warmup_s=warm_up_min * 60), 1, 1, flavour="plain")
    minutes = 60.0 - warm_up_min
    assert rows.share(0, at.OFF)[0] * minutes == pytest.approx(off_min)
    assert rows.share(0, at.STARVED)[0] * minutes == pytest.approx(minutes - off_min)


def test_a_machine_that_is_seen_off_is_off_until_a_job_comes() -> None:
    seen = LiveState(at_ns=1_767_571_200 * 10**9, machines={"m0-0": MachineNow("off")}, order_phase_s={"p0": 1800.0})
    rows = replicate(image_of(hourly(), 1.0, seen), 1, 1, flavour="plain")
    found = [rows.share(0, k)[0] * 60 for k in (at.OFF, at.BUSY, at.STARVED)]
    assert found == pytest.approx([30.0, 10.0, 20.0])


def test_all_states_of_a_station_add_up_to_one() -> None:
    rows = replicate(image_of(hourly(), 7.3), 2, 1, flavour="plain")
    assert sum(rows.station_share(0, k) for k in range(len(STATES))) == pytest.approx(1.0)
