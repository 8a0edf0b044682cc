"""The line in Cimba, as its own documentation writes such models: a class a machine, stores, inputs by law."""

import sys
import time

import cimba as cb
from cimba import inputs


class Machine(cb.Model):
    """A machine with the buffer in front of it; it fails by running time."""

    work: cb.Input[float] = inputs.dist.exponential(mean=1.0)
    life: cb.Input[float] = inputs.dist.exponential(mean=100.0)
    repair: cb.Input[float] = inputs.dist.exponential(mean=5.0)
    queue: cb.Store[int] = cb.Store(capacity=10)
    after: cb.Ref[cb.Store[int]]
    count: cb.Output[int]

    @cb.process
    def run(self):  # noqa: ANN201 - compiled by the peer
        """Take, work, fail and be mended, send on."""
        life = self.life.next()
        while True:
            job = self.queue.get()
            left = self.work.next()
            while left > life:
                cb.hold(life)
                left -= life
                cb.hold(self.repair.next())
                life = self.life.next()
            cb.hold(left)
            life -= left
            self.after.put(job)
            self.count += 1


class Line(cb.Model):
    """Machines in a row; the first one never starves."""

    machines: list[Machine]
    first: cb.Ref[cb.Store[int]]
    finished: cb.Store[int] = cb.Store()

    @cb.process
    def source(self):  # noqa: ANN201 - compiled by the peer
        """Material without end."""
        while True:
            self.first.put(1)

    @cb.process
    def sink(self):  # noqa: ANN201 - compiled by the peer
        """What is finished leaves."""
        while True:
            self.finished.get()


def line_seconds(stations: int, horizon_s: float, replications: int, workers: int) -> tuple[float, float]:
    """Wall time of `replications` runs of the line, code generation not counted; mean jobs completed."""
    line = Line()
    machines = [Machine() for _ in range(stations)]
    for i, machine in enumerate(machines):
        machine.after = machines[i + 1].queue if i + 1 < stations else line.finished
    line.machines, line.first = machines, machines[0].queue
    window = cb.Window(duration=horizon_s)
    cb.Experiment(line, replications=workers, window=window, seed=1).run(workers=workers)
    begin = time.perf_counter()
    results = cb.Experiment(line, replications=replications, window=window, seed=2).run(workers=workers)
    return time.perf_counter() - begin, float(results[machines[-1]].count.values.mean())


if __name__ == "__main__":
    # A process of its own: the peer adds its types to numba, which must not have compiled anything before.
    print(*line_seconds(20, float(sys.argv[1]), int(sys.argv[2]), 2))
