import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from clinical.phrases import Form, Kind, phrase
from gateway.app import create_app
from gateway.console.accounts import Role, save_user
from gateway.console.export import escaped
from gateway.console.views import condition_name
from gateway.tables import audit_entry, console_session, incident

PASSWORD = "correct horse battery"


@pytest.fixture
def desk(make_talk):
    """A gateway with its supervisor page on, one emergency in it, and three users."""
    talk = make_talk(console=True)
    talk.say("girl 2 years fitting <script>alert(1)</script>")
    with talk.gateway.engine.begin() as connection:
        for role in Role:
            save_user(connection, role.value, PASSWORD, role, talk.gateway.now())
    return talk


def enter(desk, name="supervisor", password=PASSWORD):
    client = create_app(desk.gateway.settings, desk.gateway).test_client()
    answer = client.post(
        "/console/sign-in", data={"name": name, "password": password}, base_url="https://localhost"
    )
    return client, answer


def get(client, path):
    return client.get(f"/console{path}", base_url="https://localhost")


def csrf_of(client):
    return re.search(r'name="csrf_token" value="([^"]+)"', get(client, "/").text)[1]


def test_the_page_is_off_unless_it_is_switched_on(talk):
    assert talk.client.get("/console/").status_code == 404


def test_it_answers_on_its_own_host_only(make_talk):
    talk = make_talk(console=True, console_host="desk.example")
    assert talk.client.get("/console/sign-in").status_code == 404
    own = talk.client.get("/console/sign-in", base_url="https://desk.example")
    assert own.status_code == 200


PATHS = ["/", "/cases/1", "/deliveries", "/follow-ups", "/people", "/outcomes", "/cases.csv"]


def test_nothing_is_shown_without_sign_in(make_talk):
    client = make_talk(console=True).client
    for path in PATHS:
        answer = get(client, path)
        assert answer.status_code == 303, path
        assert answer.headers["Location"] == "/console/sign-in", path


ALLOWED = {
    "viewer": {"/", "/deliveries", "/follow-ups", "/outcomes"},
    "supervisor": set(PATHS) - {"/cases.csv"},
    "admin": set(PATHS),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_roles_decide_what_is_shown(desk, name):
    client, _ = enter(desk, name)
    shown = {path for path in PATHS if get(client, path).status_code == 200}
    assert shown == ALLOWED[name]


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(desk):
    _, answer = enter(desk)
    cookie = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "Secure", "SameSite=Strict", "Path=/console"} <= set(cookie.split("; "))


def test_only_the_digest_of_a_session_is_stored(desk):
    _, answer = enter(desk)
    token = answer.headers["Set-Cookie"].split(";")[0].partition("=")[2]
    with desk.gateway.engine.begin() as connection:
        stored = str(connection.execute(select(console_session)).all())
    assert token not in stored


def test_a_wrong_password_locks_after_five_tries(desk, clock):
    for _ in range(5):
        assert enter(desk, password="wrong password!")[1].status_code == 401
    assert enter(desk)[1].status_code == 401
    clock.forward(minutes=16)
    assert enter(desk)[1].status_code == 303


def test_an_unknown_name_is_answered_like_a_wrong_password(desk):
    assert enter(desk, name="nobody")[1].text == enter(desk, password="wrong")[1].text


def test_a_session_ends_by_rest_and_by_sign_out(desk, clock):
    client, _ = enter(desk)
    assert get(client, "/").status_code == 200
    clock.forward(minutes=31)
    assert get(client, "/").status_code == 303
    client, _ = enter(desk)
    form = {"csrf_token": csrf_of(client)}
    client.post("/console/sign-out", data=form, base_url="https://localhost")
    assert get(client, "/").status_code == 303


