"""A question to the simulator as data: what is changed, against what, how sure it must be; and as a command."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from andon.models.simulate.figures import Figure
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.planned import Schedule
from andon.models.simulate.policy import Policy
from andon.models.simulate.scenario import is_switch, usual
from andon.site.floor import DISPATCH

UNTIL = re.compile(r"^\s*(?P<figure>.*?)\s*(?:±|\+-|\+/-)\s*(?P<amount>\d+(?:\.\d*)?|\.\d+)\s*(?P<percent>%?)\s*$")
REPLICATIONS_MAX = 10_000
"""Where a question that goes on until something is known ends, unless it says otherwise."""


@dataclass(frozen=True, slots=True)
class Width:
    """A wanted half-width of the 95 % interval of a figure's mean."""

    figure: str
    amount: float
    relative: bool

    def text(self) -> str:
        """As it is typed."""
        return f"{self.figure}±{plain(self.amount * 100) + '%' if self.relative else plain(self.amount)}"


@dataclass(frozen=True)
class Question:
    """Everything that decides the bits of an answer, apart from the site and the state that it begins from."""

    horizon_s: float = 8 * 3600.0
    replications: int = 200
    seed: int = 1
    overrides: Mapping[str, float] = field(default_factory=dict)
    """What the base has that the declared site has not."""
    against: tuple[Mapping[str, float], ...] = ()
    """Alternatives, each a set of overrides of the declared site."""
    sites: tuple[str, ...] = ()
    """Folders of other sites that it is compared with."""
    until: Width | None = None
    decided: str = ""
    """Figure whose difference must be known in sign."""
    select: str = ""
    """Figure by which the best is chosen."""
    indifference: float = 0.0
    confidence: float = 0.95
    replications_max: int = REPLICATIONS_MAX
    policy: Policy | None = None
    """Who says which of the waiting jobs a machine takes, in the base; alternatives go by their stations' rules."""
    schedule: Schedule | None = None
    """What the machines of the base execute as given; alternatives go by their stations' rules."""
    bottleneck: bool = False
    """Whether the bottleneck is sought by sensitivity, too."""

    def command(self, folder: str, start: str) -> str:
        """What to type to get the same bits again; `start` is `empty`, or the file of the state that it began from."""
        parts = ["andon", "simulate", folder]
        if self.select or self.until is not None or self.decided:
            parts += ["--replications-max", str(self.replications_max)]
        else:
            parts += ["--replications", str(self.replications)]
        parts += ["--horizon", f"{plain(self.horizon_s)}s", "--seed", str(self.seed), "--from", start]
        for name, value in self.overrides.items():
            parts += ["--set", f"{name}={plain(value)}"]
        parts += self._who_decides()
        for one in self.against:
            parts += ["--against", joined(one)]
        for other in self.sites:
            parts += ["--against-site", other]
        if self.until is not None:
            parts += ["--until", self.until.text()]
        if self.decided:
            parts += ["--until", "decided", "--of", self.decided]
        if self.select:
            parts += ["--select", self.select, "--indifference", plain(self.indifference)]
        if self.decided or self.select:
            parts += ["--confidence", plain(self.confidence)]
        if self.bottleneck:
            parts += ["--bottleneck"]
        return " ".join(shlex.quote(p) for p in parts)

    def _who_decides(self) -> list[str]:
        """The options of a schedule and of a policy."""
        parts = ["--schedule", self.schedule.name] if self.schedule is not None else []
        if self.policy is not None:
            parts += ["--policy", self.policy.name]
            for station in self.policy.stations:
                parts += ["--policy-at", station]
        return parts


def plain(value: float) -> str:
    """A number as text that reads back as the same bits.

    >>> plain(4.0), plain(1.1), plain(1e22)
    ('4', '1.1', '1e+22')
    """
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def joined(overrides: Mapping[str, float]) -> str:
    """Overrides as `--against` takes them; `declared` when there are none.

    >>> joined({"a.b": 2.0, "c": 0.5}), joined({})
    ('a.b=2,c=0.5', 'declared')
    """
    return ",".join(f"{name}={plain(value)}" for name, value in overrides.items()) or "declared"


def overrides_of(texts: Sequence[str], words: Mapping[str, Mapping[str, float]] | None = None) -> dict[str, float]:
    """`NAME=VALUE` pairs, each alone or several joined by commas; `declared` stands for none.

    Args:
        texts: as typed.
        words: words that stand for numbers, by name.

    Raises:
        ValueError: one sentence.

    >>> overrides_of(["a.b=2", " c = 3.5,d=1"])
    {'a.b': 2.0, 'c': 3.5, 'd': 1.0}
    >>> overrides_of(["turning.dispatch=spt"])
    {'turning.dispatch': 1.0}
    >>> overrides_of(["missing-worker:assemblers@2h+1h"])
    {'missing-worker:assemblers@2h+1h': 1.0}
    """
    found: dict[str, float] = {}
    for text in (part for joined_text in texts for part in joined_text.split(",") if joined_text.strip() != "declared"):
        name, sign, value = text.partition("=")
        if name.strip().endswith(".dispatch") and value.strip() in DISPATCH:
            value = str(DISPATCH.index(value.strip()))
        if is_switch(name) and not sign:
            found[name.strip()] = usual(name)
            continue
        try:
            word = (words or {}).get(name.strip(), {}).get(value.strip())
            found[name.strip()] = float(value) if word is None else word
        except ValueError:
            raise ValueError(f"`{text}` sets nothing; write NAME=NUMBER, such as cure.spread=1.1") from None
        if not sign or not name.strip():
            raise ValueError(f"`{text}` sets nothing; write NAME=NUMBER, such as cure.spread=1.1")
    return found


def width_of(text: str) -> Width:
    """A wanted precision such as `throughput±1%` or `lead time+-0.05`.

    Raises:
        ValueError: it is none; one sentence.

    >>> width_of("throughput±1%"), width_of("lead time +- 0.05")
    (Width(figure='throughput', amount=0.01, relative=True), Width(figure='lead time', amount=0.05, relative=False))
    """
    found = UNTIL.match(text)
    if found is None or not found["figure"] or float(found["amount"]) <= 0:
        raise ValueError(f"`{text}` is no precision; write `throughput±1%`, `throughput+-0.2`, or `decided`")
    relative = bool(found["percent"])
    return Width(found["figure"], float(found["amount"]) / (100.0 if relative else 1.0), relative)


def _key(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name.strip().lower())


def figure_of(figures: Sequence[Figure], name: str) -> Figure:
    """The figure of that name; spaces, dashes and underscores are alike.

    Raises:
        Unrunnable: there is none; the sentence has the nearest.
    """
    known = {_key(f.name): f for f in figures}
    if _key(name) not in known:
        near = difflib.get_close_matches(_key(name), known, n=3, cutoff=0.3) or list(known)[:3]
        raise Unrunnable(f"`{name}` is no figure; nearest: {', '.join(f'`{known[n].name}`' for n in near)}")
    return known[_key(name)]


def ordered_figure_of(figures: Sequence[Figure], name: str) -> Figure:
    """The same, of a figure that has a better side.

    Raises:
        Unrunnable: there is none, or nobody says which side is better.
    """
    found = figure_of(figures, name)
    if not found.better:
        raise Unrunnable(f"`{found.name}` is neither better when more nor when less; choose another figure")
    return found
