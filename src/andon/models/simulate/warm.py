"""Writes a live state into a memory image: jobs on machines and in buffers, work half done, the order book."""

from __future__ import annotations

import itertools

from andon.core.time import SECOND
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.laws import mean_of, scale_of
from andon.models.simulate.live import LiveState, MachineNow
from andon.models.simulate.program import Entries
from andon.site.floor import Station, Taken
from andon.site.model import Site

SERIAL_WARM = 1 << 40
"""Serial numbers of jobs that were on the floor at the start, so that their draws are their own. They are numbered by
where they stand (machine, buffer or vehicle, and place there), so that something built elsewhere does not shift them.
"""
IN_QUEUE, ON_ROAD, IN_SHELF, ON_BELT = 1 << 36, 1 << 37, 1 << 38, 3 << 36
PLACES = 1 << 17
"""More than there are jobs in one machine or buffer."""


def machine(words: list[int], site: Site, p: int, station: Station, entries: Entries, now: MachineNow) -> None:
    """Let machine process `p` begin in the midst of what it is seen doing."""
    index = {product.id: i for i, product in enumerate(site.products)}
    known = now.last or now.job
    words[p + at.LAST] = index.get(known, -2)
    age = at.UNSEEN if now.elapsed_s is None else max(round(now.elapsed_s * SECOND), 1)
    calendar = station.breakdown is None or station.breakdown.counts == "calendar"
    state = now.state
    if state in {"running", "setup", "blocked"} or (state in {"down", "waiting_crew", "maintenance"} and now.job):
        _load(words, site, p, station, now)
    loaded = words[p + at.JOB] != 0
    if state == "running" or (state == "maintenance" and loaded) or (state == "down" and calendar and loaded):
        words[p + at.PC], words[p + at.STATE], words[p + at.AGE] = entries.running, at.BUSY, age
    elif state == "setup":
        words[p + at.PC], words[p + at.STATE], words[p + at.AGE] = entries.setup, at.SETUP, age
    elif state == "blocked":
        words[p + at.PC], words[p + at.STATE] = entries.blocked, at.BLOCKED
    elif state == "waiting_crew" and loaded:
        words[p + at.PC], words[p + at.STATE] = entries.setup, at.NO_CREW
        if station.crew_for == "setup":
            words[p + at.LAST] = -1  # it waits for set-up, so it is not set up for this job
    elif state == "maintenance" and all(plan.counts == "running" for plan in station.maintenance):
        words[p + at.PC], words[p + at.STATE], words[p + at.REP] = entries.planned, at.PLANNED, at.UNSEEN
    elif state == "idle" and now.job and entries.kit != entries.setup:
        _load(words, site, p, station, now)
        words[p + at.PC] = entries.kit  # it has a job and waits for its components
    elif state == "down" and not calendar:
        words[p + at.PC] = entries.down_with_job if loaded else entries.down
        words[p + at.STATE], words[p + at.AGE], words[p + at.REP] = at.FAILED, age, at.UNSEEN


def _load(words: list[int], site: Site, p: int, station: Station, now: MachineNow) -> None:
    """Jobs on a machine: the first one's product as seen; how many there are, and the others', drawn if not seen."""
    product, step = _known(site, now.job, station)
    count = max(1, now.jobs if now.jobs is not None else station.batch)
    place = words[p + at.NUMBER] * PLACES
    chain = [_token(words, product if i == 0 else -1, step, place + i) for i in range(count)]
    _link(words, chain)
    words[p + at.JOB] = chain[0]
    words[p + at.JOBS] = count if now.jobs is not None or count == 1 else -1


def vehicle(words: list[int], p: int, meet: int, aboard: int, handling: int) -> None:
    """A vehicle that is seen under way: the kernel draws whether it carries a job, which, and how far it has come."""
    words[p + at.JOB] = _token(words, -1, 0, ON_ROAD + words[p + at.NUMBER])
    words[p + at.PC], words[p + at.REP], words[p + at.AGE] = aboard, meet, handling


