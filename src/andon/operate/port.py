"""The desk: the one interface that pages, the API, the command line and notebooks have to the twin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from andon.authority.facts import Authority, Facts
from andon.core.readings import Value
from andon.core.refusals import Refusal
from andon.core.time import Nanos
from andon.ledger.record import Record
from andon.site.model import Site, Tier
from andon.sync.view import SignalView

if TYPE_CHECKING:
    from andon.operate.simulation import Asked, Simulate

ChallengeReason = Literal["mismatch", "hazard", "timing", "route", "omission"]


@dataclass(frozen=True, slots=True)
class Who:
    """Who asks. `person` is empty at a kiosk, where nobody signs in; `station` is then the place."""

    person: str = ""
    roles: tuple[str, ...] = ()
    station: str = ""


@dataclass(frozen=True, slots=True)
class PublishUse:
    """Put a context of use on record as it stands in the site folder (its digest)."""

    use: str


@dataclass(frozen=True, slots=True)
class RequestTier:
    """Ask that a use be approved up to `tier`, on the present baseline. Somebody else approves."""

    use: str
    tier: Tier
    reason: str


@dataclass(frozen=True, slots=True)
class Approve:
    """Approve what was requested: bound to the baseline, to the tier, and to a last day."""

    use: str
    tier: Tier
    reason: str
    days: float = 30.0


@dataclass(frozen=True, slots=True)
class Revoke:
    """Take an approval back."""

    use: str
    reason: str


@dataclass(frozen=True, slots=True)
class Propose:
    """A proposal made by hand: one signal, one value."""

    use: str
    signal: str
    value: Value
    reason: str


@dataclass(frozen=True, slots=True)
class Recommend:
    """A proposal made by a model; `body` is the recommendation as advice made it (see the reference)."""

    use: str
    signal: str
    value: Value
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Decide:
    """A person's decision on a recommendation. Accepting asks for a permit; rejecting ends it."""

    recommendation: str
    accept: bool
    reason: str
    looked: bool = False
    """The person says that they looked at the floor."""


@dataclass(frozen=True, slots=True)
class Undo:
    """A new command that puts the previous value back."""

    command: str
    reason: str


@dataclass(frozen=True, slots=True)
class Resolve:
    """A person says what became of an indeterminate command, having looked."""

    command: str
    done: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Challenge:
    """Anyone on the floor saying that the model is wrong about an element."""

    element: str
    reason: ChallengeReason
    words: str = ""


@dataclass(frozen=True, slots=True)
class AnswerChallenge:
    """A reasoned answer. `upheld`: the model was wrong and stays suspended until mended."""

    challenge: str
    outcome: Literal["upheld", "not-upheld", "mended"]
    reason: str


@dataclass(frozen=True, slots=True)
class Halt:
    """Withdraw the twin's authority in a scope. Anyone may; nothing is asked back."""

    scope: str = "site"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Reset:
    """One person's part of a reset; two different people are needed. Resumes nothing."""

    reason: str
    signature: str = ""
    """The person's Ed25519 signature (hex) over the reset statement."""


@dataclass(frozen=True, slots=True)
class RecordEvidence:
    """Evidence from a check, a drill or a comparison: verification, validation, undo-drill, halt-drill, agreement."""

    use: str
    kind: str
    passed: bool
    measured: Mapping[str, Any]


Request = (
    PublishUse
    | RequestTier
    | Approve
    | Revoke
    | Propose
    | Recommend
    | Decide
    | Undo
    | Resolve
    | Challenge
    | AnswerChallenge
    | Halt
    | Reset
    | RecordEvidence
)


