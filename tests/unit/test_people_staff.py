"""What is told of crews: shares that add up, rest that is kept, nothing that points at one person."""

from __future__ import annotations

import json
from pathlib import Path
from types import FunctionType

import numpy as np
import pytest
from people_sites import attended, crew

from andon.adapters.site_folder import load, texts_of
from andon.cli.simulate_show import number
from andon.models.ergonomics import indices, sentence
from andon.models.simulate import jit
from andon.models.simulate.asked import asked
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.limits import not_represented
from andon.models.simulate.rows import Rows
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.staff import ACTS, minutes, rest_kept, smallest, staff
from andon.models.simulate.textbook import constant
from andon.plant.draws import PlantError
from andon.plant.unplayed import refuse
from andon.site.floor import Distribution
from andon.site.model import Purpose, Site
from andon.site.parse import read

EXAMPLES = Path(__file__).parents[2] / "examples"


def site_of(name: str) -> Site:
    found = load(EXAMPLES / name)
    assert isinstance(found, Site)
    return found


def rows_of(site: Site, n: int = 3, hours: float = 8.0) -> Rows:
    return replicate(compile_site(site, None, hours * 3600.0, asked(site, {})), n, 2, flavour="plain")


PACKING = rows_of(site_of("people-packing"))


def test_shares_add_up_and_rest_is_kept() -> None:
    for s in staff(PACKING):
        assert sum(s.shares.values()) == pytest.approx(1.0)
        assert tuple(s.shares) == ACTS
        assert s.rest_kept is not None
        assert s.rest_kept.mean == pytest.approx(1.0, abs=1e-6)


def test_counted_crews_have_the_same_shares_as_people_who_are_told_apart() -> None:
    """Valve works, once with crews as numbers, once with people who walk nowhere."""
    plain = site_of("valve-works")
    crews = tuple(c.model_copy(update={"walk_m_per_s": 3.0}) for c in plain.crews)
    placeless = tuple(e for e in plain.elements if e.kind != "equipment" or "amr" in e.id)
    apart = plain.model_copy(update={"crews": crews})
    one = rows_of(plain.model_copy(update={"elements": placeless}), 2)
    other = rows_of(apart.model_copy(update={"elements": placeless}), 2)
    assert np.array_equal(one.done(), other.done())
    for i in range(len(plain.crews)):
        for act in ACTS:
            assert minutes(one, i)[act] == pytest.approx(minutes(other, i)[act], abs=0.01), act
        mine, theirs = rest_kept(one, i), rest_kept(other, i)
        assert mine is not None
        assert theirs is not None
        assert mine == pytest.approx(theirs)


def test_the_worst_member_is_told_of_large_crews_only() -> None:
    site = site_of("people-packing")
    told = {s.crew: s for s in staff(PACKING)}
    assert {c.id: smallest(site, c) for c in site.crews} == {"packers": 5, "handlers": 4, "fitters": 2}
    assert told["packers"].longest_min is not None
    for name in ("handlers", "fitters"):
        assert told[name].longest_min is None
        assert told[name].lifted_max is None
        assert not {"longest_min", "lifted_max"} & set(told[name].as_json())
    strict = site.model_copy(update={"purpose_rules": (Purpose(id="operations", aggregate_min=6),)})
    assert {s.longest_min for s in staff(rows_of(strict, 1, 0.5))} == {None}


def test_nothing_of_a_person_is_kept_of_a_replication() -> None:
    """Persons' records lie behind what a result consists of."""
    image = PACKING.image
    from andon.models.simulate.kernel import layout as at

    assert int(image.memory[at.PEOPLE]) >= image.summary
    said = json.dumps([s.as_json() for s in staff(PACKING)])
    assert "person" not in said


def test_lifting_is_compared_with_the_limit_and_nobody_is_cleared() -> None:
    site = site_of("people-packing")
    said = sentence(indices(site.stations))
    assert "packing 0.39" in said
    assert "palletising 1.98" in said
    assert "safe" not in said
    assert number(0.2, "share") == "20.0%"
    assert sentence({}) == ""


def test_what_is_declared_is_no_longer_listed_as_left_out() -> None:
    packing, valves = (" ".join(not_represented(site_of(n))) for n in ("people-packing", "valve-works"))
    assert "`fitters` is there as planned" in packing
    assert "packers" not in packing
    assert "walking" not in packing
    assert "`setters` are at once where they are needed" in valves


def test_the_virtual_plant_refuses_what_it_does_not_play() -> None:
    with pytest.raises(PlantError, match="crew `packers` says `skills`, which the virtual plant does not play"):
        refuse(site_of("people-packing"))
    refuse(site_of("valve-works"))


def test_absence_in_percent_is_told_by_the_check_and_refused_by_the_simulation() -> None:
    files, _ = texts_of(EXAMPLES / "people-packing")
    text = files["assumptions.yaml"].replace("low: 0.02, mode: 0.06, high: 0.16", "low: 2, mode: 6, high: 16")
    said = [p.sentence() for p in read({**files, "assumptions.yaml": text}).errors]
    assert len(said) == 2
    assert "can be 16, and crew `packers` takes it as a share of absent people; write 0.05" in said[0] + said[1]
    site = site_of("people-packing")
    ill = Distribution(kind="constant", value=5.0)
    laws = tuple(
        a.model_copy(update={"distribution": ill}) if a.name == "packing.absence" else a for a in site.assumptions
    )
    with pytest.raises(Unrunnable, match="crew `packers` takes it as a share"):
        rows_of(site.model_copy(update={"assumptions": laws}), 1, 0.5)


@pytest.mark.parametrize(
    ("crews", "said"),
    [
        ((("a", ()),), "station `s0` needs `turn`, and no crew has that skill"),
        ((("a", ("turn",)),), "needs 2 people with `turn` at a time, and no shift has more than 1"),
        ((("a", ("turn",), 0),), "nobody who has it is in any shift"),
    ],
)
def test_an_impossible_skill_is_one_sentence(crews: tuple[tuple[object, ...], ...], said: str) -> None:
    made = tuple(crew(str(c[0]), int(str(c[2])) if len(c) > 2 else 1, skills=c[1]) for c in crews)
    site = attended(1, constant(5.0), constant(9.0), {0: {"skill": "turn", "people": 2}}, made)
    with pytest.raises(Unrunnable, match=said):
        rows_of(site, 1, 0.1)


def test_no_two_functions_of_the_kernel_share_a_name() -> None:
    """Compiled, they are told apart by name alone."""
    names: list[str] = []
    for module in jit.MODULES:
        names += [n for n, f in vars(module).items() if isinstance(f, FunctionType) and f.__module__ == module.__name__]
    assert sorted(set(names)) == sorted(names)
