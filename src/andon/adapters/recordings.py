"""Recorded logs on disk: where the data folder is, which logs a site's plan names, and their bytes, packed or plain."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from andon.core.canonical import digest
from andon.models.fit.plan import Plan, as_id

DATA = "ANDON_DATA"
BESIDE = Path("..") / "shared" / "data"
PLANS = "recordings"
LOG_BYTES_MAX = 256 * 1024 * 1024
"""Unpacked bytes of one log; a larger one is refused, since a packed file may hold anything."""
CHUNK = 1 << 20


class NoRecording(OSError):  # noqa: N818 - named for what it says
    """There is nothing to read; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class LogFile:
    """One log on disk, and what its name says."""

    path: Path
    product: str
    operation: str
    machine: str
    device: str
    """The machine as the name spells it: prefix of the log's keys."""
    unit: int

    @property
    def name(self) -> str:
        """File name without `.gz`."""
        return self.path.name.removesuffix(".gz")


def data_folder(named: Path | None) -> Path:
    """The folder that holds recorded data: the one named, or `ANDON_DATA`, or `../shared/data`.

    Raises:
        NoRecording: none of them is a folder.
    """
    given = named or (Path(os.environ[DATA]) if os.environ.get(DATA) else None)
    folder = given if given is not None else BESIDE
    if not folder.is_dir():
        where = f"`{folder}`" if given is not None else f"`{BESIDE}` (and {DATA} is not set)"
        raise NoRecording(
            f"there is no folder of recorded data at {where}; name it with `--data FOLDER` (it contains `nist_sms`)"
        )
    return folder


def read_plan(site: Path, named: str | None = None) -> tuple[Plan, str]:
    """The plan of a site folder, and its digest.

    Raises:
        NoRecording: there is none, there are several and none is named, or it cannot be read.
    """
    folder = site / PLANS
    found = sorted(folder.glob("*.yaml")) if folder.is_dir() else []
    if named is not None:
        found = [p for p in found if p.stem == named]
    if not found:
        raise NoRecording(
            f"`{site}` says nothing about recorded logs; write `{PLANS}/NAME.yaml` (docs/how-to/fit-a-machine-shop.md)"
        )
    if len(found) > 1:
        names = ", ".join(f"`{p.stem}`" for p in found)
        raise NoRecording(f"`{folder}` holds several plans ({names}); choose one with `--plan NAME`")
    try:
        plan = Plan.model_validate(YAML(typ="safe").load(found[0].read_text(encoding="utf-8")))
        plan.pattern()
    except ValidationError as error:
        raise NoRecording(f"`{found[0]}` {_first(error)}") from error
    except (YAMLError, UnicodeDecodeError, ValueError) as error:
        raise NoRecording(f"`{found[0]}` cannot be read ({str(error).splitlines()[0]}); correct it") from error
    return plan, digest(plan.model_dump(mode="json"))


def _first(error: ValidationError) -> str:
    """The first mistake of a plan, an unknown key before a missing one, which it is likely to be."""
    mistakes = sorted(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    place = ".".join(str(p) for p in mistakes[0]["loc"])
    if not place:
        return "cannot be read as a plan (it is no mapping of keys); write `source`, `logs` and `operations` in it"
    if mistakes[0]["type"] == "extra_forbidden":
        return f"has a key that a plan does not know, `{place}`; remove or correct it"
    return f"at `{place}`: {mistakes[0]['msg'].lower()}; correct it"


def find_logs(data: Path, plan: Plan) -> tuple[LogFile, ...]:
    """Every log that the plan names, in order of name. A packed and a plain log of one name are one: the plain one.

    Raises:
        NoRecording: there is none.
    """
    pattern = plan.pattern()
    folder = data / plan.logs.rpartition("/")[0]
    out: dict[str, LogFile] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        match = pattern.match(path.name)
        if match is None or not path.is_file():
            continue
        device = match["machine"]
        found = LogFile(
            path, as_id(match["product"]), as_id(match["operation"]), as_id(device), device, int(match["unit"])
        )
        if found.name not in out or path.suffix != ".gz":
            out[found.name] = found
    if not out:
        raise NoRecording(f"no log in `{folder}` is called `{plan.logs.rpartition('/')[2]}`; check `--data` and `logs`")
    return tuple(out.values())


def chunks(path: Path) -> Iterator[bytes]:
    """The bytes of a log, unpacked when its name ends in `.gz`, a mebibyte at a time.

    Raises:
        NoRecording: it cannot be read, is not what its name says, or is too large.
    """
    total = 0
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            while data := file.read(CHUNK):
                total += len(data)
                if total > LOG_BYTES_MAX:
                    raise NoRecording(f"`{path}` is larger than {LOG_BYTES_MAX // 2**20} MiB; split it")
                yield data
    except (OSError, EOFError, zlib.error) as error:
        if isinstance(error, NoRecording):
            raise
        raise NoRecording(f"`{path}` cannot be read ({error}); copy it again") from error
