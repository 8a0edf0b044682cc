"""One chosen replication, event by event: for a Gantt chart, a plot of queues, and for checking elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from andon.models.simulate import jit
from andon.models.simulate.image import Image
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.kernel import road
from andon.models.simulate.rows import STATES, Rows
from andon.models.simulate.run import refuse_faults, run_image
from andon.site.ways import network

EVENTS_FIRST, EVENTS_MAX = 200_000, 12_800_000
"""Events that are made room for at first, and at most."""
EVENTS = {
    at.TRACE_STATE: "state",
    at.TRACE_LEVEL: "level",
    at.TRACE_EXIT: "completed",
    at.TRACE_CREW: "at_work",
    at.TRACE_START: "released",
    at.TRACE_JOB: "works_on",
    road.TRACE_DRIVES: "drives",
    road.TRACE_ARRIVES: "arrives",
    road.TRACE_TOWED: "towed",
}
VEHICLE_STATES = {
    at.STARVED: "parked",
    road.CARRYING: "carrying",
    road.LOADING: "loading",
    road.IN_TRAFFIC: "in_traffic",
    road.CHARGING: "charging",
    road.FLAT: "battery_empty",
}
"""What a vehicle's states are called where they are not everybody's."""


@dataclass(frozen=True)
class Replay:
    """The events of one replication, in the order in which they happened."""

    image: Image
    replication: int
    seed: int
    time_ns: np.ndarray
    """int64[n]: nanoseconds since the beginning."""
    kind: np.ndarray
    """int64[n]: `TRACE_` numbers of the kernel's layout."""
    who: np.ndarray
    """int64[n]: address of the process, store or crew; number of the product."""
    value: np.ndarray
    """int64[n]: state, level, people at work, or a job's name."""
    whole: bool
    """False: there were more events than room."""

    @property
    def horizon_s(self) -> float:
        """Length of the replication."""
        return self.image.options.horizon_ns / 1e9

    def columns(self) -> dict[str, np.ndarray]:
        """The events as columns of equal length, for a table.

        `time_s`; `event` (state, works_on, level, at_work, released, completed, drives, arrives, towed); `element`
        (machine, vehicle, buffer, crew, or the release desk's and the last station's product); `state` of a state
        event; `product` and `serial` of the job that it is about; `number` (jobs waiting after the event; people of the
        crew at work after it); `place` (the edge that a vehicle drives in on, the node that it has come to).
        """
        names = self._names()
        n = len(self.time_ns)
        event = np.array([EVENTS.get(int(k), str(int(k))) for k in self.kind], object)
        element, state, product, place = (np.full(n, None, object) for _ in range(4))
        graph = network(self.image.site.roads) if self.image.site.roads is not None else None
        serial, number = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
        products = self.image.products
        rows = zip(self.kind.tolist(), self.who.tolist(), self.value.tolist(), strict=True)
        for i, (kind, who, value) in enumerate(rows):
            if kind in {at.TRACE_START, at.TRACE_EXIT}:
                element[i] = product[i] = products[who]
                serial[i] = value
                continue
            element[i] = names.get(who, str(who))
            if kind == at.TRACE_STATE:
                state[i] = self.state_name(who, value)
            elif kind == road.TRACE_DRIVES and graph is not None:
                place[i] = graph.edges[graph.arcs[value].edge]
            elif kind in {road.TRACE_ARRIVES, road.TRACE_TOWED} and graph is not None:
                place[i] = graph.nodes[value]
            elif kind == at.TRACE_JOB:
                product[i], serial[i] = products[value >> at.SERIAL_BITS], value & ((1 << at.SERIAL_BITS) - 1)
            else:
                number[i] = value
        return {
            "time_s": self.time_ns / 1e9,
            "event": event,
            "element": element,
            "state": state,
            "product": product,
            "serial": serial,
            "number": number,
            "place": place,
        }

    def state_name(self, process: int, number: int) -> str:
        """A state of a process in words."""
        if number in VEHICLE_STATES and int(self.image.memory[process + at.KIND]) == at.VEHICLE:
            return VEHICLE_STATES[number]
        return STATES[number] if number < len(STATES) else f"state {number}"

    def _names(self) -> dict[int, str]:
        memory, image = self.image.memory, self.image
        stores, pools = int(memory[at.STORES]), int(memory[at.POOLS])
        return {
            **image.processes,
            **{stores + i * at.STORE_WORDS: name for i, name in enumerate(image.stores)},
            **{pools + i * at.POOL_WORDS: name for i, name in enumerate(image.crews)},
        }

    def bars(self, process: int) -> Iterator[tuple[float, float, str, str]]:
        """What a machine or vehicle did: (begin s, end s, state, product or nothing), without gaps.

        Args:
            process: address of its process.
        """
        mine = np.flatnonzero((self.who == process) & np.isin(self.kind, (at.TRACE_STATE, at.TRACE_JOB)))
        begin, product = 0.0, ""
        state = self.state_name(process, int(self.image.memory[process + at.STATE]))
        for i in mine:
            now = self.time_ns[i] / 1e9
            if now > begin:
                yield begin, now, state, product
                begin = now
            if self.kind[i] == at.TRACE_STATE:
                state = self.state_name(process, int(self.value[i]))
                product = product if state in {"busy", "setup", "blocked", "down", "waiting_crew"} else ""
            else:
                product = self.image.products[int(self.value[i]) >> at.SERIAL_BITS]
        if self.horizon_s > begin:
            yield begin, self.horizon_s, state, product

    def levels(self, store: int) -> tuple[np.ndarray, np.ndarray]:
        """Seconds and jobs waiting from then on, of the `store`-th buffer; begins at 0 s."""
        address = int(self.image.memory[at.STORES]) + store * at.STORE_WORDS
        mine = (self.kind == at.TRACE_LEVEL) & (self.who == address)
        first = int(self.image.memory[address + at.LEVEL])
        return np.concatenate(([0.0], self.time_ns[mine] / 1e9)), np.concatenate(([first], self.value[mine]))


