"""What is true of every source that is discovered, over its own fixtures and over recorded payloads."""

import copy
import json
import math
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hearthline import sources
from hearthline.privacy.admit import admit_events
from hearthline.schema.arrow import events_table, identities_table
from hearthline.schema.errors import BadPayload, Unproven
from hearthline.schema.event import Event, Layer
from hearthline.schema.records import RawPayload
from hearthline.sources import Account, Proof, Sent, canonical
from hearthline.store.lake import metrics_table

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "sources" / "fixtures"
RECORDED = ROOT.parent / "shared" / "payloads"
RECEIVED = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
SOURCES = sources.names()
TOLD = json.loads((ROOT / "tests" / "golden" / "recordings.json").read_text())
# Folders or files of recordings and the source that reads them; no source may claim any other.
READERS = {name: name for name in SOURCES} | TOLD["readers"]
# Recordings that have too little of their platform to be told by their shape; `--source` names it.
UNCLAIMED = frozenset(TOLD["unclaimed"])


def fixtures_of(name: str) -> dict[str, dict[str, Any]]:
    path = FIXTURES / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else {}


def recorded() -> list[tuple[str, str, dict[str, Any]]]:
    if not RECORDED.exists():
        return []
    paths = [p for p in sorted(RECORDED.glob("*/*.json")) if not p.name.endswith(".schema.json")]
    found = [(p.parent.name, p.name, json.loads(p.read_text())) for p in paths]
    whole = [(d, f, content if isinstance(content, list) else [content]) for d, f, content in found]
    return [(d, f, payload) for d, f, payloads in whole for payload in payloads if isinstance(payload, dict)]


def reader_of(folder: str, file: str) -> str | None:
    return READERS.get(f"{folder}/{file}") or READERS.get(folder)


CASES = [(name, case, payload) for name in SOURCES for case, payload in fixtures_of(name).items()]
IDS = [f"{name}-{case}" for name, case, _ in CASES]
PARTIES = [(name, f"{d}/{f}", p) for d, f, p in recorded() if (name := reader_of(d, f)) is not None]


def events_of(name: str, payload: dict[str, Any]) -> list[Event]:
    """Return what is read from a copy, so that no test sees what another one did to a payload."""
    return sources.read_all(name, copy.deepcopy(payload), RECEIVED)[0]


EVERY_EVENT = [(f"{n}-{c}", e) for n, c, p in CASES + PARTIES for e in events_of(n, p)]


@pytest.mark.parametrize("name", SOURCES)
def test_a_module_is_its_platform_and_says_what_it_is(name: str) -> None:
    source = sources.load(name)
    assert name == source.PLATFORM
    assert source.LAYER in get_args(Layer)
    assert source.TRANSPORTS
    assert set(source.TRANSPORTS) <= {"webhook", "stream", "file", "pull"}
    assert set(source.TELLS) == {"person", "household", "initiator", "price"}
    assert set(source.TELLS.values()) <= {"yes", "no", "sometimes"}
    assert source.DOCS.startswith("https://")
    assert all((source.TITLE, source.PROOF, source.STATE, source.__doc__))


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("payload", [{}, None, [], "text", {"unheard": "of"}], ids=repr)
def test_an_empty_or_foreign_payload_is_refused_by_name(name: str, payload: Any) -> None:
    with pytest.raises(BadPayload, match=f"^{name}\\b") as refusal:
        list(sources.load(name).read(payload, RECEIVED))
    assert refusal.value.reason
    assert not sources.load(name).recognises(payload)


def test_every_source_has_a_test_a_fixture_and_a_page_and_they_have_a_source() -> None:
    tests = {p.stem.removeprefix("test_") for p in (ROOT / "tests" / "sources").glob("test_*.py")}
    pages = {p.stem for p in (ROOT / "docs" / "sources").glob("*.md")} - {"README"}
    assert tests - {"reading", "tokens"} == set(SOURCES)
    assert {p.stem for p in FIXTURES.glob("*.json")} == set(SOURCES)
    assert pages == set(SOURCES)
    index = (ROOT / "docs" / "sources" / "README.md").read_text()
    assert [n for n in SOURCES if f"({n}.md)" not in index] == []


@pytest.mark.parametrize("name", SOURCES)
def test_a_page_says_how_to_connect_what_comes_what_does_not_and_what_is_private(name: str) -> None:
    page = (ROOT / "docs" / "sources" / f"{name}.md").read_text()
    wanted = ("**Connect in five minutes.**", "arrives", "**Privacy.**", "<!-- facts -->")
    assert [part for part in wanted if part not in page] == []
    assert "**Does not arrive.**" in page or "**What does not.**" in page


