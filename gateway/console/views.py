"""The pages of /console: sign-in, cases, one case, deliveries, follow-ups, people, outcomes."""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
)

from clinical.assessment import Urgency
from clinical.phrases import Form, Kind, phrase
from gateway.console import accounts, queries
from gateway.console.accounts import Role, SignedIn
from gateway.console.export import cases_as_csv
from gateway.wiring import Gateway

COOKIE = "chewie_console"
CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
OPEN_ENDPOINTS = frozenset({"console.sign_in", "console.enter", "console.style"})

blueprint = Blueprint("console", __name__, url_prefix="/console", template_folder="templates")


@blueprint.app_template_filter("condition")
def condition_name(code: str) -> str:
    """The name of a condition, as a supervisor reads it; a code of older tables as it is."""
    return _named(Kind.CONDITION, code)


@blueprint.app_template_filter("finding")
def finding_name(code: str) -> str:
    """The name of a sign, as a supervisor reads it; a code of older tables as it is."""
    return _named(Kind.FINDING, code)


def _named(kind: Kind, code: str) -> str:
    try:
        return phrase(kind, code, language="en", form=Form.LONG)
    except KeyError:
        return code.replace("_", " ")


def wired() -> Gateway:
    """The gateway of this application."""
    gateway = current_app.extensions["gateway"]
    if not isinstance(gateway, Gateway):
        raise TypeError("the application was made without a gateway")
    return gateway


@blueprint.before_request
def _guard() -> Response | None:
    """Right host, signed in, and every change with the session's own token."""
    settings = wired().settings
    host = request.host.partition(":")[0]
    if settings.console_host and host != settings.console_host:
        abort(404)
    g.user = _user()
    if request.endpoint in OPEN_ENDPOINTS:
        return None
    if g.user is None:
        return _redirect("/console/sign-in")
    if request.method == "POST":
        given = request.form.get("csrf_token", "")
        if not hmac.compare_digest(given.encode(), g.user.csrf_token.encode()):
            abort(403)
    return None


@blueprint.after_request
def _headers(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = CONTENT_POLICY
    return response


def _user() -> SignedIn | None:
    gateway, token = wired(), request.cookies.get(COOKIE, "")
    if not token:
        return None
    idle = timedelta(minutes=gateway.settings.console_session_minutes)
    with gateway.engine.begin() as connection:
        return accounts.session_of(connection, token, gateway.now(), idle)


def _needs(role: Role) -> SignedIn:
    user: SignedIn = g.user
    if not user.may(role):
        abort(403)
    return user


@blueprint.get("/sign-in")
def sign_in() -> str:
    """The form."""
    return _page("sign_in.html", failed=False)


@blueprint.post("/sign-in")
def enter() -> Response:
    """Checks name and password; a cookie that scripts and other sites cannot use."""
    # Another site must not sign a browser in as someone else.
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        abort(403)
    gateway = wired()
    name, password = request.form.get("name", "")[:80], request.form.get("password", "")[:200]
    with gateway.engine.begin() as connection:
        token = accounts.sign_in(connection, name, password, gateway.now())
    if token is None:
        return make_response(_page("sign_in.html", failed=True), 401)
    response = _redirect("/console/")
    response.set_cookie(
        COOKIE,
        token,
        httponly=True,
        secure=not gateway.settings.console_insecure_cookie,
        samesite="Strict",
        path="/console",
    )
    return response


@blueprint.post("/sign-out")
def leave() -> Response:
    """Ends the session."""
    with wired().engine.begin() as connection:
        accounts.sign_out(connection, request.cookies.get(COOKIE, ""))
    response = _redirect("/console/sign-in")
    response.delete_cookie(COOKIE, path="/console")
    return response


@blueprint.get("/")
def today() -> str:
    """Cases of the last day by urgency, and what a person must look at."""
    gateway = wired()
    now = gateway.now()
    with gateway.engine.begin() as connection:
        return _page(
            "today.html",
            cases=queries.cases_since(connection, now - timedelta(days=1)),
            incidents=queries.open_incidents(connection),
        )


@blueprint.get("/cases/<int:case_id>")
def one_case(case_id: int) -> str:
    """One case with its conversation and evidence; who opened it is recorded first."""
    user, gateway = _needs(Role.SUPERVISOR), wired()
    with gateway.engine.begin() as connection:
        row = queries.one_case(connection, case_id)
        if row is None:
            abort(404)
        queries.audit(connection, user.name, "open_case", gateway.now(), case_id)
        return _page(
            "case.html",
            case=row,
            lines=queries.conversation_of(connection, gateway.vault, case_id),
            kept=queries.evidence_of(gateway.vault, row),
        )


@blueprint.post("/incidents/<int:incident_id>/settle")
def settle(incident_id: int) -> Response:
    """An incident was seen to."""
    user, gateway = _needs(Role.SUPERVISOR), wired()
    with gateway.engine.begin() as connection:
        queries.settle_incident(connection, incident_id, gateway.now())
        queries.audit(connection, user.name, f"settle_incident:{incident_id}", gateway.now())
    return _redirect("/console/")


@blueprint.get("/deliveries")
def deliveries() -> str:
    """Replies that did not arrive, of the last week."""
    gateway = wired()
    with gateway.engine.begin() as connection:
        since = gateway.now() - timedelta(days=7)
        return _page("deliveries.html", rows=queries.failed_deliveries(connection, since))


@blueprint.get("/follow-ups")
def follow_ups() -> str:
    """What is asked in the next two days, or waits for an answer."""
    gateway = wired()
    with gateway.engine.begin() as connection:
        until = gateway.now() + timedelta(days=2)
        return _page("follow_ups.html", rows=queries.follow_ups_due(connection, until))


@blueprint.get("/people")
def people() -> str:
    """Health workers and facilities."""
    _needs(Role.SUPERVISOR)
    with wired().engine.begin() as connection:
        return _page(
            "people.html",
            workers=queries.workers(connection),
            facilities=queries.facilities(connection),
        )


@blueprint.get("/outcomes")
def outcomes() -> str:
    """Counts of a month, and cases of each day as bars."""
    gateway = wired()
    now = gateway.now()
    with gateway.engine.begin() as connection:
        days = queries.cases_per_day(connection, now)
        return _page(
            "outcomes.html",
            counts=queries.counts(connection, now - timedelta(days=30)),
            days=days,
            most=max((total for _, total, _ in days), default=0) or 1,
        )


@blueprint.get("/cases.csv")
def export() -> Response:
    """Cases of a month as codes; who took them is recorded."""
    user, gateway = _needs(Role.ADMIN), wired()
    with gateway.engine.begin() as connection:
        queries.audit(connection, user.name, "export", gateway.now())
        rows = queries.cases_for_export(connection, gateway.now() - timedelta(days=30))
    response = Response(cases_as_csv(rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = "attachment; filename=cases.csv"
    return response


@blueprint.get("/style.css")
def style() -> Response:
    """The one style sheet."""
    return Response(render_template("style.css"), content_type="text/css; charset=utf-8")


def _page(template: str, **values: Any) -> str:
    return render_template(
        template, user=g.user, Role=Role, urgency_name=lambda value: Urgency(value).name, **values
    )


def _redirect(path: str) -> Response:
    response = redirect(path, 303)
    return make_response(response)
