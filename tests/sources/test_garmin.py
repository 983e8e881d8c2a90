from datetime import UTC, datetime

import pytest

from hearthline import sources
from hearthline.schema.errors import Unproven
from hearthline.sources import Account, Sent, proven

NOW = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("which", "kind", "reading"),
    [
        ("run", "activity.recorded", ("RUNNING", "duration", 1800.0, "s")),
        ("day", "health.reported", (None, "steps", 4210.0, "count")),
        ("ping", "health.updated", (None, None, None, None)),
        ("bare", "activity.recorded", ("CYCLING", "duration", 5400.0, "s")),
        ("bare_without_type", "health.reported", (None, None, None, None)),
    ],
)
def test_a_summary_is_one_event_with_the_reading_it_is_about(read, which, kind, reading):
    (event,) = read(which)
    assert event.type == f"device.{kind}"
    signal = event.signal
    assert (signal.instance, signal.attribute, signal.number, signal.unit) == reading
    assert (event.modality, event.touch.channel, event.consent.measurement) == ("ambient", None, None)


def test_a_summary_without_a_user_does_not_hide_the_others(case):
    events, refusal = sources.read_all("garmin", case("mixed"), NOW)
    assert [(e.signal.attribute, e.signal.number) for e in events] == [
        ("sleep", 27000.0),
        ("weight", 70000.0),
    ]
    assert refusal is not None
    assert str(refusal).startswith("garmin.epochs: no 'userId'")


def test_a_longer_day_under_the_same_id_is_another_event(read, case):
    longer = case("day")
    longer["dailies"][0] |= {"durationInSeconds": 50000, "steps": 6000}
    assert read("day")[0].id != read(longer)[0].id


def test_only_what_a_person_wrote_is_a_persons(read):
    assert read("run")[0].initiator.kind == "unknown"
    assert read("by_hand")[0].initiator.evidence == "manual"
    assert (read("run")[0].tz_offset_min, read("run")[0].device.model) == (60, "Forerunner 965")


def test_leaving_is_a_no_and_a_permission_no_yes(read):
    assert read("left")[0].consent.measurement == "denied"
    assert read("no_permissions")[0].consent.measurement == "denied"
    assert read("permissions")[0].consent.measurement is None


def test_only_the_client_id_or_a_secret_lets_a_push_in():
    account = Account(secrets=("client-1",))
    assert proven("garmin", Sent(headers={"garmin-client-id": "client-1"}, received=NOW), account)
    assert proven("garmin", Sent(query={"key": "client-1"}, received=NOW), account).scheme == "shared-secret"
    for headers in ({}, {"garmin-client-id": ""}, {"garmin-client-id": "client-2"}):
        with pytest.raises(Unproven):
            proven("garmin", Sent(headers=headers, received=NOW), account)


def test_details_of_an_activity_tell_what_the_summary_inside_tells(read):
    (details,), (run,) = read("details"), read("run")
    assert (details.time, details.time_quality, details.tz_offset_min) == (run.time, "device", 60)
    assert (details.signal.instance, details.signal.number) == ("RUNNING", 1800.0)
    assert (details.device.model, details.initiator.evidence) == ("Forerunner 965", "manual")
    assert (details.subject, details.id) == (run.subject, "activityDetails:21-detail:1800")
