from datetime import UTC, datetime

import pytest

from hearthline import sources
from hearthline.schema.errors import BadPayload

RECEIVED = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)


def test_records_sleep_and_workouts_are_readings_of_a_person(read):
    events = read("sdk")
    assert [(e.type, e.signal.capability, e.signal.attribute, e.signal.value) for e in events] == [
        ("device.health.reported", "StepCount", "value", "66"),
        ("device.health.reported", "HeartRate", "value", "71.5"),
        ("device.health.reported", "sleep", "stage", "inBed"),
        ("device.activity.recorded", "walking", "duration", "1683.3"),
    ]
    assert [e.device.kind for e in events] == ["phone", "wearable", "wearable", "wearable"]
    assert {i.value for e in events for i in e.identifiers} == {"app-user-1"}
    assert events[0].time_uncertainty_ms == 407_000


def test_an_apps_export_is_a_reading_a_value_and_a_point_without_a_time_is_refused(case):
    events, refusal = sources.read_all("apple_health", case("export"), RECEIVED)
    told = [(e.signal.capability, e.signal.attribute, e.signal.number) for e in events]
    assert told == [
        ("Running", "duration", 1200.0),
        ("step_count", "value", 120.0),
        ("heart_rate", "average", 70.0),
        ("heart_rate", "lowest", 60.0),
        ("heart_rate", "highest", 90.0),
        ("sleep_analysis", "totalSleep", 7.5),
        ("blood_pressure", "systolic", 120.0),
        ("blood_pressure", "diastolic", 80.0),
    ]
    assert refusal is not None
    assert refusal.reason == "missing-field"


def test_stages_of_sleep_and_symptoms_are_told_and_parts_that_are_not_read_are_refused_by_name():
    night = {"date": "2026-03-01 00:00:00 +0100", "totalSleep": 5.6, "core": 3.1, "deep": 1.0, "rem": 1.5}
    symptom = {"name": "Headache", "start": "2026-03-01 10:00:00 +0100", "severity": "Moderate"}
    metrics = [{"name": "sleep_analysis", "units": "hr", "data": [night | {"awake": 0.2, "source": "watch"}]}]
    told = {"metrics": metrics, "symptoms": [symptom], "stateOfMind": [{"id": "s-1"}], "ecg": []}
    events, refusal = sources.read_all("apple_health", {"data": told}, RECEIVED)
    assert {e.signal.attribute: e.signal.number for e in events[:-1]} == {
        "totalSleep": 5.6,
        "core": 3.1,
        "deep": 1.0,
        "rem": 1.5,
        "awake": 0.2,
    }
    said = events[-1].signal
    assert (said.capability, said.attribute, said.value) == ("Headache", "severity", "Moderate")
    assert refusal is not None
    assert str(refusal).startswith("apple_health.state_of_mind: ")


def test_times_with_a_space_before_their_zone_are_read(read):
    (event,) = read("xml_record")
    assert event.time.isoformat() == "2026-03-01T09:00:00+00:00"
    assert (event.signal.number, event.device.model) == (87.0, "Watch")


def test_samples_without_anything_around_them_are_read(read):
    assert read("alone")[0].signal.number == 12.0
    (event,) = read("list_alone")
    assert (event.signal.capability, event.identifiers[0].value) == ("MindfulSession", "app-user-2")


def test_the_elements_of_an_export_are_told_apart(read):
    assert read("xml_category")[0].signal.value == "SleepAnalysisAsleepCore"
    assert read("xml_workout")[0].signal.unit == "min"
    assert read("xml_day")[0].signal.number == 320.5


@pytest.mark.parametrize("which", ["xml_me", "empty"])
def test_who_a_person_is_and_an_empty_export_are_no_events(read, which):
    with pytest.raises(BadPayload) as refusal:
        read(which)
    assert refusal.value.reason == "not-an-event"


def test_health_is_ambient_has_no_consent_and_is_never_a_touch(read):
    for event in read("sdk"):
        assert (event.modality, event.touch.channel, event.consent.measurement) == ("ambient", None, None)
        assert event.stage == "none"
