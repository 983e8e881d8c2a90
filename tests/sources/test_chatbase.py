from datetime import UTC, datetime

import pytest

from hearthline import sources
from hearthline.schema.errors import BadPayload


def test_a_persons_message_is_a_touch_and_an_agents_is_not(read):
    (asked,), (answered,) = read("asked"), read("answered")
    assert (asked.touch.channel, asked.stage, asked.modality) == ("voice", "purchase", "voice")
    assert (asked.initiator.kind, asked.initiator.evidence) == ("human", "type")
    assert (asked.id, asked.intent.utterance, asked.intent.handled) == ("m-1", "order tea", True)
    assert (answered.type, answered.touch.channel) == ("platform.voice.answered", None)
    assert (answered.initiator.kind, answered.intent.utterance) == ("machine", None)


def test_a_broken_message_of_several_does_not_hide_the_others(case):
    events, refusal = sources.read_all("chatbase", case("several"), datetime(2026, 3, 12, tzinfo=UTC))
    assert [e.type for e in events] == ["platform.voice.intent", "platform.voice.answered"]
    assert isinstance(refusal, BadPayload)


@pytest.mark.parametrize(
    ("which", "modality", "channel", "handled"),
    [("not_understood", "screen", "chat", False), ("facebook", "screen", "chat", True)],
)
def test_the_platform_tells_how_people_reach_a_bot(read, which, modality, channel, handled):
    (event,) = read(which)
    assert (event.modality, event.touch.channel, event.intent.handled) == (modality, channel, handled)


def test_an_event_of_the_bots_own_is_no_touch(read):
    (event,) = read("event")
    assert (event.type, event.touch.channel, event.initiator.kind) == ("platform.bot.custom", None, "unknown")