def test_a_change_needs_the_sessions_own_token(desk):
    desk.say("0")
    client, _ = enter(desk)
    path = "/console/incidents/1/settle"
    for form in ({}, {"csrf_token": ""}, {"csrf_token": "guess"}, {"csrf_token": "é"}):
        assert client.post(path, data=form, base_url="https://localhost").status_code == 403, form
    form = {"csrf_token": csrf_of(client)}
    assert client.post(path, data=form, base_url="https://localhost").status_code == 303
    with desk.gateway.engine.begin() as connection:
        assert connection.execute(select(incident.c.settled_at)).scalar_one() is not None


def test_another_site_cannot_sign_a_browser_in(desk):
    client = create_app(desk.gateway.settings, desk.gateway).test_client()
    answer = client.post(
        "/console/sign-in",
        data={"name": "admin", "password": PASSWORD},
        headers={"Sec-Fetch-Site": "cross-site"},
        base_url="https://localhost",
    )
    assert answer.status_code == 403


def test_a_case_shows_its_conversation_and_evidence_and_who_opened_it(desk):
    client, _ = enter(desk)
    page = get(client, "/cases/1").text
    assert "girl 2 years fitting" in page
    assert "<script>" not in page
    assert "EMERGENCY" in page
    assert "convulsions" in page
    with desk.gateway.engine.begin() as connection:
        rows = connection.execute(select(audit_entry)).all()
    assert [(r.user_name, r.action, r.consultation_id) for r in rows] == [
        ("supervisor", "open_case", 1)
    ]
    assert get(client, "/cases/99").status_code == 404


def test_lists_show_cases_by_urgency_without_texts(desk, make_talk):
    make_talk(desk.gateway).say("child 3 yrs runny nose eats and plays")
    client, _ = enter(desk, "viewer")
    page = get(client, "/").text
    assert page.index("EMERGENCY") < page.index("HOME")
    assert "runny nose" not in page
    assert desk.phone not in page


def test_signs_and_conditions_are_named_as_in_the_tables(desk):
    client, _ = enter(desk)
    page = get(client, "/cases/1").text
    named = phrase(Kind.FINDING, "convulsions", language="en", form=Form.LONG)
    assert f"<dt>Danger signs</dt><dd>{named}" in page
    assert condition_name("of_older_tables") == "of older tables"


def test_the_export_holds_codes_and_is_recorded(desk):
    client, _ = enter(desk, "admin")
    lines = get(client, "/cases.csv").text.splitlines()
    assert lines[0].startswith("case,opened_at,worker,urgency")
    assert lines[1].startswith("K1,")
    assert ",EMERGENCY," in lines[1]
    assert "fitting" not in lines[1]
    with desk.gateway.engine.begin() as connection:
        assert connection.execute(select(audit_entry.c.action)).scalars().all() == ["export"]


@pytest.mark.parametrize("cell", ["=1+1", "+254", "-1", "@x", "\t=1", " =1"])
def test_cells_that_a_spreadsheet_would_run_are_escaped(cell):
    assert escaped(cell) == f"'{cell}"


def test_plain_cells_stay_as_they_are():
    assert [escaped(c) for c in ("K1", "", None, 4)] == ["K1", "", "", "4"]


def test_a_short_password_is_refused(desk):
    with desk.gateway.engine.begin() as connection, pytest.raises(ValueError, match="12"):
        save_user(connection, "x", "short", Role.VIEWER, desk.gateway.now())


def test_outcomes_are_counted_and_drawn(desk, clock):
    desk.say("1")
    clock.forward(days=1)
    client, _ = enter(desk, "viewer")
    page = get(client, "/outcomes").text
    assert page.count("<rect") == 28
    assert f"{(clock.time - timedelta(days=1)):%Y-%m-%d}: 1 cases, 1 emergencies" in page
    assert "going" in page


def test_no_page_runs_a_script(desk):
    client, _ = enter(desk)
    for path in ("/", "/cases/1", "/outcomes"):
        answer = get(client, path)
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "script" not in policy
        assert "style=" not in answer.text
