"""The connections that a site's sources.yaml asks for, or the replay that stands in for them."""

from __future__ import annotations

import argparse

from andon.adapters.clock import SiteClock
from andon.adapters.opcua import OpcuaSource
from andon.adapters.pki import Pki
from andon.app.floor import SourceThread
from andon.app.folders import Folders
from andon.protocols.events import Sink
from andon.site.model import Site


def make_sources(
    site: Site, folders: Folders, sink: Sink, clock: SiteClock, options: argparse.Namespace
) -> list[SourceThread]:
    """One thread for each source, not yet started.

    Raises:
        ValueError: a replay was asked for without recorded data.
    """
    made: list[SourceThread] = []
    for source in site.sources:
        if source.kind == "opcua":
            pki = Pki(folders.pki)
            credentials = folders.root / "credentials"
            made.append(OpcuaSource(source, site.signals, pki, sink, clock, credentials=credentials))
    return made
