from datetime import UTC, datetime

import msgspec
import pytest

import hearthline as hl
from hearthline import sources
from hearthline.schema.errors import BadPayload

RECEIVED = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)


@pytest.fixture
def counted(case):
    return lambda which: sources.taken("alexa_skill_metrics", case(which), RECEIVED).metrics


def test_an_answer_of_version_1_is_a_metric_a_day_and_a_null_is_none(counted):
    first, second = counted("version_1")
    assert (first.metric, first.value, first.source) == ("uniqueCustomers", 12.0, "//alexa/-/-")
    assert (first.end, second.end.day) == (second.start, 3)


def test_its_request_tells_the_skill_the_time_and_what_was_asked_for(counted):
    (one,) = counted("version_1_with_request")
    assert one.source == "//alexa/-/amzn1.ask.skill.beans"
    assert (one.start.day, one.end.day) == (1, 8)
    assert one.dimensions == {"stage": "live", "skillType": "custom", "locale": "en-GB"}
    (week,) = counted("version_2_with_request")
    assert (week.end - week.start).days == 7
    assert week.dimensions == {
        "stage": "live",
        "locale": "en-GB",
        "stat": "count",
        "label": "Count of customers",
    }


def test_version_2_counts_by_group(counted):
    found = counted("version_2")
    assert [(m.metric, m.dimensions.get("intent"), m.value) for m in found] == [
        ("Alexa.Custom.CUSTOMERS", "ReorderIntent", 5.0),
        ("Alexa.Custom.CUSTOMERS", "ReorderIntent", 6.0),
        ("Alexa.Custom.CUSTOMERS", "SearchIntent", 2.0),
        ("Alexa.Custom.UTTERANCES", None, 1.5),
    ]


@pytest.mark.parametrize("which", ["list_of_metrics", "nothing_counted"])
def test_an_answer_without_a_count_is_refused_by_name(read, counted, which):
    assert counted(which) == []
    with pytest.raises(BadPayload, match="alexa_skill_metrics: ") as refusal:
        read(which)
    assert refusal.value.reason == "not-an-event"


def test_metrics_are_kept_beside_events_and_the_latest_report_counts(tmp_path, case):
    event = {
        "id": "1",
        "source": "//demo/shop",
        "type": "commerce.order.placed",
        "layer": "commerce",
        "time": "2026-03-01T00:00:00Z",
        "commerce": {"action": "placed", "order": "1"},
    }
    files = {
        "event.ndjson": {"specversion": "1.0", **event},
        "old.json": case("version_1"),
        "new.json": {**case("version_1"), "values": [13, 9, None]},
    }
    home = hl.init(tmp_path / "home")
    for name, payload in files.items():
        (tmp_path / name).write_bytes(msgspec.json.encode(payload))
        (taken,) = home.add(tmp_path / name)
        assert taken.rejects == 0, taken.reasons
    assert taken.events == 2
    home.run()
    rows = home.sql("SELECT value FROM metrics ORDER BY start").to_pylist()
    assert [row["value"] for row in rows] == [13.0, 9.0]
