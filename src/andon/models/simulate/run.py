"""Replications of a site, in chunks that a pool of threads may share: the same bits for any number of threads."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

import numpy as np

from andon.models.simulate import calendar, jit
from andon.models.simulate.asked import Asked, asked
from andon.models.simulate.builder import Options
from andon.models.simulate.episode import run_asking
from andon.models.simulate.image import Image, build
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.live import LiveState
from andon.models.simulate.planned import Schedule
from andon.models.simulate.policy import Policy
from andon.models.simulate.rows import Rows
from andon.models.simulate.sound import refuse_unsound
from andon.models.simulate.structure import adapted
from andon.site.model import Site

CHUNK = 25
"""Replications that one thread takes at a time."""
CHUNK_FIRST = 5
"""Replications of the very first part: a small one, so that somebody who waits sees an interval at once."""
SUMMARIES_WORDS = 1 << 18
"""Words of whole summaries that a thread holds before it keeps what answers read of them."""
REPLICATIONS_MAX = 100_000
HORIZON_S_MIN, HORIZON_S_MAX = 1.0, 3.2e7
"""A second; a year, about: the series of a site are not meant for more."""

STATIONS_MAX = 5_000
"""Stations of a site: more would take minutes to lay out."""
MEMORY_MAX = 4 << 30
"""Bytes that the replications of one question may take."""

T = TypeVar("T")
R = TypeVar("R")
Progress = Callable[[int, int, float, float], None]
"""Called with: replications done, wanted, mean jobs completed so far, half-width of its 95 % interval."""


class Pool(Protocol):
    """The port for threads: applies a function to every item and yields the results as they come, in any order."""

    def map(self, function: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        """Results in any order; when the caller stops iterating, nothing further is started."""
        ...


class Serial:
    """One after the other, in the calling thread."""

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Results in the order of the items."""
        return map(function, items)


def compile_site(
    site: Site,
    live: LiveState | None,
    horizon_s: float,
    change: Asked,
    *,
    start_ns: int | None = None,
    bins: int = 48,
    warmup_s: float = 0.0,
    uncertain: bool = True,
    trace: int = 0,
    steps: int = at.STEPS_MAX,
    policy: Policy | None = None,
    schedule: Schedule | None = None,
    orders_only: bool = False,
) -> Image:
    """The image that replications begin from.

    `orders_only` leaves the pattern of `demand` out, as a `schedule` does, so that both have the same jobs.

    Raises:
        Unrunnable: the site cannot be simulated; one sentence.
    """
    if not HORIZON_S_MIN <= horizon_s <= HORIZON_S_MAX:
        raise Unrunnable(f"a horizon of {horizon_s:g} s cannot be simulated; use one from a second to a year")
    if len((change.site or site).stations) > STATIONS_MAX:
        count = len((change.site or site).stations)
        raise Unrunnable(f"{count:,} stations are more than the {STATIONS_MAX:,} of one simulation; leave some out")
    begin = live.at_ns if live is not None else start_ns
    declared, site = site, change.site or site
    if live is not None and site is not declared:
        live = adapted(live, declared, site)
    begins = calendar.first_shift_start(site) if begin is None else begin
    refuse_unsound(site, begins)
    options = Options(
        start_ns=begins,
        horizon_ns=round(horizon_s * 1e9),
        bins=bins,
        warmup_ns=round(warmup_s * 1e9),
        uncertain=uncertain,
        trace=trace,
        steps=steps,
    )
    if schedule is not None:
        _refuse_unplanned(site, live)
    if (schedule is not None or orders_only) and site.orders:
        site = site.model_copy(update={"demand": ()})
    return build(site, live, change, options, policy, schedule)


