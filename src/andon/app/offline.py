"""The record of a site while no twin runs: opened, written through the one path, and closed again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from andon.adapters.clock import SystemClock
from andon.adapters.keys import load_or_create_key
from andon.adapters.ledger_store import LedgerBusy, SqliteLedger
from andon.adapters.site_folder import load
from andon.app.components import running_components
from andon.app.folders import Folders
from andon.app.serve import ledger_name
from andon.authority.facts import Facts, GatewayFact
from andon.authority.records import RecordView
from andon.core.refusals import Refusal
from andon.operate.govern import record_evidence
from andon.operate.outcome import World
from andon.operate.port import RecordEvidence, Who
from andon.operate.roles import TWIN
from andon.site.model import Site


def record_validation(folder: Path, use: str, passed: bool, measured: Mapping[str, Any]) -> str | None:
    """Put one validation on record, bound to what would run here now. Returns why not, or None."""
    site = load(folder)
    if not isinstance(site, Site):
        return site[0].sentence()
    folders = Folders(folder)
    clock = SystemClock()
    try:
        folders.make()
        ledger = SqliteLedger(folders.ledger, load_or_create_key(folders.keys / "ledger.key", ledger_name(site)))
    except LedgerBusy:
        return "a twin runs for this site and holds the record; end it, and fit again to record this"
    except OSError as error:
        return str(error)
    try:
        facts = Facts(
            at=clock.now(),
            mode="live",
            speed=1.0,
            virtual=False,
            signals={},
            gateway=GatewayFact(False, "no twin runs"),
            running=running_components(),
        )
        world = World(site, RecordView.of(ledger.records()), facts)
        answer = record_evidence(RecordEvidence(use, "validation", passed, measured), Who(TWIN, (TWIN,)), world)
        if isinstance(answer, Refusal):
            return answer.sentence()
        ledger.append(answer.records, clock.now())
    except OSError as error:
        return str(error)
    finally:
        ledger.close()
    return None
