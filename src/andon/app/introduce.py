"""Certificates exchanged between a site's own twin, gateway and virtual plant, where one person starts them all.

On a real site a person compares thumbprints and moves files; here both ends were made by the same command.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from andon.adapters.clock import SystemClock
from andon.adapters.pki import Pki
from andon.app.folders import Folders

TWIN, GATEWAY, PLANT = "twin", "gateway", "plant"


def own_certificates(folders: Folders) -> None:
    """Make the twin's and the gateway's certificates, where there are none yet.

    Raises:
        OSError: a folder cannot be written.
    """
    now = SystemClock().now()
    Pki(folders.pki).own(TWIN, now)
    Pki(folders.gateway / "pki").own(GATEWAY, now)


def introduce_plant(folders: Folders) -> None:
    """Let the site's own virtual plant, twin and gateway trust each other.

    Raises:
        OSError: a folder cannot be written.
    """
    own_certificates(folders)
    now = SystemClock().now()
    plant = Pki(folders.root / "plant" / "pki")
    made = plant.own(PLANT, now)
    for folder in (folders.pki / "trusted", folders.gateway / "pki" / "trusted"):
        _copy(made.certificate, folder)
    for certificate in (folders.pki / "own" / f"{TWIN}.der", folders.gateway / "pki" / "own" / f"{GATEWAY}.der"):
        _copy(certificate, plant.trusted)


def _copy(certificate: Path, folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(certificate, folder / certificate.name)
