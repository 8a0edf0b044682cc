"""Loads that are waited for, and queues that stand in another order: words that fit together."""

from __future__ import annotations

from collections.abc import Iterator

from andon.site.draft import Draft
from andon.site.floor import Product
from andon.site.problems import Problem


def check(made: Draft) -> Iterator[Problem]:
    """What stations say about loads."""
    unlimited = _unlimited(made)
    for item in made.all("station"):
        if item.part is None:
            continue
        least, most = item.get("batch_least"), item.get("batch")
        if least > most:
            what = f"{item.label} waits for {least} jobs, and its machines hold {most}"
            yield item.problem(("batch_least",), what, "use at most `batch`")
        waits = least > 1 or item.get("batch_alike") or item.get("lot")
        if item.get("batch_wait_min") is not None and least == 1:
            what = f"`batch_wait_min` of {item.label} means nothing, since it waits for no other jobs"
            yield item.problem(("batch_wait_min",), what, "give `batch_least`, or remove it")
        limit = made.release.get("wip_limit") if made.release is not None else None
        free = item.get("batch_wait_min") is not None or item.id in unlimited
        if limit is not None and least > limit and not free:
            what = f"{item.label} waits for {least} jobs, and `release` lets no more than {limit} onto the floor"
            yield item.problem(("batch_least",), what, "wait for fewer, give `batch_wait_min`, or raise `wip_limit`")
        if waits and item.get("dispatch") != "fifo":
            what = f"{item.label} waits for its loads and dispatches by `{item.get('dispatch')}`"
            yield item.problem(("dispatch",), what, "remove one of the two")
        buffer = made.ids("buffer").get(item.get("buffer") or "")
        if waits and buffer is not None and buffer.get("discipline") == "lifo":
            what = f"{item.label} waits for its loads, and its buffer `{buffer.id}` is a stack"
            yield buffer.problem(("discipline",), what, "remove one of the two")


def _unlimited(made: Draft) -> set[str | None]:
    """Stations to which components come, whose number the release limit does not hold."""
    products = [p for item in made.all("product") if isinstance(p := item.part, Product)]
    taken = {t.product for p in products for route in p.routes for step in route for t in step.takes}
    return {v.station for p in products if p.id in taken for v in p.visits}
