"""Notices: what was mailed to somebody about their own applications, on a page, with what is new."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from portal_people import FIRST_NUMBER, SECOND_NUMBER, Portal
from sqlalchemy import update

from fundapp.core.access import SYSTEM
from fundapp.core.outbox import OutboxMessage, enqueue_mail
from fundapp.identity.tables import MailReader, Person
from fundapp.intake.actions import remind_deadlines

HOME = "founder@example.com"


@pytest.fixture
def founder(portal: Portal) -> tuple[uuid.UUID, uuid.UUID]:
    """Somebody with a draft."""
    person = portal.person(HOME)
    return person, portal.draft(person, portal.company(person, FIRST_NUMBER))


def tell(portal: Portal, key: uuid.UUID, words: str, *, to: str = HOME, ago: timedelta = timedelta()) -> None:
    portal.db.transaction(
        lambda session: enqueue_mail(
            session,
            dedupe_key=f"told:{words}:{to}",
            recipient=to,
            subject=words,
            body=f"본문: {words}",
            at=datetime.now(UTC) - ago,
            about=[key],
        )
    )


def test_a_notice_is_new_until_it_was_looked_at_and_stays_on_the_page(
    portal: Portal, founder: tuple[uuid.UUID, uuid.UUID]
) -> None:
    tell(portal, founder[1], "첫 소식", ago=timedelta(minutes=5))
    browser = portal.browser(HOME)
    before = browser.text("/portal/")
    first, second = browser.text("/portal/notices"), browser.text("/portal/notices")
    tell(portal, founder[1], "둘째 소식", ago=-timedelta(seconds=2))
    later = browser.text("/portal/notices")
    assert "읽지 않은 알림이 1건 있습니다" in before
    assert (first.count("새 알림"), second.count("새 알림"), later.count("새 알림")) == (1, 0, 1)
    assert "본문: 첫 소식" in later
    assert later.index("둘째 소식") < later.index("첫 소식")


def test_a_reminder_stands_there_with_its_calendar_file(portal: Portal, founder: tuple[uuid.UUID, uuid.UUID]) -> None:
    at = portal.closes_at - timedelta(days=2)
    portal.db.transaction(lambda s: remind_deadlines(s, actor=SYSTEM, at=at, public_url="https://fund.example"))
    browser = portal.browser(HOME)
    page = browser.text("/portal/notices")
    address = page.split('href="/portal/notices/')[1].split('"')[0]
    answer = browser.get(f"/portal/notices/{address}")
    assert answer.content_type == "text/calendar; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="deadline.ics"'
    assert f"UID:deadline-{founder[1]}@axfund.invalid" in answer.get_data(as_text=True).replace("\r\n ", "")


def test_nobody_sees_what_was_mailed_to_another_or_about_another_company(
    portal: Portal, founder: tuple[uuid.UUID, uuid.UUID]
) -> None:
    other = portal.person("other@example.com")
    theirs = portal.draft(other, portal.company(other, SECOND_NUMBER, "다른기업"))
    tell(portal, founder[1], "남의 주소로 간 것", to="other@example.com")
    tell(portal, theirs, "남의 신청에 대한 것")
    tell(portal, founder[1], "내 소식")
    page = portal.browser(HOME).text("/portal/notices")
    assert ("남의 주소로 간 것" in page, "남의 신청에 대한 것" in page, "내 소식" in page) == (False, False, True)
    # Mail to one's own address about somebody else's application is none of one's notices either.
    assert portal.browser("other@example.com").text("/portal/notices").count("본문:") == 0


def test_mail_without_an_application_and_withheld_mail_are_no_notices(
    portal: Portal, founder: tuple[uuid.UUID, uuid.UUID]
) -> None:
    tell(portal, founder[1], "거둔 소식")
    portal.db.transaction(lambda s: s.execute(update(OutboxMessage).values(state="withheld")))
    portal.db.transaction(
        lambda s: enqueue_mail(
            s, dedupe_key="link", recipient=HOME, subject="확인 링크", body="비밀 링크", at=datetime.now(UTC)
        )
    )
    page = portal.browser(HOME).text("/portal/notices")
    assert ("거둔 소식" in page, "비밀 링크" in page, "아직 알림이 없습니다" in page) == (False, False, True)


def test_an_address_that_nobody_proved_shows_no_mail(portal: Portal, founder: tuple[uuid.UUID, uuid.UUID]) -> None:
    tell(portal, founder[1], "소식")
    portal.db.transaction(lambda s: s.execute(update(Person).where(Person.id == founder[0]).values(confirmed_at=None)))
    page = portal.browser(HOME).text("/portal/notices")
    assert ("본문: 소식" in page, "메일의 링크로 주소를 확인한 뒤에" in page) == (False, True)


def test_the_language_chosen_on_a_page_is_the_language_of_the_mail(
    portal: Portal, founder: tuple[uuid.UUID, uuid.UUID]
) -> None:
    browser = portal.browser(HOME)
    kept = []
    for address in ("/portal/", "/portal/?lang=en", "/portal/?lang=ko"):
        browser.get(address)
        with portal.db.read() as session:
            row = session.get(MailReader, founder[0])
        kept.append(row.language if row else None)
    assert kept == [None, "en", "ko"]


def test_a_markup_in_a_mail_is_text_on_the_page(portal: Portal, founder: tuple[uuid.UUID, uuid.UUID]) -> None:
    tell(portal, founder[1], "<img src=x onerror=alert(1)>")
    page = portal.browser(HOME).text("/portal/notices")
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
