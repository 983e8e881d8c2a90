"""Hostile bodies, a few thousand: what the door takes, the loader loads. `make fuzz` tries a million."""

import json
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hearthline import sources
from hearthline.store.home import HomeFolder

from .conftest import Sender
from .test_strict import JSON


@pytest.fixture(scope="module")
def fuzz() -> Any:
    """The script `benchmarks/fuzz.py` as a module."""
    folder = Path(__file__).parents[2] / "benchmarks"
    sys.path.append(str(folder))  # for what scripts share
    spec = spec_from_file_location("benchmark_fuzz", folder / "fuzz.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["benchmark_fuzz"] = module
    spec.loader.exec_module(module)
    return module


def test_what_the_door_takes_the_loader_loads(fuzz: Any, tmp_path: Path) -> None:
    home = HomeFolder.create(tmp_path)
    counts = fuzz.run(1_500, 7, home)
    rows = fuzz.read_back(home)
    assert counts["events and metrics told"] > 300
    assert counts["rejects told"] > 300
    assert counts["defects of sources"] == 0
    stored = rows["events"] + rows["metrics"] + rows["rejects"]
    assert stored == counts["events and metrics told"] + counts["rejects told"]
    assert rows["metrics"] > 0


def test_a_reading_that_loses_an_event_would_be_seen(
    fuzz: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = fuzz.load

    def forgets(log: Any, frames: list[Any], home: HomeFolder) -> None:
        log.append(frames[1:])
        load(home)

    monkeypatch.setattr(fuzz, "settle", forgets)
    home = HomeFolder.create(tmp_path)
    counts = fuzz.run(50, 7, home)
    rows = fuzz.read_back(home)
    stored = rows["events"] + rows["metrics"] + rows["rejects"]
    assert stored < counts["events and metrics told"] + counts["rejects told"]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(sources.names()),
    body=st.one_of(st.binary(max_size=80), JSON.map(lambda v: json.dumps(v).encode())),
    encoding=st.sampled_from(["", "gzip", "deflate", "br"]),
)
def test_any_bytes_to_any_source_are_answered_and_never_break_the_door(
    sender: Sender, name: str, body: bytes, encoding: str
) -> None:
    answer = sender.send(f"/in/{name}", body, {"content-encoding": encoding})
    assert answer.status in (200, 201, 204, 400, 401, 413, 415)
