"""Problems of a site folder: file, line, what is wrong, what to do; and the nearest valid word to a mistyped one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

SUGGESTION_RATIO_MIN = 0.6
"""How alike (difflib ratio, 0 to 1) a known word must be before it is suggested."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to mend. A `note` does not stop the site from running; an `error` does."""

    file: str
    line: int
    """First line of what is meant, from 1; 0 when the whole file or folder is meant."""
    what: str
    fix: str
    severity: Literal["error", "note"] = "error"

    def sentence(self) -> str:
        """`file:line: what is wrong; what to do`.

        >>> Problem("site.yaml", 4, "area `yrd` is not declared", "write `yard`").sentence()
        'site.yaml:4: area `yrd` is not declared; write `yard`'
        """
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.what}; {self.fix}"

    def as_json(self) -> dict[str, Any]:
        """The same fields, for `--json`."""
        return {
            "file": self.file,
            "line": self.line,
            "what": self.what,
            "fix": self.fix,
            "severity": self.severity,
        }


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was most likely meant to be, or None when nothing is alike.

    >>> nearest("heigth_m", ["width_m", "height_m"])
    'height_m'
    """
    folded = {k.lower(): k for k in sorted(known)}
    close = difflib.get_close_matches(word[:128].lower(), list(folded), n=1, cutoff=SUGGESTION_RATIO_MIN)
    return folded[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """What to do about an unknown word: the nearest one, or `otherwise`.

    >>> did_you_mean("lathe-l", ["lathe-1"], "declare it")
    'did you mean `lathe-1`?'
    """
    close = nearest(word, known)
    return f"did you mean `{close}`?" if close else otherwise


def shown(value: object) -> str:
    """A value in backticks, cut to what fits in a sentence.

    >>> shown("x" * 100)
    '`xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...`'
    """
    if isinstance(value, float):
        value = repr(value).removesuffix(".0")
    elif isinstance(value, bool):
        value = str(value).lower()
    text = "".join(c if c.isprintable() else "?" for c in str(value)).replace("`", "'")
    return f"`{text[:39]}...`" if len(text) > 42 else f"`{text}`"


def words(items: Iterable[str], most: int = 8) -> str:
    """A list for a sentence: each in backticks, at most `most` of them.

    >>> words(["a", "b"])
    '`a`, `b`'
    """
    listed = list(items)
    tail = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(f"`{i}`" for i in listed[:most]) + tail


def foremost(problems: Sequence[Problem]) -> Problem:
    """The one to say where only one is said: that there is no site at all, else the first."""
    return next((p for p in problems if p.file == "site.yaml" and p.line == 0), problems[0])
