"""The command line's way to a running twin: its local API, with the token that only the site's owner can read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from andon.app.folders import Folders

TIMEOUT_S = 30.0


class NoTwin(Exception):  # noqa: N818 - a fact, not a fault
    """No twin runs for this site, or it does not answer."""


@dataclass(slots=True)
class Client:
    """One conversation with a running twin."""

    http: httpx.Client

    @classmethod
    def connect(cls, site: Path) -> Client:
        """Find the running twin of this site.

        Raises:
            NoTwin: none runs, or it does not answer.
        """
        api = Folders(site).api
        try:
            found = json.loads(api.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise NoTwin(f"no twin runs for `{site}`; start one with `andon run {site}`") from error
        http = httpx.Client(
            base_url=found["url"],
            headers={"Authorization": f"Bearer {found['token']}"},
            timeout=TIMEOUT_S,
            trust_env=False,
        )
        client = cls(http)
        try:
            client.get("/api/site")
        except NoTwin:
            http.close()
            raise
        return client

    def get(self, path: str, **query: Any) -> Any:
        """GET a JSON document.

        Raises:
            NoTwin: the twin does not answer.
        """
        try:
            answer = self.http.get(path, params={k: v for k, v in query.items() if v is not None})
        except httpx.HTTPError as error:
            raise NoTwin(f"the twin at {self.http.base_url} does not answer; is `andon run` still running?") from error
        return answer.json()

    def sign_in(self, person: str, password: str) -> str:
        """Sign a person in for this conversation. Returns an empty string, or why not."""
        status, answer = self.post("/api/sign-in", {"name": person, "password": password})
        if status != httpx.codes.OK:
            return sentence_of(answer)
        if "session" in answer:
            self.http.headers["X-Andon-Session"] = str(answer["session"])
        return ""

    def post(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """POST JSON; the status and the JSON answer.

        Raises:
            NoTwin: the twin does not answer.
        """
        try:
            answer = self.http.post(path, json=body)
        except httpx.HTTPError as error:
            raise NoTwin(f"the twin at {self.http.base_url} does not answer; is `andon run` still running?") from error
        return answer.status_code, answer.json()

    def close(self) -> None:
        """Let the connection go."""
        self.http.close()


def sentence_of(answer: Any) -> str:
    """The sentence inside a refusal or an error of the API."""
    if isinstance(answer, dict):
        reasons = answer.get("reasons")
        if reasons:
            return ". ".join(f"{r['text']}; {r['next_step']}" if r.get("next_step") else r["text"] for r in reasons)
        for key in ("error", "detail", "message"):
            if answer.get(key):
                return str(answer[key])
    return str(answer)
