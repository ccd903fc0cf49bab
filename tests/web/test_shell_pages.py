from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from config import Settings
from fundapp import create_app
from fundapp.core.access import SYSTEM
from fundapp.core.errors import ForbiddenError, HeadroomExceededError, NotFoundError
from fundapp.core.sessions import Database
from fundapp.identity import actions, queries
from fundapp.web.shell import viewer as door
from fundapp.web.shell.pagination import Page

Person = Callable[..., str]
Send = Callable[..., TestResponse]
TEMPLATES = Path(__file__).parents[2] / "fundapp" / "web" / "templates"


def raise_from(app: Flask, path: str, error: Exception) -> None:
    @app.get(path, endpoint=path.strip("/"))
    def fail() -> str:
        raise error


def test_the_front_page_answers_in_korean(client: FlaskClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert '<html lang="ko"' in page.text
    assert "접수 중인 공모" in page.text


def test_english_is_chosen_by_link_and_remembered(client: FlaskClient) -> None:
    assert "Open calls" in client.get("/?lang=en").text
    assert '<html lang="en"' in client.get("/").text


def test_an_unknown_language_is_ignored(client: FlaskClient) -> None:
    assert '<html lang="ko"' in client.get("/?lang=xx").text


def test_the_dark_theme_is_remembered(client: FlaskClient) -> None:
    client.get("/?theme=dark")
    assert 'data-bs-theme="dark"' in client.get("/").text


def test_every_page_carries_the_strict_policy(client: FlaskClient) -> None:
    expected = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    for path in ("/", "/account/login", "/nowhere", "/static/theme.css", "/healthz"):
        answer = client.get(path)
        answer.close()
        headers = answer.headers
        assert headers["Content-Security-Policy"] == expected
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"


def test_no_template_has_an_inline_style_script_or_handler() -> None:
    forbidden = re.compile(r'\sstyle="|<style|\son[a-z]+="|<script(?![^>]*\ssrc=)')
    found = [path.name for path in TEMPLATES.rglob("*.html") if forbidden.search(path.read_text())]
    assert found == []


def test_transport_security_is_asked_for_over_tls_only(client: FlaskClient) -> None:
    assert "Strict-Transport-Security" not in client.get("/").headers
    secure = client.get("/", base_url="https://localhost").headers
    assert secure["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"


def test_a_request_for_a_strange_host_is_refused(client: FlaskClient) -> None:
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400


def test_forwarded_headers_are_ignored_without_a_proxy(client: FlaskClient) -> None:
    page = client.get("/", headers={"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"})
    assert "Strict-Transport-Security" not in page.headers


def test_absent_and_forbidden_are_one_page(own_app: Flask) -> None:
    raise_from(own_app, "/forbidden", ForbiddenError(verb="view", kind="application"))
    raise_from(own_app, "/absent", NotFoundError())
    client = own_app.test_client()
    pages = [client.get(path) for path in ("/forbidden", "/absent", "/never-heard-of")]
    assert {page.status_code for page in pages} == {404}
    assert len({page.data for page in pages}) == 1
    assert len({str(page.headers) for page in pages}) == 1


def test_a_refusal_names_its_reason(own_app: Flask) -> None:
    raise_from(own_app, "/full", HeadroomExceededError(account="pool:kt"))
    page = own_app.test_client().get("/full")
    assert page.status_code == 409
    assert "여력이 부족합니다: pool:kt" in page.text


def test_an_unexpected_error_shows_a_number_and_no_detail(own_app: Flask) -> None:
    raise_from(own_app, "/broken", RuntimeError("the secret inside"))
    page = own_app.test_client().get("/broken")
    assert page.status_code == 500
    assert re.search(r"[0-9A-F]{4}-[0-9A-F]{2}", page.text)
    assert "secret inside" not in page.text


def test_the_api_answers_errors_in_json(client: FlaskClient) -> None:
    answer = client.get("/api/v1/nothing")
    assert answer.status_code == 404
    assert answer.get_json()["error"]["code"] == "not_found"


def test_a_form_without_a_token_is_refused(client: FlaskClient) -> None:
    page = client.post("/account/login", data={"email": "a@example.com", "password": "x"})
    assert page.status_code == 400
    assert "이 화면이 오래되었습니다" in page.text


@pytest.mark.parametrize(
    ("role", "address"),
    [("applicant", "/portal/"), ("chair", "/committee/"), ("finance", "/operations/"), ("partner", "/partners/")],
)
def test_each_role_lands_in_its_room(
    client: FlaskClient, person: Person, sign_in: Send, role: str, address: str
) -> None:
    answer = sign_in(client, person(role))
    assert (answer.status_code, answer.location) == (302, address)


def test_a_page_asked_for_before_signing_in_is_opened_after_it(
    client: FlaskClient, person: Person, sign_in: Send
) -> None:
    answer = sign_in(client, person("applicant"), next="/portal/applications?page=2")
    assert answer.location == "/portal/applications?page=2"


def test_signing_in_never_leads_to_another_site(client: FlaskClient, person: Person, sign_in: Send) -> None:
    assert sign_in(client, person("applicant"), next="//evil.example/").location == "/portal/"


def test_pages_after_signing_in_are_not_stored(client: FlaskClient, person: Person, sign_in: Send) -> None:
    sign_in(client, person("applicant"))
    headers = client.get("/").headers
    assert headers["Cache-Control"] == "no-store"
    assert "Cookie" in headers["Vary"]


def test_the_session_cookie_is_out_of_reach_of_scripts(client: FlaskClient, person: Person, sign_in: Send) -> None:
    cookie = sign_in(client, person("applicant")).headers["Set-Cookie"]
    assert cookie.startswith("session=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_over_tls_the_cookie_is_bound_to_the_host(tmp_path: Path, db: Database, person: Person) -> None:
    settings = Settings.from_environment({"FUND_HOME": str(tmp_path), "FUND_PUBLIC_URL": "https://localhost"})
    client = create_app(settings, db).test_client()
    cookie = client.get("/account/login", base_url="https://localhost").headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def answers(page: TestResponse) -> tuple[int, str]:
    """Status and text, without the token that differs every time and the address that was typed."""
    text = re.sub(r'name="csrf_token"[^>]*>', "", page.text)
    return page.status_code, re.sub(r'name="email"[^>]*>', "", text)


def test_unknown_address_and_wrong_password_look_the_same(client: FlaskClient, person: Person, sign_in: Send) -> None:
    wrong = answers(sign_in(client, person("applicant"), "not the password"))
    unknown = answers(sign_in(client, "nobody@example.com", "not the password"))
    assert wrong == unknown
    assert wrong[0] == 422


def test_the_fifth_wrong_password_locks_the_account_without_saying_so(
    client: FlaskClient, person: Person, sign_in: Send
) -> None:
    email = person("applicant")
    wrong = [answers(sign_in(client, email, "not the password")) for _ in range(5)]
    right = answers(sign_in(client, email))
    assert right == wrong[0]


def test_a_burst_of_attempts_is_slowed_down(client: FlaskClient, sign_in: Send) -> None:
    statuses = [sign_in(client, f"{i}@example.com", "x" * 12).status_code for i in range(21)]
    assert statuses == [422] * 20 + [429]


def test_signing_out_ends_copies_of_the_session(
    app: Flask, client: FlaskClient, person: Person, sign_in: Send, post_form: Send
) -> None:
    sign_in(client, person("applicant"))
    cookie = client.get_cookie("session")
    assert cookie is not None
    post_form(client, "/", {}, action="/account/logout")
    thief = app.test_client()
    thief.set_cookie("session", cookie.value)
    assert "로그아웃" not in thief.get("/").text


def test_a_deactivated_person_is_out_at_the_next_request(
    client: FlaskClient, db: Database, at: datetime, person: Person, sign_in: Send
) -> None:
    email = person("analyst")
    sign_in(client, email)
    with db.read() as session:
        known = queries.find_person_by_email(session, email, at)
    assert known is not None
    db.transaction(lambda session: actions.deactivate_person(session, actor=SYSTEM, at=at, person_id=known.id))
    assert "이메일" in client.get("/account/login").text


@pytest.mark.parametrize(("role", "minutes", "signed_in"), [
    ("analyst", 14, True), ("analyst", 16, False), ("applicant", 59, True), ("applicant", 61, False),
])  # fmt: skip
def test_an_idle_session_ends(
    client: FlaskClient, person: Person, sign_in: Send, monkeypatch: pytest.MonkeyPatch, *, role: str, minutes: int,
    signed_in: bool,
) -> None:  # fmt: skip
    sign_in(client, person(role))
    later = door.now() + timedelta(minutes=minutes)
    monkeypatch.setattr(door, "now", lambda: later)
    assert ("로그아웃" in client.get("/").text) is signed_in


def test_a_busy_session_ends_after_twelve_hours(
    client: FlaskClient, person: Person, sign_in: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client, person("applicant"))
    start = door.now()
    for half_hours in range(1, 24):
        monkeypatch.setattr(door, "now", lambda n=half_hours: start + timedelta(minutes=30 * n))
        assert "로그아웃" in client.get("/").text
    monkeypatch.setattr(door, "now", lambda: start + timedelta(hours=12, minutes=1))
    assert "로그아웃" not in client.get("/").text


def test_a_new_session_has_a_new_form_token(client: FlaskClient, person: Person, sign_in: Send) -> None:
    client.get("/account/login")
    with client.session_transaction() as before:
        old = before["csrf_token"]
    sign_in(client, person("applicant"))
    client.get("/")
    with client.session_transaction() as after:
        assert after["csrf_token"] != old


def test_registering_makes_an_applicant(client: FlaskClient, db: Database, post_form: Send, at: datetime) -> None:
    fields = {"name": "이서연", "email": "New@Example.com", "password": "a long enough sentence"}
    answer = post_form(client, "/account/register", fields)
    with db.read() as session:
        made = queries.find_person_by_email(session, "new@example.com", at)
    assert answer.location == "/account/login"
    assert made is not None
    assert made.roles == ("applicant",)


def test_registering_a_known_address_looks_the_same_and_changes_nothing(
    client: FlaskClient, person: Person, post_form: Send, sign_in: Send
) -> None:
    email = person("chair")
    fields = {"name": "누군가", "email": email, "password": "another long sentence"}
    assert post_form(client, "/account/register", fields).location == "/account/login"
    assert sign_in(client, email, "another long sentence").status_code == 422
    assert sign_in(client, email).location == "/committee/"


@pytest.mark.parametrize("password", ["short", "1q2w3e4r5t", "aaaaaaaaaaaa", "new@example.com"])
def test_a_weak_password_is_refused(client: FlaskClient, post_form: Send, password: str) -> None:
    fields = {"name": "이서연", "email": "new@example.com", "password": password}
    assert post_form(client, "/account/register", fields).status_code == 422


def test_changing_the_password_keeps_this_session_and_ends_others(
    app: Flask, client: FlaskClient, person: Person, sign_in: Send, post_form: Send
) -> None:
    email = person("applicant")
    other = app.test_client()
    sign_in(other, email)
    sign_in(client, email)
    post_form(client, "/account/password", {"current": "a long enough sentence", "password": "quite another one"})
    assert "로그아웃" in client.get("/").text
    assert "로그아웃" not in other.get("/").text


def test_a_migrated_database_is_ready(client: FlaskClient) -> None:
    assert client.get("/readyz").get_json() == {"status": "ready", "database": True, "migrations": True}


def test_an_empty_database_is_not_ready(settings: Settings) -> None:
    answer = create_app(settings, Database("sqlite://")).test_client().get("/readyz")
    assert answer.status_code == 503


def test_metrics_count_requests(own_app: Flask) -> None:
    client = own_app.test_client()
    client.get("/healthz")
    text = client.get("/metrics").text
    assert 'fund_requests_total{endpoint="landing.healthz",method="GET",status="200"} 1\n' in text
    assert 'fund_request_seconds_count{endpoint="landing.healthz"} 1\n' in text


def test_metrics_are_off_unless_enabled(tmp_path: Path, db: Database) -> None:
    settings = Settings.from_environment({"FUND_HOME": str(tmp_path)})
    assert create_app(settings, db).test_client().get("/metrics").status_code == 404


def test_a_stranger_is_asked_to_sign_in_and_comes_back(own_app: Flask) -> None:
    @own_app.get("/operations/probe")
    def probe() -> object:
        return door.only()() or abort(404)

    answer = own_app.test_client().get("/operations/probe?page=2")
    assert answer.location == "/account/login?next=/operations/probe?page%3D2"


def test_a_page_beyond_the_end_is_the_last_one() -> None:
    page = Page.cut(list(range(120)), 9, size=50)
    assert (page.number, page.first, page.last, page.pages) == (3, 101, 120, 3)


def test_links_leave_gaps_out() -> None:
    assert Page.cut(list(range(500)), 5).links == [1, None, 3, 4, 5, 6, 7, None, 10]
