"""The twin's side of the one way out: signs permits, asks the gateway, turns its answers into results. Never raises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from andon.adapters.gateway_folder import bounds_of, pin, read_signed_bounds, write_bounds
from andon.adapters.gateway_link import GatewayLink, GatewayUnreachable, reasons_of
from andon.adapters.keys import load_or_create_key
from andon.app.folders import Folders
from andon.authority.facts import GatewayFact
from andon.core.canonical import digest
from andon.core.time import Clock
from andon.operate.outcome import (
    FenceAndAsk,
    HaltGateway,
    RaiseEpoch,
    ResetGateway,
    ResolveGateway,
    Result,
    SendCommand,
)
from andon.protocols.permit import LIFE_MAX_NS, Permit, PermitRefused, bounds_statement
from andon.site.model import Site

PHASES: Mapping[str, str] = {
    "done": "acknowledged",
    "void": "void",
    "unknown": "void",
    "settling": "",
    "indeterminate": "indeterminate",
}
"""The gateway's word for how a command stands, and dispatch's. `unknown` after a fence: it never will be done."""


class WayOut:
    """One gateway, as the twin sees it. `people` gives the public keys (hex) of everybody who can sign."""

    def __init__(self, site: Site, folders: Folders, people: Callable[[], Mapping[str, str]], clock: Clock) -> None:
        self._site = site
        self._folder = folders.gateway
        self._people = people
        self._clock = clock
        self._signer = load_or_create_key(folders.keys / "permit.key", "andon.local/permit")
        self._link = GatewayLink(folders.gateway)
        self._tolerance = {s.id: s.confirm_tol or 0.0 for s in site.signals}
        self.pin()

    def pin(self) -> None:
        """Pin our permit key, and the keys of people who have enrolled since the last time."""
        pin(self._folder, self._signer.verifier.public, {n: bytes.fromhex(k) for n, k in self._people().items()})

    # --- the port of `Acts`

    def raise_epoch(self, effect: RaiseEpoch) -> Result:
        """Void every permit signed so far."""
        try:
            epoch = self._link.raise_epoch(effect.why)
        except GatewayUnreachable as error:
            return Result(False, str(error))
        return Result(True, measured={"epoch": epoch})

    def halt(self, effect: HaltGateway) -> Result:
        """Latch a halt: through the gateway, or in its latch file when it does not answer."""
        try:
            held = self._link.halt(effect.scope, effect.station or "somebody", effect.reason)
        except OSError as error:
            return Result(False, str(error))
        return Result(
            True, held.sentence(), measured={"how": held.how, "halt": held.halt, "in_flight": list(held.in_flight)}
        )

    def reset(self, effect: ResetGateway) -> Result:
        """End every halt that the statement names."""
        self.pin()
        try:
            answer = self._link.reset(sorted(self.fact().halts), effect.reason, effect.signatures)
        except (GatewayUnreachable, PermitRefused) as error:
            return Result(False, str(error))
        return Result(bool(answer["ok"]), reasons_of(answer), measured={"by": list(answer.get("by", ()))})

    def send(self, effect: SendCommand) -> Result:
        """Sign a permit for this command and hand it over, once."""
        try:
            permit = Permit(
                command=effect.command,
                epoch=effect.epoch,
                baseline=effect.baseline,
                signal=effect.signal,
                value=effect.value,
                unit=effect.unit,
                expected=effect.expected,
                tolerance=self._tolerance.get(effect.signal, 0.0),
                min=effect.low,
                max=effect.high,
                deadline=self._clock.monotonic() + LIFE_MAX_NS,
            )
            answer = self._link.permit(permit, self._signer.private)
        except PermitRefused as error:
            return Result(False, str(error), "refused")
        except GatewayUnreachable as error:
            # No answer is no phase: it is fenced and asked after before anybody says that it cannot be known.
            return Result(False, str(error))
        return self._result(answer)

    def fence_and_ask(self, effect: FenceAndAsk) -> Result:
        """Raise the epoch first, so that nothing signed earlier can still be used; then ask."""
        try:
            self._link.raise_epoch(f"recovery of {effect.command}")
            return self._result(self._link.query(effect.command))
        except GatewayUnreachable as error:
            return Result(False, str(error))

    def resolve(self, effect: ResolveGateway) -> Result:
        """Tell the gateway what a person found."""
        try:
            answer = self._link.resolve(effect.command, done=effect.done, who=effect.who, why=effect.why)
        except GatewayUnreachable as error:
            return Result(False, str(error))
        return Result(bool(answer["ok"]), reasons_of(answer))

    def _result(self, answer: Mapping[str, Any]) -> Result:
        phase = str(answer.get("phase", ""))
        measured = {
            "before": answer.get("previous"),
            "after": answer.get("read_back"),
            "written_ns": str(int(self._clock.now())),
        }
        why = str(answer.get("why") or reasons_of(answer))
        if phase == "failed":
            # Taken and not done is for the confirming signal to judge; refused by the machine is a refusal.
            return Result(False, why, "acknowledged" if answer.get("taken") else "refused", measured)
        if not phase:
            return Result(False, why, "refused")
        return Result(phase == "done", why, PHASES.get(phase, "indeterminate"), measured)

    # --- how it stands

    def fact(self) -> GatewayFact:
        """What it says of itself now."""
        try:
            said = self._link.status()
        except GatewayUnreachable as error:
            return GatewayFact(False, str(error))
        return GatewayFact(
            reachable=not said["broken"],
            why=said["broken"] or said["bounds_why"],
            epoch=int(said["epoch"]),
            halted=tuple(h["scope"] for h in said["halts"]),
            halts={h["halt"]: h["scope"] for h in said["halts"]},
            bounds_digest=said["bounds_digest"],
            bounds_signers=tuple(said["bounds_signers"]),
            bounded=tuple(said["bounded"]),
            blocked=tuple(said["blocked"]),
            no_session=said.get("no_session", {}),
        )

    # --- bounds

    def bounds(self) -> dict[str, Any]:
        """The bounds that this site describes, who has signed them, and what each signs."""
        document = bounds_of(self._site)
        fact = self.fact()
        return {
            "rows": document["signals"],
            "statement": bounds_statement(document).decode(),
            "document": digest(document),
            "digest": fact.bounds_digest,
            "signers": sorted(self._bound_signatures(document)),
            "in_force": fact.reachable and bool(fact.bounds_signers),
            "why": fact.why,
        }

    def sign_bounds(self, person: str, signature: str) -> None:
        """Add one person's signature; the gateway takes the bounds once two people have signed.

        Raises:
            OSError: the gateway's folder cannot be written.
        """
        self.pin()
        document = bounds_of(self._site)
        write_bounds(self._folder, document, {**self._bound_signatures(document), person: signature})

    def _bound_signatures(self, document: Mapping[str, Any]) -> dict[str, str]:
        """Signatures over this very document; those over an older one do not count."""
        try:
            held = read_signed_bounds(self._folder)
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        return dict(held[1]) if held is not None and held[0] == document else {}
