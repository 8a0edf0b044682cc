"""The connections that a site's sources.yaml asks for, or the replay that stands in for them."""

from __future__ import annotations

import argparse

from andon.adapters.clock import SiteClock
from andon.adapters.opcua import OpcuaSource
from andon.adapters.pki import Pki
from andon.adapters.recordings import NoRecording
from andon.adapters.shdr import ShdrSource
from andon.adapters.shdr_replay import ReplayServer, replay_of
from andon.app.floor import SourceThread
from andon.app.folders import Folders
from andon.core.time import parse_iso
from andon.protocols.events import Sink
from andon.site.model import Site, Source


class Replayed:
    """A source behind an adapter of our own that plays recorded logs over TCP."""

    def __init__(self, server: ReplayServer, site: Site, source: Source, sink: Sink, clock: SiteClock) -> None:
        self._server = server
        self._made = (source, site.signals, sink, clock)
        self._source: ShdrSource | None = None

    def start(self) -> None:
        """Play, then connect as to any adapter."""
        self._server.start()
        self._source = ShdrSource(*self._made, replay=True, address=self._server.address)
        self._source.start()

    def stop(self) -> None:
        """Let go, then stop playing."""
        if self._source is not None:
            self._source.stop()
        self._server.stop()


def make_sources(
    site: Site, folders: Folders, sink: Sink, clock: SiteClock, options: argparse.Namespace
) -> list[SourceThread]:
    """One thread for each source, not yet started. Under a replay, what is recorded stands in for SHDR sources.

    Raises:
        ValueError: a replay was asked for and cannot be; one sentence.
    """
    if options.replay is not None:
        return _replayed(site, sink, clock, options)
    made: list[SourceThread] = []
    for source in site.sources:
        if source.kind == "opcua":
            credentials = folders.root / "credentials"
            pki = Pki(folders.pki, folders.root / source.trusted)
            made.append(OpcuaSource(source, site.signals, pki, sink, clock, credentials=credentials))
        elif source.kind == "shdr":
            made.append(ShdrSource(source, site.signals, sink, clock))
    return made


def _replayed(site: Site, sink: Sink, clock: SiteClock, options: argparse.Namespace) -> list[SourceThread]:
    sources = [s for s in site.sources if s.kind == "shdr"]
    if not sources:
        raise ValueError("nothing here can be replayed: sources.yaml has no source of kind `shdr`")
    try:
        start = parse_iso(options.start) if options.start else None
        server = replay_of(options.site, options.data, options.replay, start)
    except NoRecording as error:
        raise ValueError(str(error)) from error
    return [Replayed(server, site, sources[0], sink, clock)]