def queue(words: list[int], site: Site, s: int, station: Station, live: LiveState) -> None:
    """Jobs in the buffer of `station`, as many as seen (never more than it holds)."""
    known = live.queues.get(station.buffer, ())
    count = min(max(live.levels.get(station.buffer, 0), len(known)), words[s + at.CAPACITY])
    if not count:
        return
    chain = []
    for i in range(count):
        product, step = _known(site, known[i], station) if i < len(known) else (-1, 0)
        chain.append(_token(words, product, step, IN_QUEUE + words[s + at.AT_STATION] * PLACES + i))
    _link(words, chain)
    words[s + at.HEAD], words[s + at.TAIL] = chain[0], chain[-1]
    words[s + at.LEVEL] = words[s + at.PEAK] = count


def shelf(words: list[int], s: int, taken: Taken, step: tuple[int, int], live: LiveState) -> None:
    """Components on a shelf, as many as seen (never more than it holds). `step`: product, and the step at the shelf."""
    count = min(live.levels.get(taken.buffer, 0), words[s + at.CAPACITY])
    if not count or words[s + at.LEVEL]:
        return
    chain = [_token(words, -1, 0, IN_SHELF + s * PLACES + i) for i in range(count)]
    for t in chain:
        words[t + at.PRODUCT], words[t + at.PLACE] = step
    _link(words, chain)
    words[s + at.HEAD], words[s + at.TAIL] = chain[0], chain[-1]
    words[s + at.LEVEL] = words[s + at.PEAK] = count


def belt(words: list[int], s: int, metres: tuple[float, ...], speed_m_per_s: float) -> None:
    """Jobs on a conveyor, the first one first, each as if it had come on when it must have to be where it is."""
    chain = [_token(words, -1, 0, ON_BELT + words[s + at.AT_STATION] * PLACES + i) for i in range(len(metres))]
    for t, x in zip(chain, metres, strict=True):
        words[t + at.ENTERED] = -round(x / speed_m_per_s * SECOND)
    _link(words, chain)
    words[s + at.HEAD], words[s + at.TAIL] = chain[0], chain[-1]
    words[s + at.LEVEL] = words[s + at.PEAK] = len(chain)


def _known(site: Site, name: str, station: Station) -> tuple[int, int]:
    """(product, step) of a job that is seen at a station; (-1, 0) where it is not known."""
    for i, product in enumerate(site.products):
        if product.id == name:
            steps = [k for k, visit in enumerate(product.visits) if visit.station == station.id]
            return (i, steps[0]) if steps else (-1, 0)
    return -1, 0


def _token(words: list[int], product: int, step: int, place: int) -> int:
    """A job that is on the floor at the start; `RELEASED` -1 keeps it out of lead times that nobody saw begin."""
    t = len(words)
    words += [0] * at.TOKEN_WORDS
    words[t + at.PRODUCT] = product
    if product >= 0:
        route = words[words[at.PRODUCTS] + product * at.PRODUCT_WORDS + at.ROUTE]
        words[t + at.PLACE] = route + step * at.STEP_WORDS
    words[t + at.SERIAL], words[t + at.RELEASED] = SERIAL_WARM + place, -1
    return t


def _link(words: list[int], chain: list[int]) -> None:
    for a, b in itertools.pairwise(chain):
        words[a + at.LINK] = b


def order_book(words: list[int], site: Site, live: LiveState, product_at: list[int]) -> list[int]:
    """Waiting jobs as orders of the usual size, the oldest first and an interval apart.

    Returns:
        Five words an order: the product's address, jobs to release, jobs to complete, when it came, when it is due.
    """
    assumptions = {a.name: a for a in site.assumptions}
    table: list[int] = []
    for demand in site.demand:
        i = next(k for k, p in enumerate(site.products) if p.id == demand.product)
        waiting = live.waiting.get(demand.product, 0)
        sizes = [demand.quantity] * (waiting // demand.quantity)
        if waiting % demand.quantity:
            sizes.insert(0, waiting % demand.quantity)
        a = assumptions[demand.every]
        every_ns = mean_of(a.distribution) * scale_of(a.unit, a.name) * 1e9 / (demand.share or 1.0)
        due_ns = words[product_at[i] + at.DUE]
        for j, size in enumerate(sizes):
            came = -round((len(sizes) - j - 0.5) * every_ns)
            table += [product_at[i], size, size, came, came + due_ns]
    return table
