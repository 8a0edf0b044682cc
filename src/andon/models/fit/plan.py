"""What a shop declares so that its recorded logs can be fitted: where they lie, their names, what runs in them."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from pydantic import Field

from andon.site.model import Id, Part

FIELDS = frozenset({"product", "operation", "machine", "unit", "units"})


class Operation(Part):
    """One operation of a product's route, and the programs that do it."""

    product: Id
    operation: Id
    machine: Id
    programs: tuple[str, ...] = Field(min_length=1)
    """File name patterns of the programs that make this operation; any other program is another job.

    `*` and `?` stand for anything, `{unit}` for the unit's number where each unit has a program of its own.
    """

    @property
    def key(self) -> tuple[str, str]:
        """What logs are grouped by."""
        return self.product, self.operation

    def owns(self, program: str, unit: int) -> bool:
        """Whether a program of that name does this operation on that unit."""
        patterns = (p.replace("{unit}", str(unit)) for p in self.programs)
        return any(fnmatchcase(program.upper(), pattern.upper()) for pattern in patterns)


class Roles(Part):
    """Which property of a machine plays which part; the defaults are the names in the example."""

    status: str = "program_status"
    runtime: str = "program_runtime"
    block: str = "block_number"
    program: str = "program_running"
    counter: str = "part_count"


class Words(Part):
    """What the machine calls its states."""

    running: tuple[str, ...] = ("ACTIVE",)
    held: tuple[str, ...] = ("FEED_HOLD",)
    completed: tuple[str, ...] = ("PROGRAM_COMPLETED",)
    """Every other word ends a run as stopped."""


class Settings(Part):
    """Thresholds, each with the reason why it stands where it does. None is fitted to anything."""

    first_units: int = Field(default=10, ge=3, le=1000)
    """Units that estimates may look at; all later ones are held back."""
    first_articles: int = Field(default=1, ge=0, le=100)
    """Units at the very beginning that prove the program out, hand on the override: set-up, not routine."""
    routine_min: int = Field(default=3, ge=1)
    """With fewer routine cycles than this, the first articles are used after all."""
    unattended_h: float = Field(default=4.0, gt=0, le=24)
    """A silence longer than half a shift is a machine that nobody attends: a night, a weekend."""
    false_start_s: float = Field(default=60.0, ge=0)
    """A run stopped within its first minute and begun again is a false start of the same cycle."""
    pause_s: float = Field(default=5.0, gt=0)
    """Shorter pauses are within what polling and a counter in whole seconds can tell."""
    start_share: float = Field(default=0.05, ge=0, lt=1)
    start_blocks: int = Field(default=30, ge=0)
    """A run that begins behind this share of its program's blocks plus this many did not begin at the start."""
    lost_share_max: float = Field(default=0.05, gt=0, lt=1)
    """More of the first units' time lost to interruptions: then the forecast leans on how they are assumed."""
    width_max: float = Field(default=0.5, gt=0)
    """A 90 % interval wider than this share of its median is no basis for a promise."""
    same_program_min: int = Field(default=4, ge=2)
    """Fewest cycles of the program as it now is that a spread can be read from."""
    replications: int = Field(default=20_000, ge=1000, le=1_000_000)


class Plan(Part):
    """A file of the folder `recordings` of a site folder."""

    source: Id
    """Id in sources.yaml of the source that these logs were recorded from."""
    logs: str
    """Path below the data folder, with `{product}`, `{operation}`, `{machine}`, `{unit}`; `.gz` may follow."""
    operations: tuple[Operation, ...] = Field(min_length=1)
    roles: Roles = Roles()
    words: Words = Words()
    settings: Settings = Settings()
    credit: str = ""

    def operation(self, key: tuple[str, str]) -> Operation | None:
        """The operation of that product and name."""
        return next((o for o in self.operations if o.key == key), None)

    def pattern(self) -> re.Pattern[str]:
        """The file name's pattern as a regular expression over its last path component.

        Raises:
            ValueError: a field that a log's name cannot give, or one of the needed fields is missing.
        """
        name = self.logs.rpartition("/")[2]
        parts = re.split(r"\{([a-z]+)\}", name)
        given = parts[1::2]
        if unknown := set(given) - FIELDS:
            raise ValueError(f"`logs` names `{{{min(unknown)}}}`; use {', '.join(sorted(FIELDS))}")
        if missing := {"product", "operation", "machine", "unit"} - set(given):
            raise ValueError(f"`logs` does not say where the {min(missing)} stands; write `{{{min(missing)}}}` in it")
        text = re.escape(parts[0])
        for field, literal in zip(given, parts[2::2], strict=True):
            shape = r"\d+" if field in {"unit", "units"} else r"[A-Za-z0-9_]+"
            text += f"(?P<{field}>{shape}){re.escape(literal)}"
        return re.compile(rf"^{text}(?:\.gz)?$")


def as_id(text: str) -> str:
    """A name in a file's name as an id of the site: lower case, `Op1` as `op-1`.

    >>> as_id("OP5"), as_id("Plate"), as_id("Op12")
    ('op-5', 'plate', 'op-12')
    """
    lower = text.lower()
    return re.sub(r"^op_?(\d+)$", r"op-\1", lower)
