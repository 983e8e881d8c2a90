import pytest


@pytest.mark.parametrize(
    ("which", "kind", "place"),
    [
        ("started", "voice.launched", ("voice", "consideration", "voice", "human")),
        ("recorded", "voice.launched", ("voice", "consideration", "voice", "human")),
        ("installed", "skill.enabled", (None, "none", "unknown", "unknown")),
        ("asked", "voice.intent", ("voice", "purchase", "voice", "human")),
        ("untyped", "voice.intent", ("voice", "awareness", "voice", "human")),
        ("ended", "voice.session_ended", (None, "none", "voice", "unknown")),
    ],
)
def test_a_message_has_its_place_in_the_journey(read, which, kind, place):
    (event,) = read(which)
    assert event.type == f"platform.{kind}"
    assert (event.touch.channel, event.stage, event.modality, event.initiator.kind) == place


def test_what_the_app_said_is_not_what_the_person_said(read):
    (event,) = read("asked")
    assert (event.intent.utterance, event.intent.slots) == (None, {"product": "tea"})


def test_only_a_recorded_request_has_a_time(read):
    assert read("recorded")[0].time.isoformat() == "2017-03-01T18:00:00+00:00"
    assert read("asked")[0].time_quality == "received"
