"""Reads one case of a source's fixture file."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hearthline import sources
from hearthline.schema.event import Event

FIXTURES = Path(__file__).parent / "fixtures"
RECEIVED = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Callable[[str], dict[str, Any]]:
    """Return a payload of the fixture file that the test file is named after."""
    name = request.path.stem.removeprefix("test_")
    return lambda which: json.loads((FIXTURES / f"{name}.json").read_text())[which]


@pytest.fixture
def read(request: pytest.FixtureRequest, case: Callable[[str], dict[str, Any]]) -> Callable[..., list[Event]]:
    """Return the events of a payload, or of a case with fields changed."""
    source = sources.load(request.path.stem.removeprefix("test_"))

    def events_of(which: str | dict[str, Any], received: datetime = RECEIVED, **changed: Any) -> list[Event]:
        payload = case(which) if isinstance(which, str) else which
        return list(source.read({**payload, **changed}, received))

    return events_of
