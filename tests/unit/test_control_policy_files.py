"""Policies from outside: a Python file, a module, an ONNX file; each answer names what was asked, and its digest."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path

import numpy as np
import pytest
import typer
from control_kit import Kind, shop
from typer.testing import CliRunner

from andon.adapters.policies import load_policy
from andon.cli.simulate import command
from andon.models.simulate.asked import asked
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.policy import FEATURES
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, constant, exponential
from andon.site.model import Site

VALVES = Path(__file__).parents[2] / "examples" / "valve-works"
SHORTEST = """
def shortest(decision):
    return int(decision.feature("expected").argmin())

def broken(decision):
    return 1 / 0
"""


def _site(rule: str = "fifo") -> Site:
    kinds = [Kind(exponential(200.0), ((0, constant(t)),)) for t in (30.0, 60.0, 90.0)]
    return shop([Stage(constant(1.0))], kinds, {0: {"dispatch": rule}})


def _field(number: int, value: int | bytes | str) -> bytes:
    """One field of a protocol buffer."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(n: int) -> bytes:
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def _tensor_type(name: str, columns: int) -> bytes:
    shape = _field(1, _field(2, "jobs")) + _field(1, _field(1, columns))
    return _field(1, name) + _field(2, _field(1, _field(1, 1) + _field(2, shape)))


def linear_model(weights: list[float]) -> bytes:
    """An ONNX file: scores = features x weights."""
    tensor = _field(1, len(weights)) + _field(1, 1) + _field(2, 1) + _field(8, "w")
    tensor += _field(9, struct.pack(f"<{len(weights)}f", *weights))
    node = _field(1, "x") + _field(1, "w") + _field(2, "y") + _field(4, "MatMul")
    graph = _field(1, node) + _field(2, "g") + _field(5, tensor)
    graph += _field(11, _tensor_type("x", len(weights))) + _field(12, _tensor_type("y", 1))
    return _field(1, 8) + _field(7, graph) + _field(8, _field(1, "") + _field(2, 13))


def test_an_onnx_file_that_scores_by_time_is_the_shortest_first(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    weights = [-1.0 if name == "expected" else 0.0 for name, _, _ in FEATURES]
    path = tmp_path / "shortest.onnx"
    path.write_bytes(linear_model(weights))
    policy = load_policy(str(path))
    assert policy.digest == "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
    site, ruled = _site(), _site("spt")
    mine = replicate(compile_site(site, None, 3600.0, asked(site, {}), policy=policy), 2, 3, flavour="plain")
    built_in = replicate(compile_site(ruled, None, 3600.0, asked(ruled, {})), 2, 3, flavour="plain")
    assert np.array_equal(mine.done(), built_in.done())
    assert np.array_equal(mine.lead_s(), built_in.lead_s())


def test_an_onnx_file_of_another_form_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    narrow, wrong = tmp_path / "narrow.onnx", tmp_path / "wrong.onnx"
    narrow.write_bytes(linear_model([1.0, 2.0]))
    wrong.write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"a policy takes float32\[candidates, 11\]"):
        load_policy(str(narrow))
    with pytest.raises(ValueError, match="is no model that onnxruntime can run"):
        load_policy(str(wrong))
    with pytest.raises(ValueError, match=r"cannot be read \(No such file or directory\)"):
        load_policy(str(tmp_path / "none.onnx"))


def test_python_policies_by_file_and_by_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rules_here.py").write_text(SHORTEST, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for text in ("rules_here.py:shortest", "rules_here:shortest"):
        policy = load_policy(text, ["s0"])
        assert policy.name == text
        assert policy.digest == "sha256:" + hashlib.sha256(SHORTEST.encode()).hexdigest()
        assert policy.stations == ("s0",)
    with pytest.raises(Unrunnable, match=r"policy `rules_here.py:broken` failed at decision 0 .* ZeroDivisionError"):
        replicate(
            compile_site(_site(), None, 3600.0, asked(_site(), {}), policy=load_policy("rules_here.py:broken")), 1, 1
        )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("shortest", "`shortest` names no policy; write module:function, file.py:function or file.onnx"),
        ("nowhere.py:f", "`nowhere.py` is no file; write module:function, file.py:function or file.onnx"),
        ("no_such_module:f", "policy `no_such_module:f` cannot be loaded (ModuleNotFoundError: "),
        ("json:nothing", "`json` has no function `nothing`; write module:function"),
    ],
)
def test_what_is_no_policy_is_refused_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=r"^(`|policy)") as told:
        load_policy(text)
    assert str(told.value).startswith(sentence)


def test_the_command_asks_and_prints_how_to_ask_again(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command("simulate")(command())
    app.command("other")(command())
    rules = tmp_path / "rules.py"
    rules.write_text(SHORTEST, encoding="utf-8")
    ask = ["simulate", str(VALVES), "--replications", "2", "--horizon", "1h", "--json"]
    ran = CliRunner().invoke(app, [*ask, "--policy", f"{rules}:shortest", "--policy-at", "turning"])
    assert ran.exit_code == 0, ran.output
    answer = json.loads(ran.stdout)
    assert answer["policy"]["name"] == f"{rules}:shortest"
    assert answer["policy"]["digest"].startswith("sha256:")
    assert f"--policy {rules}:shortest --policy-at turning" in answer["reproduce"]
    for wrong, sentence in (
        (["--policy-at", "turnin", "--policy", f"{rules}:shortest"], "did you mean `turning`?"),
        (["--policy-at", "turning"], "`--policy-at` does nothing alone; add --policy or --against-policy, or"),
        (["--against-policy", "same"], "`--against-policy` does nothing alone; add --against or --against-site, or"),
        (["--against-policy", "same", "--against", "declared"], "`--against-policy same` needs a `--policy`; add it"),
        (["--policy", f"{rules}:broken"], "ZeroDivisionError: division by zero; mend it"),
    ):
        ran = CliRunner().invoke(app, [*ask, *wrong])
        assert ran.exit_code == 2
        assert sentence in ran.output
