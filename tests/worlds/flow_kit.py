"""Sites whose routes have more than a line's words, and figures of their runs, for the tests of the flow."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from andon.models.simulate import jit
from andon.models.simulate.asked import asked
from andon.models.simulate.rows import Rows
from andon.models.simulate.run import compile_site, replicate
from andon.site.floor import Product, Step
from andon.site.model import Site

Z_99 = 2.576


def routed(site: Site, index: int, *steps: dict[str, Any], **more: Any) -> Site:
    """The site with another route for one product: `station` and `time` by number, and whatever else a step says."""
    route = tuple(
        Step(
            **{"station": f"s{step['at']}", "time": f"time{step['at']}"} | {k: v for k, v in step.items() if k != "at"}
        )
        for step in steps
    )
    old = site.products[index]
    new = Product(id=old.id, name=old.name, route=route, **more)
    return site.model_copy(update={"products": (*site.products[:index], new, *site.products[index + 1 :])})


def runs(site: Site, horizon_s: float, n: int, *, warmup_s: float = 0.0, seed: int = 5, plain: bool = False) -> Rows:
    """Replications of a site."""
    image = compile_site(site, None, horizon_s, asked(site, {}), warmup_s=warmup_s, bins=1)
    flavour: jit.Flavour = "plain" if plain else "compiled"
    return replicate(image, n, seed, flavour=flavour)


def holds(values: np.ndarray, exact: float, relative_half_width: float, slack: float = 0.002) -> None:
    """The exact value lies in the 99 % interval (and a little for what is left of the start-up), which is narrow."""
    half = Z_99 * float(values.std(ddof=1)) / math.sqrt(len(values))
    assert half < relative_half_width * exact, (half, exact)
    assert abs(float(values.mean()) - exact) < half + slack * exact, (values.mean(), exact, half)


def agree(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Means of two independent models within four standard errors, spreads within a quarter."""
    error = math.sqrt(ours.var() / len(ours) + theirs.var() / len(theirs))
    assert abs(ours.mean() - theirs.mean()) < 4 * error, (ours.mean(), theirs.mean(), error)
    assert 0.75 < ours.std() / theirs.std() < 1.33
