"""The room itself: what every page and endpoint shares, and how a page is rendered."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from andon.adapters.accounts import Accounts
from andon.control_room import words
from andon.control_room.alarms import Alarm, AlarmBook, conditions
from andon.control_room.charts import short
from andon.control_room.figures import figures
from andon.control_room.floor import FloorPlan
from andon.control_room.guard import Bounded, Tokens
from andon.control_room.picture import Names, Picture, Tail, look
from andon.control_room.present import (
    clock_text,
    coded,
    computed,
    duration,
    estimate,
    ns_of,
    number,
    shown,
    stamp,
    time_of,
    unit_text,
    whole,
)
from andon.control_room.settings import REASON_MAX, WORDS_MAX, RoomSettings
from andon.core.refusals import Refusal
from andon.core.time import SECOND
from andon.ledger.record import Record
from andon.operate.port import Desk, Done, Who

SAID_MAX = 400
PATH_MAX = 1600
"""Characters of an address that a form may lead back to: a whole question of What-if."""
SEAL = 32
"""Characters of an answer that travel in an address, and of the seal that proves them ours."""
HERE = Path(__file__).parent
FRAGMENTS = ("status", "alarms", "figures", "floor", "machines", "doing", "waiting", "tiers")
"""Parts of pages that the broadcaster keeps current; each is a template `_NAME.html`."""


class Room:
    """Desk, accounts, settings and templates, wired once at start."""

    def __init__(self, desk: Desk, accounts: Accounts, settings: RoomSettings) -> None:
        self.desk = desk
        self.accounts = accounts
        self.settings = settings
        self.site = desk.site()
        self.cookie = f"andon_{sha256(self.site.name.encode()).hexdigest()[:8]}"
        """Cookies know hosts but no ports: each site has its own, so two twins on one machine can be open at once."""
        self.names = Names(self.site)
        self.plan = FloorPlan(self.site, self.names)
        self.tokens = Tokens(secrets.token_bytes(32))
        self.book = AlarmBook()
        self.tail = Tail()
        self.challenges_seen = Bounded(settings.clock, per_minute=12)
        self.env = _environment(self.names)

    # --- who asks

    def session(self, connection: HTTPConnection) -> str:
        """The session token of a request: cookie for browsers, header for tools; empty when there is none."""
        return connection.cookies.get(self.cookie, "") or connection.headers.get("x-andon-session", "")

    def who(self, connection: HTTPConnection) -> Who | None:
        """The person who is signed in on this request."""
        token = self.session(connection)
        return self.accounts.who(token) if token else None

    # --- pages

    def alarms(self, picture: Picture) -> list[Alarm]:
        """Alarms of this picture, with what the room remembers of each."""
        return self.book.note(picture.at, conditions(picture, self.names))

    def context(self, picture: Picture) -> dict[str, Any]:
        """What Now and its fragments show of one picture."""
        return {
            "picture": picture,
            "alarms": self.alarms(picture),
            "figures": figures(picture, self.names),
            "plan": self.plan,
            "tiles": self.plan.tiles(picture),
            "gauges": self.plan.gauges(picture),
            "notes": self.plan.notes(picture),
            "vehicles": self.plan.vehicles(picture),
            "now": picture.at,
        }

    def fragment(self, name: str, context: Mapping[str, Any]) -> str:
        """One part of a page, rendered as the page itself renders it."""
        return self.env.get_template(f"_{name}.html").render(context)

    def page(self, request: Request, template: str, status: int = 200, **more: Any) -> Response:
        """A whole page around one picture of the desk."""
        picture = more.pop("picture", None) or look(self.desk, self.tail)
        who = self.who(request)
        context = {
            **self.context(picture),
            "who": who,
            "token": self.tokens.make(self.session(request) if who else ""),
            "path": request.url.path,
            "said": self.said(request),
            "done": self.record(request.query_params.get("done", "")),
            "instance": self.settings.instance,
            "version": self.settings.version,
            "vkey": self.settings.vkey,
            "site": self.site,
            "words_max": WORDS_MAX,
            "reason_max": REASON_MAX,
            **more,
        }
        return HTMLResponse(self.env.get_template(template).render(context), status)

    def record(self, index: str) -> Record | None:
        """The record of that number, if there is one."""
        if not index.isascii() or not index.isdigit() or len(index) > 12:
            return None
        wanted = int(index)
        found = self.desk.records(start=wanted, last=self.records_length(wanted))
        return next((r for r in found if r.index == wanted), None)

    def records_length(self, start: int) -> int:
        """How many records there are from `start` on: `last` counts from the newest."""
        newest = self.desk.records(last=1)
        return max(1, newest[-1].index - start + 1) if newest else 1

    def refused(self, request: Request, refusal: Refusal, back: str, status: int = 403) -> Response:
        """The refusal as a page: every reason, who can mend it, and what to do next."""
        return self.page(request, "refused.html", status, refusal=refusal, back=safe_path(back))

    def after(self, request: Request, answer: Done | Refusal, back: str) -> Response:
        """Where a form leads: back to its page when it was recorded, to the reasons when it was refused."""
        if isinstance(answer, Refusal):
            return self.refused(request, answer, back)
        index = answer.records[-1].index if answer.records else ""
        path = safe_path(back)
        mark = "&" if "?" in path else "?"
        said = answer.message[:SAID_MAX]
        seal = self.tokens.make(f"said {said}")[:SEAL]
        return RedirectResponse(f"{path}{mark}done={index}&{urlencode({'said': said, 'seal': seal})}", 303)

    def said(self, request: Request) -> str:
        """What the last act answered, if this room wrote it: nobody else can put words on a page by a link."""
        said = request.query_params.get("said", "")
        sealed = hmac.compare_digest(self.tokens.make(f"said {said}")[:SEAL], request.query_params.get("seal", ""))
        return said if said and sealed else ""


def safe_path(path: str) -> str:
    """A path inside this room; anything else becomes the first page.

    >>> safe_path("/m/oven-1?window=1h"), safe_path("//evil.example"), safe_path("https://evil.example")
    ('/m/oven-1?window=1h', '/', '/')
    """
    plain = path.isprintable() and "\\" not in path and len(path) < PATH_MAX
    return path if plain and path.startswith("/") and not path.startswith("//") else "/"


class _Compiled(BytecodeCache):
    """Templates compiled once a process, however many rooms it holds."""

    _held: ClassVar[dict[str, bytes]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket with what was compiled before."""
        if bucket.key in self._held:
            bucket.bytecode_from_string(self._held[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was just compiled."""
        self._held[bucket.key] = bucket.bytecode_to_string()


def _environment(names: Names) -> Environment:
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=_Compiled(),
        auto_reload=False,
    )
    env.filters.update(
        whole=whole,
        number=number,
        estimate=estimate,
        unit=unit_text,
        duration=duration,
        clock=lambda at: clock_text(at, names.zone),
        moment=lambda at: clock_text(at, names.zone, date=True),
        stamp=stamp,
        element=names.of,
        sentence=words.sentence,
        actor=lambda record: words.actor(record, names.people),
        coded=coded,
        person=lambda name: {"twin": "the twin"}.get(name, names.people.get(name, name)),
        seconds=lambda ns: ns / SECOND,
        short=short,
    )
    env.globals.update(
        ns_of=ns_of,
        time_of=time_of,
        shown=shown,
        computed=computed,
        zone_name=str(names.zone),
        CHALLENGE_WORDS=words.CHALLENGE_WORDS,
        PHASE_WORDS=words.PHASE_WORDS,
        people=names.people,
        station_of=names.station_of,
    )
    return env
