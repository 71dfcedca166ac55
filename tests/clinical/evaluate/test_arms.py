import pytest

from clinical.assessment import Urgency
from clinical.evaluate.arms import ALWAYS_HOME, ARMS, under_the_net
from clinical.evaluate.judge import DOSE_LIKE

FITS = "2 yr old having convulsions now"


@pytest.mark.parametrize("arm", sorted(ARMS))
def test_an_explicit_danger_sign_is_an_emergency_in_every_arm(arm: str) -> None:
    answer = ARMS[arm](FITS, "en", None)
    assert answer.urgency is Urgency.EMERGENCY
    assert answer.referral.needed
    assert "convulsions" in {sign.code for sign in answer.danger_signs}


def test_the_adversarial_answer_reassures_and_names_a_dose() -> None:
    assert ALWAYS_HOME.urgency is Urgency.HOME
    assert DOSE_LIKE.search(ALWAYS_HOME.summary)


def test_an_arm_under_the_net_shows_its_model_the_text() -> None:
    seen: list[str] = []

    def model(case):  # type: ignore[no-untyped-def]
        seen.extend(message.text for message in case.messages)
        return ALWAYS_HOME

    answer = under_the_net(model)(FITS, None, None)
    assert seen == [FITS]
    assert answer.raised_by_rules
