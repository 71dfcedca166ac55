"""Whole conversations: webhook, queue, rules, real Postgres, the real Twilio SDK."""

import pytest

ISSUE_TEXTS = [
    ("preg 34wks bad headache, sees spots, bp 170/115", "EMERGENCY"),
    ("2yr old fitting and won't drink anything", "EMERGENCY"),
    ("baby 5 days not breastfeeding hot", "EMERGENCY"),
]


@pytest.mark.parametrize(("text", "urgency"), ISSUE_TEXTS)
def test_an_emergency_is_answered_with_where_to_and_what_it_may_be(talk, text, urgency):
    replies = talk.say(text)
    print(replies)
    assert replies
    for reply in replies:
        assert reply.startswith("DEMO K")
        assert urgency in reply.upper()
        assert "Likely:" in reply


def test_a_cold_is_no_emergency(talk):
    replies = talk.say("child 3 yrs runny nose eats and plays")
    print(replies)
    assert len(replies) == 1
    assert "EMERGENCY" not in replies[0].upper()
