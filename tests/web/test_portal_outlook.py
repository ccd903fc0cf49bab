"""Each state of an application in plain words: where it stands, what is next, and by when, in both languages."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from portal_people import FIRST_NUMBER, Browser, Portal
from sqlalchemy import select, update

from fundapp.intake.tables import Application, Call

OWN = "founder@example.com"
SAID = re.compile(r'<p class="now">(.*?)</p>.*?<dd>(.*?)</dd>.*?<dd>(.*?)</dd>', re.DOTALL)


@pytest.fixture
def sent(portal: Portal) -> tuple[Browser, uuid.UUID]:
    person = portal.person(OWN)
    return portal.browser(OWN), portal.submitted(person, portal.company(person, FIRST_NUMBER))


def put(portal: Portal, key: uuid.UUID, state: str) -> None:
    """Move it there by one step that a way permits, or straight: the words depend on the state alone."""

    def work(session: object) -> None:
        bind = session.connection()  # type: ignore[attr-defined]
        if bind.dialect.name == "sqlite":
            for (name,) in bind.exec_driver_sql(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'application'"
            ).all():
                bind.exec_driver_sql(f'DROP TRIGGER "{name}"')
        else:
            bind.exec_driver_sql("ALTER TABLE application DISABLE TRIGGER USER")
        session.execute(update(Application).where(Application.id == key).values(state=state))  # type: ignore[attr-defined]

    portal.db.transaction(work)


def said(browser: Browser, key: uuid.UUID, language: str = "ko") -> tuple[str, ...]:
    found = SAID.search(browser.text(f"/portal/applications/{key}/status?lang={language}"))
    assert found
    return found.groups()


TABLE = [
    ("draft", True, "작성 중입니다. 제출하기 전에는 펀드에서 볼 수 없습니다.", "접수 마감: "),
    ("draft", False, "제출하지 않은 채 접수가 끝났습니다. 이 신청서는 심사하지 않습니다.", "접수 마감: "),
    ("submitted", True, "접수했습니다.", "접수 마감: "),
    ("submitted", False, "접수를 마쳤고 필수 요건을 확인하고 있습니다.", "정해진 날이 없습니다."),
    ("on_hold", False, "접수한 내용에 확인할 것이 있어 사무국이 살펴보고 있습니다.", "정해진 날이 없습니다."),
    ("eligible", False, "심사위원이 서면으로 심사하고 있습니다.", "정해진 날이 없습니다."),
    ("ineligible", False, "필수 요건에 맞지 않아 심사를 마쳤습니다.", "이 신청의 심사는 끝났습니다."),
    ("proposed", False, "서면 심사를 마치고 투자심의위원회에 올라 있습니다.", "정해진 날이 없습니다."),
    ("approved", False, "투자심의위원회가 지원하기로 했습니다.", "이행조건마다 기한이 있습니다."),
    ("rejected", False, "투자심의위원회가 이번에는 지원하지 않기로 했습니다.", "이 신청의 심사는 끝났습니다."),
    ("deferred", False, "투자심의위원회가 결정을 미뤘습니다. 부결된 것이 아닙니다.", "정해진 날이 없습니다."),
    ("awarded", False, "협약을 맺었습니다.", "진행 보고와 이행조건의 기한이 다가오면"),
    ("withdrawn", False, "신청을 철회했습니다. 더 심사하지 않습니다.", "이 신청의 심사는 끝났습니다."),
]


def test_every_state_says_where_it_stands_what_is_next_and_when_in_both_languages(
    portal: Portal, sent: tuple[Browser, uuid.UUID]
) -> None:
    browser, key = sent
    with portal.db.read() as session:
        closes = session.scalars(select(Call.closes_at)).one()
    for state, is_open, now, when in TABLE:
        put(portal, key, state)
        moved = closes if is_open else portal.opens_at + timedelta(days=1)
        portal.db.transaction(lambda s, moved=moved: s.execute(update(Call).values(closes_at=moved)))
        korean, english = said(browser, key), said(browser, key, "en")
        assert (korean[0], korean[2][: len(when)]) == (now, when)
        assert all(korean)
        assert all(english)
        assert not re.search("[가-힣]", "".join(english))
        assert f'<p class="now">{now}</p>' in browser.text(f"/portal/applications/{key}/?lang=ko") or (
            state == "draft" and is_open
        )


def test_what_was_changed_after_it_was_sent_is_said_first(portal: Portal, sent: tuple[Browser, uuid.UUID]) -> None:
    browser, key = sent
    portal.db.transaction(
        lambda s: s.execute(
            update(Application)
            .where(Application.id == key)
            .values(answers=s.get_one(Application, key).answers | {"solution_title": "다른 이름"})
        )
    )
    assert said(browser, key)[0] == "접수했습니다. 그 뒤에 고친 내용은 아직 접수되지 않았습니다."
