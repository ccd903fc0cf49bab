from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from form_tokens import token_in
from passlib.totp import TOTP
from portal_people import Portal
from sqlalchemy import select
from werkzeug.test import TestResponse

from fundapp.core.outbox import OutboxMessage
from fundapp.core.sessions import Database
from fundapp.identity.tables import Person
from fundapp.intake.tables import Submission

Send = Callable[..., TestResponse]
NEW = "quite another sentence"
REGISTER = {"name": "이서연", "email": "new@example.com", "password": "바다 건너 작은 섬"}


def link_in_newest_mail(db: Database, recipient: str) -> str:
    """The path of the newest link that was mailed to somebody."""
    with db.read() as session:
        query = select(OutboxMessage.body).where(OutboxMessage.recipient == recipient)
        bodies = session.scalars(query.order_by(OutboxMessage.created_at, OutboxMessage.id)).all()
    links = [found[1] for body in bodies if (found := re.search(r"http://127\.0\.0\.1:8000(/\S+)", body))]
    return links[-1]


def registered(client: FlaskClient, post_form: Send, sign_in: Send) -> None:
    post_form(client, "/account/register", REGISTER)
    sign_in(client, REGISTER["email"], REGISTER["password"])


def test_looking_at_a_link_changes_nothing_and_its_button_does(
    client: FlaskClient, db: Database, post_form: Send, sign_in: Send
) -> None:
    registered(client, post_form, sign_in)
    assert "메일의 링크로 주소를 확인해 주세요" in client.get("/portal/").text
    link = link_in_newest_mail(db, REGISTER["email"])
    assert client.get(link).status_code == 200
    assert "확인 안 됨" in client.get("/account/").text
    assert post_form(client, link, {"key": "0" * 32}).location == "/portal/"
    assert "확인됨" in client.get("/account/").text
    assert "메일의 링크로 주소를 확인해 주세요" not in client.get("/portal/").text
    again = post_form(client, link, {"key": "1" * 32})
    assert (again.status_code, "이미 썼거나 기한이 지났습니다" in again.text) == (422, True)


def test_the_mail_can_be_had_again_three_times_an_hour(client: FlaskClient, post_form: Send, sign_in: Send) -> None:
    registered(client, post_form, sign_in)
    for _ in range(2):
        assert post_form(client, "/account/", {}, action="/account/confirm").location == "/account/"
        assert "확인 메일을 보냈습니다" in client.get("/account/").text
    post_form(client, "/account/", {}, action="/account/confirm")
    assert "한 시간에 3번까지" in client.get("/account/").text


def test_an_unproved_address_may_draft_but_not_submit(portal: Portal) -> None:
    person = portal.person("a@example.com")
    key = portal.complete_draft(person, portal.company(person))
    with portal.db.engine.begin() as connection:
        connection.execute(Person.__table__.update().values(confirmed_at=None))  # type: ignore[attr-defined]
    browser, address = portal.browser("a@example.com"), f"/portal/applications/{key}"
    page = browser.text(f"{address}/check")
    assert "이메일 주소를 확인하면 제출할 수 있습니다." in page
    answer = browser.post(f"{address}/submit", {}, page=f"{address}/check")
    assert (answer.status_code, "이메일 주소를 먼저 확인해 주세요" in answer.text) == (409, True)
    with portal.db.read() as session:
        assert session.scalars(select(Submission)).all() == []
    saved = browser.post(f"{address}/sections/solution", {"a_solution_title": "다른 이름", "then": "later"})
    assert saved.status_code == 302


def test_known_and_unknown_addresses_get_one_answer(
    client: FlaskClient, db: Database, person: Callable[..., str], post_form: Send
) -> None:
    known = post_form(client, "/account/recover", {"email": person("applicant")})
    unknown = post_form(client, "/account/recover", {"email": "nobody@example.com"})
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    with db.read() as session:
        assert session.scalars(select(OutboxMessage.recipient)).all() == ["applicant@example.com"]


