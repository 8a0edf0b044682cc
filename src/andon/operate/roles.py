"""Who may do what, as one table; and who somebody is, by people.yaml and not by what their session says."""

from __future__ import annotations

from collections.abc import Mapping

from andon.authority.case import roles as roles_of
from andon.core.refusals import Reason
from andon.operate import port
from andon.site.model import Site

TWIN = "twin"
"""The role, held by no person, of what the twin itself records."""
ANYONE = frozenset({"anyone"})

MAY: Mapping[type, frozenset[str]] = {
    port.PublishUse: frozenset({"engineer", "supervisor"}),
    port.RequestTier: frozenset({"engineer", "supervisor"}),
    port.Approve: frozenset({"safety", "supervisor", "engineer"}),
    port.Revoke: frozenset({"safety", "supervisor", "engineer", "representative"}),
    port.Propose: frozenset({"engineer", "supervisor", "worker"}),
    port.Recommend: frozenset({TWIN}),
    port.Decide: frozenset({"supervisor", "engineer"}),
    port.Undo: frozenset({"supervisor", "engineer"}),
    port.Resolve: frozenset({"supervisor", "engineer", "safety"}),
    port.Challenge: ANYONE,
    port.AnswerChallenge: frozenset({"supervisor", "engineer", "safety"}),
    port.Halt: ANYONE,
    port.Reset: frozenset({"supervisor", "safety", "engineer"}),
    port.RecordEvidence: frozenset({"engineer", "supervisor", "safety", "representative", TWIN}),
}
"""A request that is not listed is refused to everybody."""

EVIDENCE_BY: Mapping[str, frozenset[str]] = {
    "verification": frozenset({"engineer", "supervisor", "safety", TWIN}),
    "validation": frozenset({"engineer", "supervisor", "safety", TWIN}),
    "uncertainty": frozenset({"engineer", "supervisor", "safety", TWIN}),
    "undo-drill": frozenset({"engineer", "supervisor", "safety", TWIN}),
    "halt-drill": frozenset({"engineer", "supervisor", "safety", TWIN}),
    "sim-to-real": frozenset({"engineer", "supervisor", "safety", TWIN}),
    "agreement": frozenset({"representative"}),
}
"""Kinds of evidence, and who may record each."""


def standing(site: Site, who: port.Who) -> frozenset[str]:
    """The roles that count: those of the session that people.yaml gives this person, too. The twin is no person."""
    if not who.person:
        return frozenset()
    if TWIN in who.roles:
        return frozenset({TWIN}) if who.person == TWIN else frozenset()
    return roles_of(site, who.person) & frozenset(who.roles)


def not_allowed(request: object, site: Site, who: port.Who) -> tuple[Reason, ...]:
    """Why this person may not ask this; empty when they may."""
    allowed = MAY.get(type(request))
    if allowed is None:
        return (Reason("unknown-request", f"`{type(request).__name__}` is nothing that can be asked"),)
    if allowed == ANYONE or standing(site, who) & allowed:
        return ()
    listed = ", ".join(sorted(allowed))
    if not who.person:
        return (Reason("sign-in", "nobody is signed in", f"sign in as one of: {listed}", listed),)
    has = ", ".join(sorted(standing(site, who))) or "none"
    text = f"`{who.person}` holds the roles {has}, and this needs one of: {listed}"
    return (Reason("role", text, "ask somebody who holds one", listed, "people.yaml"),)
