"""What the replications left in memory, as named columns: one number a replication, in units for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from andon.models.simulate.image import Image
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road
from andon.models.simulate.lean import Seldom, Small

STATES = (
    *("starved", "setup", "busy", "blocked", "down", "waiting_crew"),
    *("moving", "off", "planned", "warming", "stopped", "walking"),
)
"""States by their number in the kernel; the first six are everybody's."""
STATES_USUAL = 6
ODD = np.uint64(0x9E3779B97F4A7C15)
Column: TypeAlias = Any
"""float64[n] or int64[n]: one number a replication."""


PROCESS_WORDS = (at.COUNT, at.PERIODS)
STORE_WORDS = (at.AREA, at.PEAK)
"""Words of machines and buffers that an answer reads, besides a machine's times by state. Of a thousand stations all
words would take gigabytes."""


def kept(image: Image) -> np.ndarray:
    """Where the words stand that are kept, int64[k]: the summary without most words of machines, stores and series."""
    keep = np.ones(image.summary, bool)
    for head, count, each, words in (
        (at.PROCS, at.PROCS_N, at.PROC_WORDS, PROCESS_WORDS),
        (at.STORES, at.STORES_N, at.STORE_WORDS, STORE_WORDS),
    ):
        base, n = int(image.memory[head]), int(image.memory[count])
        table = keep[base : base + n * each].reshape(n, each)
        table[:] = False
        table[:, list(words)] = True
    base = int(image.memory[at.SERIES])
    keep[base : base + series_shape(image)[0] * series_shape(image)[1]] = False
    return np.flatnonzero(keep)


def series_shape(image: Image) -> tuple[int, int]:
    """Bins, and values a bin: jobs on the floor; done and waiting by product; level by store."""
    return image.options.bins, 1 + 2 * len(image.products) + int(image.memory[at.STORES_N])


