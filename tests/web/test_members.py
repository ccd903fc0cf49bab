from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from portal_people import PASSWORD, Browser, Portal
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from fundapp.core.outbox import OutboxMessage
from fundapp.identity.tables import Person
from fundapp.intake.tables import Invitation, Membership


@pytest.fixture
def owned(portal: Portal) -> tuple[Portal, Browser, uuid.UUID]:
    """A company with one owner, who is signed in."""
    company = portal.company(portal.person("owner@example.com"))
    return portal, portal.browser("owner@example.com"), company


def people(company: uuid.UUID) -> str:
    return f"/portal/companies/{company}/people"


def invitation_to(portal: Portal, email: str) -> str:
    with portal.db.read() as session:
        query = select(OutboxMessage.body).where(OutboxMessage.recipient == email).order_by(OutboxMessage.created_at)
        bodies = session.scalars(query).all()
    return [found[1] for body in bodies if (found := re.search(r"8000(/invitations/\S+)", body))][-1]


def members(portal: Portal, company: uuid.UUID) -> dict[str, str]:
    with portal.db.read() as session:
        rows = session.execute(
            select(Person.email, Membership.role)
            .join(Membership, Membership.person_id == Person.id)
            .where(Membership.company_id == company)
        )
        return {row.email: row.role for row in rows}


def invite(browser: Browser, company: uuid.UUID, email: str, role: str = "member") -> int:
    return browser.post(people(company), {"email": email, "role": role}).status_code


def joined(portal: Portal, browser: Browser, company: uuid.UUID, email: str, role: str = "member") -> uuid.UUID:
    """Somebody new who was invited and has accepted."""
    person = portal.person(email)
    invite(browser, company, email, role)
    link = invitation_to(portal, email)
    portal.browser(email).post(link, {})
    return person


def test_an_invited_colleague_accepts_and_sees_the_applications(owned: tuple[Portal, Browser, uuid.UUID]) -> None:
    portal, browser, company = owned
    portal.person("colleague@example.com")
    assert invite(browser, company, "Colleague@example.com") == 302
    assert "답을 기다리는 초대" in browser.text(people(company))
    link = invitation_to(portal, "colleague@example.com")
    colleague = portal.browser("colleague@example.com")
    assert colleague.get(people(company)).status_code == 404
    assert colleague.get(link).status_code == 200
    assert members(portal, company) == {"owner@example.com": "owner"}
    assert colleague.post(link, {}).location == "/portal/"
    assert members(portal, company) == {"owner@example.com": "owner", "colleague@example.com": "member"}
    assert colleague.get(people(company)).status_code == 200
    assert "답을 기다리는 초대" not in browser.text(people(company))
    assert "초대받은 주소" not in colleague.text(link)


def test_whoever_has_no_account_registers_with_the_invited_address_and_has_proved_it(
    owned: tuple[Portal, Browser, uuid.UUID],
) -> None:
    portal, browser, company = owned
    invite(browser, company, "new@example.com", "owner")
    link = invitation_to(portal, "new@example.com")
    stranger = Browser(portal.app.test_client())
    page = stranger.text(link)
    register = re.search(r'href="(/account/register[^"]+)"', page)
    assert register is not None
    address = register[1].replace("&amp;", "&")
    assert 'value="new@example.com"' in stranger.text(address)
    fields = {"name": "새 동료", "email": "new@example.com", "password": PASSWORD}
    assert stranger.post(address, fields).location == f"/account/login?next={link}"
    stranger.post("/account/login", {"email": "new@example.com", "password": PASSWORD})
    stranger.post(link, {})
    assert members(portal, company)["new@example.com"] == "owner"
    with portal.db.read() as session:
        assert session.scalar(select(Person.confirmed_at).where(Person.email == "new@example.com")) is not None


def test_an_invitation_is_for_its_address_alone(owned: tuple[Portal, Browser, uuid.UUID]) -> None:
    portal, browser, company = owned
    invite(browser, company, "colleague@example.com")
    portal.person("other@example.com")
    other = portal.browser("other@example.com")
    link = invitation_to(portal, "colleague@example.com")
    assert "지금은 other@example.com 주소로" in other.text(link)
    hidden = other.hidden("/account/password") | {"key": uuid.uuid4().hex}
    answer = other.client.post(link, data=hidden)
    assert (answer.status_code, "다른 주소로 온 초대입니다" in answer.text) == (422, True)
    assert members(portal, company) == {"owner@example.com": "owner"}


@pytest.mark.parametrize("change", ["withdrawn", "replaced", "old"])
def test_an_invitation_that_is_over_opens_nothing(owned: tuple[Portal, Browser, uuid.UUID], change: str) -> None:
    portal, browser, company = owned
    portal.person("colleague@example.com")
    invite(browser, company, "colleague@example.com")
    link = invitation_to(portal, "colleague@example.com")
    with portal.db.read() as session:
        invitation = session.scalars(select(Invitation)).one()
    if change == "withdrawn":
        browser.post(f"{people(company)}/invitations/{invitation.id}/withdraw", {}, page=people(company))
    elif change == "replaced":
        invite(browser, company, "colleague@example.com")
    else:
        ago = timedelta(days=8)
        portal.db.transaction(
            lambda s: s.execute(
                update(Invitation).values(
                    created_at=invitation.created_at - ago, expires_at=invitation.expires_at - ago
                )
            )
        )
    colleague = portal.browser("colleague@example.com")
    assert "이 초대는 끝났거나 기한이 지났습니다" in colleague.text(link)
    hidden = colleague.hidden("/account/password") | {"key": uuid.uuid4().hex}
    assert colleague.client.post(link, data=hidden).status_code == 422
    assert members(portal, company) == {"owner@example.com": "owner"}