def test_a_password_is_recovered_by_mail_and_every_session_ends(
    app: Flask, client: FlaskClient, db: Database, person: Callable[..., str], post_form: Send, sign_in: Send
) -> None:
    email = person("applicant")
    sign_in(client, email)
    stranger = app.test_client()
    post_form(stranger, "/account/recover", {"email": email})
    link = link_in_newest_mail(db, email)
    assert post_form(stranger, link, {"password": "1234567890"}).status_code == 422
    assert post_form(stranger, link, {"password": NEW}).location == "/account/login"
    assert "로그아웃" not in client.get("/").text
    assert sign_in(client, email).status_code == 422
    assert sign_in(client, email, NEW).location == "/portal/"
    assert "이미 썼거나" in post_form(stranger, link, {"password": NEW}).text


def test_changing_the_password_spends_the_link_to_a_new_one(
    app: Flask, client: FlaskClient, db: Database, person: Callable[..., str], post_form: Send, sign_in: Send
) -> None:
    email = person("applicant")
    post_form(app.test_client(), "/account/recover", {"email": email})
    link = link_in_newest_mail(db, email)
    sign_in(client, email)
    post_form(client, "/account/password", {"current": "a long enough sentence", "password": NEW})
    assert post_form(app.test_client(), link, {"password": "yet another sentence"}).status_code == 422


def test_an_address_is_changed_with_the_password_and_the_link(
    client: FlaskClient, db: Database, person: Callable[..., str], post_form: Send, sign_in: Send
) -> None:
    sign_in(client, person("applicant"))
    wrong = post_form(client, "/account/email", {"email": "moved@example.com", "current": "not this one"})
    assert wrong.status_code == 422
    fields = {"email": "moved@example.com", "current": "a long enough sentence"}
    assert post_form(client, "/account/email", fields).location == "/account/"
    assert "moved@example.com의 확인을 기다립니다" in client.get("/account/").text
    assert (
        post_form(client, link_in_newest_mail(db, "moved@example.com"), {"key": "0" * 32}).location == "/account/login"
    )
    assert sign_in(client, "applicant@example.com").status_code == 422
    assert sign_in(client, "moved@example.com").location == "/portal/"


def turn_on(client: FlaskClient, post_form: Send) -> tuple[str, list[str]]:
    """Turn two-step sign-in on; return the secret and the recovery codes."""
    shown = post_form(client, "/account/second-step", {"current": "a long enough sentence"})
    found = re.search(r"secret=([A-Z2-7]+)", shown.text)
    assert found is not None
    code = TOTP(key=found[1], format="base32").generate().token
    done = client.post("/account/second-step/code", data={"csrf_token": token_in(shown.text), "code": code})
    assert done.status_code == 200
    return found[1], re.findall(r"<code>([a-z0-9-]+)</code>", done.text)


def test_with_a_second_factor_the_password_alone_opens_nothing(
    app: Flask, client: FlaskClient, person: Callable[..., str], post_form: Send, sign_in: Send
) -> None:
    email = person("applicant")
    sign_in(client, email)
    _, codes = turn_on(client, post_form)
    assert "켜짐" in client.get("/account/").text
    other = app.test_client()
    assert sign_in(other, email, next="/portal/documents").location == "/account/login/code"
    assert other.get("/portal/").status_code == 302
    assert post_form(other, "/account/login/code", {"code": "000000"}).status_code == 422
    assert post_form(other, "/account/login/code", {"code": codes[0]}).location == "/portal/documents"
    assert "남은 복구 코드 9개" in other.get("/account/").text


def test_five_wrong_codes_close_the_account(
    app: Flask, client: FlaskClient, person: Callable[..., str], post_form: Send, sign_in: Send
) -> None:
    email = person("applicant")
    sign_in(client, email)
    _, codes = turn_on(client, post_form)
    other = app.test_client()
    sign_in(other, email)
    for _ in range(5):
        post_form(other, "/account/login/code", {"code": "nothing"})
    assert post_form(other, "/account/login/code", {"code": codes[0]}).status_code == 422