@dataclass(frozen=True)
class Rows:
    """Summaries of `n` replications of one image."""

    image: Image
    places: np.ndarray
    """int64[k]: the addresses in memory of the words that are kept, ascending; the header's come first, all of them."""
    words: np.ndarray
    """int64[n, k]."""
    times: Seldom
    """[n, processes, states]: nanoseconds."""
    counts: np.ndarray
    """int32[n, bins, 1 + 2 products]: the time series of jobs: on the floor; done and waiting by product."""
    levels: Small
    """[n, bins, stores]: those of buffers."""
    prints: np.ndarray
    """uint64[n]: fingerprint of a replication's whole summary, so that equal bits can be told from equal answers."""
    factors: np.ndarray
    """float64[n, assumptions]: the factor on each assumption's mean that was drawn (and asked for). Read-only, and one
    row in memory, where none is uncertain."""

    @property
    def n(self) -> int:
        """Replications."""
        return int(self.words.shape[0])

    @property
    def seconds(self) -> float:
        """Length that was counted, after the warm-up."""
        return (self.image.options.horizon_ns - self.image.options.warmup_ns) / 1e9

    @classmethod
    def empty(cls, image: Image, n: int) -> Rows:
        """Room for `n` replications."""
        places, (bins, width), stores = kept(image), series_shape(image), int(image.memory[at.STORES_N])
        known = image.reals[at.FACTORS : at.FACTORS + 2 * len(image.assumptions)].reshape(-1, 2)
        factors = np.zeros((n, len(known)), np.float64)
        if not known[:, 0].any():
            factors = np.broadcast_to(known[:, 1], factors.shape)
        return cls(
            image,
            places,
            np.zeros((n, len(places)), np.int64),
            Seldom(n, int(image.memory[at.PROCS_N])),
            np.zeros((n, bins, width - stores), np.int32),
            Small.empty(n, bins, stores),
            np.zeros(n, np.uint64),
            factors,
        )

    @staticmethod
    def bytes_each(image: Image) -> int:
        """Bytes that one replication takes, about: with the usual states of machines, and buffers of moderate size."""
        (bins, width), stores = series_shape(image), int(image.memory[at.STORES_N])
        words = len(kept(image)) + 1 + len(image.assumptions) + int(image.memory[at.PROCS_N]) * STATES_USUAL
        return 8 * words + 4 * bins * (width - stores) + 2 * bins * stores

    def keep(self, part: slice, memories: np.ndarray, factors: np.ndarray) -> None:
        """Take over what answers read of the replications `part`.

        Args:
            part: which of them.
            memories: int64[len(part), summary].
            factors: float64[len(part), assumptions]: as they were drawn.
        """
        memory = self.image.memory
        self.words[part] = memories[:, self.places]
        base, n = int(memory[at.PROCS]), int(memory[at.PROCS_N])
        processes = memories[:, base : base + n * at.PROC_WORDS].reshape(-1, n, at.PROC_WORDS)
        self.times.put(part, processes[:, :, at.TIMES : at.TIMES + at.STATES_MAX])
        base, (bins, width), counts = int(memory[at.SERIES]), series_shape(self.image), self.counts.shape[2]
        series = memories[:, base : base + bins * width].reshape(-1, bins, width)
        self.counts[part] = series[:, :, :counts]
        self.levels.put(part, series[:, :, counts:])
        if self.factors.flags.writeable:
            self.factors[part] = factors
        odd = np.arange(1, 2 * memories.shape[1], 2, dtype=np.uint64) * ODD
        self.prints[part] = (memories.view(np.uint64) * odd).sum(axis=1, dtype=np.uint64)

    def part(self, first: int, n: int) -> Rows:
        """Replications `first` and the `n` - 1 that follow, as many as there are; shares the memory."""
        which = slice(first, first + n)
        return Rows(
            self.image,
            self.places,
            self.words[which],
            self.times.rows(which),
            self.counts[which],
            self.levels.rows(which),
            self.prints[which],
            self.factors[which],
        )

    def joined(self, more: Rows) -> Rows:
        """These replications, and `more` of the same image behind them."""
        return Rows(
            self.image,
            self.places,
            np.concatenate([self.words, more.words]),
            self.times.joined(more.times),
            np.concatenate([self.counts, more.counts]),
            self.levels.joined(more.levels),
            np.concatenate([self.prints, more.prints]),
            np.concatenate([self.factors, more.factors]),
        )

    def header(self, word: int) -> Column:
        """A word of the memory's header."""
        return self.words[:, word]

    def word(self, address: int) -> Column:
        """A word of the summary that is kept, by its address in the memory.

        Raises:
            KeyError: it is not kept.
        """
        column = int(np.searchsorted(self.places, address))
        if column == len(self.places) or self.places[column] != address:
            raise KeyError(address)
        return self.words[:, column]

    def _at(self, head: int, index: int, each: int, word: int) -> Column:
        base = int(self.image.memory[head]) + index * each
        column = int(np.searchsorted(self.places, base + word))
        if column == len(self.places) or self.places[column] != base + word:
            raise KeyError((head, index, word))
        return self.words[:, column]

    def product(self, index: int, word: int) -> Column:
        """A word of a product's record."""
        return self._at(at.PRODUCTS, index, at.PRODUCT_WORDS, word)

    def done(self, index: int | None = None) -> Column:
        """Jobs completed: of one product, or all."""
        if index is not None:
            return self.product(index, at.DONE).astype(float)
        return np.sum([self.done(i) for i in self._which(None)], axis=0)

    def _which(self, index: int | None) -> Sequence[int]:
        """One product, or all but those that are built into others."""
        if index is not None:
            return (index,)
        return [i for i, name in enumerate(self.image.products) if name not in self.image.components]

    def on_belt(self, conveyor: int) -> Column:
        """Mean number of jobs on a conveyor."""
        after = len(self.image.conveyors) + len(self.image.shelves) - conveyor
        return self.queue(int(self.image.memory[at.STORES_N]) - after)

    def belt_share(self, conveyor: int, state: int) -> Column:
        """Share of time that a conveyor's end spent in a state of the kernel."""
        names = list(self.image.processes.values())
        first = int(self.image.memory[at.PROCS])
        address = list(self.image.processes)[names.index(self.image.conveyors[conveyor])]
        return self.share((address - first) // at.PROC_WORDS, state)

    def stock(self, shelf: int) -> Column:
        """Mean number of components on a shelf."""
        store = int(self.image.memory[at.STORES_N]) - len(self.image.shelves) + shelf
        return self.queue(store)

    def lead_s(self, index: int | None = None, word: int = at.LEAD_US) -> Column:
        """Mean seconds from order to completion (`FLOW_US`: from release), NaN where none was completed."""
        which = self._which(index)
        total = np.sum([self.product(i, word) for i in which], axis=0) / 1e6
        count = np.sum([self.product(i, at.FLOW_N) for i in which], axis=0)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)

    def on_time(self, index: int | None = None) -> Column:
        """Share of the orders that were on time, among those complete or overdue; NaN where there was none."""
        which = self._which(index)
        good = np.sum([self.product(i, at.ON_TIME) for i in which], axis=0)
        count = np.sum([self.product(i, at.ORDERS_DONE) + self.product(i, at.OVERDUE) for i in which], axis=0)
        return np.where(count > 0, good / np.maximum(count, 1), np.nan)

    def finish_s(self, index: int, order: int) -> Column:
        """When the product's `order`-th open order (0: the oldest) was complete; infinite when it was not."""
        when = self.product(index, at.FINISH + order)
        return np.where(when > 0, when / 1e9, np.inf)

    def scrapped(self, index: int | None = None) -> Column:
        """Jobs thrown away: of one product, or all."""
        return self._count(at.SCRAPPED, index)

    def reworked(self, index: int | None = None) -> Column:
        """How often jobs were sent back: of one product, or all."""
        return self._count(at.REWORKED, index)

    def good(self, index: int | None = None) -> Column:
        """Yield: completed jobs among those completed or scrapped; NaN where there was none."""
        done, lost = self.done(index), self.scrapped(index)
        return np.where(done + lost > 0, done / np.maximum(done + lost, 1), np.nan)

    def _count(self, word: int, index: int | None) -> Column:
        which = range(len(self.image.products)) if index is None else (index,)
        return np.sum([self.product(i, word) for i in which], axis=0).astype(float)

    def tardiness_s(self, index: int | None = None) -> Column:
        """Mean seconds that complete orders were late, 0 for those in time; NaN where none was complete."""
        which = range(len(self.image.products)) if index is None else (index,)
        late = np.sum([self.product(i, at.LATE_US) for i in which], axis=0) / 1e6
        count = np.sum([self.product(i, at.ORDERS_DONE) for i in which], axis=0)
        return np.where(count > 0, late / np.maximum(count, 1), np.nan)

    def booked_finish_s(self, number: int) -> Column:
        """When the book's order of that number was complete; infinite when it was not."""
        address = int(self.image.memory[at.FINISHES]) + number
        when = self.words[:, int(np.searchsorted(self.places, address))]
        return np.where(when > 0, when / 1e9, np.inf)

    def booked_open(self, number: int) -> Column:
        """Whether the book's order of that number had anything to be made; one that was complete before has not."""
        return (self.booked_finish_s(number) < np.inf) | (self.image.book[number].out > 0)

    def wip(self) -> Column:
        """Mean number of jobs on the floor."""
        return self.header(at.WIP_AREA) / 1e6 / self.seconds

    def share(self, machine: int, state: int) -> Column:
        """Share of time that a machine spent in a state of the kernel."""
        return self.times.get(machine, state) / 1e9 / self.seconds

    def station_share(self, station: int, state: int) -> Column:
        """The same, over the machines of a station."""
        which = [k for k, s in enumerate(self.image.machine_station) if s == station]
        return np.mean([self.share(k, state) for k in which], axis=0)

    def count(self, machine: int) -> Column:
        """Jobs that a machine finished."""
        return self._at(at.PROCS, machine, at.PROC_WORDS, at.COUNT)

    def queue(self, station: int) -> Column:
        """Mean number of jobs in a station's buffer."""
        return self._at(at.STORES, station, at.STORE_WORDS, at.AREA) / 1e6 / self.seconds

    def active_s(self, station: int) -> Column:
        """Mean length of a station's machines' active periods (set-up, processing, repair, without pause), seconds."""
        which = [k for k, s in enumerate(self.image.machine_station) if s == station]
        states = [state for state in range(at.STATES_MAX) if at.ACTIVE_STATES >> state & 1]
        total = np.sum([self.share(k, state) for k in which for state in states], axis=0) * self.seconds
        periods = np.sum([self._at(at.PROCS, k, at.PROC_WORDS, at.PERIODS) for k in which], axis=0)
        return total / np.maximum(periods, 1)

    def bottleneck(self) -> Any:
        """Share of the replications in which each station is the bottleneck.

        The average active period method: the station whose machines are active for longest without a pause (Roser,
        Nakano and Tanaka 2001).
        """
        lengths = np.array([self.active_s(i) for i in range(len(self.image.stations))])
        return np.bincount(lengths.argmax(axis=0), minlength=len(lengths)) / self.n

    def crew_load(self, crew: int) -> Column:
        """Share of the crew's present time in which it was at work; 0 where nobody was there."""
        used = self._at(at.POOLS, crew, at.POOL_WORDS, at.USED_AREA)
        there = self._at(at.POOLS, crew, at.POOL_WORDS, at.SIZE_AREA)
        return np.where(there > 0, used / np.maximum(there, 1), 0.0)

    def crew_minutes(self, crew: int) -> tuple[Column, Column]:
        """Person minutes at work, and there without a break, of a crew that is only counted."""
        words = (at.USED_AREA, at.SIZE_AREA)
        used, there = (self._at(at.POOLS, crew, at.POOL_WORDS, word) / 6e7 for word in words)
        return used, there

    def crew_book(self, crew: int, word: int) -> Column:
        """A word of the book of a crew whose people are told apart; 0 where they are not."""
        if not int(self.image.memory[at.BOOKS]):
            return np.zeros(self.n, np.int64)
        return self._at(at.BOOKS, crew, at.BOOK_WORDS, word)

    def vehicle_use(self) -> Column:
        """Share of time that vehicles are under way or handle a job, over all fleets."""
        first = len(self.image.machines)
        which = range(first, first + len(self.image.vehicles))
        states = (at.MOVING, road.CARRYING, road.LOADING)
        return np.mean([sum(self.share(k, s) for s in states) for k in which], axis=0) if which else np.zeros(self.n)

    def series(self, what: str) -> Any:
        """A time series, float64[n, bins]: `wip`, `done`, `done:<product>`, `waiting:<product>`, `level:<buffer>`.

        Values at the ends of equal bins over the horizon.
        """
        image = self.image
        products, table = len(image.products), self.counts
        kind, _, name = what.partition(":")
        match kind:
            case "wip":
                return table[:, :, 0].astype(float)
            case "done" if not name:
                return table[:, :, 1 : 1 + products].sum(axis=2).astype(float)
            case "done":
                return table[:, :, 1 + image.products.index(name)].astype(float)
            case "waiting":
                return table[:, :, 1 + products + image.products.index(name)].astype(float)
            case "level":
                return self.levels.get((..., image.stores.index(name))).astype(float)
            case _:
                raise KeyError(what)

    def bin_ends_s(self) -> np.ndarray:
        """Seconds from the start at which the series were taken."""
        return (np.arange(self.image.options.bins) + 1) * (int(self.image.memory[at.BIN_NS]) / 1e9)
