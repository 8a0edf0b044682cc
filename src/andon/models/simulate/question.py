"""A question to the simulator as data: what is changed, against what, how sure it must be; and as a command."""

from __future__ import annotations

import difflib
import math
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral

from andon.models.simulate.figures import Figure, key
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.planned import Schedule
from andon.models.simulate.policy import Policy
from andon.models.simulate.run import REPLICATIONS_MAX as FUTURES_MAX
from andon.models.simulate.scenario import is_switch, switch_of, usual
from andon.site.floor import DISPATCH

UNTIL = re.compile(r"^\s*(?P<figure>.*?)\s*(?:±|\+-|\+/-)\s*(?P<amount>\d+(?:\.\d*)?|\.\d+)\s*(?P<percent>%?)\s*$")
REPLICATIONS_MAX = 10_000
"""Where a question that goes on until something is known ends, unless it says otherwise."""
SEED_MAX = 2**63 - 1
"""The kernel's words hold no larger one."""
CONFIDENCE_MIN, CONFIDENCE_MAX = 0.5, 0.999999


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
    """Who says which of the waiting jobs a machine takes, in the base."""
    against_policies: tuple[Policy | None, ...] = ()
    """The same in the alternatives: one for all of them, or one for each (`against`, then `sites`); None, and where
    none is named: they go by their stations' rules."""
    schedule: Schedule | None = None
    """What the machines of the base execute as given; alternatives go by their stations' rules, for the same orders."""
    bottleneck: bool = False
    """Whether the bottleneck is sought by sensitivity, too."""

    def refuse(self) -> None:
        """Whatever is wrong with the question itself, said before anything is run.

        Raises:
            Unrunnable: one sentence.
        """
        numbers: tuple[tuple[str, object], ...] = (("replications", self.replications), ("seed", self.seed))
        for name, number in numbers:
            if not isinstance(number, Integral):
                raise Unrunnable(f"{name} cannot be {number!r}; give a whole number")
        if not 1 <= self.replications <= FUTURES_MAX:
            raise Unrunnable(f"{self.replications} replications cannot be run; ask for 1 to {FUTURES_MAX:,}")
        if not 1 <= self.replications_max <= FUTURES_MAX:
            raise Unrunnable(f"a bound of {self.replications_max} cannot be; ask for 1 to {FUTURES_MAX:,}")
        if not 0 <= self.seed <= SEED_MAX:
            raise Unrunnable(f"{self.seed} is no seed; give a whole number from 0 to {SEED_MAX}")
        if not CONFIDENCE_MIN <= self.confidence <= CONFIDENCE_MAX:
            limits = f"{CONFIDENCE_MIN:g} to {CONFIDENCE_MAX:g}"
            raise Unrunnable(f"a confidence of {self.confidence:g} cannot be; give one from {limits}")
        if self.select and not 0 < self.indifference < math.inf:
            raise Unrunnable(f"an indifference of {self.indifference:g} cannot be; give one above 0")
        others = len(self.against) + len(self.sites)
        if len(self.against_policies) > 1 and len(self.against_policies) != others:
            what = f"{len(self.against_policies)} policies for {others} alternatives"
            raise Unrunnable(f"{what}; give one for all, or one for each")
        if self.select and (self.until is not None or self.decided):
            raise Unrunnable("a selection ends by its own rule; leave `--until` or `--select` out")

    def policy_of(self, number: int) -> Policy | None:
        """Who is asked in a variant: 0 is the base, then come the alternatives."""
        if number == 0 or not self.against_policies:
            return self.policy if number == 0 else None
        return self.against_policies[0 if len(self.against_policies) == 1 else number - 1]

    @property
    def names(self) -> tuple[str, ...]:
        """The figures that it is about; nothing stands for those that are not asked for."""
        return (self.until.figure if self.until is not None else "", self.decided, self.select)

    def command(self, folder: str, start: str) -> str:
        """What to type to get the same bits again; `start` is `empty`, or the file of the state that it began from."""
        parts = ["andon", "simulate", argument(folder)]
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
        for other in self.against_policies:
            parts += ["--against-policy", "rule" if other is None else other.name]
        asked = next((p for p in (self.policy, *self.against_policies) if p is not None), None)
        for station in asked.stations if asked is not None else ():
            parts += ["--policy-at", station]
        return parts


def argument(folder: str) -> str:
    """A folder as it is typed: one that begins with a dash would be taken for an option.

    >>> argument("-bar"), argument("examples/bar")
    ('./-bar', 'examples/bar')
    """
    return f"./{folder}" if folder.startswith("-") else folder


def plain(value: float) -> str:
    """A number as text that reads back as the same bits.

    >>> plain(4.0), plain(1.1), plain(1e22)
    ('4', '1.1', '1e+22')
    """
    return str(int(value)) if abs(value) < 1e15 and value == int(value) else repr(float(value))


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
        name, sign, value = (part.strip() for part in text.partition("="))
        if name in found:
            raise ValueError(f"`{name}` is set twice; leave one of them out")
        if is_switch(name) and not sign:
            found[name] = usual(name)
            continue
        if not sign or not name:
            raise ValueError(f"`{text}` sets nothing; write NAME=NUMBER, such as cure.spread=1.1")
        found[name] = _value(name, value, (words or {}).get(name, {}))
    return found


def _value(name: str, value: str, words: Mapping[str, float]) -> float:
    """A number, or a word that stands for one."""
    if name.endswith(".dispatch"):
        words = {**words, **{rule: float(i) for i, rule in enumerate(DISPATCH)}}
    if value in words:
        return words[value]
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        form = f"NAME=NUMBER or one of {', '.join(words)}" if words else "NAME=NUMBER, such as cure.spread=1.1"
        raise ValueError(f"`{name}={value}` sets nothing; write {form}")
    return number


def switches_of(texts: Sequence[str]) -> list[str]:
    """Scenario switches as they are typed.

    Raises:
        ValueError: one of them is none; one sentence.
    """
    for text in texts:
        for part in text.split(","):
            switch_of(part.partition("=")[0])
    return list(texts)


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


def figure_of(figures: Sequence[Figure], name: str) -> Figure:
    """The figure of that name; spaces, dashes and underscores are alike.

    Raises:
        Unrunnable: there is none; the sentence has the nearest.
    """
    known = {key(f.name): f for f in figures}
    if key(name) not in known:
        near = difflib.get_close_matches(key(name), known, n=3, cutoff=0.3) or list(known)[:3]
        raise Unrunnable(f"`{name}` is no figure; nearest: {', '.join(f'`{known[n].name}`' for n in near)}")
    return known[key(name)]


def ordered_figure_of(figures: Sequence[Figure], name: str) -> Figure:
    """The same, of a figure that has a better side.

    Raises:
        Unrunnable: there is none, or nobody says which side is better.
    """
    found = figure_of(figures, name)
    if not found.better:
        raise Unrunnable(f"`{found.name}` is neither better when more nor when less; choose another figure")
    return found
