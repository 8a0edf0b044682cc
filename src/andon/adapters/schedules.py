"""A schedule from a file."""

from __future__ import annotations

from pathlib import Path

from andon.models.simulate.planned import Schedule
from andon.models.simulate.schedule import read_schedule
from andon.site.model import Site


def schedule_of(site: Site, path: Path | None) -> Schedule | None:
    """The schedule of a file.

    Raises:
        Unrunnable, ValueError: it cannot be read, or is none of this site's; one sentence.
    """
    if path is None:
        return None
    try:
        return read_schedule(site, path.read_text(encoding="utf-8-sig"), str(path))
    except OSError as error:
        raise ValueError(f"`{path}` cannot be read ({error.strerror}); name a CSV file") from None
    except UnicodeDecodeError:
        raise ValueError(f"`{path}` is not UTF-8; save it as UTF-8") from None