@pytest.mark.parametrize(("name", "case", "payload"), CASES + PARTIES)
def test_a_payload_gives_events_or_one_named_refusal(name: str, case: str, payload: dict[str, Any]) -> None:
    events, refusal = sources.read_all(name, payload, RECEIVED)
    assert events or refusal, case
    if refusal is not None:
        assert refusal.reason in {"not-an-event", "missing-field", "wrong-type", "empty"}
        assert re.match(rf"{name}[.:]", str(refusal))


@pytest.mark.parametrize(("name", "case", "payload"), CASES + PARTIES)
def test_only_its_own_source_claims_a_payload(name: str, case: str, payload: dict[str, Any]) -> None:
    claimed = [n for n in SOURCES if sources.load(n).recognises(payload)]
    assert claimed == ([] if case in UNCLAIMED else [name]), case


@pytest.mark.parametrize(
    ("folder", "file", "payload"),
    [r for r in recorded() if reader_of(r[0], r[1]) is None],
)
def test_no_source_claims_the_payload_of_a_platform_that_has_none(
    folder: str, file: str, payload: dict[str, Any]
) -> None:
    assert sources.recognise(payload) is None, f"{folder}/{file}"


@pytest.mark.parametrize(("name", "case", "payload"), CASES + PARTIES)
def test_a_replay_gives_the_same_ids_whenever_it_is_received(
    name: str, case: str, payload: dict[str, Any]
) -> None:
    later = sources.read_all(name, copy.deepcopy(payload), RECEIVED + timedelta(days=3))[0]
    first = events_of(name, payload)
    assert [(e.source, e.id) for e in later] == [(e.source, e.id) for e in first], case
    assert len({e.id for e in first}) == len(first)


@pytest.mark.parametrize(("name", "case", "payload"), CASES + PARTIES)
def test_an_aggregate_is_a_metric_over_a_time_and_no_event(
    name: str, case: str, payload: dict[str, Any]
) -> None:
    events, metrics, refusal = sources.taken(name, payload, RECEIVED)
    assert events or metrics or refusal, case
    assert not (metrics and refusal is not None and refusal.reason == "not-an-event")
    for metric in metrics:
        assert re.fullmatch(r"(?s)//[a-z_]+/[^/]+/.+", metric.source), metric.source
        assert metric.start.tzinfo is metric.end.tzinfo is UTC
        assert metric.start <= metric.end
        assert math.isfinite(metric.value)


@pytest.mark.parametrize(("name", "case", "payload"), CASES)
def test_reading_leaves_the_payload_as_it_was(name: str, case: str, payload: dict[str, Any]) -> None:
    before = copy.deepcopy(payload)
    sources.read_all(name, payload, RECEIVED)
    assert payload == before, case


def _form(event: Event) -> None:
    """What is true of the form of any event, whoever states it."""
    for time in (event.time, event.time_sent, event.time_received):
        assert time is None or time.tzinfo is UTC
    layer, _, rest = event.type.partition(".")
    assert layer == event.layer
    assert re.fullmatch(r"\w+(\.\w+)+", rest), event.type
    assert event.id.strip()


def _sense(event: Event) -> None:
    """What is true of every event that a source derives from a platform's payload."""
    assert event.time_received in {None, RECEIVED}
    assert (event.time_quality == "received") == (event.time == RECEIVED)
    assert re.fullmatch(r"(?s)//[a-z_]+/[^/]+/.+", event.source), event.source
    assert event.initiator.kind == "unknown" or event.initiator.evidence
    assert event.automation.role != "act" or event.initiator.kind in {"machine", "scheduled", "predicted"}
    assert event.automation.role is None or event.automation.kind is not None
    assert event.automation.ref_id is None or event.automation.ref_type is not None
    if event.touch.channel is not None:
        assert event.layer != "commerce"
        assert not event.type.endswith("reported"), "a state is no touch"
        assert event.commerce.order is None or event.commerce.action in {None, "checkout"}
    if event.type.startswith("commerce.order."):
        assert event.commerce.order, event.type
    if event.commerce.action == "refunded":
        assert event.commerce.refund_of == event.commerce.order


@pytest.mark.parametrize("event", [e for _, e in EVERY_EVENT], ids=[n for n, _ in EVERY_EVENT])
def test_an_event_obeys_the_laws(event: Event) -> None:
    assert event.raw.adapter in {None, *SOURCES}
    _form(event)
    _sense(event)
    if event.touch.channel is not None:
        assert event.stage in {"awareness", "consideration", "purchase"}


def test_no_bearer_token_is_kept() -> None:
    texts = [json.dumps(payload) for _, _, payload in CASES]
    assert sum("SECRET-BEARER" in text for text in texts) > 20
    assert [n for n, e in EVERY_EVENT if b"SECRET" in canonical.line_of(e)] == []


PERSONAL = (b"ada@example.com", b"555 0100", b"5550100", b"203.0.113.7", b"1 main st", b"FP1", b"Adabelle")


