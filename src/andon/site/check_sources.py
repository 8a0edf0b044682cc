"""Sources: where readings come from, without a secret in any text file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from andon.site.draft import Draft
from andon.site.problems import Problem, shown
from andon.site.shape import Item

_SCHEMES = {"opcua": "opc.tcp", "shdr": "shdr"}
_LOCAL = ("127.0.0.1", "localhost", "[::1]")
_URL = re.compile(r"([a-z.]+)://([^/?#]*)")
_HOST_PORT = re.compile(r"(?:[^@]*@)?(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+):([0-9]{1,5})\Z")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")
_ESCAPES = re.compile(r"(^|/)\.\.(/|$)|^/")


def check(made: Draft) -> Iterator[Problem]:
    """Every source, and its zone when the folder declares any."""
    for item in made.all("source"):
        yield from _url(item)
        yield from _secrets(item)


def _url(item: Item) -> Iterator[Problem]:
    kind, url = item.get("kind"), item.values.get("url")
    if url is None:
        return
    if url == "":
        yield item.problem(("url",), f"`url` of {item.label} is empty", "write where the source is")
        return
    scheme = _SCHEMES.get(kind or "")
    match = _URL.match(url)
    if match is not None and "@" in match[2]:
        yield item.problem(("url",), f"`url` of {item.label} contains a credential", "move it to `.andon/credentials`")
    if scheme is not None:
        place = _HOST_PORT.match(match[2]) if match is not None and match[1] == scheme else None
        if place is None or not 0 < int(place[1]) < 65536:
            bare = url.rpartition("@")[2] if "@" in url else url
            yield item.problem(("url",), f"`url` of {item.label} is {shown(bare)}", f"write `{scheme}://host:port`")
    far = match is not None and not match[2].rpartition("@")[2].startswith(_LOCAL)
    if kind == "opcua" and item.get("security") == "none" and far:
        what = f"{item.label} is read over the network without encryption"
        fix = "use `security: Basic256Sha256` if the server can"
        yield Problem(item.section.file, item.at("url"), what, fix, "note")


def _secrets(item: Item) -> Iterator[Problem]:
    secret, trusted = item.values.get("credential"), item.values.get("trusted")
    if secret is not None and not _FILE_NAME.match(secret):
        what = f"`credential` of {item.label} is not a plain file name"
        yield item.problem(("credential",), what, "name a file in `.andon/credentials`, never the secret itself")
    if trusted is not None and _ESCAPES.search(trusted):
        what = f"`trusted` of {item.label} leaves the site's `.andon` folder"
        yield item.problem(("trusted",), what, "name a folder inside it, such as `pki/trusted`")
