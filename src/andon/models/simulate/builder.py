"""What the parts of an image share while it is built: the memory so far, the program so far, who has which address."""

from __future__ import annotations

from dataclasses import dataclass

from andon.models.simulate.asked import Asked
from andon.models.simulate.booked import Booked
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.live import LiveState
from andon.models.simulate.planned import Schedule
from andon.models.simulate.policy import Policy
from andon.models.simulate.program import Code, Memory
from andon.models.simulate.tables import Reals, reals
from andon.site.model import Site


@dataclass(frozen=True)
class Options:
    """How a run is made, apart from what it is about."""

    start_ns: int
    horizon_ns: int
    bins: int = 48
    warmup_ns: int = 0
    uncertain: bool = True
    trace: int = 0
    """Trace records to keep."""
    steps: int = at.STEPS_MAX
    """Instructions that a replication may take."""


class Builder:
    """An image in the making."""

    def __init__(self, site: Site, live: LiveState | None, asked: Asked, options: Options) -> None:
        self.site, self.live, self.asked, self.options = site, live, asked, options
        self.m = Memory()
        self.code = Code()
        self.reals: Reals = reals(site, asked.factors, uncertain=options.uncertain)
        self.f = list(self.reals.values)
        self.machine_ids = tuple(m for s in site.stations for m in s.machines)
        self.station_of = tuple(i for i, s in enumerate(site.stations) for _ in s.machines)
        self.number_of = [asked.numbers.get(m, k) for k, m in enumerate(self.machine_ids)]
        """The number that a machine's own draws are named by, and its row in the table of curves."""
        self.vehicle_ids = tuple(v for fleet in site.fleets for v in fleet.vehicles)
        self.calendar_machines = [
            i
            for i, s in enumerate(self.station_of)
            if (b := site.stations[s].breakdown) is not None and b.counts == "calendar"
        ]
        self.product_at: list[int] = []
        self.store_at: list[int] = []
        self.pool_at: list[int] = []
        self.proc_at: list[int] = []
        self.mix_at: list[int] = []
        """Addresses of records, in the site's order."""
        self.policy: Policy | None = None
        self.schedule: Schedule | None = None
        self.starts_at = 0
        """Where the starts of a schedule's operations are noted."""
        self.book: tuple[Booked, ...] = ()
        """The orders with names."""
        self.closing: list[tuple[int, frozenset[int]]] = []
        """When which edges of the roads are closed, from the first change on."""
        self.fleet_records: list[int] = []
        self.vehicle_records: list[int] = []
        self.homeward: dict[int, set[int]] = {}
        """From which place of the roads ways home lead on to which."""
        self.next_proc = 0
        self.road = False
        """Whether anything is ever carried."""
        self.started: list[int] = []
        self.names: dict[int, str] = {}
        self.shelf_at: dict[str, int] = {}
        """Where the stores of components stand, by buffer."""
        self.belt_at: dict[str, int] = {}
        """Where the stores of conveyors stand, by conveyor."""
        self.shelf_step: dict[str, int] = {}
        """The step-like record that a component's route ends in, by product."""
        self.notes: list[str] = []
        """What of the live state could not be taken as it was seen."""
        self.groups: dict[tuple[int, ...], int] = {}
        """Groups of alternatives, by their stores."""

    def group(self, stores: tuple[int, ...]) -> int:
        """The record in whose line those wait who may go to any of `stores`; the stores learn that they are members."""
        key = tuple(sorted(stores))
        if key not in self.groups:
            g = self.groups[key] = self.m.put(0, [0] * at.STORE_WORDS)
            self.m.words[g + at.GROUPS] = self.m.put(0, [len(key), *key])
        return self.groups[key]

    def join_groups(self) -> None:
        """Tell every store which groups it is a member of."""
        for s in {s for key in self.groups for s in key}:
            mine = [g for key, g in self.groups.items() if s in key]
            self.m.words[s + at.GROUPS] = self.m.put(0, [len(mine), *mine])
            self.m.words[s + at.IS_FIRST] |= at.IN_GROUP

    def process(self, name: str, kind: int, pc: int, priority: int) -> int:
        """A process that is ready at the start; its address."""
        p = self.proc_at[self.next_proc]
        self.next_proc += 1
        words = self.m.words
        words[p + at.KIND], words[p + at.PC], words[p + at.PRIORITY] = kind, pc, priority
        words[p + at.LIFE] = -1
        self.names[p] = name
        self.started.append(p)
        return p
