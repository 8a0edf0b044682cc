"""The simulator's speed and size: against SimPy and Cimba in one run, and how long answers about a plant take.

One-core rows compare processor times, so that what else runs on the machine matters less; rows over two threads and of
whole processes are wall times. A peer that is not installed has no row.
"""

from __future__ import annotations

import importlib.util
import io
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from andon.adapters.pool import ThreadPool
from andon.adapters.site_folder import load
from andon.models.simulate.asked import asked
from andon.models.simulate.image import Image
from andon.models.simulate.kernel import layout as at
from andon.models.simulate.run import compile_site, replicate
from andon.site.model import Site
from plants import Shop, long_line, shop_site

HERE = Path(__file__).parent
VALVES = HERE.parent / "examples" / "valve-works"
SHIFT_S = 8 * 3600.0
LINE_S = 2000.0
NS = "ns a completion"


@dataclass(frozen=True)
class Row:
    """One measured figure; `must` and `aim` are lower limits of a ratio, or upper limits of a value without a peer."""

    name: str
    value: float
    unit: str
    peer: str | None = None
    ratio: float | None = None
    must: float | None = None
    aim: float | None = None
    group: str = "sim"

    def as_dict(self) -> dict[str, Any]:
        """The row, and whether what must be reached is."""
        met = None
        if self.must is not None:
            met = self.ratio >= self.must if self.ratio is not None else self.value <= self.must
        return {**asdict(self), "met": met}


def rows(quick: bool) -> list[dict[str, Any]]:
    """Every row whose peer is installed."""
    found: list[Row] = []
    for measure, peer in MEASURES:
        if peer is None or importlib.util.find_spec(peer) is not None:
            found += measure(quick)
    return [row.as_dict() for row in found]


def _image(site: Site, horizon_s: float, bins: int = 1) -> Image:
    return compile_site(site, None, horizon_s, asked(site, {}), bins=bins)


def _cpu(function: Callable[[], Any]) -> float:
    begin = time.process_time()
    function()
    return time.process_time() - begin