def typical(rows: Rows) -> int:
    """The replication whose jobs completed are nearest to the median; the first of them."""
    done = rows.done()
    return int(np.argmin(np.abs(done - np.median(done))))


def replay(
    image: Image, replication: int, seed: int, *, flavour: jit.Flavour = "compiled", most: int = EVENTS_MAX
) -> Replay:
    """Run one replication of an image again and write down its events, `most` of them at most.

    Raises:
        Unrunnable: it could not end.
    """
    room = min(EVENTS_FIRST, most)
    while True:
        traced = with_trace(image, room)
        memory = np.empty(traced.size, np.int64)
        row = np.empty((1, traced.summary), np.int64)
        factors = np.empty((1, len(traced.assumptions)), np.float64)
        run_image(traced, memory, seed, replication, row, factors, flavour)
        refuse_faults(traced, row, replication)
        begin, end = int(traced.memory[at.TRACE]), int(memory[at.TRACE_N])
        whole = end < int(memory[at.TRACE_END])
        if whole or room >= most:
            break
        room = min(4 * room, most)
    table = memory[begin:end].reshape(-1, at.TRACE_WORDS).T
    meeting = int(traced.memory[at.STORES]) + len(traced.stores) * at.STORE_WORDS
    table = table[:, (table[1] != at.TRACE_LEVEL) | (table[2] < meeting)]  # fleets meet at stores that hold nothing
    table = table[:, np.argsort(table[0], kind="stable")]  # a machine that went off by itself is noted when it is woken
    return Replay(traced, replication, seed, table[0], table[1], table[2], table[3], whole)


def with_trace(image: Image, records: int) -> Image:
    """The same image with room for a trace behind everything else."""
    memory = image.memory.copy()
    memory[at.TRACE] = memory[at.TRACE_N] = image.size
    size = image.size + records * at.TRACE_WORDS
    memory[at.TRACE_END] = size
    return replace(image, memory=memory, size=size, options=replace(image.options, trace=records))