@pytest.mark.parametrize("name", SOURCES)
def test_no_personal_identifier_survives_admission(name: str) -> None:
    payloads = list(fixtures_of(name).values())
    events = [e for p in payloads for e in events_of(name, p)]
    raw = [
        RawPayload(sha256=str(i), media_type="json", body=json.dumps(p).encode())
        for i, p in enumerate(payloads)
    ]
    admitted = admit_events(events, raw[:0], [], b"k" * 32)
    kept = repr(admitted.events.to_pylist()) + repr(admitted.identities.to_pylist())
    assert [value for value in PERSONAL if value.lower() in kept.lower().encode()] == []
    assert len(raw) == len(payloads)


def test_the_fixtures_hold_the_personal_values_that_must_not_survive() -> None:
    text = "".join(p.read_text() for p in FIXTURES.glob("*.json")).encode().lower()
    clear = b"".join(canonical.line_of(e) for _, e in EVERY_EVENT).lower()
    assert [v for v in PERSONAL if v.lower() not in text and v.lower() not in clear] == []
    assert sum(v.lower() in clear for v in PERSONAL) >= 5


@pytest.mark.parametrize("event", [e for _, e in EVERY_EVENT], ids=[n for n, _ in EVERY_EVENT])
def test_every_event_comes_back_from_its_exported_line(event: Event) -> None:
    line = json.loads(canonical.line_of(event))
    assert sources.recognise(line) == "canonical"
    (back,) = canonical.read(line, RECEIVED)
    assert back.time_received == (event.time_received or RECEIVED)
    assert msgspec.structs.replace(back, raw=event.raw, time_received=event.time_received) == event


# Mutated payloads ---------------------------------------------------------------------------------

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(2**70), max_value=2**70),
    st.floats(),
    st.sampled_from([10**18, -(10**18), 1e22, "123456789012345678901234567890", 2**63]),
    st.sampled_from(
        ["", " ", "x" * 300, "\ud800", "1e400", "NaN", "-1", "0000-00-00", "9999-12-31T23:59:59-14:00"]
    ),
    st.text(max_size=8),
    st.sampled_from([[], {}, [[]], [None], [{}], {"id": {}}, {"a": {"b": {"c": {"d": {"e": 1}}}}}, [1, "a"]]),
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in inside for place in _places(child, (*path, key)))]


def _swollen(value: Any, absurd: Any) -> Any:
    """Return the payload with every number, also one written as text, replaced."""
    if isinstance(value, dict):
        return {k: _swollen(v, absurd) for k, v in value.items()}
    if isinstance(value, list):
        return [_swollen(v, absurd) for v in value]
    numeric = isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value)
    return absurd if numeric or (isinstance(value, int | float) and not isinstance(value, bool)) else value


@pytest.mark.parametrize(
    "absurd", [10**18, -(10**30), 1e300, 2**63, "9" * 30, 1e-9, "NaN", float("inf"), 0, -1]
)
@pytest.mark.parametrize("name", SOURCES)
def test_absurd_numbers_everywhere_reach_no_lake(name: str, absurd: Any) -> None:
    for payload in fixtures_of(name).values():
        events, refusal = sources.read_all(name, _swollen(payload, absurd), RECEIVED)
        assert events or refusal
        events_table(events)
        metrics_table(sources.taken(name, payload, RECEIVED).metrics, RECEIVED)


@st.composite
def mutated(draw: st.DrawFn, payloads: list[dict[str, Any]]) -> dict[str, Any]:
    payload = copy.deepcopy(draw(st.sampled_from(payloads)))
    for _ in range(draw(st.integers(1, 3))):
        places = [place for place in _places(payload) if place]
        if not places:
            break
        *path, last = draw(st.sampled_from(places))
        parent = payload
        for step in path:
            parent = parent[step]
        if draw(st.booleans()):
            del parent[last]
        elif isinstance(parent, dict) and draw(st.booleans()):
            parent[draw(st.sampled_from(["id", "type", "event", "extra.key", ""]))] = copy.deepcopy(draw(ODD))
        else:
            parent[last] = copy.deepcopy(draw(ODD))
    return payload


@pytest.mark.parametrize("name", SOURCES)
@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_broken_payload_raises_nothing_but_a_refusal(name: str, data: st.DataObject) -> None:
    own = [*fixtures_of(name).values(), *(p for n, _, p in PARTIES if n == name)]
    payload = data.draw(mutated(own))
    assert isinstance(sources.load(name).recognises(payload), bool)
    events, refusal = sources.read_all(name, payload, RECEIVED)
    assert events or refusal
    metrics_table(sources.taken(name, payload, RECEIVED).metrics, RECEIVED)
    for event in events:
        _form(event)
        if name not in {"canonical", "cloudevents"}:  # their senders state the sense themselves
            _sense(event)
    events_table(events)
    identities_table(events)
    again = sources.read_all(name, copy.deepcopy(payload), RECEIVED + timedelta(days=1))[0]
    assert [e.id for e in again] == [e.id for e in events]
    if refusal is not None:
        assert str(refusal).startswith(name)


