from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from functools import partial
from html import unescape

import pytest
from authenticators import Device
from flask import Flask
from flask.testing import FlaskClient
from form_tokens import token_in
from sqlalchemy import select
from webauthn.helpers import base64url_to_bytes
from werkzeug.test import TestResponse

from config import Settings
from fundapp.core.sessions import Database
from fundapp.identity.actions import Challenge
from fundapp.identity.tables import Passkey

Send = Callable[..., TestResponse]
PASSWORD = "a long enough sentence"
HERE = "http://localhost"
made_device = partial(Device, host="localhost", origin=HERE)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """An instance with a name: passkeys belong to one."""
    return Settings.from_environment(
        {"FUND_HOME": str(settings.home), "FUND_SECRET_KEY": "of a test", "FUND_PUBLIC_URL": HERE}
    )


@pytest.fixture
def email(client: FlaskClient, person: Callable[..., str], sign_in: Send) -> str:
    """Somebody who is signed in."""
    made = person("applicant")
    sign_in(client, made)
    return made


def to_answer(options: str, at: datetime) -> Challenge:
    return Challenge(base64url_to_bytes(json.loads(options)["challenge"]), at)


def add(client: FlaskClient, post_form: Send, at: datetime, device: Device, name: str = "내 전화") -> TestResponse:
    shown = post_form(client, "/account/passkeys", {"name": name, "current": PASSWORD}).text
    found = re.search(r'data-options="([^"]+)"', shown)
    assert found is not None
    answer = device.make(to_answer(unescape(found[1]), at))
    return client.post("/account/passkeys/new", data={"csrf_token": token_in(shown), "answer": answer})


def enter(client: FlaskClient, at: datetime, device: Device) -> TestResponse:
    token = token_in(client.get("/account/login").text)
    options = client.post("/account/login/passkey/ask", headers={"X-CSRFToken": token}).text
    return client.post(
        "/account/login/passkey", data={"csrf_token": token, "answer": device.sign(to_answer(options, at))}
    )


def held(db: Database) -> list[str]:
    with db.read() as session:
        return list(session.scalars(select(Passkey.name)))


def test_whoever_adds_or_removes_a_passkey_stays_in_and_every_other_browser_is_out(
    app: Flask, client: FlaskClient, db: Database, at: datetime, email: str, post_form: Send, sign_in: Send
) -> None:
    other, third = app.test_client(), app.test_client()
    sign_in(other, email)
    device = made_device()
    assert add(client, post_form, at, device).status_code == 200
    assert (client.get("/account/").status_code, other.get("/account/").status_code) == (200, 302)
    assert enter(third, at, device).location == "/portal/"
    with db.read() as session:
        address = f"/account/passkeys/{session.scalars(select(Passkey.id)).one()}/remove"
    assert post_form(client, address, {"current": PASSWORD}).location == "/account/passkeys"
    assert "패스키를 지웠습니다." in client.get("/account/passkeys").text
    assert third.get("/account/").status_code == 302


@pytest.mark.usefixtures("email")
def test_a_blank_name_is_refused_at_its_field_before_anything_is_made(client: FlaskClient, post_form: Send) -> None:
    answer = post_form(client, "/account/passkeys", {"name": " ", "current": PASSWORD})
    assert (answer.status_code, "data-options" in answer.text) == (422, False)
    assert 'id="name-error"' in answer.text


def test_five_wrong_passwords_do_not_shut_out_a_passkey(
    app: Flask, client: FlaskClient, at: datetime, email: str, post_form: Send, sign_in: Send
) -> None:
    device = made_device()
    add(client, post_form, at, device)
    stranger, owner = app.test_client(), app.test_client()
    for _ in range(5):
        sign_in(stranger, email, "not the right sentence")
    assert sign_in(stranger, email).status_code == 422
    assert enter(owner, at, device).location == "/portal/"
    assert sign_in(stranger, email).location == "/account/login/code"


@pytest.mark.parametrize("answer", ["[" * 20_000, '{"id": "\\u0000"}', '{"id": "' + "A" * 1400 + '"}'])
def test_nonsense_for_a_passkey_leads_back_to_the_door(client: FlaskClient, answer: str) -> None:
    token = token_in(client.get("/account/login").text)
    client.post("/account/login/passkey/ask", headers={"X-CSRFToken": token})
    sent = client.post("/account/login/passkey", data={"csrf_token": token, "answer": answer})
    assert sent.location == "/account/login"


@pytest.mark.usefixtures("email")
@pytest.mark.parametrize(("ticked", "left"), [({}, []), ({"keep_passkeys": "y"}, ["내 전화"])])
def test_a_new_password_ends_passkeys_unless_those_named_beside_the_choice_are_kept(
    client: FlaskClient, db: Database, at: datetime, post_form: Send, ticked: dict[str, str], left: list[str]
) -> None:
    assert "keep_passkeys" not in client.get("/account/password").text
    add(client, post_form, at, made_device())
    page = client.get("/account/password").text
    assert 'name="keep_passkeys"' in page
    assert "내 전화. 모르는 것이 있으면" in page
    fields = {"current": PASSWORD, "password": "quite another sentence", **ticked}
    assert post_form(client, "/account/password", fields).location == "/portal/"
    assert held(db) == left
    assert ("패스키를 모두 지웠습니다." in client.get("/portal/").text) is (not left)
