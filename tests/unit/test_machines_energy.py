"""Energy is the time in each state times the power that the site states for it, by machine, station and job."""

from __future__ import annotations

import pytest

from andon.models.simulate.asked import asked
from andon.models.simulate.energy import energy, energy_figures
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, constant, line
from andon.site.model import Site


def site_with(power: dict[str, float]) -> Site:
    site = line([Stage(constant(60.0), machines=2, setup=constant(30.0)), Stage(constant(1.0))], constant(360.0))
    first = site.stations[0].model_copy(update={"energy_kw": power})
    return site.model_copy(update={"stations": (first, *site.stations[1:])})


def test_kilowatt_hours_by_state() -> None:
    site = site_with({"busy": 10.0, "setup": 4.0, "starved": 1.0})
    rows = replicate(compile_site(site, None, 3600.0, asked(site, {})), 2, 1, flavour="plain")
    used = energy(rows)
    assert used is not None
    total, each = (f.values.mean() for f in energy_figures(rows))
    busy, setup = 600.0, 30.0 * 2  # ten jobs on two machines that take turns; each is set up once
    wanted = (10.0 * busy + 4.0 * setup + (2 * 3600.0 - busy - setup)) / 3600.0
    assert total == pytest.approx(wanted)
    assert each == pytest.approx(wanted / 10)
    assert sum(s.mean for s in used.machines.values()) == pytest.approx(wanted)
    assert list(used.stations) == ["s0"]
    hours = {"busy": 10.0 * busy, "setup": 4.0 * setup, "starved": 2 * 3600.0 - busy - setup}
    assert {s: x.mean for s, x in used.states["s0"].items()} == pytest.approx({s: x / 3600.0 for s, x in hours.items()})
    assert used.as_json()["states"]["s0"]["busy"]["mean"] == pytest.approx(10.0 * busy / 3600.0)


def test_a_site_without_power_has_no_energy_in_its_answer() -> None:
    site = site_with({})
    rows = replicate(compile_site(site, None, 3600.0, asked(site, {})), 1, 1, flavour="plain")
    assert energy(rows) is None
