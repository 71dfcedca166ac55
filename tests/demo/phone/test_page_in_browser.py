"""The phone's page in a real browser, with an application that answers by REST."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.phone.local_twilio import TEST_ACCOUNT, LocalTwilio
from demo.phone.outbound import send

pytestmark = pytest.mark.browser
AMINA = "+447700900101"
SIZES = {"small": (360, 640), "desktop": (1280, 900)}


@pytest.fixture(params=list(SIZES))
def size(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def page(chromium: Any, twilio: LocalTwilio, size: str) -> Iterator[Any]:
    width, height = SIZES[size]
    context = chromium.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    page.set_default_timeout(90_000)
    page.problems = []
    page.on("console", lambda line: page.problems.append(line.text))
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.goto(twilio.base_url)
    page.wait_for_selector("#examples button:enabled")
    yield page
    context.close()


def answer(twilio: LocalTwilio, body: str) -> None:
    send(twilio.network, sender=TEST_ACCOUNT.number, recipient=AMINA, body=body)


def test_conversation_shows_size_ticks_and_seconds(
    page: Any, twilio: LocalTwilio, application: Any, screenshots: Path, size: str
) -> None:
    page.fill("#text", "14 month girl, cough 3 days\nbreathing 55")
    page.press("#text", "Enter")
    page.wait_for_selector(".bubble.mine[data-status=accepted]")
    page.wait_for_selector("#typing", state="visible")
    page.screenshot(path=screenshots / f"phone-typing-{size}.png")
    answer(twilio, "K42 URGENT today: clinic. Likely: pneumonia. Why: fast breathing.")
    page.wait_for_selector(".bubble:not(.mine)[data-status=delivered]")
    meta = page.text_content(".bubble:not(.mine) .meta")
    for part in ("65 characters", "1 segment", "GSM-7", " s ·", "✓✓ delivered"):
        assert part in meta
    assert page.is_hidden("#typing")
    assert application.told[0].form["Body"] == "14 month girl, cough 3 days\nbreathing 55"
    page.screenshot(path=screenshots / f"phone-{size}.png")
    assert page.problems == []


def test_example_photo_channel_and_another_number(
    page: Any, twilio: LocalTwilio, application: Any, screenshots: Path, size: str
) -> None:
    page.click("#examples button >> nth=0")
    page.wait_for_selector(".bubble.mine[data-status=accepted]")
    page.check("input[value=whatsapp]", force=True)
    page.wait_for_selector("#empty", state="visible")
    page.click("#photo")
    page.wait_for_selector(".bubble.mine[data-status=accepted] img")
    page.select_option("#person", "other")
    assert page.is_disabled("#photo")
    page.fill("#number", "+44 7700 900199")
    page.press("#number", "Tab")
    page.fill("#text", "hello")
    page.click("#composer [type=submit]")
    page.wait_for_selector(".bubble.mine[data-status=accepted]")
    page.screenshot(path=screenshots / f"phone-other-{size}.png")
    froms = [told.form["From"] for told in application.told]
    assert froms == [AMINA, f"whatsapp:{AMINA}", "whatsapp:+447700900199"]
    assert application.told[1].form["NumMedia"] == "1"
    assert page.problems == []


def test_markup_in_a_message_is_shown_as_text(page: Any, twilio: LocalTwilio, size: str) -> None:
    twilio.text(AMINA, "hi")
    answer(twilio, "<img src=x onerror=alert(1)><b>bold</b>")
    body = page.wait_for_selector(".bubble:not(.mine) .body")
    assert body.text_content() == "<img src=x onerror=alert(1)><b>bold</b>"
    assert page.query_selector(".bubble b") is None


def test_nothing_is_wider_than_the_screen(
    page: Any, twilio: LocalTwilio, screenshots: Path, size: str
) -> None:
    twilio.text(AMINA, "x" * 400)
    answer(twilio, "ê" * 300)
    page.wait_for_selector(".bubble:not(.mine)[data-status=delivered]")
    page.emulate_media(color_scheme="dark")
    page.screenshot(path=screenshots / f"phone-long-dark-{size}.png")
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]


def test_lost_network_is_told(page: Any, twilio: LocalTwilio, size: str) -> None:
    page.route("**/phone/**", lambda route: route.abort())
    page.click("#examples button >> nth=1")
    assert "Not sent" in page.wait_for_selector("#trouble:visible").text_content()