def test_inviting_a_stranger_and_a_known_address_answer_alike(owned: tuple[Portal, Browser, uuid.UUID]) -> None:
    portal, browser, company = owned
    portal.person("colleague@example.com")
    texts = []
    for email in ("colleague@example.com", "nobody@example.com"):
        answer = browser.post(people(company), {"email": email, "role": "member"})
        texts.append((answer.status_code, answer.headers["Location"]))
    assert texts[0] == texts[1]


def test_a_member_neither_invites_nor_removes(owned: tuple[Portal, Browser, uuid.UUID]) -> None:
    portal, browser, company = owned
    joined(portal, browser, company, "member@example.com")
    member = portal.browser("member@example.com")
    invite(member, company, "third@example.com")
    with portal.db.read() as session:
        assert session.scalars(select(Invitation.email)).all() == ["member@example.com"]
        owner_id = session.scalars(select(Person.id).where(Person.email == "owner@example.com")).one()
    hidden = member.hidden("/account/password") | {"key": uuid.uuid4().hex}
    answer = member.client.post(f"{people(company)}/{owner_id}/remove", data=hidden)
    assert answer.status_code == 404
    assert "owner@example.com" in members(portal, company)


@pytest.mark.parametrize("step", ["role", "remove"])
def test_an_invitation_falls_with_the_owner_who_sent_it(owned: tuple[Portal, Browser, uuid.UUID], step: str) -> None:
    portal, browser, company = owned
    person = joined(portal, browser, company, "second@example.com", "owner")
    portal.person("third@example.com")
    invite(portal.browser("second@example.com"), company, "third@example.com", "owner")
    link = invitation_to(portal, "third@example.com")
    browser.post(f"{people(company)}/{person}/{step}", {"role": "member"}, page=people(company))
    with portal.db.read() as session:
        ended = session.scalars(select(Invitation.ended_at).where(Invitation.email == "third@example.com")).one()
    assert ended is not None
    # Even one that had been left open opens nothing.
    portal.db.transaction(
        lambda s: s.execute(update(Invitation).where(Invitation.email == "third@example.com").values(ended_at=None))
    )
    third = portal.browser("third@example.com")
    assert "이 초대는 끝났거나 기한이 지났습니다" in third.text(link)
    hidden = third.hidden("/account/password") | {"key": uuid.uuid4().hex}
    assert third.client.post(link, data=hidden).status_code == 422
    assert "third@example.com" not in members(portal, company)


def test_a_removed_colleague_is_out_at_the_next_click(owned: tuple[Portal, Browser, uuid.UUID]) -> None:
    portal, browser, company = owned
    person = joined(portal, browser, company, "colleague@example.com")
    colleague = portal.browser("colleague@example.com")
    hidden = colleague.hidden(people(company))
    browser.post(f"{people(company)}/{person}/remove", {}, page=people(company))
    assert colleague.get(people(company)).status_code == 404
    assert colleague.client.post(f"{people(company)}/{person}/remove", data=hidden).status_code == 404
    with portal.db.read() as session:
        told = session.scalars(select(OutboxMessage.subject).where(OutboxMessage.recipient == "colleague@example.com"))
        assert list(told)[-1] == "AX 전략펀드: 온결비전에서 나왔습니다"


def test_the_last_owner_stays_until_another_one_is_made(owned: tuple[Portal, Browser, uuid.UUID]) -> None:
    portal, browser, company = owned
    person = joined(portal, browser, company, "colleague@example.com")
    with portal.db.read() as session:
        owner = session.scalars(select(Person.id).where(Person.email == "owner@example.com")).one()
    for step, fields in (("role", {"role": "member"}), ("remove", {})):
        browser.post(f"{people(company)}/{owner}/{step}", fields, page=people(company))
        assert "마지막 대표 담당자입니다" in browser.text(people(company))
    browser.post(f"{people(company)}/{person}/role", {"role": "owner"}, page=people(company))
    browser.post(f"{people(company)}/{owner}/remove", {}, page=people(company))
    assert members(portal, company) == {"colleague@example.com": "owner"}


@pytest.mark.parametrize("statement", ["DELETE FROM membership", "UPDATE membership SET role = 'member'"])
def test_the_database_keeps_the_last_owner_too(owned: tuple[Portal, Browser, uuid.UUID], statement: str) -> None:
    portal, _, company = owned
    with pytest.raises(IntegrityError), portal.db.engine.begin() as connection:
        connection.exec_driver_sql(statement)
    assert members(portal, company) == {"owner@example.com": "owner"}


def test_who_acts_for_the_company_already_is_not_invited(owned: tuple[Portal, Browser, uuid.UUID]) -> None:
    _, browser, company = owned
    answer = browser.post(people(company), {"email": "owner@example.com", "role": "member"})
    assert (answer.status_code, "이미 함께 작성하는 사람입니다" in answer.text) == (422, True)
