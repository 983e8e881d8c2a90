import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hearthline.schema.errors import BadPayload
from hearthline.sources import canonical


def test_an_event_is_read_as_it_was_written(read):
    (event,) = read("order")
    assert (event.time.isoformat(), event.commerce.revenue) == ("2026-03-01T10:00:00+00:00", Decimal("19.90"))
    assert (event.commerce.products[0].price, event.identifiers[0].personal) == (Decimal("9.95"), True)


def test_groups_may_lie_in_the_data_of_a_cloudevent(read):
    (event,) = read("cloudevent")
    assert (event.layer, event.touch.channel, event.exposure.seconds) == ("media", "tv-ads", 15.0)


def test_an_export_reads_back_to_the_same_event(read):
    import json

    (event,) = read("order")
    assert read(json.loads(canonical.line_of(event))) == [event]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"time": "2026-03-01T10:00:00"}, r"canonical\.time: a time without a zone"),
        ({"time": "noon"}, r"canonical\.time: "),
        ({"layer": "cellar"}, r"canonical\.layer: "),
        ({"id": 7}, r"canonical\.id: got int; send str"),
        ({"type": "order"}, r"canonical\.type: not <layer>"),
        ({"type": "device.order.placed"}, r"canonical\.type: not <layer>"),
        ({"commerce": {"revenue": "NaN"}}, r"canonical\.commerce\.revenue: "),
        ({"commerce": {"products": {"a": 1}}}, r"canonical\.commerce\.products: got object"),
        ({"id": None}, "canonical: no 'id'"),
    ],
)
def test_a_misfit_is_refused_with_its_path(read, changed, message):
    with pytest.raises(BadPayload, match=f"^{message}"):
        read("order", **changed)


def test_a_refusal_never_repeats_the_value(read):
    with pytest.raises(BadPayload) as refusal:
        read("order", stage="ada@example.com")
    assert "ada" not in str(refusal.value)


LINES = [
    (
        '{"specversion":"1.0","id":"1","source":"//a/b","type":"commerce.order.placed","layer":"commerce",'
        '"time":"2026-03-01T10:00:00Z","commerce":{"action":"placed","order":"7","total":"12.50"}}'
    ),
    (
        '{"id":"1","source":"//a/b","type":"device.level.reported","layer":"device","time":"2026-03-01T10:00:00Z",'
        '"time_received":"2026-03-01T10:00:01Z","signal":{"number":4.5},"raw":{"adapter":"x"}}'
    ),
]
ODD_LINES = [
    ('"12.50"', '"12.123456"'),
    ('"12.50"', '"1e40"'),
    ('"12.50"', "12.50"),
    ('"12.50"', "null"),
    ('"7"', "7"),
    ('"7"', '"\\ud800"'),
    ('"commerce.order.placed"', '"platform.order.placed"'),
    ('"commerce.order.placed"', '"order"'),
    ('"id":"1"', '"id":" "'),
    ("10:00:00Z", "10:00:00"),
    ("10:00:00Z", "12:00:00+02:00"),
    ('"layer":"commerce"', '"layer":"commerce","automation":{"cycle":99999999999999999999}'),
    ('"layer":"commerce"', '"layer":"commerce","automation":{"cycle":"3"}'),
    ('"layer":"commerce"', '"layer":"commerce","data":{"subject":"x"}'),
    ('"layer":"commerce",', ""),
    ('"order":"7"', '"order":null'),
]


@pytest.mark.parametrize("line", [*LINES, *(LINES[0].replace(a, b) for a, b in ODD_LINES)])
def test_a_line_read_at_once_is_what_is_read_the_usual_way(line):
    received = datetime(2026, 3, 2, tzinfo=UTC)
    at_once = canonical.read_line(line.encode(), received)
    try:
        (usual,) = canonical.read(json.loads(line), received)
    except BadPayload:
        usual = None
    assert at_once is None or at_once == usual
    assert at_once is not None or line not in LINES
