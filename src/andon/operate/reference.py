"""The tables of the reference, written from the code: what each tier demands, who may do what, how a command moves."""

from __future__ import annotations

from collections.abc import Mapping

from andon.authority.requirements import REQUIREMENTS
from andon.authority.transitions import LATCHED
from andon.dispatch.moves import mermaid
from andon.operate.roles import ANYONE, EVIDENCE_BY, MAY


def requirements() -> str:
    """The ladder as a Markdown table."""
    rows = [f"| `{r.id}` | {r.tier} | {r.title} | {r.owner} | {r.next_step} | {r.source} |" for r in REQUIREMENTS]
    head = (
        "| requirement | from tier | what must hold | who can mend it | how | serves |",
        "|---|---|---|---|---|---|",
    )
    return "\n".join((*head, *rows))


def roles() -> str:
    """Who may ask what."""
    rows = []
    for request, allowed in MAY.items():
        who = "anyone, signed in or not" if allowed == ANYONE else ", ".join(sorted(allowed))
        rows.append(f"| {request.__name__} | {who} |")
    return "\n".join(("| request | roles |", "|---|---|", *rows))


def evidence() -> str:
    """Who may record which evidence."""
    rows = [f"| `{kind}` | {', '.join(sorted(allowed))} |" for kind, allowed in EVIDENCE_BY.items()]
    return "\n".join(("| evidence | recorded by |", "|---|---|", *rows))


def moves() -> str:
    """A command's life."""
    return f"```mermaid\n{mermaid()}\n```"


BLOCKS: Mapping[str, str] = {
    "requirements": requirements(),
    "roles": roles(),
    "evidence": evidence(),
    "moves": moves(),
    "latched": " and ".join(f"`{t}`" for t in reversed(LATCHED)),
}
"""Name of a block to its text; the page has it between `<!-- name -->` and `<!-- /name -->`."""


def filled(page: str) -> str:
    """The page with every block as the code has it now."""
    for name, text in BLOCKS.items():
        start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        if start in page and end in page:
            before, _, rest = page.partition(start)
            page = f"{before}{start}\n{text}\n{end}{rest.partition(end)[2]}"
    return page