def _changed(payload: dict[str, Any], place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """Return a copy with another value at the place; one that is `...` is taken out."""
    changed = copy.deepcopy(payload)
    *path, last = place
    parent: Any = changed
    for step in path:
        parent = parent[step]
    if value is ...:
        del parent[last]
    else:
        parent[last] = value
    return changed


@pytest.mark.parametrize("name", SOURCES)
def test_one_field_that_is_odd_missing_or_new_gives_events_or_a_refusal(name: str) -> None:
    for payload in [*fixtures_of(name).values(), *(p for n, _, p in PARTIES if n == name)]:
        places = [place for place in _places(payload) if place][:150]
        changes = [_changed(payload, place, v) for place in places for v in (None, ..., [], "unheard.of")]
        inner = [place for place in _places(payload) if isinstance(_at(payload, place), dict)][:50]
        changes += [_changed(payload, (*place, "unheardOf"), {"of": [1]}) for place in inner]
        for changed in changes:
            events, metrics, refusal = sources.taken(name, changed, RECEIVED)
            assert events or metrics or refusal is not None
            sources.recognise(changed)


def _at(payload: Any, place: tuple[Any, ...]) -> Any:
    for step in place:
        payload = payload[step]
    return payload


@pytest.mark.parametrize("name", SOURCES)
def test_a_new_field_changes_nothing_that_is_told(name: str) -> None:
    told = [(p, e) for p in fixtures_of(name).values() if (e := events_of(name, p))]
    for payload, events in told:
        if isinstance(payload, dict) and {"headers", "body"} <= payload.keys():
            continue
        more = events_of(name, payload | {"unheardOf": None})
        assert [e.type for e in more][: len(events)] == [e.type for e in events]


# Doors --------------------------------------------------------------------------------------------

DOORS = [name for name in SOURCES if hasattr(sources.load(name), "verify")]
HEADER = st.one_of(
    st.sampled_from(["authorization", "date", "digest", "signature", "x-signature", "host", "content-type"]),
    st.sampled_from(
        ["webhook-request-origin", "hearthline-timestamp", "hearthline-signature", "stripe-signature"]
    ),
    st.text(max_size=12),
)
VALUE = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["Bearer a.b.c", "Basic :", 'Signature keyId="/pl/k",signature="AA=="', "t=1,v1=00", "v1=00"]
    ),
)


@st.composite
def requests(draw: st.DrawFn, bodies: list[bytes]) -> Sent:
    """Requests of anybody: odd headers, and bodies of the platform or of nobody."""
    return Sent(
        method=draw(st.sampled_from(["POST", "OPTIONS", "GET"])),
        path=draw(st.sampled_from(["/in/x", "/in/x?a=b", "", "/\ud800"])),
        query=draw(st.dictionaries(st.sampled_from(["key", "token", "code", "sig", ""]), VALUE, max_size=2)),
        headers=draw(st.dictionaries(HEADER, VALUE, max_size=4)),
        body=draw(st.one_of(st.sampled_from(bodies), st.binary(max_size=40))),
        received=RECEIVED,
    )


def entered(name: str, sent: Sent, account: Account) -> Proof | str | None:
    """Return the proof of a request, or the words of its refusal."""
    try:
        return sources.proven(name, sent, account)
    except Unproven as refusal:
        return str(refusal)


@pytest.mark.parametrize("name", DOORS)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_door_lets_nobody_in_and_breaks_at_nothing(name: str, data: st.DataObject) -> None:
    bodies = [json.dumps(payload).encode() for payload in fixtures_of(name).values()]
    sent = data.draw(requests([*bodies, b"[" + bodies[0] + b"]"]))
    account = Account(secrets=("a secret",), fetch=lambda _: data.draw(st.binary(max_size=60)))
    proof = entered(name, sent, account)
    if isinstance(proof, str):
        assert re.match(rf"{name}\b", proof)
    elif proof is not None:
        # What comes in without a proof is a question of the platform: it is answered, and nothing of it is kept.
        assert proof.scheme == "handshake"
        assert sources.replied(name, sent, account) is not None


@pytest.mark.parametrize("name", DOORS)
def test_a_door_needs_more_than_no_secret(name: str) -> None:
    for payload in fixtures_of(name).values():
        proof = entered(name, Sent(body=json.dumps(payload).encode(), received=RECEIVED), Account())
        assert proof is None or isinstance(proof, str) or proof.scheme == "handshake"
