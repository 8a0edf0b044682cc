"""Source tags to readings to state: order, duplicates, clock skew, quarantine, freshness. No input or output."""

from andon.protocols.events import Alive, Down, Event, Observation, Overflow, Restarted
from andon.sync.batch import Applied
from andon.sync.quarantine import Quarantined
from andon.sync.store import StateStore
from andon.sync.view import SignalView

__all__ = [
    "Alive",
    "Applied",
    "Down",
    "Event",
    "Observation",
    "Overflow",
    "Quarantined",
    "Restarted",
    "SignalView",
    "StateStore",
]