def _wall(function: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


def _interleaved(ours: Callable[[int], Any], theirs: Callable[[int], Any], repeats: int) -> tuple[float, float]:
    """The shortest processor times of both, taken in turns; the ratio of the shortest is what noise disturbs least."""
    pairs = [(_cpu(lambda k=k: ours(k)), _cpu(lambda k=k: theirs(k))) for k in range(repeats)]
    return min(a for a, _ in pairs), min(b for _, b in pairs)


def line_against_simpy(quick: bool) -> list[Row]:
    """The 20-station line with failures, one core."""
    import peers_simpy

    image, n = _image(long_line(20), LINE_S), 50 if quick else 200
    done = sum(replicate(image, n, 0).count(k).mean() for k in range(20))
    mine, peer = _interleaved(
        lambda seed: replicate(image, n, seed), lambda seed: peers_simpy.line(20, LINE_S, seed), 3 if quick else 7
    )
    mine /= n
    name = "20-station line with failures, one core"
    return [Row(name, done / mine / 1e6, "M completions/s", "SimPy", peer / mine, 55.0, 80.0)]


def shop_against_simpy(quick: bool) -> list[Row]:
    """The job shop of thirty machines: set-ups, skills, breaks, four vehicles, failures; one core."""
    import peers_simpy

    shop = Shop()
    image, n = _image(shop_site(shop), SHIFT_S), 50 if quick else 200
    events = float(replicate(image, n, 0).header(at.EVENTS).mean())
    mine, peer = _interleaved(
        lambda seed: replicate(image, n, seed),
        lambda seed: peers_simpy.JobShop(shop, seed).env.run(until=SHIFT_S),
        3 if quick else 7,
    )
    mine /= n
    name = "30-machine job shop, one core"
    return [Row(name, events / mine / 1e6, "M events/s", "SimPy", peer / mine, 45.0, 65.0)]


def line_against_cimba(quick: bool) -> list[Row]:
    """1,000 shifts of the line, both on two threads; the peer's code generation is not counted."""
    n = 100 if quick else 1000
    image, pool = _image(long_line(20), LINE_S), ThreadPool(2)
    replicate(image, 2, 1)
    ours, theirs = [], []
    for seed in range(2 if quick else 3):
        ours.append(_wall(lambda seed=seed: replicate(image, n, seed, pool=pool)))
        command = [sys.executable, str(HERE / "peers_cimba.py"), str(LINE_S), str(n)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        theirs.append(float(done.stdout.split()[0]))
    name = f"{n:,} shifts of the line ({LINE_S:,.0f} cycles each), two threads"
    return [Row(name, min(ours), "s", "Cimba", min(theirs) / min(ours), 2.0, 3.0)]


def plant(quick: bool) -> list[Row]:
    """Fifty machines, eighteen people, eight vehicles that meet in the aisles: one shift, 1,000 replications."""
    shop = Shop(
        stations=10,
        machines=5,
        vehicles=8,
        operators=10,
        setters=5,
        menders=3,
        wip=100,
        jobs_an_hour=45.0,
        handling=(12.0, 4.0),
        roads=True,
    )
    image, n, pool = _image(shop_site(shop), SHIFT_S), 200 if quick else 1000, ThreadPool(2)
    replicate(image, 1, 1)
    events = float(replicate(image, 25, 1).header(at.EVENTS).mean())
    whole = min(_wall(lambda seed=seed: replicate(image, n, seed, pool=pool)) for seed in range(3)) * 1000 / n
    return [
        Row(
            "50-machine plant, 18 people, 8 vehicles with congestion, one shift, 1,000 replications",
            whole,
            "s",
            None,
            None,
            1.5,
            0.7,
        ),
        Row("the same, events a replication", events, "events"),
    ]


def answers(quick: bool) -> list[Row]:
    """What somebody waits for at the valve works."""
    site = load(VALVES)
    assert isinstance(site, Site)  # noqa: S101 - our own example
    seen: list[float] = []

    def first() -> float:
        begin, seen[:] = time.perf_counter(), []
        image = compile_site(site, None, SHIFT_S, asked(site, {}))
        replicate(
            image,
            1000,
            1,
            pool=ThreadPool(2),
            progress=lambda *_: seen.append(time.perf_counter()),
            stop=lambda: True,
        )
        return (seen[0] - begin) * 1000

    first()
    interval = statistics.median(first() for _ in range(5))
    change = dict.fromkeys(("oven-1.setpoint", "oven-2.setpoint"), 190.0)

    def structural() -> None:
        replicate(compile_site(site, None, SHIFT_S, asked(site, change)), 1, 1)

    changed = min(_wall(structural) for _ in range(7))
    image, pool = _image(site, SHIFT_S, bins=48), ThreadPool(2)
    whole = min(_wall(lambda seed=seed: replicate(image, 1000, seed, pool=pool)) for seed in range(1 if quick else 3))
    command = [sys.executable, "-m", "andon", "simulate", str(VALVES), "--replications", "100", "--json"]
    process = min(_wall(lambda: subprocess.run(command, check=True, capture_output=True)) for _ in range(3))
    return [
        Row("valve-works, first interval", interval, "ms", None, None, 200.0, 80.0),
        Row("a changed site to its first result", changed * 1000, "ms", None, None, 50.0, 10.0),
        Row("valve-works, one shift, 1,000 replications, two threads", whole, "s"),
        Row("andon simulate, 100 replications, whole process, warm", process, "s", None, None, 2.0, 1.0),
    ]


def decision(quick: bool) -> list[Row]:
    """Time to tell two close lines apart at 95 %: paired runs here, independent runs there.

    The 11th machine is 2 % faster in one. With d the difference of means and v the variance of one observation (paired:
    of the difference; independent: the sum of both), n = v (1.96 / d)^2 makes the 95 % interval exclude nothing. Both
    use our d; each its own variance and its own seconds a run.
    """
    import peers_simpy

    n, runs = 400 if quick else 2000, 12 if quick else 40
    sites = [long_line(20), long_line(20, odd=(10, 0.98))]
    images = [_image(site, LINE_S) for site in sites]
    replicate(images[0], 1, 1)
    begin = time.process_time()
    a, b = (replicate(image, n, 5).done() for image in images)
    ours_s = (time.process_time() - begin) / n
    begin = time.process_time()
    theirs = [peers_simpy.line(20, LINE_S, seed) for seed in range(runs)]
    theirs_s = 2 * (time.process_time() - begin) / runs
    d = abs(float((b - a).mean()))
    ours_n = float((b - a).var(ddof=1)) * (1.96 / d) ** 2
    theirs_n = 2 * statistics.variance(theirs) * (1.96 / d) ** 2
    ratio = (max(theirs_n, 2.0) * theirs_s) / (max(ours_n, 2.0) * ours_s)
    name = f"two lines that differ by {d / a.mean():.2%} told apart at 95 % ({max(ours_n, 2.0):,.0f} pairs)"
    return [Row(name, max(ours_n, 2.0) * ours_s, "s", "SimPy", ratio, 500.0, 2000.0)]


def growth(quick: bool) -> list[Row]:
    """Nanoseconds a completion while plants and jobs grow: level is linear growth."""
    lines = (10, 100) if quick else (10, 100, 1000)
    lots = (1_000, 10_000) if quick else (1_000, 10_000, 100_000)
    found = [_each(f"line of {stations:,} stations", stations, LINE_S) for stations in lines]
    return found + [_each(f"20 stations, about {jobs:,} jobs", 20, jobs / 0.7) for jobs in lots]


def plot(found: list[dict[str, Any]]) -> str:
    """The growth rows as a picture (SVG): time for each completion over the number of stations and of jobs."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    with mpl.rc_context({"svg.hashsalt": "andon", "svg.fonttype": "none", "font.size": 9}):
        figure, pair = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True, layout="constrained")
        for axes, word, label in zip(pair, ("stations", "jobs"), ("stations in the line", "jobs made"), strict=True):
            rows = [row for row in found if row["unit"] == NS and row["name"].endswith(word)]
            sizes = [int("".join(c for c in row["name"].rpartition("about")[2] if c.isdigit())) for row in rows]
            axes.plot(sizes, [row["value"] for row in rows], "o-", color="#1B4B8A")
            axes.set_xscale("log")
            axes.set_xlabel(label)
            axes.grid(color="#DDDDDD", linewidth=0.6)
        pair[0].set_ylim(0, None)
        pair[0].set_ylabel(NS)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": "andon"})
        plt.close(figure)
    return out.getvalue()


def _each(name: str, stations: int, horizon_s: float) -> Row:
    image = _image(long_line(stations, forever=horizon_s > LINE_S), horizon_s)
    n = max(2, round(4e6 / (stations * horizon_s)))
    done = sum(replicate(image, 1, 0).count(k).mean() for k in range(stations))
    spent = min(_cpu(lambda seed=seed: replicate(image, n, seed)) for seed in range(3)) / n
    return Row(name, spent / done * 1e9, NS)


def memory(quick: bool) -> list[Row]:
    """The largest memory of a process that asks 1,000 replications of a plant of 1,000 stations."""
    n = 100 if quick else 1000
    text = (
        "import resource; from plants import long_line; from andon.models.simulate.asked import asked;"
        "from andon.models.simulate.run import compile_site, replicate; from andon.adapters.pool import ThreadPool;"
        "site = long_line(1000); image = compile_site(site, None, 500.0, asked(site, {}));"
        f"replicate(image, {n}, 1, pool=ThreadPool(2));"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    done = subprocess.run([sys.executable, "-c", text], check=True, capture_output=True, text=True, env=environment)
    name = f"1,000 stations, {n:,} replications, 48 looks at every buffer: largest memory"
    return [Row(name, float(done.stdout), "MiB", None, None, 1024.0, 300.0)]


def code_size(_quick: bool) -> list[Row]:
    """How much there is to read."""
    folder = HERE.parent / "src" / "andon" / "models" / "simulate" / "kernel"
    lines = [len(path.read_text(encoding="utf-8").splitlines()) for path in folder.glob("*.py")]
    return [Row(f"kernel: {len(lines)} files, {sum(lines):,} lines, the longest", float(max(lines)), "lines")]


MEASURES: tuple[tuple[Callable[[bool], list[Row]], str | None], ...] = (
    (line_against_simpy, "simpy"),
    (shop_against_simpy, "simpy"),
    (line_against_cimba, "cimba"),
    (plant, None),
    (answers, None),
    (decision, "simpy"),
    (growth, None),
    (memory, None),
    (code_size, None),
)
"""What is measured, and the peer that it needs."""
