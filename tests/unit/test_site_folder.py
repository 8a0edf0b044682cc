"""Reading a site folder from disk: what is missing, empty, huge, in another encoding or from a spreadsheet."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import pytest

from andon.adapters.site_folder import create, load, read, texts_of
from andon.core.time import ManualClock, parse_iso
from andon.site.digests import PARTS
from andon.site.missing import not_represented
from andon.site.model import Site
from andon.site.parse import read as read_texts
from andon.site.problems import Problem, words
from andon.site.sections import FILE_BYTES_MAX, FILES

VALVES = Path(__file__).parents[2] / "examples" / "valve-works"
CLOCK = ManualClock(parse_iso("2026-11-22T12:00:00Z"))
BASE, _ = texts_of(VALVES)
HEADER = "id,element,source,address,type,period_s,fresh_s"


def valves() -> Site:
    site = load(VALVES)
    assert isinstance(site, Site)
    return site


def told(files: dict[str, str]) -> list[str]:
    return [p.sentence() for p in read_texts(files).errors]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(VALVES, tmp_path / "works"))


def test_the_example_has_no_problem_and_no_note() -> None:
    assert read(VALVES, CLOCK).problems == ()


def test_the_example_is_the_factory_that_others_rely_on() -> None:
    site = valves()
    machines = [m for s in site.stations for m in s.machines]
    assert len(machines) == 12
    assert sum(len(f.vehicles) for f in site.fleets) == 4
    assert sum(n for c in site.crews for n in c.size.values()) == 10
    assert [p.id for p in site.products] == ["ball-valve", "gate-valve", "check-valve"]
    assert 90 <= len(site.signals) <= 110
    assert {s.id for s in site.signals if s.writable} == {"oven-1.setpoint", "oven-2.setpoint", "release.sequence"}
    assert {u.id: str(u.ceiling) for u in site.uses} == {
        "floor-view": "visualise",
        "throughput": "analyse",
        "release-sequence": "control",
        "oven-set-point": "control",
    }
    assert set(site.digests) == set(PARTS)


def test_nothing_on_the_floor_of_the_example_overlaps() -> None:
    site = valves()
    for i, one in enumerate(site.areas):
        for other in site.areas[i + 1 :]:
            apart_x = one.x_m + one.width_m <= other.x_m or other.x_m + other.width_m <= one.x_m
            apart_y = one.y_m + one.height_m <= other.y_m or other.y_m + other.height_m <= one.y_m
            assert apart_x or apart_y, (one.id, other.id)
    for i, a in enumerate(site.elements):
        for b in site.elements[i + 1 :]:
            assert max(abs(a.x_m - b.x_m), abs(a.y_m - b.y_m)) >= 3, (a.id, b.id)


@pytest.mark.parametrize("name", [n for n in FILES if n in BASE])
def test_a_missing_file_is_told_or_not_needed(name: str) -> None:
    files = {k: v for k, v in BASE.items() if k != name}
    sentences = told(files)
    needed = {"site.yaml", "signals.csv", "sources.yaml", "people.yaml"}
    if name in needed:
        assert sentences == [f"{name}: the file is missing; add it (`andon init` writes an example)"]
    else:
        assert not any("the file is missing" in s for s in sentences)


def test_a_misnamed_file_is_told() -> None:
    files = {("signal.csv" if k == "signals.csv" else k): v for k, v in BASE.items()}
    assert told(files) == [
        "signal.csv: the file is not part of a site folder; did you mean `signals.csv`?",
        "signals.csv: the file is missing; rename `signal.csv`",
    ]
    assert told(dict(BASE) | {"notes.yaml": "a: 1"}) == [
        f"notes.yaml: the file is not part of a site folder; remove it (known files: {words(FILES, 12)})"
    ]


def test_a_policy_that_nobody_would_evaluate_is_refused(folder: Path) -> None:
    (folder / "policies").mkdir()
    (folder / "policies" / "night.cedar").write_text("forbid (principal, action, resource);\n", encoding="utf-8")
    (problem,) = read(folder).errors
    assert problem.sentence().startswith("policies/night.cedar: Cedar policies are not evaluated by this version")


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n", "null\n"])
def test_an_empty_yaml_file_is_told(text: str) -> None:
    assert told(dict(BASE) | {"people.yaml": text})[0] == (
        "people.yaml:1: the file is empty; give it at least one of `people`, or remove it"
    )


def test_an_empty_csv_file_is_told() -> None:
    assert told(dict(BASE) | {"signals.csv": ""}) == [
        f"signals.csv:1: the file is empty; begin with a header line: {HEADER},..."
    ]


def as_semicolons(text: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows(csv.reader(io.StringIO(text)))
    return out.getvalue()


def test_bom_crlf_and_semicolons_change_nothing(folder: Path) -> None:
    for name in ("site.yaml", "people.yaml"):
        path = folder / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    signals = folder / "signals.csv"
    signals.write_text("\ufeff" + as_semicolons(BASE["signals.csv"]), encoding="utf-8", newline="")
    assert load(folder) == valves()


def test_quoted_cells_with_line_breaks_keep_line_numbers() -> None:
    text = BASE["signals.csv"].replace("ns=2;s=bench-1.order,string", '"ns=2;s=bench-1.order\n",text')
    assert told(dict(BASE) | {"signals.csv": text}) == [
        "signals.csv:52: `type` of signal `bench-1.order` is `text`; use one of `float`, `int`, `bool`, `string`"
    ]
    later = text.replace("rig-2.order,string", "rig-2.order,text")
    assert told(dict(BASE) | {"signals.csv": later})[1].startswith("signals.csv:68: ")


def test_what_is_not_utf8_is_told_with_its_line(folder: Path) -> None:
    (folder / "people.yaml").write_bytes(b"people:\n  - {id: ines, name: In\xeas, roles: [worker]}\n")
    (folder / "uses.yaml").write_bytes("uses: []\n".encode("utf-16"))
    sentences = [p.sentence() for p in read(folder).errors]
    assert sentences == [
        "people.yaml:2: the text is not UTF-8; save the file as UTF-8 (in a spreadsheet: `CSV UTF-8`)",
        "uses.yaml:1: the file is UTF-16; save it as UTF-8 (in a spreadsheet: `CSV UTF-8`)",
    ]


def test_an_unreadable_file_does_not_hide_other_mistakes(folder: Path) -> None:
    (folder / "people.yaml").write_bytes(b"\xff\xfe")
    text = BASE["site.yaml"].replace("buffer: testing-buffer", "buffer: test-buffer")
    (folder / "site.yaml").write_text(text, encoding="utf-8")
    places = [(p.file, p.line) for p in read(folder).errors]
    assert ("people.yaml", 1) in places
    assert ("site.yaml", 138) in places


def test_a_huge_file_is_refused_without_being_parsed(folder: Path) -> None:
    with (folder / "uses.yaml").open("wb") as file:
        file.truncate(FILE_BYTES_MAX + 1)
    assert [p.sentence() for p in read(folder).errors] == [
        "uses.yaml: the file is larger than 16 MiB; split the site into several folders"
    ]


def test_alias_bombs_end_in_a_sentence() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)
    )
    sentences = told(dict(BASE) | {"purposes.yaml": bomb + "purposes: *a11\n"})
    assert sentences[0] == "purposes.yaml:6: more than 500000 values once aliases are followed; write fewer"


def test_deep_nesting_ends_in_a_sentence() -> None:
    sentences = told(dict(BASE) | {"purposes.yaml": "purposes: " + "[" * 3000})
    assert sentences[0] == "purposes.yaml:1: more than 24 levels of nesting; flatten it"


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda _: None, "the folder does not exist; name a site folder; `andon init DIR` writes one"),
        (lambda p: p.write_text("x"), "this is a file, not a folder; name a site folder; `andon init DIR` writes one"),
    ],
)
def test_no_folder_is_told(tmp_path: Path, make: object, sentence: str) -> None:
    path = tmp_path / "nowhere"
    assert callable(make)
    make(path)
    problems = load(path)
    assert not isinstance(problems, Site)
    assert [p.sentence() for p in problems] == [f"{path}: {sentence}"]


def test_an_empty_folder_names_every_file_that_it_needs(tmp_path: Path) -> None:
    problems = load(tmp_path)
    assert not isinstance(problems, Site)
    assert [p.file for p in problems] == ["people.yaml", "signals.csv", "site.yaml", "sources.yaml"]


def test_a_shop_of_machines_and_signals_alone_is_a_site() -> None:
    files = {
        "site.yaml": "name: Shop\ntime_zone: America/New_York\n"
        "areas: [{id: bay, name: Bay, x_m: 0, y_m: 0, width_m: 9, height_m: 9}]\n"
        "elements: [{id: mill, kind: equipment, name: Mill, area: bay, x_m: 4, y_m: 4}]\n",
        "signals.csv": "id,element,source,address,type,period_s,fresh_s\nmill.state,mill,agent,exec,string,1,30\n",
        "sources.yaml": "sources: [{id: agent, kind: shdr, url: 'shdr://127.0.0.1:7878'}]\n",
        "people.yaml": "people: [{id: ann, name: Ann, roles: [engineer]}]\n",
    }
    site = read_texts(files).site
    assert site is not None
    assert site.stations == ()
    assert not_represented(site) == ("sensor error: readings are taken as exact",)


def test_a_route_without_times_is_fine_until_somebody_simulates() -> None:
    text = BASE["site.yaml"].replace("{station: milling, time: milling.check-valve}", "{station: milling}")
    quiet = dict(BASE) | {"site.yaml": text, "uses.yaml": "uses: []\n"}
    assert told(quiet) == []
    assert len(told(dict(BASE) | {"site.yaml": text})) == 1


def test_what_is_missing_is_said_in_plain_words() -> None:
    text = BASE["site.yaml"]
    bare = text[: text.index("# About seven ball valves")] + "release: {wip_limit: 48}\n"
    uses = BASE["uses.yaml"]
    outcome = read_texts(dict(BASE) | {"site.yaml": bare, "uses.yaml": uses})
    assert outcome.site is not None
    lines = not_represented(outcome.site)
    assert "demand: no orders are declared, so nothing says when work arrives" in lines
    assert any(line == "downtime: no breakdowns are declared for `assembly`" for line in lines)
    assert "sensor error: readings are taken as exact" in lines


def test_reviews_that_are_due_are_notes_and_stop_nothing() -> None:
    later = ManualClock(parse_iso("2027-02-01T00:00:00Z"))
    outcome = read(VALVES, later)
    assert outcome.site is not None
    assert [p.severity for p in outcome.problems] == ["note"] * 3
    assert outcome.problems[0].sentence() == (
        "assumptions.yaml:47: assumption `demand.ball-valve` was to be reviewed by 2027-01-15; "
        "look at it again, then move `review_by`"
    )


def test_a_new_site_has_no_problem_and_is_written_whole(tmp_path: Path) -> None:
    made = create(tmp_path / "deep" / "new", CLOCK)
    assert isinstance(made, tuple)
    assert "site.yaml" in made
    assert ".gitignore" in made
    assert read(tmp_path / "deep" / "new", CLOCK).problems == ()
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["new"]
    assert "2026-11-22" in (tmp_path / "deep" / "new" / "assumptions.yaml").read_text(encoding="utf-8")


def test_a_new_site_never_lands_on_something(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "kept.txt").write_text("kept", encoding="utf-8")
    (tmp_path / "file").write_text("kept", encoding="utf-8")
    for name in ("full", "file"):
        refused = create(tmp_path / name, CLOCK)
        assert isinstance(refused, Problem)
        assert refused.what == "something is there already"
    under = create(tmp_path / "file" / "new", CLOCK)
    assert isinstance(under, Problem)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert isinstance(create(Path(), CLOCK), Problem)
    (tmp_path / "empty").mkdir()
    assert isinstance(create(tmp_path / "empty", CLOCK), tuple)


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Path] = []
    real = Path.write_text

    def full_disk(self: Path, *args: object, **named: object) -> int:
        written.append(self)
        if len(written) == 4:
            raise OSError(28, "No space left on device")
        return real(self, *args, **named)  # type: ignore[arg-type]  # passed through as it came

    monkeypatch.setattr(Path, "write_text", full_disk)
    refused = create(tmp_path / "new", CLOCK)
    assert isinstance(refused, Problem)
    assert "No space left on device" in refused.what
    assert list(tmp_path.iterdir()) == []


FLOOR = Path(__file__).parents[2] / "examples" / "coffee-bar"


def test_two_files_are_enough_to_simulate_and_machines_stand_in_the_middle_of_their_area(tmp_path: Path) -> None:
    site = load(FLOOR)
    assert isinstance(site, Site)
    assert [p.name for p in sorted(FLOOR.iterdir())] == ["assumptions.yaml", "site.yaml"]
    assert {(e.id, e.x_m, e.y_m) for e in site.elements} == {(m, 3.0, 1.5) for m in ("till-1", "group-1", "group-2")}
    assert site.sources == site.signals == site.people == ()


@pytest.mark.parametrize("name", ["signals.csv", "sources.yaml", "people.yaml", "uses.yaml"])
def test_a_folder_with_any_file_of_a_twin_is_asked_for_all_of_them(tmp_path: Path, name: str) -> None:
    for path in FLOOR.iterdir():
        shutil.copy(path, tmp_path)
    shutil.copy(FLOOR.parent / "valve-works" / name, tmp_path)
    problems = load(tmp_path)
    assert not isinstance(problems, Site)
    needed = {"signals.csv", "sources.yaml", "people.yaml"} - {name}
    assert needed <= {p.file for p in problems if p.what == "the file is missing"}
    assert any(p.what == "key `elements` is missing" for p in problems)
