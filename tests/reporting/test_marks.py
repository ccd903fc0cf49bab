"""What a mark moves, and when it comes too late."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from fund_factory import Use
from report_scene import AFTER, AUGUST, END, Q3, collect, freeze, set_up, use
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from fundapp.core.access import SYSTEM
from fundapp.core.errors import InvalidInputError
from fundapp.core.sessions import Database
from fundapp.ledger.actions import close_books, halt_postings
from fundapp.portfolio.actions import (
    approve_valuation,
    prepare_valuation,
    return_valuation,
)
from fundapp.portfolio.rules import Mark
from fundapp.portfolio.tables import Award
from fundapp.reporting.actions import build_report

MARK = Mark(
    fair_value_krw=70_000_000,
    technique="milestone",
    inputs=({"name": "고객", "entry": "0", "now": "2", "source": "분기 보고"},),
    milestone_status="보안성 검토 통과",
    calibration_note="진입 가격에 맞춤",
)


def test_a_mark_moves_value_and_the_bridge_still_ties(db: Database, tmp_path: Path) -> None:
    scene = set_up(db)
    use(db, tmp_path, Use(AUGUST, "120.5"))
    with db.read() as session:
        award_id = session.scalars(select(Award.id)).one()
    for value in (70_000_000, 80_000_000):
        mark = Mark(
            fair_value_krw=value,
            technique="milestone",
            inputs=({"name": "고객", "entry": "0", "now": "2", "source": "분기 보고"},),
            milestone_status="보안성 검토 통과",
            calibration_note="진입 가격에 맞춤",
        )

        def work(session: Session, mark: Mark = mark) -> None:
            draft = prepare_valuation(session, award_id=award_id, quarter=Q3, mark=mark, actor=scene.one, at=AFTER)
            approve_valuation(session, draft_id=draft, actor=scene.two, at=AFTER)

        db.transaction(work)
    rows = collect(db)
    assert rows.holdings[0].fair_value_krw == 80_000_000
    shown = rows.marks[0]
    assert shown.fair_value_cash_krw + shown.fair_value_in_kind_krw == 80_000_000
    freeze(db)
    metrics = build_report(db, Q3, tmp_path / "out").metrics
    assert metrics["bridge.unrealised"] == 80_000_000 - 50_626_601


def test_a_close_waits_for_a_mark_that_is_being_entered(postgres_db: Database) -> None:
    scene = set_up(postgres_db)

    def enter_while_somebody_closes(session: Session) -> None:
        award_id = session.scalars(select(Award.id)).one()
        prepare_valuation(session, award_id=award_id, quarter=Q3, mark=MARK, actor=scene.one, at=AFTER)
        with Session(postgres_db.engine) as closing:
            closing.execute(text("SET LOCAL lock_timeout = '100ms'"))
            with pytest.raises(OperationalError, match="lock timeout"):
                halt_postings(closing)

    postgres_db.transaction(enter_while_somebody_closes)
    postgres_db.transaction(halt_postings)


def test_a_closed_quarter_takes_no_more_marks_and_one_that_waited_is_not_approved(db: Database) -> None:
    scene = set_up(db)
    with db.read() as session:
        award_id = session.scalars(select(Award.id)).one()

    def prepare(session: Session) -> uuid.UUID:
        return prepare_valuation(session, award_id=award_id, quarter=Q3, mark=MARK, actor=scene.one, at=AFTER)

    draft = db.transaction(prepare)
    db.transaction(lambda s: close_books(s, through=END, actor=SYSTEM, at=AFTER))
    for late in (prepare, lambda s: approve_valuation(s, draft_id=draft, actor=scene.two, at=AFTER)):
        with pytest.raises(InvalidInputError) as refused:
            db.transaction(late)
        assert refused.value.details["field"] == "quarter"
        assert refused.value.details["reason_en"].startswith("2026Q3 is closed")
    db.transaction(lambda s: return_valuation(s, draft_id=draft, reason="마감 뒤", actor=scene.two, at=AFTER))
    assert collect(db).marks == ()
