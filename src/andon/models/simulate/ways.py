"""Where jobs of a product may go, read off its routes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from andon.site.floor import OtherStation, Product, Step


def follows(product: Product) -> Iterator[tuple[Step | OtherStation, Step | OtherStation]]:
    """Every pair of places such that a job of the product may go from the one to the other."""
    for route in product.routes:
        pairs = list(itertools.pairwise(route))
        pairs += [(s, t) for s in route for o in s.outcomes for t in route if t.called == o.to]
        for here, there in pairs:
            yield from itertools.product((here, *here.others), (there, *there.others))


def decides(product: Product) -> set[str]:
    """Stations that a job of the product leaves by more than one way."""
    found: set[str] = set()
    for route in product.routes:
        for step, after in itertools.zip_longest(route, route[1:]):
            if step.outcomes or (after is not None and after.others):
                found.update(v.station for v in (step, *step.others))
    return found
