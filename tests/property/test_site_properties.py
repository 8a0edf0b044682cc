"""A site means what it says however it is written, and no text whatever makes the reader fail."""

from __future__ import annotations

import csv
import io
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from andon.adapters.site_folder import texts_of
from andon.site import csvtext, yamltext
from andon.site.digests import PARTS
from andon.site.model import Site
from andon.site.parse import parse, read
from andon.site.problems import nearest

EXAMPLES = Path(__file__).parents[2]
BASE, _ = texts_of(EXAMPLES / "examples" / "valve-works")
SMALL, _ = texts_of(EXAMPLES / "src" / "andon" / "site" / "template")
YAML_FILES = sorted(n for n in SMALL if n.endswith(".yaml"))
SLOW = settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

TOKENS = [
    "[", "]", "{", "}", ":", ": ", "\n", "\t", "- ", "*", "&a ", "*a", "!!str ", "!x ", "'", '"', "#", "0", "-1",
    "null", "true", "~", ".nan", "1e999", "9" * 60, "  ", "\u2028", "\x00", "\x85", "|\n", ">\n", "?", "? ", "<<: ",
    ",", ";", "%YAML 1.1\n---\n", "---\n", "...\n", "[[1]]", "{a: b}", "\ud800", "é", "\r", "\ufeff", "-----", "@",
]  # fmt: skip

