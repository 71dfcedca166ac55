"""The supervisor page in a real headless Chromium, as wide as a phone and as a desk."""

import threading

import pytest
from werkzeug.serving import make_server

from gateway.app import create_app
from gateway.console.accounts import Role, save_user

pytestmark = pytest.mark.browser
PASSWORD = "correct horse battery"


@pytest.fixture
def desk(make_talk):
    """A running page with an emergency, a call for a person and a supervisor."""
    talk = make_talk(console=True, console_insecure_cookie=True)
    talk.say("girl 2 years fitting, won't drink <b>anything</b>")
    talk.say("0")
    with talk.gateway.engine.begin() as connection:
        save_user(connection, "wanjiru", PASSWORD, Role.ADMIN, talk.gateway.now())
    app = create_app(talk.gateway.settings, talk.gateway)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=[(360, 640), (1280, 900)], ids=["phone", "desk"])
def page(chromium, request):
    width, height = request.param
    context = chromium.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    page.set_default_timeout(90_000)
    page.problems = []
    page.on("console", lambda line: page.problems.append(line.text))
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    yield page
    context.close()


def is_wider_than_the_screen(page):
    return page.evaluate("document.documentElement.scrollWidth > window.innerWidth")


def test_a_supervisor_signs_in_opens_a_case_and_settles_a_call(desk, page):
    page.goto(f"{desk}/console/")
    page.fill("input[name=name]", "wanjiru")
    page.fill("input[name=password]", PASSWORD)
    page.click("text=Sign in >> nth=-1")
    page.wait_for_selector("text=To look at")
    assert "person_called" in page.text_content("main")
    assert not is_wider_than_the_screen(page)
    page.click("li.emergency a")
    page.wait_for_selector("text=Conversation")
    assert "<b>anything</b>" in page.text_content("ol.talk")
    assert page.query_selector("ol.talk b") is None
    assert "EMERGENCY" in page.text_content("h1")
    assert not is_wider_than_the_screen(page)
    page.click("text=Outcomes")
    page.wait_for_selector("svg rect.urgent >> nth=-1")
    assert not is_wider_than_the_screen(page)
    page.click("text=Today")
    page.click("text=Seen to")
    page.wait_for_selector("text=Nothing.")
    page.click("text=Sign out")
    page.wait_for_selector("input[name=password]")
    assert page.problems == []


def test_a_wrong_password_is_told(desk, page):
    page.goto(f"{desk}/console/sign-in")
    page.fill("input[name=name]", "wanjiru")
    page.fill("input[name=password]", "wrong")
    page.click("button")
    page.wait_for_selector("[role=alert]")
    page.problems.clear()  # the browser notes the 401