def _refuse_unplanned(site: Site, live: LiveState | None) -> None:
    """A schedule names every job: from an empty floor, one at a time.

    Raises:
        Unrunnable: it cannot; the sentence names why.
    """
    if live is not None:
        raise Unrunnable(
            "a schedule begins with an empty floor, since nobody sees whose jobs are there; use --from empty"
        )
    for station in site.stations:
        if station.batch > 1:
            text = f"station `{station.id}` takes {station.batch} jobs at once, and a schedule names one"
            raise Unrunnable(f"{text}; set `batch` to 1")


def refuse_large(images: Sequence[Image], replications: int) -> None:
    """Refuse what would not fit into memory, before it is tried.

    Raises:
        Unrunnable: it would not; the sentence says how many would.
    """
    each = sum(Rows.bytes_each(image) for image in images)
    if each * replications > MEMORY_MAX:
        text = f"{replications:,} futures of a floor of this size take {each * replications / 2**30:.0f} GiB of memory"
        raise Unrunnable(f"{text}; ask for at most {MEMORY_MAX // each:,}")


def replicate(
    image: Image,
    replications: int,
    seed: int,
    *,
    pool: Pool | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    flavour: jit.Flavour = "compiled",
    first: int = 0,
) -> Rows:
    """Run replications `first`, `first` + 1, ... of an image.

    Args:
        image: from `compile_site`.
        replications: how many.
        seed: of the experiment; replication r of two images with the same seed shares its random numbers.
        pool: threads; none: the calling one.
        progress: called after every chunk.
        stop: asked after every chunk; when it says yes, what is done so far (whole chunks from the first) is returned.
        flavour: of the kernel.
        first: number of the first replication; those before it were run already.

    Raises:
        Unrunnable: a replication could not end; the sentence names the element.
    """
    if not 1 <= replications <= REPLICATIONS_MAX:
        raise Unrunnable(f"{replications} replications cannot be run; ask for 1 to {REPLICATIONS_MAX:,}")
    refuse_large([image], replications)
    rows = Rows.empty(image, replications)
    edges = [0, *([CHUNK_FIRST] if first == 0 else []), *range(CHUNK, replications, CHUNK)]
    edges = [edge for edge in edges if edge < replications] + [replications]
    finished = np.zeros(len(edges) - 1, bool)

    unused: list[np.ndarray] = []  # memories that threads have done with: the next part need not be given new pages

    def chunk(number: int) -> int:
        try:
            memory = unused.pop()
        except IndexError:
            memory = np.empty(image.size, np.int64)
        each = max(1, SUMMARIES_WORDS // image.summary)
        for begin in range(edges[number], edges[number + 1], each):
            part = slice(begin, min(begin + each, edges[number + 1]))
            memories = np.empty((part.stop - part.start, image.summary), np.int64)
            factors = np.zeros((len(memories), len(image.assumptions)), np.float64)
            run_image(image, memory, seed, first + begin, memories, factors, flavour)
            refuse_faults(image, memories, first + begin)
            rows.keep(part, memories, factors)
        unused.append(memory)
        return number

    serial = pool is None or image.policy is not None  # nobody knows whether a policy bears several threads
    for number in (Serial() if serial or pool is None else pool).map(chunk, range(len(finished))):
        finished[number] = True
        if progress is not None:
            done = rows.done()[np.repeat(finished, np.diff(edges))]
            half = 1.96 * float(done.std(ddof=1)) / math.sqrt(len(done)) if len(done) > 1 else math.inf
            progress(len(done), replications, float(done.mean()), half)
        if stop is not None and stop() and finished[0]:
            break
    whole = len(finished) if finished.all() else int(np.argmin(finished))
    return rows.part(0, edges[max(whole, 1)])


def run_image(
    image: Image,
    memory: np.ndarray,
    seed: int,
    first: int,
    rows: np.ndarray,
    factors: np.ndarray,
    flavour: jit.Flavour,
) -> None:
    """Run an image as replications `first`, `first` + 1, ... in this thread.

    Args:
        image: what they begin from.
        memory: int64[image.size], scratch; holds the last replication's memory afterwards.
        seed: of the experiment.
        first: number of the first replication.
        rows: int64[replications, words], C-contiguous; filled with the first words of each one's memory at its end.
        factors: float64[replications, assumptions], C-contiguous; filled with the factors drawn.
        flavour: of the kernel.
    """
    if image.policy is not None:
        run_asking(image, memory, seed, first, rows, factors, flavour)
        return
    entry = jit.kernel(flavour)[jit.ENTRY]
    begin = (image.memory, len(image.memory), memory, image.reals, len(image.reals), np.empty_like(image.reals))
    with np.errstate(over="ignore"):
        entry(
            *begin,
            image.code,
            seed,
            first,
            len(rows),
            rows.reshape(-1),
            rows.shape[1],
            factors.reshape(-1),
            factors.shape[1],
        )


def refuse_faults(image: Image, memories: np.ndarray, first: int) -> None:
    """Refuse replications that could not end; `memories` int64[n, summary], of the replications from `first` on.

    Raises:
        Unrunnable: one could not; the sentence names the element.
    """
    bad = np.flatnonzero(memories[:, at.FAULT])
    if not len(bad):
        return
    row = memories[bad[0]]
    where = int(row[at.FAULT_AT])
    after = f"after {row[at.NOW] / 3.6e12:.1f} h of replication {first + bad[0]}"
    process = image.processes.get(where, "a process")
    match int(row[at.FAULT]):
        case at.FAULT_DEADLOCK:
            store = image.places.get(int(row[where + at.WAITS_AT]), "the vehicles")
            text = f"`{process}` waits for room in `{store}` and the machines behind it wait for `{process}`, {after}"
            cards = (
                " and its station more cards" if any(s.cards for s in image.site.stations if s.buffer == store) else ""
            )
            raise Unrunnable(f"{text}; give `{store}` more room{cards} or lower the release limit")
        case at.FAULT_PARTS:
            shelf = image.places.get(int(row[where + at.WAITS_AT]), "a buffer")
            text = f"`{process}` waits for parts in `{shelf}` that never come: what makes them is blocked"
            raise Unrunnable(f"{text}, {after}; give the buffers of the other components more room")
        case at.FAULT_RUNAWAY:
            text = f"`{process}` does things without time passing ({at.STEPS_AT_ONE_INSTANT_MAX:,} steps), {after}"
            raise Unrunnable(f"{text}; check that its times are not 0")
        case at.FAULT_BUDGET:
            text = (
                f"a replication takes more than {image.options.steps:,} steps, {after}, the last of them by `{process}`"
            )
            raise Unrunnable(f"{text}; check that its times are not too short, or shorten the horizon")
        case road.FAULT_STANDSTILL:
            text = f"`{process}` and others stand in each other's way, and the way home is closed for good, {after}"
            raise Unrunnable(f"{text}; leave one of the edges open that are closed then")
        case at.FAULT_PLAN:
            text = f"`{process}` waits for its next job, and who takes that job before waits for `{process}`, {after}"
            raise Unrunnable(f"the schedule cannot go on: {text}; change the order of their operations")
        case at.FAULT_ASKS:
            raise Unrunnable(f"`{process}` asks a policy and there is none, {after}; give one")
        case at.FAULT_ORDERS:
            product = image.products[where]
            text = f"more than 8,192 orders of `{product}` are open, {after}"
            raise Unrunnable(f"{text}; its demand outruns what the floor can make, or the horizon is too long")
        case _:
            raise Unrunnable(f"the machine's tables are full, {after}; report this with the site folder")


def simulate_rows(
    site: Site,
    live: LiveState | None,
    horizon_s: float,
    replications: int,
    seed: int,
    overrides: Mapping[str, float],
    *,
    pool: Pool | None = None,
    progress: Progress | None = None,
    start_ns: int | None = None,
) -> Rows:
    """Compile and replicate in one call."""
    image = compile_site(site, live, horizon_s, asked(site, overrides), start_ns=start_ns)
    return replicate(image, replications, seed, pool=pool, progress=progress)
