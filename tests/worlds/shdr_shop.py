"""A small machine shop that writes SHDR logs with planted times: what `andon fit` must find again."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from andon.adapters.shdr_replay import stamp

MONDAY = 1485765000 * 10**9
"""2017-01-30 08:30:00 UTC."""
SIGNALS = """id,element,source,address,type,unit,low,high,period_s,fresh_s,purposes,personal
mill1.state,mill1,shop,Mill1:Program_Status{ACTIVE=running;FEED_HOLD=waiting_crew;PROGRAM_COMPLETED=idle},string,,,,1,90,operations,false
mill1.program_status,mill1,shop,Mill1:Program_Status,string,,,,1,90,operations,false
mill1.program_running,mill1,shop,Mill1:Program_Name_Running,string,,,,1,90,operations,false
mill1.program_runtime,mill1,shop,Mill1:Program_Runtime_Seconds,float,s,0,360000,1,90,operations,false
mill1.block_number,mill1,shop,Mill1:Block_Number,int,1,0,1000000,1,90,operations,false
mill1.part_count,mill1,shop,Mill1:Part_Count,int,1,0,1000000,1,90,operations,false
"""
SITE = """name: Planted shop
time_zone: UTC
shifts: [{id: day, days: [mon, tue, wed, thu, fri], start: "08:00", end: "20:00", breaks: []}]
areas: [{id: hall, name: Hall, x_m: 0, y_m: 0, width_m: 10, height_m: 10}]
elements:
  - {id: mill1, kind: equipment, name: Mill, area: hall, x_m: 5, y_m: 5}
  - {id: waiting, kind: process, name: Waiting, area: hall, x_m: 2, y_m: 5}
  - {id: part, kind: product, name: Part, area: hall, x_m: 8, y_m: 5}
buffers: [{id: waiting, capacity: 20}]
stations: [{id: milling, name: Milling, area: hall, machines: [mill1], buffer: waiting}]
products: [{id: part, name: Part, route: [{station: milling, time: part.machine}]}]
"""
SOURCES = 'sources: [{id: shop, kind: shdr, url: "shdr://127.0.0.1:7878"}]\n'
ASSUMPTIONS = """assumptions:
  - name: part.machine
    unit: min
    distribution: {kind: constant, value: 5}
    origin: a guess
    who: ada
    when: "2026-01-01"
    review_by: "2027-01-01"
"""
USES = """uses:
  - id: finish-forecast
    question: How long does it still take?
    decision: What to promise.
    purpose: operations
    consequence: low
    influence: low
    models: [fit]
    signals: ["*.program_status"]
    affected: [supervisor]
    responsible: ada
    ceiling: analyse
"""
PEOPLE = "people: [{id: ada, name: Ada Example, roles: [engineer, supervisor]}]\n"
PURPOSES = "purposes: [{id: operations, description: Running the shop., retention_days: 90}]\n"
PLAN = """source: shop
logs: logs/{product}-{operation}-{machine}-{unit}of{units}.txt
operations:
  - {product: part, operation: op-1, machine: mill1, programs: ["PART*.NC"]}
"""


@dataclass
class LogWriter:
    """One log, written line by line at a moving time."""

    at: int
    lines: list[str] = field(default_factory=list)
    counter: float = 0.0

    def say(self, key: str, value: object) -> LogWriter:
        self.lines.append(f"{stamp(self.at)}|{key}|{value}")
        return self

    def wait(self, seconds: float) -> LogWriter:
        self.at += round(seconds * 1e9)
        return self

    def start(self, program: str | None = "PART.NC", block: int = 1) -> LogWriter:
        self.say("Program_Status", "ACTIVE")
        if program is not None:
            self.say("Program_Name_Running", program)
        self.counter = 0.0
        self.say("Program_Runtime_Seconds", 0).wait(0.2).say("Block_Number", block)
        return self.work(0.8)

    def work(self, seconds: float, step: float = 5.0) -> LogWriter:
        """Run, with the counter going on and its stumble at each full minute."""
        left = seconds
        while left > 0:
            part = min(step, left)
            self.wait(part)
            before, self.counter = self.counter, self.counter + part
            if before // 60 != self.counter // 60:
                self.say("Program_Runtime_Seconds", int(self.counter) - 60).wait(0.05)
                self.at -= round(0.05e9)
                self.at += 1
            self.say("Program_Runtime_Seconds", int(self.counter)).say("Feed_Rate", round(self.at % 977 / 10, 1))
            left -= part
        return self

    def hold(self, seconds: float) -> LogWriter:
        return self.say("Program_Status", "FEED_HOLD").wait(seconds).say("Program_Status", "ACTIVE")

    def stop(self) -> LogWriter:
        return self.say("Program_Status", "PROGRAM_STOPPED")

    def complete(self, block: int = 500, count: int = 0) -> LogWriter:
        self.say("Block_Number", block).say("Program_Status", "PROGRAM_COMPLETED")
        return self.say("Part_Count", count) if count else self

    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


@dataclass
class Shop:
    """A site folder with logs beside it."""

    folder: Path
    data: Path

    @classmethod
    def make(cls, root: Path, plan: str = PLAN) -> Shop:
        folder, data = root / "site", root / "data"
        (folder / "recordings").mkdir(parents=True)
        (data / "logs").mkdir(parents=True)
        texts = {
            "site.yaml": SITE,
            "signals.csv": SIGNALS,
            "sources.yaml": SOURCES,
            "assumptions.yaml": ASSUMPTIONS,
            "uses.yaml": USES,
            "people.yaml": PEOPLE,
            "purposes.yaml": PURPOSES,
            "recordings/batch.yaml": plan,
        }
        for name, text in texts.items():
            (folder / name).write_text(text)
        return cls(folder, data)

    def write(self, unit: int, log: LogWriter, *, packed: bool = False) -> None:
        path = self.data / "logs" / f"Part-Op1-Mill1-{unit:02d}of20.txt"
        if packed:
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(log.text().encode(), mtime=0))
        else:
            path.write_text(log.text())

    def usual(self, times: Sequence[float], *, first: int = 1, seed: int = 3) -> None:
        """One plain cycle of each machine time, a hand time of about two minutes between."""
        rng = np.random.default_rng(seed)
        at = MONDAY
        for i, seconds in enumerate(times):
            unit = first + i
            log = LogWriter(at).start().work(seconds - 1.0).complete(count=unit)
            self.write(unit, log, packed=unit % 2 == 0)
            at = log.at + round(float(rng.uniform(60, 240)) * 1e9)