LETTERS = st.characters(exclude_categories=["Cs", "Cc", "Cn"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(LETTERS, max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", min_size=1, max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@cache
def original() -> Site:
    site = parse(BASE)
    assert isinstance(site, Site)
    return site


def rewritten(draw: st.DrawFn, value: Any) -> Any:
    """The same content with the keys of every mapping in another order."""
    if isinstance(value, dict):
        return {k: rewritten(draw, value[k]) for k in draw(st.permutations(list(value)))}
    if isinstance(value, list):
        return [rewritten(draw, v) for v in value]
    return value


@st.composite
def other_formatting(draw: st.DrawFn) -> dict[str, str]:
    files: dict[str, str] = {}
    for name, text in BASE.items():
        if name.endswith(".yaml"):
            node, problems = yamltext.compose(name, text)
            assert node is not None
            assert not problems
            files[name] = "# another hand\n" + json.dumps(
                rewritten(draw, yamltext.plain(node)),
                indent=draw(st.sampled_from([None, 1, 4])),
                ensure_ascii=draw(st.booleans()),
            )
        else:
            files[name] = other_table(draw, text)
    return files


def other_table(draw: st.DrawFn, text: str) -> str:
    rows = list(csv.reader(io.StringIO(text)))
    order = draw(st.permutations(range(len(rows[0]))))
    body = draw(st.permutations(rows[1:]))
    out = io.StringIO()
    quoting = draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
    ending = draw(st.sampled_from(["\n", "\r\n"]))
    writer = csv.writer(out, quoting=quoting, lineterminator=ending, delimiter=draw(st.sampled_from(",;\t")))
    writer.writerows([[row[i] for i in order] for row in [rows[0], *body]])
    return out.getvalue()


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(other_formatting())
def test_formatting_comments_and_order_of_keys_and_rows_change_nothing(files: dict[str, str]) -> None:
    assert parse(files) == original()


CHANGES: list[tuple[str, str, str, set[str]]] = [
    ("site.yaml", "x_m: 23, y_m: 32, vendor", "x_m: 23.5, y_m: 32, vendor", {"layout"}),
    ("site.yaml", "name: Yard,", "name: Yard 1,", {"layout"}),
    ("site.yaml", "{id: testing-buffer, capacity: 12}", "{id: testing-buffer, capacity: 13}", {"flows"}),
    ("site.yaml", "wip_limit: 48", "wip_limit: 49", {"flows"}),
    ("site.yaml", "quantity: 4, due_h: 6", "quantity: 5, due_h: 6", {"flows"}),
    ("site.yaml", "speed_m_per_s: 1.2", "speed_m_per_s: 1.1", {"flows"}),
    ("site.yaml", "name: Assemblers, size: {early: 2", "name: Assemblers, size: {early: 1", {"flows"}),
    ("site.yaml", 'start: "04:00"', 'start: "04:15"', {"settings"}),
    ("site.yaml", "name: Valve works", "name: Valve work", {"settings"}),
    ("site.yaml", "time_zone: UTC", "time_zone: Europe/Berlin", {"settings"}),
    ("purposes.yaml", "retention_days: 90", "retention_days: 91", {"settings"}),
    ("signals.csv", "oven-1.temperature,float,Cel,0,260", "oven-1.temperature,float,Cel,0,261", {"signals"}),
    ("signals.csv", "200,10,oven-1", "200,11,oven-1", {"signals"}),
    ("sources.yaml", "127.0.0.1:4840", "127.0.0.1:4841", {"connectors"}),
    ("sources.yaml", "virtual: true", "virtual: false", {"connectors"}),
    ("ot.yaml", "hours_max: 4", "hours_max: 5", {"connectors"}),
    ("assumptions.yaml", "mean: 7.0, sd: 0.9", "mean: 7.1, sd: 0.9", {"assumptions"}),
    ("assumptions.yaml", "[170, 29.5]", "[170, 29.4]", {"assumptions"}),
    ("uses.yaml", "evidence_days: 30", "evidence_days: 31", {"uses"}),
    ("uses.yaml", "oven-1.setpoint_active: [165, 195]", "oven-1.setpoint_active: [166, 195]", {"uses"}),
    ("people.yaml", "roles: [auditor]", "roles: [auditor, worker]", {"people"}),
    ("site.yaml", "  - {id: lathe-1, kind", "\n  # a comment\n  -   {id:   lathe-1, kind", set()),
    ("assumptions.yaml", "mean: 7.0, sd: 0.9", "sd: 0.90, mean: 7", set()),
    ("uses.yaml", '"*.completed", "*.waiting"', '"*.waiting", ball-valve.waiting, "*.completed"', set()),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "changed"), CHANGES)
def test_a_change_of_content_changes_exactly_its_digest(file: str, old: str, new: str, changed: set[str]) -> None:
    assert BASE[file].count(old) == 1
    site = parse(dict(BASE) | {file: BASE[file].replace(old, new)})
    assert isinstance(site, Site)
    assert {k for k in PARTS if site.digests[k] != original().digests[k]} == changed


def test_a_new_signal_that_a_use_matches_changes_the_use_too() -> None:
    row = "amr-1.count,amr-1,plant,ns=2;s=amr-1.count,int,1,0,9,1,15,operations planning,false,false,,,,,,,\n"
    site = parse(dict(BASE) | {"signals.csv": BASE["signals.csv"] + row})
    assert isinstance(site, Site)
    assert {k for k in PARTS if site.digests[k] != original().digests[k]} == {"signals", "uses"}


def test_every_field_of_a_site_is_under_one_digest() -> None:
    covered = [f for fields in PARTS.values() for f in fields]
    assert sorted([*covered, "digests", "purposes"]) == sorted(Site.model_fields)  # `purposes` are ids of purpose_rules


@SLOW
@given(st.dictionaries(st.sampled_from(sorted(BASE)) | st.text(max_size=12), st.text(max_size=200), max_size=6))
def test_no_text_makes_the_reader_fail(files: dict[str, str]) -> None:
    outcome = read(files, "2026-11-22")
    assert outcome.site is not None or outcome.errors
    for problem in outcome.problems:
        assert problem.sentence().isprintable()


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, str]:
    files = dict(SMALL)
    for _ in range(draw(st.integers(1, 4))):
        name = draw(st.sampled_from(sorted(files)))
        text = files[name]
        at = draw(st.integers(0, len(text)))
        match draw(st.sampled_from(["insert", "cut", "end", "swap", "repeat", "line"])):
            case "insert":
                text = text[:at] + draw(st.sampled_from(TOKENS)) + text[at:]
            case "cut":
                text = text[:at] + text[at + draw(st.integers(1, 40)) :]
            case "end":
                text = text[:at]
            case "swap":
                found = list(re.finditer(r"[\w.-]+", text))
                if found:
                    word = draw(st.sampled_from(found))
                    other = draw(st.sampled_from([*TOKENS, *(w[0] for w in found[:50])]))
                    text = text[: word.start()] + other + text[word.end() :]
            case "repeat":
                text = text[:at] + text[at : at + 200] + text[at:]
            case _:
                lines = text.split("\n")
                lines.insert(draw(st.integers(0, len(lines))), lines.pop(draw(st.integers(0, len(lines) - 1))))
                text = "\n".join(lines)
        files[name] = text
    return files


@settings(SLOW, max_examples=100)
@given(damaged())
def test_a_damaged_site_is_a_site_or_a_list_of_problems(files: dict[str, str]) -> None:
    outcome = read(files, "2026-11-22")
    assert (outcome.site is None) == bool(outcome.errors)
    assert list(outcome.problems) == sorted(set(outcome.problems))
    for problem in outcome.problems:
        assert problem.sentence().isprintable()
        assert problem.fix
        assert 0 <= problem.line <= files.get(problem.file, "").count("\n") + 2
    assert read(files, "2026-11-22") == outcome


@settings(deadline=None)
@given(st.text(st.sampled_from(list("ab:-[]{},'\"&*!|>#%@` \n\t~01.")), max_size=60))
def test_yaml_is_read_or_told(text: str) -> None:
    node, problems = yamltext.compose("x.yaml", text)
    if node is not None:
        json.dumps(yamltext.plain(node))
    assert all(p.file == "x.yaml" for p in problems)


@settings(deadline=None)
@given(JSON)
def test_json_is_yaml(value: Any) -> None:
    text = json.dumps(value)
    node, problems = yamltext.compose("x.yaml", text)
    assert problems == []
    assert node is not None
    assert yamltext.plain(node) == value


@settings(deadline=None)
@given(st.text(max_size=300))
def test_a_table_is_read_or_told(text: str) -> None:
    table, problems = csvtext.read_table("x.csv", text, ["id", "unit"], ["id"])
    assert table is not None or problems
    for row in table.rows if table is not None else ():
        assert set(row.cells) <= {"id", "unit"}
        assert 1 <= row.line <= text.count("\n") + text.count("\r") + 1


@settings(deadline=None)
@given(st.text(max_size=40), st.lists(st.text(max_size=12), max_size=8))
def test_the_nearest_word_is_a_known_one(word: str, known: list[str]) -> None:
    close = nearest(word, known)
    assert close is None or close in known
    if word in known:
        assert nearest(word, known) is not None or not word
