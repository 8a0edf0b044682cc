"""Chance in the plant: one seeded stream a purpose, and the site's assumptions drawn in seconds."""

from __future__ import annotations

import math
import zlib
from typing import assert_never

import numpy as np

from andon.site.floor import Assumption, Curve, Distribution, Station
from andon.site.model import Site

SECONDS_PER = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "ms": 0.001}
TRUTH_SPREAD_MAX = 1.5
"""The plant's true mean lies within this many stated standard deviations of the assumption's."""


class PlantError(ValueError):
    """The plant cannot run as described: one sentence that says what to do."""


class Streams:
    """Independent generators, each named by what it is for, so that one more draw here changes nothing there."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._streams: dict[str, np.random.Generator] = {}

    def __getitem__(self, purpose: str) -> np.random.Generator:
        """The generator for `purpose`; the same numbers for the same seed."""
        stream = self._streams.get(purpose)
        if stream is None:
            stream = np.random.default_rng([self._seed, zlib.crc32(purpose.encode())])
            self._streams[purpose] = stream
        return stream


def draw(of: Distribution, rng: np.random.Generator) -> float:
    """One value of a distribution, in its assumption's unit; lognormal and gamma by mean and standard deviation."""
    match of.kind:
        case "constant":
            value = _given(of.value, of.mean)
        case "uniform":
            value = rng.uniform(_given(of.low), _given(of.high))
        case "triangular":
            value = rng.triangular(_given(of.low), _given(of.mode), _given(of.high))
        case "normal":
            value = rng.normal(_given(of.mean), _given(of.sd))
        case "lognormal":
            mean, sd = _given(of.mean), _given(of.sd)
            variance = math.log1p((sd / mean) ** 2)
            value = rng.lognormal(math.log(mean) - variance / 2, math.sqrt(variance))
        case "gamma":
            if of.shape is not None:
                value = rng.gamma(of.shape, _given(of.scale))
            else:
                mean, sd = _given(of.mean), _given(of.sd)
                value = rng.gamma((mean / sd) ** 2, sd**2 / mean)
        case "weibull":
            value = _given(of.scale) * rng.weibull(_given(of.shape))
        case "exponential":
            value = rng.exponential(_given(of.mean, of.scale))
        case "empirical":
            value = of.values[int(rng.integers(len(of.values)))]
        case _:
            assert_never(of.kind)
    return float(value)


def _given(*candidates: float | None) -> float:
    """The first parameter that is there; the site's checks have already asked for it."""
    for candidate in candidates:
        if candidate is not None:
            return candidate
    raise PlantError("a distribution lacks a parameter that its kind needs; run `andon check`")


def stated_mean(of: Distribution) -> float:
    """The mean that a distribution's parameters say, in its assumption's unit."""
    match of.kind:
        case "uniform":
            return (_given(of.low) + _given(of.high)) / 2.0
        case "triangular":
            return (_given(of.low) + _given(of.mode) + _given(of.high)) / 3.0
        case "weibull":
            return _given(of.scale) * math.gamma(1.0 + 1.0 / _given(of.shape))
        case "empirical":
            return sum(of.values) / len(of.values)
        case "gamma" if of.shape is not None:
            return of.shape * _given(of.scale)
        case _:
            return _given(of.value, of.mean, of.scale)


class Draws:
    """The site's assumptions as the plant lives them: true means that differ from the stated ones within reason."""

    def __init__(self, site: Site, seed: int) -> None:
        self.streams = Streams(seed)
        self._assumptions = {a.name: a for a in site.assumptions}
        self._set_ups = {(r.station, r.from_product, r.to_product): r.minutes * 60.0 for r in site.setups}
        self._truth = {a.name: self._true_factor(a) for a in site.assumptions}

    def _true_factor(self, assumption: Assumption) -> float:
        z = float(np.clip(self.streams[f"truth {assumption.name}"].normal(), -TRUTH_SPREAD_MAX, TRUTH_SPREAD_MAX))
        return 1.0 + assumption.uncertainty * z

    def seconds(self, name: str, purpose: str) -> float:
        """A duration by the assumption's name, never negative, from the stream of `purpose`."""
        assumption = self._find(name)
        scale = SECONDS_PER.get(assumption.unit)
        if scale is None:
            raise PlantError(
                f"assumption `{name}` is in `{assumption.unit}`, which is not a time; give it in s, min or h"
            )
        value = draw(assumption.distribution, self.streams[purpose])
        return max(0.0, value * scale * self._truth[name])

    def factor(self, name: str | None, purpose: str) -> float:
        """A dimensionless factor by the assumption's name; 1 where none is named."""
        if name is None:
            return 1.0
        self._find(name)
        return max(0.05, draw(self._assumptions[name].distribution, self.streams[purpose]) * self._truth[name])

    def set_up_seconds(self, station: Station, before: str | None, after: str, purpose: str) -> float:
        """A set-up from product `before` (None: nobody knows) to `after`: the station's law, scaled to setups.csv."""
        if station.setup is None:
            return 0.0
        wanted_s = self._set_ups.get((station.id, before or "", after))
        if wanted_s is None:
            return 0.0 if before == after else self.seconds(station.setup, purpose)
        assumption = self._find(station.setup)
        stated_s = stated_mean(assumption.distribution) * SECONDS_PER.get(assumption.unit, 1.0)
        return self.seconds(station.setup, purpose) * wanted_s / stated_s if stated_s > 0 else wanted_s

    def _find(self, name: str) -> Assumption:
        assumption = self._assumptions.get(name)
        if assumption is None:
            raise PlantError(f"assumption `{name}` is named but not declared; run `andon check`")
        return assumption


def curve_seconds(curve: Curve, at: float) -> float:
    """A curve's value in seconds, linear between its points and level outside them."""
    points = sorted(curve.points)
    value = float(np.interp(at, [x for x, _ in points], [y for _, y in points]))
    return value * SECONDS_PER.get(curve.output_unit, 1.0)
