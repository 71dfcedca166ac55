"""The phone's page as a newcomer uses it: type, read the reply, stop the model, read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import RunningDemo, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.engine]
MESSAGE = "preg 34wks bad headache, sees spots, bp 170/115"
REPLY = ".bubble:not(.mine)[data-status=delivered]"


@pytest.mark.parametrize(
    ("name", "size"), {"small": (360, 740), "desktop": (1280, 900)}.items(), ids=str
)
def test_typing_on_the_page_brings_the_models_reply(
    demo: RunningDemo, chromium: Any, screenshots: Path, name: str, size: tuple[int, int]
) -> None:
    page = chromium.new_page(viewport={"width": size[0], "height": size[1]})
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(demo.phone_url)
    page.fill("#text", MESSAGE)
    page.press("#text", "Enter")
    reply = page.locator(f"{REPLY}:has-text('EMERGENCY')").last
    reply.wait_for(timeout=40_000)
    assert "DEMO" in reply.inner_text()
    page.screenshot(path=screenshots / f"journey-{name}.png")
    page.close()
    assert problems == []


def test_the_page_stops_and_starts_the_model(
    demo: RunningDemo, chromium: Any, screenshots: Path
) -> None:
    page = chromium.new_page(viewport={"width": 390, "height": 780})
    page.goto(demo.phone_url)
    page.click("#inference-change")
    wait_for(lambda: demo.inference() == "stopped", 30)
    page.locator("#inference-state", has_text="stopped").wait_for(timeout=30_000)
    page.screenshot(path=screenshots / "model-stopped.png")
    page.locator("#inference-change:enabled").click()
    wait_for(lambda: demo.inference() == "running", 240)
    page.close()
