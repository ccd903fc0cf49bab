"""The applicant's words: marked where the rubric counts them, flagged when stuffed in or the same as another's."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime

import pytest
from committee.committee_factory import CALL, add_application
from sqlalchemy.orm import Session

from fundapp.core.access import SYSTEM, Role, Viewer
from fundapp.core.sessions import Database
from fundapp.intake.tables import Application
from fundapp.screening.actions import screen_call
from fundapp.screening.texts import list_alike, mark_texts

PLAN = "도면 원본은 조선소 전용 구역에 두고, 학습은 SPC의 <기밀 컴퓨팅> 구역에서만 합니다. 키는 우리가 지닙니다."
OTHER = "물류 창고의 재고를 세는 로봇을 만들며, 학습은 우리 서버에서 하고 결과만 애저로 옮깁니다. 고객은 두 곳입니다."
ANALYST = Viewer(uuid.uuid4(), roles=frozenset({Role.ANALYST}))


@pytest.fixture
def three(db: Database, at: datetime) -> list[uuid.UUID]:
    """Two applications with nearly the same plan and one with its own, all scored."""

    def work(session: Session) -> list[uuid.UUID]:
        texts = (PLAN, PLAN.replace("조선소", "제철소"), OTHER)
        return [
            add_application(session, place, name=f"회사{place}", state="submitted", score=None, spc_link=text)
            for place, text in enumerate(texts, start=1)
        ]

    made = db.transaction(work)
    screen_call(db, CALL, actor=SYSTEM, at=at)
    return made


def test_the_pieces_are_the_text_and_the_rubrics_terms_are_marked(db: Database, three: list[uuid.UUID]) -> None:
    with db.read() as session:
        [found] = mark_texts(session, ANALYST, three[0])
    assert (found.key, found.label_ko) == ("spc_link", "SPC 연계계획")
    assert "".join(piece.text for piece in found.pieces) == PLAN
    assert [piece.text for piece in found.pieces if piece.marked] == ["SPC", "기밀 컴퓨팅"]
    assert found.stuffed_ko == ""


def test_a_text_stuffed_with_terms_is_flagged_with_the_reason(db: Database, at: datetime) -> None:
    stuffed = "애저 " * 12 + "를 씁니다."
    made = db.transaction(lambda session: add_application(session, 1, state="submitted", score=None, spc_link=stuffed))
    screen_call(db, CALL, actor=SYSTEM, at=at)
    with db.read() as session:
        [found] = mark_texts(session, ANALYST, made)
    assert "'애저' 12회 반복" in found.stuffed_ko
    assert "stands 12 times" in found.stuffed_en


def test_nearly_the_same_text_of_another_applicant_is_named(db: Database, three: list[uuid.UUID]) -> None:
    with db.read() as session:
        [found] = list_alike(session, ANALYST, three[0])
        assert (found.application_id, found.company) == (three[1], "회사2")
        assert 600 <= found.permille < 1000
        assert [row.application_id for row in list_alike(session, ANALYST, three[1])] == [three[0]]
        assert list_alike(session, ANALYST, three[2]) == []


def test_a_copy_does_not_betray_what_the_viewer_may_know_nothing_of(db: Database, three: list[uuid.UUID]) -> None:
    with db.read() as session:
        other = session.get_one(Application, three[1])
        recused = replace(ANALYST, recused_from=frozenset({three[1]}))
        applicant_too = replace(ANALYST, company_ids=frozenset({other.company_id}))
        for viewer in (recused, applicant_too):
            assert list_alike(session, viewer, three[0]) == []
            assert list_alike(session, viewer, three[1]) == []
            assert mark_texts(session, viewer, three[1]) == []
        for role in (Role.FINANCE, Role.PARTNER, Role.ADMIN, Role.APPLICANT):
            stranger = Viewer(uuid.uuid4(), roles=frozenset({role}))
            assert list_alike(session, stranger, three[0]) == []
            assert mark_texts(session, stranger, three[0]) == []