@dataclass(frozen=True, slots=True)
class Done:
    """What was recorded, and what a person wants to hear of it."""

    records: tuple[Record, ...]
    message: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a trend."""

    at: Nanos
    value: float | None
    low: float | None
    high: float | None
    quality: int


class Simulator(Protocol):
    """Questions about what may happen. Nothing of it changes anything on the floor."""

    def settable(self) -> Sequence[Mapping[str, Any]]:
        """What a question may change: name, what, unit, kind, now, whole, near (a range that is worth a look)."""
        ...

    def troubles(self) -> Sequence[Mapping[str, Any]]:
        """Troubles that may be supposed: kind, what (names that it may hit), usual amount, meaning."""
        ...

    def ask(self, question: Simulate, who: Who, tab: str = "") -> Asked | Refusal:
        """Begin to answer; a further question of the same `tab` (one open page) takes the place of its last one."""
        ...

    def asked(self, answer: str) -> Asked | None:
        """A question as it stands; None when it is not kept any more."""
        ...

    def cancel(self, answer: str) -> Asked | None:
        """Stop; what is known by then is the answer."""
        ...

    def keep(self, answer: str) -> Asked | Refusal:
        """Keep for good what the answer needs to be repeated; its command then says where that is."""
        ...

    def future(self, answer: str, floor: int = 0, number: int | None = None) -> Mapping[str, Any] | Refusal:
        """One future of an answer event by event: who did what when, and the queues. None: the typical one."""
        ...

    def events(self, answer: str, floor: int = 0, number: int | None = None) -> bytes | Refusal:
        """The event log of one future as a Parquet file."""
        ...


class Desk(Protocol):
    """Everything that may be seen or asked. Implemented by the twin; faked in no test of authority."""

    def site(self) -> Site:
        """The site as read at start."""
        ...

    def facts(self) -> Facts:
        """What is true now."""
        ...

    def views(self) -> Sequence[SignalView]:
        """Every signal: value, unit, quality, times, origin, freshness."""
        ...

    def quarantine(self) -> Sequence[Mapping[str, Any]]:
        """What was set aside, counted: source, signal, reason, count, last example."""
        ...

    def sources(self) -> Sequence[Mapping[str, Any]]:
        """Every source: id, kind, url, up or down since when and why, last data."""
        ...

    def trend(self, signal: str, since: Nanos, until: Nanos, points: int = 300) -> Sequence[Point]:
        """History of one signal, thinned to at most `points`."""
        ...

    def authorities(self) -> Sequence[Authority]:
        """Authority of every use, computed now."""
        ...

    def authority(self, use: str, at: Nanos | None = None) -> Authority | Refusal:
        """Authority of one use, now or as the records had it at a past time."""
        ...

    def records(self, kind: str = "", last: int = 200, start: int = 0) -> Sequence[Record]:
        """Records from `start` on, of one kind (or of those that begin with it), the last so many."""
        ...

    def forecast(self) -> Mapping[str, Any] | None:
        """The latest forecast of the shift, with its intervals, mark and age; None while there is none."""
        ...

    def recommendations(self) -> Sequence[Mapping[str, Any]]:
        """Open recommendations, newest first, each with its body and how it stands."""
        ...

    def commands(self) -> Sequence[Mapping[str, Any]]:
        """Commands, newest first: id, signal, value, phase, times."""
        ...

    def challenges(self) -> Sequence[Mapping[str, Any]]:
        """Challenges, open ones first: id, element, reason, words, deadline, answer."""
        ...

    def halts(self) -> Sequence[Mapping[str, Any]]:
        """Halts in force: scope, since when, why; who has signed a reset."""
        ...

    def proof(self, index: int) -> Mapping[str, Any] | Refusal:
        """An offline receipt for one record."""
        ...

    def bounds(self) -> Mapping[str, Any]:
        """The gateway's bounds as this site describes them: rows, the statement to sign, digest, who has signed."""
        ...

    def sign_bounds(self, who: Who, signature: str) -> Done | Refusal:
        """Add one person's signature (hex) over the bounds' statement; two different people are needed."""
        ...

    @property
    def simulator(self) -> Simulator:
        """The simulator, with what it may be asked."""
        ...

    def keep_answer(self, answer: str, reason: str, who: Who) -> Done | Refusal:
        """Put an answer on record, with what it rests on and the command that repeats it."""
        ...

    def submit(self, request: Request, who: Who) -> Done | Refusal:
        """The one path for every act."""
        ...