def test_the_second_factor_goes_off_with_the_password_only(
    client: FlaskClient, person: Callable[..., str], post_form: Send, sign_in: Send
) -> None:
    sign_in(client, person("applicant"))
    turn_on(client, post_form)
    assert post_form(client, "/account/second-step", {"current": "not this one"}).status_code == 422
    assert post_form(client, "/account/second-step", {"current": "a long enough sentence"}).location == "/account/"
    assert "꺼짐" in client.get("/account/").text


def test_turning_the_second_factor_off_signs_every_other_device_out_and_not_this_one(
    app: Flask, client: FlaskClient, person: Callable[..., str], post_form: Send, sign_in: Send
) -> None:
    email = person("applicant")
    sign_in(client, email)
    _, codes = turn_on(client, post_form)
    other = app.test_client()
    sign_in(other, email)
    post_form(other, "/account/login/code", {"code": codes[0]})
    assert other.get("/portal/").status_code == 200
    post_form(client, "/account/second-step", {"current": "a long enough sentence"})
    assert (client.get("/portal/").status_code, other.get("/portal/").status_code) == (200, 302)


def test_the_code_is_not_asked_for_before_the_password(client: FlaskClient) -> None:
    assert client.get("/account/login/code").location == "/account/login"


def test_the_door_between_password_and_code_closes_after_ten_minutes(
    app: Flask,
    client: FlaskClient,
    person: Callable[..., str],
    post_form: Send,
    sign_in: Send,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from fundapp.web.shell.account import door  # noqa: PLC0415 - its clock is moved here

    email = person("applicant")
    sign_in(client, email)
    turn_on(client, post_form)
    other = app.test_client()
    sign_in(other, email)
    later: datetime = door.now() + timedelta(minutes=11)
    monkeypatch.setattr(door, "now", lambda: later)
    assert other.get("/account/login/code").location == "/account/login"


def test_a_new_password_closes_the_door_between_password_and_code(
    app: Flask, client: FlaskClient, person: Callable[..., str], post_form: Send, sign_in: Send
) -> None:
    email = person("applicant")
    sign_in(client, email)
    _, codes = turn_on(client, post_form)
    thief = app.test_client()
    sign_in(thief, email)
    assert thief.get("/account/login/code").status_code == 200
    fields = {"current": "a long enough sentence", "password": NEW}
    assert post_form(client, "/account/password", fields).status_code == 302
    assert thief.get("/account/login/code").location == "/account/login"
    sign_in(thief, email)
    assert thief.get("/account/login/code").location == "/account/login"
    sign_in(thief, email, NEW)
    assert post_form(thief, "/account/login/code", {"code": codes[0]}).location == "/portal/"


def test_a_key_is_drawn_for_a_camera_and_told_in_words(
    client: FlaskClient, person: Callable[..., str], post_form: Send, sign_in: Send
) -> None:
    sign_in(client, person("applicant"))
    page = post_form(client, "/account/second-step", {"current": "a long enough sentence"}).text
    assert 'class="qr" role="img" aria-label="인증 앱으로 찍는 QR 코드.' in page
    assert '<svg viewBox="0 0' in page
    assert "style=" not in page[page.index("<svg viewBox") :].split("</svg>")[0]


def test_a_host_of_digits_has_no_passkeys(client: FlaskClient, person: Callable[..., str], sign_in: Send) -> None:
    sign_in(client, person("applicant"))
    assert "패스키" not in client.get("/account/").text
    assert client.get("/account/passkeys").status_code == 404


@pytest.mark.parametrize("path", ["/account/", "/account/email", "/account/password", "/account/second-step"])
def test_the_account_is_for_whoever_is_signed_in(client: FlaskClient, path: str) -> None:
    assert client.get(path).location == f"/account/login?next={path}"


def test_registering_for_something_leads_there_after_signing_in(client: FlaskClient, post_form: Send) -> None:
    path = "/account/register?next=/portal/documents"
    assert post_form(client, path, REGISTER).location == "/account/login?next=/portal/documents"
    assert post_form(
        client, path.replace("/portal", "//evil.example"), REGISTER | {"email": "b@example.com"}
    ).location == ("/account/login")
