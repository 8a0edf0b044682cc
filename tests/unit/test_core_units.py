"""Units: every common code agrees with the whole UCUM registry, offsets included, and mistakes find their code."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from andon.core import units


@pytest.mark.parametrize("code", sorted(units.COMMON))
def test_common_codes_agree_with_the_registry(code: str) -> None:
    looked_up = units._looked_up(code)
    assert looked_up is not None
    common = units.COMMON[code]
    assert looked_up.dimension == common.dimension
    assert math.isclose(looked_up.factor, common.factor, rel_tol=1e-12)
    assert math.isclose(looked_up.offset, common.offset, rel_tol=1e-12, abs_tol=1e-12)


@pytest.mark.parametrize(
    ("value", "start", "end", "want"),
    [
        (0, "Cel", "K", 273.15),
        (100, "Cel", "[degF]", 212),
        (-40, "[degF]", "Cel", -40),
        (0, "K", "Cel", -273.15),
        (1, "h", "min", 60),
        (1500, "mm", "m", 1.5),
        (50, "%", "1", 0.5),
        (60, "/min", "Hz", 1),
        (1, "kW.h", "MJ", 3.6),
        (1, "[lb_av]", "kg", 0.45359237),
        (10, "bar", "MPa", 1),
        (10, "Cel", "Cel", 10),
        (2, "10*3", "1", 2000),
    ],
)
def test_conversions(value: float, start: str, end: str, want: float) -> None:
    assert math.isclose(units.convert(value, start, end), want, rel_tol=1e-9, abs_tol=1e-9)


@pytest.mark.parametrize(
    ("code", "dimension"),
    [
        ("{job}", "dimensionless"),
        ("{rev}/min", "frequency"),
        ("/min", "frequency"),
        ("C", "electric charge"),
        ("kg/m3", "length-3.mass"),
        ("N/m2", "pressure"),
        ("W/A", "voltage"),
    ],
)
def test_dimensions(code: str, dimension: str) -> None:
    assert units.dimension(code) == dimension


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        ("sec", "s"), ("MM", "mm"), ("°C", "Cel"), ("degC", "Cel"), ("rpm", "/min"), ("kWh", "kW.h"), ("", None),
        ("Cel/min", "K/min"), ("hrs", "h"), ("mmm", "mm"), ("10*99999999", None), ("dB", None), ("zzzzzzz", None),
        ("m{", None), ("\uff4d", None), ("m" * 100, None),
    ],
)  # fmt: skip
def test_unknown_codes_name_the_likely_one(code: str, meant: str | None) -> None:
    assert not units.is_known(code)
    with pytest.raises(units.UnknownUnitError) as caught:
        units.dimension(code)
    if meant is not None:
        assert caught.value.suggestion == meant
        assert f"did you mean `{meant}`?" in str(caught.value)


def test_a_conversion_between_kinds_says_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"`m` \(length\) cannot become `s` \(time\); use a unit of the same kind"):
        units.convert(1, "m", "s")


@settings(deadline=None)
@given(st.floats(-1e6, 1e6), st.sampled_from(sorted(units.COMMON)), st.sampled_from(sorted(units.COMMON)))
def test_there_and_back_is_the_same_value(value: float, one: str, other: str) -> None:
    if units.same_dimension(one, other):
        back = units.convert(units.convert(value, one, other), other, one)
        assert math.isclose(back, value, rel_tol=1e-9, abs_tol=1e-6)


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=12) | st.text("mskghCelK[]{}/.*0123456789-+()%", max_size=10))
def test_any_text_is_known_or_not_but_never_a_crash(code: str) -> None:
    assert units.is_known(code) in {True, False}
    suggestion = units.suggest(code)
    assert suggestion is None or units.is_known(suggestion)


def test_common_codes_do_not_load_the_registry() -> None:
    program = "import sys; from andon.core import units; units.convert(1, 'Cel', 'K'); print('pint' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
