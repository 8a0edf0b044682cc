"""Policies from outside: a Python function by `module:name` or `file.py:name`, or an ONNX file that scores jobs."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from andon.models.simulate.policy import FEATURES, Choice, Decision, Policy
from andon.site.model import Site
from andon.site.problems import did_you_mean, words


def load_policy(text: str, stations: Sequence[str] = ()) -> Policy:
    """The policy that `text` names, asked at `stations`; at all of them where none is named.

    Raises:
        ValueError: there is none; one sentence.
    """
    if text.endswith(".onnx"):
        return _scores(Path(text), tuple(stations))
    place, colon, name = text.rpartition(":")
    if not colon or not place or not name:
        raise ValueError(f"`{text}` names no policy; write module:function, file.py:function or file.onnx")
    module = _module(place, text)
    choose = getattr(module, name, None)
    if choose is None or not callable(choose):
        raise ValueError(f"`{place}` has no function `{name}`; write module:function, file.py:function or file.onnx")
    source = Path(module.__file__) if module.__file__ else None
    digest = _digest(source.read_bytes()) if source is not None and source.is_file() else ""
    return Policy(choose, text, digest, tuple(stations))


def policy_of(site: Site, text: str | None, stations: Sequence[str]) -> Policy | None:
    """Who is asked.

    Raises:
        ValueError: nobody, or at a station that is not there; one sentence.
    """
    known = [*(s.id for s in site.stations), *(f.id for f in site.fleets)]
    for station in stations:
        if station not in known:
            fix = did_you_mean(station, known, f"name one of {words(known)}")
            raise ValueError(f"`--policy-at {station}` names no station and no fleet; {fix}")
    return None if text is None else load_policy(text, stations)


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _module(place: str, text: str) -> ModuleType:
    """A module by name, looked for in the working directory first, or by its file."""
    spec = importlib.util.spec_from_file_location(Path(place).stem, place) if place.endswith(".py") else None
    if place.endswith(".py") and not Path(place).is_file():
        raise ValueError(f"`{place}` is no file; write module:function, file.py:function or file.onnx")
    try:
        if spec is not None and spec.loader is not None:
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
        here = str(Path.cwd())
        sys.path.insert(0, here)
        try:
            return importlib.import_module(place)
        finally:
            sys.path.remove(here)
    except Exception as error:  # noqa: BLE001 - somebody else's module may fail in any way when it is loaded
        raise ValueError(f"policy `{text}` cannot be loaded ({type(error).__name__}: {error}); mend it") from None


def _scores(path: Path, stations: tuple[str, ...]) -> Policy:
    """An ONNX model: features of the candidates in, one score each out; the highest is taken, of equals the first."""
    try:
        import onnxruntime as engine  # noqa: PLC0415 - an optional part
    except ImportError:
        raise ValueError("an ONNX policy needs onnxruntime; install `andon[onnx]`") from None
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"`{path}` cannot be read ({error.strerror}); name an ONNX file") from None
    options = engine.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = engine.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        source = session.get_inputs()[0]
    except Exception as error:  # noqa: BLE001 - the engine raises errors of many kinds for what is no model
        first = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise ValueError(f"`{path}` is no model that onnxruntime can run ({first}); name an ONNX file") from None
    width = source.shape[-1] if source.shape else None
    if source.type != "tensor(float)" or (isinstance(width, int) and width != len(FEATURES)):
        wanted = f"float32[candidates, {len(FEATURES)}]"
        raise ValueError(f"`{path}` takes {source.type} {source.shape}; a policy takes {wanted}")
    return Policy(_by_score(session, str(source.name)), str(path), _digest(data), stations)


def _by_score(session: Any, name: str) -> Choice:
    def choose(decision: Decision) -> int:
        found = session.run(None, {name: decision.features.astype(np.float32)})[0]
        scores = np.asarray(found, np.float64).reshape(-1)
        if len(scores) != len(decision.products) or not np.isfinite(scores).all():
            return -1  # no score for each candidate: refused as an answer that is none
        return int(np.argmax(scores))

    return choose
