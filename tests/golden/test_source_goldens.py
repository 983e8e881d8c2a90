"""What each payload is read into, in a table that a reviewer can read; no payload text is in it.

`source_payloads.json` is over recordings that lie beside the repository (skipped where they do not),
`source_fixtures.json` over our own fixtures. After a change that is meant, write both anew with
`python tests/golden/test_source_goldens.py` and read the difference.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hearthline import sources
from hearthline.schema.event import Event

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RECORDED = ROOT.parent / "shared" / "payloads"
FIXTURES = ROOT / "tests" / "sources" / "fixtures"
READERS = {name: name for name in sources.names()} | json.loads((HERE / "recordings.json").read_text())[
    "readers"
]
"""Which source reads a recording, by its folder or its file."""
RECEIVED = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)


def summary(event: Event) -> dict[str, Any]:
    """Return what an event says of itself, without any text of its payload."""
    told = {
        "type": event.type,
        "id": event.id_origin,
        "clock": event.time_quality,
        "stage": event.stage,
        "modality": event.modality,
        "initiator": event.initiator.kind,
        "evidence": event.initiator.evidence,
        "automation": [event.automation.kind, event.automation.role, event.automation.ref_type],
        "channel": event.touch.channel,
        "identifiers": [i.namespace for i in event.identifiers],
        "hints": [h.kind for h in event.household_hints],
        "device": event.device.kind,
        "unit": event.signal.unit,
        "number": event.signal.number is not None or None,
        "action": event.commerce.action,
        "currency": event.commerce.currency,
        "value_known": event.commerce.value_known,
        "consent": event.consent.source,
    }
    return {name: value for name, value in told.items() if value not in (None, [], [None, None, None])}


def read(platform: str, payload: Any) -> Any:
    """Return what a payload is read into; a list holds one payload an item, as in a file."""
    if isinstance(payload, list):
        return [read(platform, item) for item in payload]
    events, metrics, refusal = sources.taken(platform, payload, RECEIVED)
    found: dict[str, Any] = {"events": [summary(event) for event in events]}
    if metrics:
        found["metrics"] = [[m.metric, *sorted(m.dimensions)] for m in metrics]
    return found if refusal is None else found | {"refused": [refusal.place, refusal.reason]}


def reader_of(path: Path) -> str | None:
    return READERS.get(f"{path.parent.name}/{path.name}") or READERS.get(path.parent.name)


def of_fixtures() -> dict[str, Any]:
    files = {path.stem: json.loads(path.read_text()) for path in sorted(FIXTURES.glob("*.json"))}
    return {f"{p}/{case}": read(p, payload) for p, cases in files.items() for case, payload in cases.items()}


def of_recordings() -> dict[str, Any]:
    return {
        f"{path.parent.name}/{path.name}": read(platform, json.loads(path.read_text()))
        for path in sorted(RECORDED.glob("*/*.json"))
        if (platform := reader_of(path)) is not None
    }


def golden(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / name).read_text())
    return found


@pytest.mark.parametrize("case", sorted(golden("source_fixtures.json")))
def test_a_fixture_is_read_as_it_was(case: str) -> None:
    platform, _, name = case.partition("/")
    payload = json.loads((FIXTURES / f"{platform}.json").read_text())[name]
    assert read(platform, payload) == golden("source_fixtures.json")[case]


@pytest.mark.parametrize("case", sorted(golden("source_payloads.json")))
def test_a_recording_is_read_as_it_was(case: str) -> None:
    path = RECORDED / case
    if not path.exists():
        pytest.skip("the recordings are not beside this checkout")
    platform = reader_of(path)
    assert platform is not None
    assert read(platform, json.loads(path.read_text())) == golden("source_payloads.json")[case]


def test_no_fixture_and_no_recording_is_missing_from_the_tables() -> None:
    assert set(golden("source_fixtures.json")) == set(of_fixtures())
    if RECORDED.exists():
        assert set(golden("source_payloads.json")) == set(of_recordings())


if __name__ == "__main__":
    for name, table in (("source_fixtures.json", of_fixtures()), ("source_payloads.json", of_recordings())):
        if table:
            (HERE / name).write_text(json.dumps(table, indent=1) + "\n")
            sys.stdout.write(f"{name}: {len(table)} payloads\n")
