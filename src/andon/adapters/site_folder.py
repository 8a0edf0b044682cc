"""Reads a site folder from disk: file names to text, bounded; what the text says is `andon.site`'s business."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from andon.core.time import Clock
from andon.site.model import Site
from andon.site.parse import Outcome
from andon.site.parse import read as read_files
from andon.site.problems import Problem
from andon.site.sections import FILE_BYTES_MAX, FILES

ENDINGS = (".yaml", ".yml", ".csv", ".cedar")
IGNORED = "# What a running twin leaves here: records, history, keys. Never in version control.\n.andon/\n"


def load(folder: Path, clock: Clock | None = None) -> Site | tuple[Problem, ...]:
    """The site that `folder` describes, or every error that keeps it from describing one."""
    outcome = read(folder, clock)
    return outcome.site if outcome.site is not None else outcome.errors


def read(folder: Path, clock: Clock | None = None) -> Outcome:
    """The site, and every problem, notes included; review dates are held against `clock` when there is one."""
    texts, problems = texts_of(folder)
    if problems and not texts:
        return Outcome(None, tuple(problems))
    today = None if clock is None else f"{datetime.fromtimestamp(clock.now() // 10**9, UTC):%Y-%m-%d}"
    outcome = read_files(texts, today)
    if not problems:
        return outcome
    unreadable = {p.file for p in problems}
    others = [p for p in outcome.problems if p.file not in unreadable]
    return Outcome(None, tuple(sorted({*problems, *others})))


def texts_of(folder: Path) -> tuple[dict[str, str], list[Problem]]:
    """Text by file name, and what could not be read. Files that a site folder does not know are left alone."""
    if not folder.is_dir():
        what = "the folder does not exist" if not folder.exists() else "this is a file, not a folder"
        return {}, [Problem(str(folder), 0, what, "name a site folder; `andon init DIR` writes one")]
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    try:
        paths = sorted([*folder.iterdir(), *folder.glob("policies/*.cedar")])
    except OSError as error:
        return {}, [Problem(str(folder), 0, f"the folder cannot be read ({error.strerror})", "check its permissions")]
    for path in paths:
        name = path.relative_to(folder).as_posix()
        if name.startswith(".") or not name.endswith(ENDINGS) or not path.is_file():
            continue
        try:
            text, problem = _text(path, name)
        except OSError as error:
            text, problem = "", Problem(name, 0, f"the file cannot be read ({error.strerror})", "check its permissions")
        if problem is None:
            texts[name] = text
        elif name in FILES or name.endswith(".cedar"):
            problems.append(problem)
            texts[name] = ""
    return texts, problems


def create(folder: Path, clock: Clock) -> tuple[str, ...] | Problem:
    """Write the example site into `folder`: all of it or nothing. Returns the names of its files.

    Refuses a folder that holds anything, and the working directory, which cannot be exchanged for another.
    """
    target = folder.resolve()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        return Problem(str(folder), 0, "something is there already", "name a folder that does not exist yet")
    if target == Path.cwd():
        return Problem(
            str(folder), 0, "this is the working directory", "name a new folder inside it: `andon init NAME`"
        )
    today = datetime.fromtimestamp(clock.now() // 10**9, UTC).date()
    dates = {"2026-01-01": f"{today:%Y-%m-%d}", "2027-01-01": f"{today.year + 1}-{today:%m}-01"}
    template = files("andon.site") / "template"
    part = target.with_name(f".{target.name}.new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return Problem(str(target.parent), 0, f"no folder can be made there ({error.strerror})", "name another one")
    try:
        part.mkdir()
    except OSError as error:
        why = "an earlier attempt was left behind" if isinstance(error, FileExistsError) else str(error.strerror)
        return Problem(str(part), 0, f"the folder cannot be made ({why})", "remove it, or name another one")
    try:
        for name in FILES:
            source = template / name
            if not source.is_file():
                continue
            text = source.read_text(encoding="utf-8")
            for written, meant in dates.items():
                text = text.replace(written, meant)
            (part / name).write_text(text, encoding="utf-8")
        (part / ".gitignore").write_text(IGNORED, encoding="utf-8")
        made = tuple(sorted(p.name for p in part.iterdir()))
        part.rename(target)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        return Problem(str(folder), 0, f"the folder cannot be written ({error.strerror})", "name another one")
    return made


def _text(path: Path, name: str) -> tuple[str, Problem | None]:
    with path.open("rb") as file:
        data = file.read(FILE_BYTES_MAX + 1)
    if len(data) > FILE_BYTES_MAX:
        what = f"the file is larger than {FILE_BYTES_MAX // 2**20} MiB"
        return "", Problem(name, 0, what, "split the site into several folders")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "", Problem(name, 1, "the file is UTF-16", "save it as UTF-8 (in a spreadsheet: `CSV UTF-8`)")
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return "", Problem(
            name, line, "the text is not UTF-8", "save the file as UTF-8 (in a spreadsheet: `CSV UTF-8`)"
        )
